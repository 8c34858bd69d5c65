//! Makes SQS deliver a message twice: sets the visibility timeout of a received message to zero, so that
//! another receive gets it while the first receiver works on it.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use serde::Deserialize;

use super::plan::Plan;
use super::wire_fault::WireFault;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReceiveRequest {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReceiveResponse {
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    receipt_handle: String,
}

/// Makes the messages of `answer` that the plan selects visible again. Calls SQS directly, not through the
/// proxy.
pub(super) async fn redeliver(plan: &Plan, sqs: &Client, operation: &str, request: &[u8], answer: &[u8]) {
    let (Ok(ReceiveRequest { queue_url }), Ok(ReceiveResponse { messages })) =
        (serde_json::from_slice(request), serde_json::from_slice(answer))
    else {
        return;
    };
    for Message { receipt_handle } in messages {
        if !plan.repeats(operation) {
            continue;
        }
        let visible = sqs
            .change_message_visibility()
            .queue_url(&queue_url)
            .receipt_handle(receipt_handle)
            .visibility_timeout(0)
            .send()
            .await;
        match visible {
            Ok(_) => {
                plan.count(operation, WireFault::Repeat);
            }
            Err(error) => {
                tracing::warn!(error = %DisplayErrorContext(error), "a message could not be made visible again");
            }
        }
    }
}
