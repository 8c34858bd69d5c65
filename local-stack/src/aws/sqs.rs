//! SQS of the embedded AWS: rustack's queues. Adaptations for what rustack lacks are here and never in
//! production code.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::HttpBody as _;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use rustack_sqs_core::config::SqsConfig;
use rustack_sqs_core::handler::RustackSqsHandler;
use rustack_sqs_core::provider::RustackSqs;
use rustack_sqs_http::body::SqsResponseBody;
use rustack_sqs_http::dispatch::dispatch_operation;
use rustack_sqs_http::response::{error_to_response, json_response};
use rustack_sqs_http::router::resolve_operation;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::json;
use crate::account::Account;
use crate::limits::sqs::{OVER_LIMIT, SqsRefusal, check, payload_bytes};
use crate::metering::billed_chunks;

/// Name of the service in the meter.
pub(super) const SQS: &str = "SQS";

/// Pause between two looks at a queue that has no room for more messages in flight.
const IN_FLIGHT_POLL: Duration = Duration::from_millis(100);

/// The account number in queue URLs and ARNs.
const ACCOUNT: &str = "000000000000";

pub(super) struct Sqs {
    handler: RustackSqsHandler,
    stopping: CancellationToken,
    account: Account,
}

impl Sqs {
    /// Returns SQS without queues. Queue URLs contain `address`, so that a client that calls them reaches
    /// this process.
    pub(super) fn new(
        address: SocketAddr,
        region: &str,
        stopping: CancellationToken,
        account: Account,
    ) -> Self {
        let config = SqsConfig {
            skip_signature_validation: false,
            default_region: region.to_owned(),
            account_id: ACCOUNT.to_owned(),
            host: address.ip().to_string(),
            port: address.port(),
        };
        Self { handler: RustackSqsHandler::new(Arc::new(RustackSqs::new(config))), stopping, account }
    }

    /// Handles a request whose signature was verified.
    pub(super) async fn handle(&self, headers: &HeaderMap, mut body: Bytes) -> Response<Body> {
        let request_id = Uuid::now_v7().to_string();
        let operation = match resolve_operation(headers) {
            Ok(operation) => operation,
            Err(error) => return error_to_response(&error, &request_id).map(Body::new),
        };
        let action = operation.as_str();
        if self.account.limits().is_some() {
            if let Err(refusal) = check(action, &body) {
                self.account.meter().sqs(action, 1, false);
                return refused(StatusCode::BAD_REQUEST, &refusal);
            }
            if action == "ReceiveMessage" {
                match self.wait_for_room(body, &request_id).await {
                    Ok(rest) => body = rest,
                    Err(answer) => return answer,
                }
            }
        }
        let (mut chunks, mut is_fair) = (1, false);
        let body = match action {
            "SendMessage" | "SendMessageBatch" => {
                // JSON is never shorter than the payload, so most requests need not be parsed.
                if billed_chunks(length(&body)) > 1 {
                    chunks = billed_chunks(payload_bytes(&body));
                }
                let (body, had_group_ids) = without_group_ids(body);
                is_fair = had_group_ids;
                body
            }
            _ => body,
        };
        let waits = action == "ReceiveMessage";
        let action = action.to_owned();
        // A client that goes away drops this future and ends its wait, so rustack delivers the message to
        // another receive. A server that stops ends the wait in the same way.
        let answer = tokio::select! {
            answer = dispatch_operation(&self.handler, operation, body) => answer,
            () = self.stopping.cancelled(), if waits => Ok(json_response(b"{}".to_vec(), &request_id)),
        };
        let answer = answer
            .unwrap_or_else(|error| with_aws_error_name(error_to_response(&error, &request_id)))
            .map(|body: SqsResponseBody| Body::new(body));
        if waits {
            chunks = billed_chunks(answer.body().size_hint().exact().unwrap_or_default());
        }
        self.account.meter().sqs(&action, chunks, is_fair);
        answer
    }

    /// Waits until the queue of a receive has room for more messages in flight, and returns the request with the
    /// time that is left.
    ///
    /// # Errors
    /// Returns the answer to the receive if there is no room: the error OverLimit to a short poll, and no messages
    /// to a long poll whose time is up ("Amazon SQS standard queue quotas").
    async fn wait_for_room(&self, body: Bytes, request_id: &str) -> Result<Bytes, Response<Body>> {
        let (Ok(request), Some(limits)) = (serde_json::from_slice::<Receive>(&body), self.account.limits())
        else {
            return Ok(body);
        };
        let began = Instant::now();
        let mut has_waited = false;
        // A queue that does not exist is refused later.
        while let Some(attributes) = self.attributes(&request.queue_url).await {
            let wait = Duration::from_secs(request.wait_time_seconds.unwrap_or(attributes.wait_seconds));
            let left = wait.saturating_sub(began.elapsed());
            if attributes.in_flight < limits.in_flight_messages {
                return Ok(if has_waited { with_wait(&body, left) } else { body });
            }
            if wait.is_zero() {
                self.account.meter().throttled(SQS, OVER_LIMIT, &request.queue_url);
                self.account.meter().sqs("ReceiveMessage", 1, false);
                return Err(over_limit());
            }
            if left.is_zero() || self.stopping.is_cancelled() {
                self.account.meter().sqs("ReceiveMessage", 1, false);
                return Err(json_response(b"{}".to_vec(), request_id).map(Body::new));
            }
            has_waited = true;
            sleep(IN_FLIGHT_POLL.min(left)).await;
        }
        Ok(body)
    }

