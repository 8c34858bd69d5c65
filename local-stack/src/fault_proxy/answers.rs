//! Refusals in the shape of the service that they are said to come from, so that an SDK reads them as that service's.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::json;
use uuid::Uuid;

use super::fault::{Kind, Service};

/// What every refusal says, so that nobody takes it for the emulator's.
const WORDS: &str = "A fault that the rig was asked for.";

/// The refusal of `service` for `kind`, which is a throttle, a 503 or (for every other kind) a 500.
pub(super) fn refusal(service: Service, kind: Kind) -> Response<Body> {
    let (status, code) = wire(service, kind);
    match service {
        Service::Sqs => sqs(status, code),
        Service::DynamoDb => dynamodb(status, code),
        Service::S3 => s3(status, code),
        Service::Bedrock => bedrock(status, code),
    }
}

/// Status and code: the lists of common errors in each service's API reference.
fn wire(service: Service, kind: Kind) -> (StatusCode, &'static str) {
    match (service, kind) {
        (Service::Sqs, Kind::Throttle) => (StatusCode::FORBIDDEN, "RequestThrottled"),
        (Service::Sqs, Kind::Unavailable) => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
        (Service::Sqs, _) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"),
        (Service::DynamoDb, Kind::Throttle) => (StatusCode::BAD_REQUEST, "ThrottlingException"),
        (Service::DynamoDb, Kind::Unavailable) => {
            (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException")
        }
        (Service::DynamoDb, _) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
        (Service::S3, Kind::Throttle) => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
        (Service::S3, Kind::Unavailable) => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
        (Service::S3, _) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        (Service::Bedrock, Kind::Throttle) => (StatusCode::TOO_MANY_REQUESTS, "ThrottlingException"),
        (Service::Bedrock, Kind::Unavailable) => {
            (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException")
        }
        (Service::Bedrock, _) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerException"),
    }
}

fn sqs(status: StatusCode, code: &'static str) -> Response<Body> {
    let body = json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": WORDS });
    let mut response = answer(status, "application/x-amz-json-1.0", body.to_string());
    let fault = if status.is_server_error() { "Receiver" } else { "Sender" };
    // Where SQS names the error as its older protocol did, which SDKs prefer.
    if let Ok(name) = HeaderValue::from_str(&format!("{code};{fault}")) {
        response.headers_mut().insert(HeaderName::from_static("x-amzn-query-error"), name);
    }
    response
}

fn dynamodb(status: StatusCode, code: &'static str) -> Response<Body> {
    let body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": WORDS });
    answer(status, "application/x-amz-json-1.0", body.to_string())
}

fn s3(status: StatusCode, code: &'static str) -> Response<Body> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{WORDS}</Message>\
         <RequestId>{}</RequestId></Error>",
        Uuid::now_v7().simple()
    );
    answer(status, "application/xml", body)
}

fn bedrock(status: StatusCode, code: &'static str) -> Response<Body> {
    let mut response = answer(status, "application/json", json!({ "message": WORDS }).to_string());
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
