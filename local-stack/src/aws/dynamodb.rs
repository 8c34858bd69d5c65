//! DynamoDB of the embedded AWS: rustack's tables behind a queue of requests.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response};
use rustack_dynamodb_core::config::DynamoDBConfig;
use rustack_dynamodb_core::handler::RustackDynamoDBHandler;
use rustack_dynamodb_core::provider::RustackDynamoDB;
use rustack_dynamodb_http::body::DynamoDBResponseBody;
use rustack_dynamodb_http::dispatch::dispatch_operation;
use rustack_dynamodb_http::response::error_to_response;
use rustack_dynamodb_http::router::resolve_operation;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// rustack answers RequestLimitExceeded from the 129th concurrent request on, an on-demand table takes thousands. Below
/// 128 by what requests whose client went away may still hold for a moment.
const CONCURRENT_REQUESTS: usize = 96;

pub(super) struct DynamoDb {
    handler: RustackDynamoDBHandler,
    turns: Semaphore,
}

impl DynamoDb {
    pub(super) fn new(region: &str) -> Self {
        let config = DynamoDBConfig { skip_signature_validation: false, default_region: region.to_owned() };
        Self {
            handler: RustackDynamoDBHandler::new(Arc::new(RustackDynamoDB::new(config))),
            turns: Semaphore::new(CONCURRENT_REQUESTS),
        }
    }

    /// Answers a request whose signature was verified.
    pub(super) async fn answer(&self, headers: &HeaderMap, body: Bytes) -> Response<Body> {
        // The semaphore is never closed: an error would only mean that nobody waits for the answer.
        let _turn = self.turns.acquire().await;
        let request_id = Uuid::now_v7().to_string();
        let answer = match resolve_operation(headers) {
            Ok(operation) => dispatch_operation(&self.handler, operation, body).await,
            Err(error) => Err(error),
        };
        answer
            .unwrap_or_else(|error| error_to_response(&error, &request_id))
            .map(|body: DynamoDBResponseBody| Body::new(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use tokio::task::JoinSet;

    #[tokio::test]
    async fn more_requests_at_once_than_the_library_takes_wait_and_are_not_throttled() {
        let dynamodb = Arc::new(DynamoDb::new("eu-west-1"));
        let headers = HeaderMap::from_iter([(
            axum::http::HeaderName::from_static("x-amz-target"),
            HeaderValue::from_static("DynamoDB_20120810.PutItem"),
        )]);
        // Large enough that reading one takes longer than handing over the next.
        let body = Bytes::from(format!(
            r#"{{"TableName":"none","Item":{{"pk":{{"S":"{}"}}}}}}"#,
            "x".repeat(300_000)
        ));
        let mut requests = JoinSet::new();
        for _ in 0..400 {
            let (dynamodb, headers, body) = (Arc::clone(&dynamodb), headers.clone(), body.clone());
            requests.spawn(async move {
                let answer = dynamodb.answer(&headers, body).await.into_body();
                axum::body::to_bytes(answer, usize::MAX).await.unwrap()
            });
        }
        for answer in requests.join_all().await {
            let answer = String::from_utf8_lossy(&answer);
            assert!(answer.contains("ResourceNotFoundException"), "{answer}");
        }
    }
}
