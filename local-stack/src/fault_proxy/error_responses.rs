//! Injected error responses in the format of the service that they imitate, so that an SDK parses them as
//! that service's errors.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::json;
use uuid::Uuid;

use super::rules::TargetService;
use super::wire_fault::WireFault;

/// Message of every injected error, which distinguishes it from an error of the emulator.
const MESSAGE: &str = "Injected by the fault proxy.";

/// Returns the error response of `service` for `fault`: its throttling error, a 503, or a 500 for every other
/// fault.
pub(super) fn error_response(service: TargetService, fault: WireFault) -> Response<Body> {
    let (status, code) = status_and_code(service, fault);
    match service {
        TargetService::Sqs => sqs(status, code),
        TargetService::DynamoDb => dynamodb(status, code),
        TargetService::Kms => kms(status, code),
        TargetService::S3 => s3(status, code),
        TargetService::Bedrock => bedrock(status, code),
    }
}

/// Returns the status and the error code, as listed among the common errors in each service's API reference.
fn status_and_code(service: TargetService, fault: WireFault) -> (StatusCode, &'static str) {
    match (service, fault) {
        (TargetService::Sqs, WireFault::Throttle) => (StatusCode::FORBIDDEN, "RequestThrottled"),
        (TargetService::Sqs, WireFault::Unavailable) => {
            (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable")
        }
        (TargetService::Sqs, _) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"),
        (TargetService::DynamoDb, WireFault::Throttle) => (StatusCode::BAD_REQUEST, "ThrottlingException"),
        (TargetService::DynamoDb, WireFault::Unavailable) => {
            (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException")
        }
        (TargetService::DynamoDb, _) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
        (TargetService::Kms, WireFault::Throttle) => (StatusCode::BAD_REQUEST, "ThrottlingException"),
        (TargetService::Kms, WireFault::Unavailable) => {
            (StatusCode::SERVICE_UNAVAILABLE, "DependencyTimeoutException")
        }
        (TargetService::Kms, _) => (StatusCode::INTERNAL_SERVER_ERROR, "KMSInternalException"),
        (TargetService::S3, WireFault::Throttle) => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
        (TargetService::S3, WireFault::Unavailable) => {
            (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable")
        }
        (TargetService::S3, _) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        (TargetService::Bedrock, WireFault::Throttle) => {
            (StatusCode::TOO_MANY_REQUESTS, "ThrottlingException")
        }
        (TargetService::Bedrock, WireFault::Unavailable) => {
            (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException")
        }
        (TargetService::Bedrock, _) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerException"),
    }
}

fn sqs(status: StatusCode, code: &'static str) -> Response<Body> {
    let body = json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": MESSAGE });
    let mut response = answer(status, "application/x-amz-json-1.0", body.to_string());
    let fault = if status.is_server_error() { "Receiver" } else { "Sender" };
    // SQS repeats the error code of its older query protocol in this header, which SDKs prefer.
    if let Ok(name) = HeaderValue::from_str(&format!("{code};{fault}")) {
        response.headers_mut().insert(HeaderName::from_static("x-amzn-query-error"), name);
    }
    response
}

fn dynamodb(status: StatusCode, code: &'static str) -> Response<Body> {
    let body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": MESSAGE });
    answer(status, "application/x-amz-json-1.0", body.to_string())
}

fn kms(status: StatusCode, code: &'static str) -> Response<Body> {
    let body = json!({ "__type": code, "message": MESSAGE });
    answer(status, "application/x-amz-json-1.1", body.to_string())
}

fn s3(status: StatusCode, code: &'static str) -> Response<Body> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{MESSAGE}</Message>\
         <RequestId>{}</RequestId></Error>",
        Uuid::now_v7().simple()
    );
    answer(status, "application/xml", body)
}

fn bedrock(status: StatusCode, code: &'static str) -> Response<Body> {
    let mut response = answer(status, "application/json", json!({ "message": MESSAGE }).to_string());
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-amzn-errortype"), HeaderValue::from_static(code));
    response
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
