//! SQS queues of report messages: reports to process, webhooks to deliver, and their dead-letter queues.

mod requests;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::{
    Client,
    config::{retry::RetryConfig, timeout::TimeoutConfig},
    types::{Message, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName},
};
use domain::{message::ReportMessage, time::UtcTime};
use telemetry::propagation::{TRACEPARENT, continue_trace, current_traceparent};
use tracing::{Instrument, Span, field::Empty, info_span};

use self::requests::Requests;
use crate::{clients, error::AwsError, request::send};

/// AWS's name of the service, for spans, metrics and errors.
const SQS: &str = "SQS";

/// The message attribute with the reason why a message was moved to the dead-letter queue.
pub(crate) const REASON: &str = "dossier.reason";

/// Maximum length of a trace context that is passed on. Version 00 has 55 characters, and later versions may be
/// longer ("Trace Context", W3C Recommendation).
const TRACEPARENT_MAX: usize = 256;

/// Maximum number of messages of one receive ("Amazon SQS message quotas").
pub const RECEIVE_MAX: usize = 10;

/// Maximum visibility timeout ("Amazon SQS visibility timeout").
const VISIBILITY_MAX: Duration = Duration::from_secs(12 * 3600);

/// A queue of report messages.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: String,
    requests: Requests,
}

/// The approximate number of messages in a queue, as counted by SQS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages that can be received now.
    pub visible: u64,
    /// Messages that were received and are invisible until deleted or returned.
    pub in_flight: u64,
    /// Messages that were sent with a delay that has not passed.
    pub delayed: u64,
}

/// A received message, invisible to other consumers until its visibility timeout ends.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The id that SQS assigned when the message was sent.
    pub message_id: Option<String>,
    /// The body.
    pub body: String,
    /// The receipt handle, which identifies this delivery.
    pub receipt: String,
    /// How often the message was received, including this time.
    pub receive_count: u32,
    /// When it was sent.
    pub sent_at: Option<UtcTime>,
    /// The W3C Trace Context of the sender.
    pub traceparent: Option<String>,
    /// In the dead-letter queue, the reason why it was moved there; `None` if SQS itself moved it.
    pub reason: Option<String>,
}

impl Queue {
    /// Returns the queue at `url`.
    pub fn new(client: Client, url: String) -> Self {
        let requests = Requests::new(&client, &url);
        Self { client, url, requests }
    }

    /// Returns the name of the queue: the last part of its URL.
    pub fn name(&self) -> &str {
        self.url.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }

    /// Returns a span for sending messages, as in OpenTelemetry's "Semantic conventions for messaging spans".
    /// A single message carries this span as its trace context, so the kind is `producer`; the messages of a
    /// batch do not.
    fn send_span(&self, messages: usize) -> Span {
        info_span!(
            "send",
            otel.name = format_args!("send {}", self.name()),
            otel.kind = if messages == 1 { "producer" } else { "client" },
            otel.status_code = Empty,
            error.type = Empty,
            messaging.system = "aws_sqs",
            messaging.operation.type = "send",
            messaging.operation.name = "send",
            messaging.destination.name = self.name(),
            messaging.message.id = Empty,
            messaging.batch.message_count = (messages > 1).then_some(count(messages)),
        )
    }

    /// Returns the queue at `url`, accessed through a new client.
    pub fn at(sdk: &SdkConfig, url: String) -> Self {
        Self::new(clients::sqs(sdk), url)
    }

