//! Errors of throttled requests, as DynamoDB answers them for on-demand tables ("Error handling with DynamoDB"
//! and "Diagnosing throttling", Amazon DynamoDB Developer Guide, read on 2026-11-28).

use axum::http::{Response, StatusCode};
use rustack_dynamodb_http::body::DynamoDBResponseBody;
use rustack_dynamodb_http::response::json_response;
use serde_json::json;

use crate::limits::dynamodb::Throttled;

/// The account number in ARNs, as rustack has it.
const ACCOUNT: &str = "000000000000";

/// Message of a ThrottlingException.
const THROTTLED: &str = "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically \
                         scaling your table or index so please try again shortly. If exceptions persist, check if \
                         you have a hot key: \
                         https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html";

/// Returns the error response to a request that `throttled` refused.
pub(super) fn response(
    throttled: &Throttled,
    region: &str,
    request_id: &str,
) -> Response<DynamoDBResponseBody> {
    let table = format!("arn:aws:dynamodb:{region}:{ACCOUNT}:table/{}", throttled.resource.table);
    let resource = match &throttled.resource.index {
        None => table,
        Some(index) => format!("{table}/index/{index}"),
    };
    let reasons = json!([{ "reason": throttled.reason, "resource": resource }]);
    let body = if throttled.by_account {
        json!({
            "__type": "com.amazonaws.dynamodb.v20120810#RequestLimitExceeded",
            "message": "Throughput exceeds the current throughput limit for your account. Please contact AWS \
                        Support at https://aws.amazon.com/support request a limit increase",
            "ThrottlingReasons": reasons,
        })
    } else {
        json!({
            "__type": "com.amazon.coral.availability#ThrottlingException",
            "message": THROTTLED,
            "throttlingReasons": reasons,
        })
    };
    let mut response = json_response(body.to_string().into_bytes(), request_id);
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}