    /// Returns the attributes of a standard queue that limit its receives, or `None` if there is no such queue.
    async fn attributes(&self, queue_url: &str) -> Option<QueueState> {
        const NAMES: [&str; 2] = ["ApproximateNumberOfMessagesNotVisible", "ReceiveMessageWaitTimeSeconds"];
        let target = HeaderValue::from_static("AmazonSQS.GetQueueAttributes");
        let headers = HeaderMap::from_iter([(HeaderName::from_static("x-amz-target"), target)]);
        let operation = resolve_operation(&headers).ok()?;
        let body = serde_json::json!({ "QueueUrl": queue_url, "AttributeNames": NAMES }).to_string();
        let answer = dispatch_operation(&self.handler, operation, body.into()).await.ok()?;
        let answer = axum::body::to_bytes(Body::new(answer.into_body()), usize::MAX).await.ok()?;
        let answer: Value = serde_json::from_slice(&answer).ok()?;
        let number = |name| answer.pointer(&format!("/Attributes/{name}"))?.as_str()?.parse::<u64>().ok();
        Some(QueueState { in_flight: number(NAMES[0])?, wait_seconds: number(NAMES[1])? })
    }
}

/// The parts of a receive that the quota of messages in flight needs.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receive {
    queue_url: String,
    wait_time_seconds: Option<u64>,
}

struct QueueState {
    in_flight: u64,
    wait_seconds: u64,
}

fn length(body: &Bytes) -> u64 {
    u64::try_from(body.len()).unwrap_or(u64::MAX)
}

/// Returns the error response to a request that exceeds a limit.
fn refused(status: StatusCode, refusal: &SqsRefusal) -> Response<Body> {
    let mut response = json::error(status, refusal.code, &refusal.message);
    if let Ok(code) = HeaderValue::from_str(&format!("{};Sender", refusal.query_code)) {
        response.headers_mut().insert("x-amzn-query-error", code);
    }
    response
}

fn over_limit() -> Response<Body> {
    let refusal = SqsRefusal {
        code: OVER_LIMIT,
        query_code: OVER_LIMIT,
        message:
            "The number of messages in flight has reached the quota of the queue: delete messages after \
                  they are processed."
                .to_owned(),
    };
    refused(StatusCode::FORBIDDEN, &refusal)
}

/// Removes `MessageGroupId` unless the queue is FIFO, and returns whether there was one. AWS accepts it on a
/// standard queue, where it makes the queue fair between groups; rustack 0.12.0 rejects it there. A body that is
/// not JSON stays unchanged, so that rustack rejects it.
fn without_group_ids(body: Bytes) -> (Bytes, bool) {
    let Ok(Value::Object(mut request)) = serde_json::from_slice::<Value>(&body) else {
        return (body, false);
    };
    if is_fifo(&request) {
        return (body, false);
    }
    let mut had_group_ids = request.remove("MessageGroupId").is_some();
    if let Some(Value::Array(entries)) = request.get_mut("Entries") {
        for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
            had_group_ids |= entry.remove("MessageGroupId").is_some();
        }
    }
    (Bytes::from(Value::Object(request).to_string()), had_group_ids)
}

/// Returns a receive with the rest of its wait, in whole seconds and rounded up. A body that is not a JSON object
/// stays unchanged.
fn with_wait(body: &Bytes, left: Duration) -> Bytes {
    let Ok(Value::Object(mut request)) = serde_json::from_slice::<Value>(body) else { return body.clone() };
    request.insert(
        "WaitTimeSeconds".to_owned(),
        u64::try_from(left.as_millis().div_ceil(1_000)).unwrap_or_default().into(),
    );
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
    fn a_receive_that_has_waited_for_room_waits_for_the_rest_of_its_time() {
        let body = Bytes::from(r#"{"QueueUrl":"q","WaitTimeSeconds":20}"#);
        let rest = with_wait(&body, Duration::from_millis(900));
        assert_eq!(
            serde_json::from_slice::<Value>(&rest).unwrap(),
            serde_json::json!({"QueueUrl": "q", "WaitTimeSeconds": 1})
        );
        assert_eq!(with_wait(&Bytes::from("not json"), Duration::ZERO), "not json");
    }

    #[test]
    fn the_group_id_is_removed_for_standard_queues_only() {
        let standard =
            r#"{"QueueUrl":"http://h/0/q","MessageGroupId":"t","Entries":[{"Id":"1","MessageGroupId":"t"}]}"#;
        let (body, had_group_ids) = without_group_ids(Bytes::from(standard));
        assert_eq!(
            serde_json::from_slice::<Value>(&body).unwrap(),
            serde_json::json!({"QueueUrl": "http://h/0/q", "Entries": [{"Id": "1"}]})
        );
        assert!(had_group_ids);
        assert!(!without_group_ids(Bytes::from(r#"{"QueueUrl":"http://h/0/q"}"#)).1);
        let fifo = r#"{"QueueUrl":"http://h/0/q.fifo","MessageGroupId":"t"}"#;
        assert_eq!(without_group_ids(Bytes::from(fifo)), (Bytes::from(fifo), false));
        assert_eq!(without_group_ids(Bytes::from("not json")), (Bytes::from("not json"), false));
    }
}
