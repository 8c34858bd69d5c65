//! DynamoDB of the embedded AWS: rustack's tables, plus a limit on concurrent requests and our own
//! implementation of indexes.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response};
use rustack_dynamodb_core::config::DynamoDBConfig;
use rustack_dynamodb_core::handler::RustackDynamoDBHandler;
use rustack_dynamodb_core::provider::RustackDynamoDB;
use rustack_dynamodb_http::body::DynamoDBResponseBody;
use rustack_dynamodb_http::dispatch::dispatch_operation;
use rustack_dynamodb_http::response::{error_to_response, json_response};
use rustack_dynamodb_http::router::resolve_operation;
use rustack_dynamodb_model::error::DynamoDBError;
use rustack_dynamodb_model::input::QueryInput;
use rustack_dynamodb_model::operations::DynamoDBOperation;
use serde::Deserialize;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::indexes::{Indexes, Item};

/// Maximum number of concurrent requests; further ones wait. rustack answers RequestLimitExceeded from the
/// 129th on, whereas an on-demand table takes thousands. The limit is below 128 because a request whose
/// client has gone away may still hold a slot for a moment.
const MAX_CONCURRENT_REQUESTS: usize = 96;

pub(super) struct DynamoDb {
    provider: Arc<RustackDynamoDB>,
    handler: RustackDynamoDBHandler,
    indexes: Indexes,
    permits: Semaphore,
}

impl DynamoDb {
    pub(super) fn new(region: &str) -> Self {
        let config = DynamoDBConfig { skip_signature_validation: false, default_region: region.to_owned() };
        let provider = Arc::new(RustackDynamoDB::new(config));
        Self {
            handler: RustackDynamoDBHandler::new(Arc::clone(&provider)),
            provider,
            indexes: Indexes::default(),
            permits: Semaphore::new(MAX_CONCURRENT_REQUESTS),
        }
    }

    /// Handles a request whose signature was verified.
    pub(super) async fn handle(&self, headers: &HeaderMap, body: Bytes) -> Response<Body> {
        // The semaphore is never closed, so there is always a permit.
        let _permit = self.permits.acquire().await;
        let request_id = Uuid::now_v7().to_string();
        let answer = match resolve_operation(headers) {
            Ok(operation) => match self.query_index(operation, &body, &request_id) {
                Some(answer) => answer,
                None => {
                    let answer = dispatch_operation(&self.handler, operation, body.clone()).await;
                    if answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
                        self.update_indexes(operation, &body);
                    }
                    answer
                }
            },
            Err(error) => Err(error),
        };
        answer
            .unwrap_or_else(|error| error_to_response(&error, &request_id))
            .map(|body: DynamoDBResponseBody| Body::new(body))
    }

    /// Answers a query of an index. Returns `None` if rustack must handle the request.
    fn query_index(
        &self,
        operation: DynamoDBOperation,
        body: &[u8],
        request_id: &str,
    ) -> Option<HandlerResult> {
        if operation != DynamoDBOperation::Query {
            return None;
        }
        let query: QueryInput = serde_json::from_slice(body).ok()?;
        let output = self.indexes.query(&query)?;
        Some(output.and_then(|output| {
            let json = serde_json::to_vec(&output)
                .map_err(|error| DynamoDBError::internal_error(error.to_string()))?;
            Ok(json_response(json, request_id))
        }))
    }

    /// Updates the indexes after a request that changed a table.
    fn update_indexes(&self, operation: DynamoDBOperation, body: &[u8]) {
        let request: WriteRequest = match operation {
            DynamoDBOperation::CreateTable => {
                if let Ok(table) = serde_json::from_slice(body) {
                    self.indexes.create(table);
                }
                return;
            }
            DynamoDBOperation::DeleteTable
            | DynamoDBOperation::PutItem
            | DynamoDBOperation::UpdateItem
            | DynamoDBOperation::DeleteItem
            | DynamoDBOperation::BatchWriteItem
            | DynamoDBOperation::TransactWriteItems => match serde_json::from_slice(body) {
                Ok(request) => request,
                Err(_) => return,
            },
            _ => return,
        };
        if operation == DynamoDBOperation::DeleteTable {
            self.indexes.delete(&request.table_name);
            return;
        }
        for (table, item) in request.items() {
            self.indexes.refresh(&self.provider, &table, &item);
        }
    }
}

type HandlerResult = Result<Response<DynamoDBResponseBody>, DynamoDBError>;

/// The parts of a write request that identify the written items.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct WriteRequest {
    table_name: String,
    item: Option<Item>,
    key: Option<Item>,
    request_items: HashMap<String, Vec<HashMap<String, WriteEntry>>>,
    transact_items: Vec<HashMap<String, WriteEntry>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WriteEntry {
    table_name: String,
    item: Option<Item>,
    key: Option<Item>,
}

impl WriteRequest {
    fn items(self) -> Vec<(String, Item)> {
        let Self { table_name, item, key, request_items, transact_items } = self;
        let mut items: Vec<(String, Item)> =
            item.into_iter().chain(key).map(|item| (table_name.clone(), item)).collect();
        for (table, writes) in request_items {
            let writes = writes.into_iter().flat_map(HashMap::into_values);
            items.extend(writes.filter_map(|write| Some((table.clone(), write.item.or(write.key)?))));
        }
        let writes = transact_items.into_iter().flat_map(HashMap::into_values);
        items.extend(writes.filter_map(|write| Some((write.table_name, write.item.or(write.key)?))));
        items
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use tokio::task::JoinSet;

    #[tokio::test]
    async fn requests_above_the_librarys_limit_wait_and_are_not_throttled() {
        let dynamodb = Arc::new(DynamoDb::new("eu-west-1"));
        let headers = HeaderMap::from_iter([(
            axum::http::HeaderName::from_static("x-amz-target"),
            HeaderValue::from_static("DynamoDB_20120810.PutItem"),
        )]);
        // Large enough that reading a request takes longer than sending the next one.
        let body = Bytes::from(format!(
            r#"{{"TableName":"none","Item":{{"pk":{{"S":"{}"}}}}}}"#,
            "x".repeat(300_000)
        ));
        let mut requests = JoinSet::new();
        for _ in 0..400 {
            let (dynamodb, headers, body) = (Arc::clone(&dynamodb), headers.clone(), body.clone());
            requests.spawn(async move {
                let answer = dynamodb.handle(&headers, body).await.into_body();
                axum::body::to_bytes(answer, usize::MAX).await.unwrap()
            });
        }
        for answer in requests.join_all().await {
            let answer = String::from_utf8_lossy(&answer);
            assert!(answer.contains("ResourceNotFoundException"), "{answer}");
        }
    }
}
