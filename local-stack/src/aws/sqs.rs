//! SQS of the embedded AWS: rustack's queues. Adaptations for what rustack lacks are here and never in
//! production code.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Response};
use rustack_sqs_core::config::SqsConfig;
use rustack_sqs_core::handler::RustackSqsHandler;
use rustack_sqs_core::provider::RustackSqs;
use rustack_sqs_http::body::SqsResponseBody;
use rustack_sqs_http::dispatch::dispatch_operation;
use rustack_sqs_http::response::{error_to_response, json_response};
use rustack_sqs_http::router::resolve_operation;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The account number in queue URLs and ARNs.
const ACCOUNT: &str = "000000000000";

pub(super) struct Sqs {
    handler: RustackSqsHandler,
    stopping: CancellationToken,
}

impl Sqs {
    /// Returns SQS without queues. Queue URLs contain `address`, so that a client that calls them reaches
    /// this process.
    pub(super) fn new(address: SocketAddr, region: &str, stopping: CancellationToken) -> Self {
        let config = SqsConfig {
            skip_signature_validation: false,
            default_region: region.to_owned(),
            account_id: ACCOUNT.to_owned(),
            host: address.ip().to_string(),
            port: address.port(),
        };
        Self { handler: RustackSqsHandler::new(Arc::new(RustackSqs::new(config))), stopping }
    }

    /// Handles a request whose signature was verified.
    pub(super) async fn handle(&self, headers: &HeaderMap, body: Bytes) -> Response<Body> {
        let request_id = Uuid::now_v7().to_string();
        let answer = match resolve_operation(headers) {
            Ok(operation) => {
                let body = match operation.as_str() {
                    "SendMessage" | "SendMessageBatch" => without_group_ids(body),
                    _ => body,
                };
                let waits = operation.as_str() == "ReceiveMessage";
                // A client that goes away drops this future and ends its wait, so rustack delivers the
                // message to another receive. A server that stops ends the wait in the same way.
                tokio::select! {
                    answer = dispatch_operation(&self.handler, operation, body) => answer,
                    () = self.stopping.cancelled(), if waits => Ok(json_response(b"{}".to_vec(), &request_id)),
                }
            }
            Err(error) => Err(error),
        };
        answer
            .unwrap_or_else(|error| with_aws_error_name(error_to_response(&error, &request_id)))
            .map(|body: SqsResponseBody| Body::new(body))
    }
}

/// Removes `MessageGroupId` unless the queue is FIFO. AWS accepts it on a standard queue, where it makes the
/// queue fair between groups; rustack 0.12.0 rejects it there. A body that is not JSON stays unchanged, so
/// that rustack rejects it.
fn without_group_ids(body: Bytes) -> Bytes {
    let Ok(Value::Object(mut request)) = serde_json::from_slice::<Value>(&body) else {
        return body;
    };
    if is_fifo(&request) {
        return body;
    }
    request.remove("MessageGroupId");
    if let Some(Value::Array(entries)) = request.get_mut("Entries") {
        for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
            entry.remove("MessageGroupId");
        }
    }
    Bytes::from(Value::Object(request).to_string())
}

/// Replaces the name of an error in the header by which SDKs identify SQS errors. AWS uses the old name
/// there; rustack 0.12.0 uses the new one, which the SDK does not recognise.
fn with_aws_error_name<B>(mut response: Response<B>) -> Response<B> {
    if let Some(name) = response.headers_mut().get_mut("x-amzn-query-error")
        && name.as_bytes().starts_with(b"MessageNotInflight;")
    {
        *name = HeaderValue::from_static("AWS.SimpleQueueService.MessageNotInflight;Sender");
    }
    response
}

fn is_fifo(request: &Map<String, Value>) -> bool {
    request.get("QueueUrl").and_then(Value::as_str).is_some_and(|url| url.ends_with(".fifo"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_id_is_removed_for_standard_queues_only() {
        let standard =
            r#"{"QueueUrl":"http://h/0/q","MessageGroupId":"t","Entries":[{"Id":"1","MessageGroupId":"t"}]}"#;
        assert_eq!(
            serde_json::from_slice::<Value>(&without_group_ids(Bytes::from(standard))).unwrap(),
            serde_json::json!({"QueueUrl": "http://h/0/q", "Entries": [{"Id": "1"}]})
        );
        let fifo = r#"{"QueueUrl":"http://h/0/q.fifo","MessageGroupId":"t"}"#;
        assert_eq!(without_group_ids(Bytes::from(fifo)), fifo);
        assert_eq!(without_group_ids(Bytes::from("not json")), "not json");
    }
}
