//! Dead-letter queues: they take every message that a worker cannot process, whatever it contains.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use telemetry::propagation::TRACEPARENT;

use crate::{
    bucket::Bucket,
    error::{AwsError, ErrorClass},
    queue::{Delivery, Depth, Queue, REASON},
};

/// Size up to which a body is sent in the message: the smallest limit that a new queue has had, 256 KiB, with
/// room for the attributes ("Amazon SQS message quotas"). A longer body is stored in the bucket.
const BODY_MAX: usize = 256 * 1024 - 4096;

/// Maximum size of a reason, in bytes.
const REASON_MAX: usize = 1024;

/// A dead-letter queue. Bodies that do not fit into a message are stored in the bucket.
#[derive(Clone, Debug)]
pub struct DeadLetterQueue {
    queue: Queue,
    bucket: Bucket,
}

impl DeadLetterQueue {
    /// Returns the dead-letter queue behind `queue`, with `bucket` for large bodies.
    pub fn new(queue: Queue, bucket: Bucket) -> Self {
        Self { queue, bucket }
    }

    /// Sends the body of `delivery` to this dead-letter queue, with the `reason` and the trace context. The
    /// body is unchanged, unless it does not fit: then it is stored in the bucket, and the message tells where.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the queue or the bucket rejected the message, or its answer was lost.
    pub async fn add(&self, delivery: &Delivery, reason: &str) -> Result<(), AwsError> {
        let reason = acceptable(reason);
        // SQS rejects empty bodies.
        let body = if delivery.body.is_empty() { " " } else { &delivery.body };
        let mut attributes = vec![(REASON, reason)];
        attributes.extend(delivery.traceparent.clone().map(|traceparent| (TRACEPARENT, traceparent)));
        if body.len() <= BODY_MAX {
            match self.queue.send_text(body, &attributes).await {
                // The queue may have a smaller limit.
                Err(error) if error.class == ErrorClass::Permanent => {
                    tracing::warn!(error = %error, bytes = body.len(), "a dead letter was rejected; its body is stored in the bucket instead");
                }
                sent => return sent,
            }
        }
        let (key, pointer) = pointer(body);
        self.bucket.put(&key, body.as_bytes().to_vec(), "text/plain; charset=utf-8").await?;
        self.queue.send_text(&pointer, &attributes).await
    }

    /// Receives letters, as [`Queue::receive`] does.
    ///
    /// # Errors
    /// Returns [`AwsError`] if SQS does not answer.
    pub async fn receive(
        &self,
        max: usize,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<Delivery>, AwsError> {
        self.queue.receive(max, wait, visibility).await
    }

    /// Deletes a received letter.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the letter was deleted; it may be received again.
    pub async fn delete(&self, receipt: &str) -> Result<(), AwsError> {
        self.queue.delete(receipt).await
    }

    /// Makes a received letter visible again.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the letter is visible.
    pub async fn put_back(&self, receipt: &str) -> Result<(), AwsError> {
        self.queue.change_visibility(receipt, Duration::ZERO).await
    }

    /// Returns the number of letters in the queue.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the queue does not answer.
    pub async fn depth(&self) -> Result<Depth, AwsError> {
        self.queue.depth().await
    }
}

/// Returns the key under which `body` is stored in the bucket, and the body of the letter that refers to it.
/// No tenant's name contains a dot.
fn pointer(body: &str) -> (String, String) {
    let sha256 = hex::encode(Sha256::digest(body));
    let key = format!("work/.dead-letters/{sha256}.txt");
    let pointer = format!(r#"{{"bodyKey":"{key}","bytes":{},"sha256":"{sha256}"}}"#, body.len());
    (key, pointer)
}

/// Returns `reason` as SQS accepts it: not empty, not long, and without characters that XML 1.0 does not allow
/// ("SendMessage" in the Amazon SQS API Reference).
fn acceptable(reason: &str) -> String {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}');
    let mut text = String::with_capacity(reason.len().min(REASON_MAX));
    for c in reason.chars().map(|c| if allowed(c) { c } else { char::REPLACEMENT_CHARACTER }) {
        if text.len() + c.len_utf8() > REASON_MAX {
            break;
        }
        text.push(c);
    }
    if text.is_empty() { "unknown".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_acceptable_whatever_it_contains() {
        assert_eq!(acceptable("unreadable: \u{0}\u{1b}[31m\u{ffff}é\t😀"), "unreadable: ��[31m�é\t😀");
        assert_eq!(acceptable(""), "unknown");
        for c in ["x", "é", "界", "😀", "\u{0}"] {
            let text = acceptable(&c.repeat(5_000));
            assert!(text.len() <= REASON_MAX && text.len() > REASON_MAX - 4, "{c}");
        }
    }

    #[test]
    fn a_pointer_is_no_message_and_names_the_body() {
        let (key, letter) = pointer("not json");
        assert!(domain::message::ReportMessage::from_body(&letter).is_err());
        assert!(letter.contains(&key) && letter.contains("\"bytes\":8"), "{letter}");
    }
}