    /// Returns the number of messages in the queue. Also serves as a readiness check, because it changes
    /// nothing.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the queue does not answer.
    pub async fn depth(&self) -> Result<Depth, AwsError> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesDelayed as Delayed,
            ApproximateNumberOfMessagesNotVisible as InFlight,
        };
        let request = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .set_attribute_names(Some(vec![Visible, InFlight, Delayed]));
        let answer = send(SQS, "GetQueueAttributes", request.send()).await?;
        let count = |name| {
            let text = answer.attributes.as_ref().and_then(|all| all.get(&name));
            text.and_then(|text| text.parse().ok()).unwrap_or_default()
        };
        Ok(Depth { visible: count(Visible), in_flight: count(InFlight), delayed: count(Delayed) })
    }

    /// Sends a text that is not a report message, with text attributes by name.
    ///
    /// # Errors
    /// Returns [`AwsError`] if SQS rejected the message or its answer was lost.
    pub(crate) async fn send_text(&self, body: &str, attributes: &[(&str, String)]) -> Result<(), AwsError> {
        let mut request =
            self.client.send_message().queue_url(&self.url).message_body(body).message_group_id("unreadable");
        for (name, value) in attributes {
            request = request.message_attributes(*name, text_attribute(value)?);
        }
        send(SQS, "SendMessage", request.send()).await.map(|_| ())
    }

    /// Sends `message`, together with others that are sent at the same time. Its message group is the tenant, so that
    /// tenants share the queue fairly.
    ///
    /// # Errors
    /// Returns [`AwsError`] if SQS rejected the message or its answer was lost.
    pub async fn send(&self, message: &ReportMessage, traceparent: Option<String>) -> Result<(), AwsError> {
        let span = self.send_span(1);
        continue_trace(&span, traceparent.as_deref());
        let traceparent = span.in_scope(current_traceparent).or(traceparent);
        let sent = self.requests.send(message, traceparent).instrument(span.clone()).await;
        let message_id = sent.inspect_err(|error| record_failure(&span, error))?;
        span.record("messaging.message.id", message_id);
        Ok(())
    }

    /// Sends `messages`, ten per request, and returns those that could not be sent.
    pub async fn send_all(
        &self,
        messages: Vec<ReportMessage>,
        traceparent: Option<&str>,
    ) -> Vec<ReportMessage> {
        let span = self.send_span(messages.len());
        let sent = self.requests.send_all(&messages, traceparent).instrument(span.clone()).await;
        let failed =
            messages.into_iter().zip(sent).filter_map(|(message, sent)| Some((message, sent.err()?)));
        let (unsent, errors): (Vec<_>, Vec<_>) = failed.unzip();
        if let Some(error) = errors.first() {
            record_failure(&span, error);
            tracing::warn!(%error, messages = unsent.len(), "could not send messages");
        }
        unsent
    }

    /// Receives up to `max` messages (at most [`RECEIVE_MAX`]) with a long poll of `wait`. They stay
    /// invisible to other consumers for `visibility`.
    ///
    /// # Errors
    /// Returns [`AwsError`] if SQS does not answer.
    pub async fn receive(
        &self,
        max: usize,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<Delivery>, AwsError> {
        // A long poll takes up to `wait`; the connect timeout still applies.
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(wait + Duration::from_secs(5))
            .operation_timeout(wait * 2 + Duration::from_secs(10))
            .build();
        let request = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(max.min(RECEIVE_MAX)).unwrap_or(1))
            .wait_time_seconds(whole_seconds(wait))
            .visibility_timeout(whole_seconds(visibility))
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_attribute_names(TRACEPARENT)
            .message_attribute_names(REASON)
            .customize()
            // The consumer does its own retries.
            .config_override(
                aws_sdk_sqs::config::Builder::new()
                    .timeout_config(timeouts)
                    .retry_config(RetryConfig::disabled()),
            );
        let answer = send(SQS, "ReceiveMessage", request.send()).await?;
        Ok(answer.messages.unwrap_or_default().into_iter().filter_map(delivery).collect())
    }

    /// Deletes a received message, together with others that are deleted at the same time.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the message was deleted; it may be received again.
    pub async fn delete(&self, receipt: &str) -> Result<(), AwsError> {
        self.requests.delete(receipt).await
    }

    /// Sets the visibility timeout of a received message, counted from the arrival of the request, up to 12 hours. Zero makes it
    /// visible at once. Changes that are made at the same time travel together.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the timeout was changed; the message may be received
    /// earlier.
    pub async fn change_visibility(&self, receipt: &str, visibility: Duration) -> Result<(), AwsError> {
        self.requests.change_visibility(receipt, whole_seconds(visibility.min(VISIBILITY_MAX))).await
    }
}

/// Converts a count for a span attribute.
fn count(messages: usize) -> i64 {
    i64::try_from(messages).unwrap_or(i64::MAX)
}

fn record_failure(span: &Span, error: &AwsError) {
    span.record("error.type", error.code.as_str());
    span.record("otel.status_code", "ERROR");
}

fn text_attribute(text: &str) -> Result<MessageAttributeValue, AwsError> {
    let value = MessageAttributeValue::builder().data_type("String").string_value(text).build();
    value.map_err(|error| AwsError::unusable(SQS, "SendMessage", error))
}

/// Converts a duration to SQS's unit of whole seconds, rounded up so that nothing happens too early.
fn whole_seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(i32::MAX)
}

fn delivery(message: Message) -> Option<Delivery> {
    let system = |name| message.attributes.as_ref().and_then(|all| all.get(&name));
    let number = |name| system(name).and_then(|text| text.parse::<i64>().ok());
    let receive_count = number(MessageSystemAttributeName::ApproximateReceiveCount);
    let sent_at = number(MessageSystemAttributeName::SentTimestamp).map(UtcTime::from_epoch_millis);
    let text = |name| {
        let value = message.message_attributes.as_ref().and_then(|all| all.get(name));
        value.and_then(|value| value.string_value.clone())
    };
    Some(Delivery {
        message_id: message.message_id.clone(),
        receive_count: receive_count.and_then(|count| u32::try_from(count).ok()).unwrap_or(1),
        sent_at,
        traceparent: text(TRACEPARENT).filter(|text| text.len() <= TRACEPARENT_MAX && text.is_ascii()),
        reason: text(REASON),
        body: message.body.unwrap_or_default(),
        // SQS always sends a handle; without one the message could not be processed.
        receipt: message.receipt_handle?,
    })
}
