//! Limits of SQS on requests: sizes of messages and batches, and ranges of times.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::values::{
    BATCH_MESSAGES, DELAY_SECONDS, MESSAGE_ATTRIBUTES, MESSAGE_BYTES, RECEIVED_MESSAGES, VISIBILITY_SECONDS,
    WAIT_SECONDS,
};

/// Reason in the meter for a receive at the quota of messages in flight.
pub(crate) const OVER_LIMIT: &str = "OverLimit";

/// A refused request, with the code by which the SDKs know the error.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SqsRefusal {
    /// Code in the body of the error.
    pub(crate) code: &'static str,
    /// Code in the header `x-amzn-query-error`.
    pub(crate) query_code: &'static str,
    /// What was exceeded, by which value.
    pub(crate) message: String,
}

/// The parts of a request that have limits.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Limited {
    message_body: String,
    message_attributes: Map<String, Value>,
    delay_seconds: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
    max_number_of_messages: Option<i64>,
    attributes: Map<String, Value>,
    entries: Vec<Limited>,
}

impl SqsRefusal {
    fn invalid(message: String) -> Self {
        Self { code: "InvalidParameterValue", query_code: "InvalidParameterValue", message }
    }
}

/// Checks the body of a request for `action`. A body that is not JSON is left to the service.
///
/// # Errors
/// Returns the refusal if the request exceeds a limit.
pub(crate) fn check(action: &str, body: &[u8]) -> Result<(), SqsRefusal> {
    let Ok(request) = serde_json::from_slice::<Limited>(body) else { return Ok(()) };
    if action.ends_with("Batch") && request.entries.len() > BATCH_MESSAGES {
        return Err(SqsRefusal {
            code: "TooManyEntriesInBatchRequest",
            query_code: "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            message: format!(
                "Maximum number of entries per request are {BATCH_MESSAGES}. You have sent {}.",
                request.entries.len()
            ),
        });
    }
    let total: u64 = request.entries.iter().map(Limited::message_bytes).sum();
    if action == "SendMessageBatch" && total > MESSAGE_BYTES {
        return Err(SqsRefusal {
            code: "BatchRequestTooLong",
            query_code: "AWS.SimpleQueueService.BatchRequestTooLong",
            message: format!(
                "Batch requests cannot be longer than {MESSAGE_BYTES} bytes. You have sent {total} bytes."
            ),
        });
    }
    request.entries.iter().chain([&request]).try_for_each(Limited::check)
}

/// Returns the size in bytes of the payload that `body` sends: messages with their attributes.
pub(crate) fn payload_bytes(body: &[u8]) -> u64 {
    let Ok(request) = serde_json::from_slice::<Limited>(body) else { return 0 };
    request.message_bytes() + request.entries.iter().map(Limited::message_bytes).sum::<u64>()
}

impl Limited {
    /// Returns the size of the message: its body, and the names, types and values of its attributes.
    fn message_bytes(&self) -> u64 {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map_or(0, str::len);
        let attributes = self.message_attributes.iter().map(|(name, value)| {
            let encoded = value.get("BinaryValue").and_then(Value::as_str).unwrap_or_default();
            let padding = encoded.len() - encoded.trim_end_matches('=').len();
            let binary = (encoded.len() / 4 * 3).saturating_sub(padding);
            name.len() + text(value, "DataType") + text(value, "StringValue") + binary
        });
        u64::try_from(self.message_body.len() + attributes.sum::<usize>()).unwrap_or(u64::MAX)
    }

