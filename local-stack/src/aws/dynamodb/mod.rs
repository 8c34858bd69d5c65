//! DynamoDB of the embedded AWS: rustack's tables, plus a limit on concurrent requests, our own implementation
//! of indexes, and the units that requests consume.

mod batches;
mod indexes;
mod key_condition;
mod locks;
mod reads;
mod throttled;
mod transactions;
mod writes;

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
use rustack_dynamodb_model::input::{CreateTableInput, DeleteTableInput, GetItemInput};
use rustack_dynamodb_model::operations::DynamoDBOperation;
use serde::Serialize;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::account::Account;
use crate::limits::dynamodb::Throttled;
use crate::metering::item_size::Item;
use crate::metering::units::Consumption;
use indexes::{Indexes, KeyValue};
use locks::ItemLocks;

/// Name of the service in the meter.
pub(super) const DYNAMODB: &str = "DynamoDB";

/// Maximum number of concurrent requests; further ones wait. rustack answers RequestLimitExceeded from the
/// 129th on, whereas an on-demand table takes thousands. The limit is below 128 because a request whose
/// client has gone away may still hold a slot for a moment.
const MAX_CONCURRENT_REQUESTS: usize = 96;

pub(super) struct DynamoDb {
    provider: Arc<RustackDynamoDB>,
    handler: RustackDynamoDBHandler,
    indexes: Indexes,
    permits: Semaphore,
    locks: ItemLocks,
    account: Account,
    region: String,
}

/// The answer to a request that was accepted, refused by a limit, or invalid.
type HandlerResult = Result<Response<DynamoDBResponseBody>, DynamoDBError>;

impl DynamoDb {
    pub(super) fn new(region: &str, account: Account) -> Self {
        let config = DynamoDBConfig { skip_signature_validation: false, default_region: region.to_owned() };
        let provider = Arc::new(RustackDynamoDB::new(config));
        Self {
            handler: RustackDynamoDBHandler::new(Arc::clone(&provider)),
            provider,
            indexes: Indexes::default(),
            permits: Semaphore::new(MAX_CONCURRENT_REQUESTS),
            locks: ItemLocks::default(),
            account,
            region: region.to_owned(),
        }
    }

    /// Handles a request whose signature was verified.
    pub(super) async fn handle(&self, headers: &HeaderMap, body: Bytes) -> Response<Body> {
        // The semaphore is never closed, so there is always a permit.
        let _permit = self.permits.acquire().await;
        let request_id = Uuid::now_v7().to_string();
        let answer = match resolve_operation(headers) {
            Ok(operation) => self.carry_out(operation, body, &request_id).await,
            Err(error) => Err(error),
        };
        answer
            .unwrap_or_else(|error| error_to_response(&error, &request_id))
            .map(|body: DynamoDBResponseBody| Body::new(body))
    }

    async fn carry_out(&self, operation: DynamoDBOperation, body: Bytes, request_id: &str) -> HandlerResult {
        let metered = match operation {
            DynamoDBOperation::GetItem => self.get_item(&body, request_id),
            DynamoDBOperation::Query => self.query(&body, request_id),
            DynamoDBOperation::Scan => self.scan(&body, request_id),
            DynamoDBOperation::BatchGetItem => self.batch_get_item(&body, request_id),
            DynamoDBOperation::TransactGetItems => self.transact_get_items(&body, request_id),
            DynamoDBOperation::PutItem => self.put_item(&body, request_id).await,
            DynamoDBOperation::UpdateItem => self.update_item(&body, request_id).await,
            DynamoDBOperation::DeleteItem => self.delete_item(&body, request_id).await,
            DynamoDBOperation::BatchWriteItem => self.batch_write_item(&body, request_id).await,
            DynamoDBOperation::TransactWriteItems => self.transact_write_items(&body, request_id).await,
            _ => None,
        };
        if let Some(answer) = metered {
            return answer;
        }
        let answer = dispatch_operation(&self.handler, operation, body.clone()).await;
        if answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
            self.follow_tables(operation, &body);
        }
        answer
    }

    /// Adds and removes the indexes of a table that was created or deleted.
    fn follow_tables(&self, operation: DynamoDBOperation, body: &[u8]) {
        match operation {
            DynamoDBOperation::CreateTable => {
                if let Ok(table) = serde_json::from_slice::<CreateTableInput>(body) {
                    self.indexes.create(table);
                }
            }
            DynamoDBOperation::DeleteTable => {
                if let Ok(table) = serde_json::from_slice::<DeleteTableInput>(body) {
                    self.indexes.delete(&table.table_name);
                }
            }
            _ => {}
        }
    }

    /// Returns the item with this `key`, or `None` if there is none or the key is invalid.
    fn item(&self, table: &str, key: &Item) -> Option<Item> {
        let request =
            GetItemInput { table_name: table.to_owned(), key: key.clone(), ..GetItemInput::default() };
        self.provider.handle_get_item(request).ok()?.item
    }

    /// Returns the value of the partition key of a table in `key`, as text.
    fn partition(&self, table: &str, key: &Item) -> String {
        let name = self.indexes.partition_key(table, None);
        let value = name.and_then(|name| KeyValue::of(key.get(&name)));
        value.map(|value| value.to_string()).unwrap_or_default()
    }

    /// Admits a request that is expected to consume `expected`, if limits are in force.
    fn admit(&self, expected: &[Consumption]) -> Result<(), Throttled> {
        let Some(limits) = self.account.limits() else { return Ok(()) };
        limits.dynamodb.admit(expected).inspect_err(|throttled| {
            self.account.meter().throttled(DYNAMODB, throttled.reason, &throttled.resource.to_string());
        })
    }

    /// Meters a request that was admitted for `expected` and has `consumed` this.
    fn charge(&self, expected: &[Consumption], consumed: &[Consumption]) {
        self.account.meter().dynamodb(consumed);
        if let Some(limits) = self.account.limits() {
            limits.dynamodb.correct(expected, consumed);
        }
    }

    /// Returns the answer to a request that a limit refused.
    fn refuse(&self, throttled: &Throttled, request_id: &str) -> HandlerResult {
        Ok(throttled::response(throttled, &self.region, request_id))
    }
}

fn answer<O: Serialize>(output: &O, request_id: &str) -> HandlerResult {
    let json =
        serde_json::to_vec(output).map_err(|error| DynamoDBError::internal_error(error.to_string()))?;
    Ok(json_response(json, request_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use tokio::task::JoinSet;

    #[tokio::test]
    async fn requests_above_the_librarys_limit_wait_and_are_not_throttled() {
        let dynamodb = Arc::new(DynamoDb::new("eu-west-1", Account::default()));
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
