//! Has SQS deliver a message twice: what `ReceiveMessage` hands out becomes visible again at once, so that another
//! receive gets it while the first one is being worked on.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use serde::Deserialize;

use super::fault::Kind;
use super::plan::Plan;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Received {
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    receipt_handle: String,
}

/// Gives back those messages of `answer` whose turn it is, asking SQS itself and not the rig.
pub(super) async fn repeat(plan: &Plan, sqs: &Client, operation: &str, request: &[u8], answer: &[u8]) {
    let (Ok(Request { queue_url }), Ok(Received { messages })) =
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
            Ok(_) => plan.count(operation, Kind::Repeat),
            Err(error) => {
                tracing::warn!(error = %DisplayErrorContext(error), "a message could not be made to come twice");
            }
        }
    }
}