    fn check(&self) -> Result<(), SqsRefusal> {
        let bytes = self.message_bytes();
        if bytes > MESSAGE_BYTES {
            return Err(SqsRefusal::invalid(format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {MESSAGE_BYTES} bytes; it has {bytes}."
            )));
        }
        if self.message_attributes.len() > MESSAGE_ATTRIBUTES {
            return Err(SqsRefusal::invalid(format!(
                "Number of message attributes [{}] exceeds the allowed maximum [{MESSAGE_ATTRIBUTES}].",
                self.message_attributes.len()
            )));
        }
        let attribute = |name: &str| match self.attributes.get(name)? {
            Value::String(text) => text.parse().ok(),
            value => value.as_i64(),
        };
        let ranges = [
            ("DelaySeconds", self.delay_seconds.or_else(|| attribute("DelaySeconds")), 0, DELAY_SECONDS),
            (
                "VisibilityTimeout",
                self.visibility_timeout.or_else(|| attribute("VisibilityTimeout")),
                0,
                VISIBILITY_SECONDS,
            ),
            ("WaitTimeSeconds", self.wait_time_seconds, 0, WAIT_SECONDS),
            ("ReceiveMessageWaitTimeSeconds", attribute("ReceiveMessageWaitTimeSeconds"), 0, WAIT_SECONDS),
            ("MaxNumberOfMessages", self.max_number_of_messages, 1, RECEIVED_MESSAGES),
        ];
        for (name, value, min, max) in ranges {
            if let Some(value) = value
                && !(min..=max).contains(&value)
            {
                return Err(SqsRefusal::invalid(format!(
                    "Value {value} for parameter {name} is invalid. Reason: Must be between {min} and {max}, if provided."
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(action: &str, body: &Value) -> Option<(&'static str, String)> {
        check(action, body.to_string().as_bytes()).err().map(|refusal| (refusal.code, refusal.message))
    }

    #[test]
    fn times_and_counts_have_the_ranges_of_aws() {
        for (action, name, max) in [
            ("SendMessage", "DelaySeconds", 900),
            ("ChangeMessageVisibility", "VisibilityTimeout", 43_200),
            ("ReceiveMessage", "WaitTimeSeconds", 20),
            ("ReceiveMessage", "MaxNumberOfMessages", 10),
        ] {
            assert_eq!(refused(action, &json!({ name: max })), None);
            let (code, message) = refused(action, &json!({ name: max + 1 })).unwrap();
            assert_eq!(code, "InvalidParameterValue");
            assert!(message.contains(name) && message.contains(&max.to_string()), "{message}");
        }
        assert!(refused("ReceiveMessage", &json!({"MaxNumberOfMessages": 0})).is_some());
        let entries = json!({"Entries": [{"VisibilityTimeout": 1}, {"VisibilityTimeout": 43_201}]});
        assert!(refused("ChangeMessageVisibilityBatch", &entries).is_some());
        let attributes = json!({"Attributes": {"VisibilityTimeout": "43201"}});
        assert!(refused("SetQueueAttributes", &attributes).is_some());
        assert_eq!(check("SendMessage", b"not json"), Ok(()));
    }

    #[test]
    fn a_message_with_its_attributes_has_at_most_1_mib() {
        let message = |bytes: usize| {
            // The attribute takes 4 + 6 + 2 bytes.
            let attributes = json!({"name": {"DataType": "String", "StringValue": "ab"}});
            json!({"MessageBody": "x".repeat(bytes - 12), "MessageAttributes": attributes})
        };
        assert_eq!(refused("SendMessage", &message(1024 * 1024)), None);
        assert_eq!(refused("SendMessage", &message(1024 * 1024 + 1)).unwrap().0, "InvalidParameterValue");
        assert_eq!(payload_bytes(message(5_000).to_string().as_bytes()), 5_000);
        let attributes: Map<_, _> = (0..11).map(|number| (format!("a{number}"), json!({}))).collect();
        assert!(
            refused("SendMessage", &json!({"MessageBody": "b", "MessageAttributes": attributes})).is_some()
        );
    }

    #[test]
    fn a_batch_has_at_most_10_entries_and_1_mib() {
        let batch = |count: usize, bytes: usize| {
            let entries: Vec<_> = (0..count).map(|_| json!({"MessageBody": "x".repeat(bytes)})).collect();
            json!({ "Entries": entries })
        };
        assert_eq!(refused("SendMessageBatch", &batch(10, 104_857)), None);
        assert_eq!(refused("SendMessageBatch", &batch(10, 104_858)).unwrap().0, "BatchRequestTooLong");
        assert_eq!(refused("SendMessageBatch", &batch(11, 1)).unwrap().0, "TooManyEntriesInBatchRequest");
    }
}
