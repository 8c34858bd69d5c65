//! Which operation a request is, under the names by which the embedded AWS and the stand-in count their calls.

use axum::http::{Method, request::Parts};

use super::fault::Service;

/// The operation of a request to the embedded AWS.
pub(super) fn of_aws(parts: &Parts) -> (Service, String) {
    let target =
        parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    if let Some(operation) = target.strip_prefix("AmazonSQS.") {
        return (Service::Sqs, operation.to_owned());
    }
    if let Some(operation) = target.strip_prefix("DynamoDB_20120810.") {
        return (Service::DynamoDb, operation.to_owned());
    }
    (Service::S3, of_s3(parts).to_owned())
}

/// The operation of a request to the stand-in for Bedrock.
pub(super) fn of_bedrock(parts: &Parts) -> (Service, String) {
    let converse = parts.method == Method::POST && parts.uri.path().ends_with("/converse");
    (Service::Bedrock, if converse { "Converse" } else { "Unknown" }.to_owned())
}

/// The operations on objects and buckets that Dossier's parts use, told apart by method and path.
fn of_s3(parts: &Parts) -> &'static str {
    let path = parts.uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let has_query = |name: &str| {
        parts.uri.query().unwrap_or_default().split('&').any(|pair| pair.split('=').next() == Some(name))
    };
    match (&parts.method, bucket.is_empty(), key.is_empty()) {
        (&Method::HEAD, false, true) => "HeadBucket",
        (&Method::GET, false, true) if has_query("list-type") => "ListObjectsV2",
        (&Method::GET, false, false) => "GetObject",
        (&Method::HEAD, false, false) => "HeadObject",
        (&Method::PUT, false, false) => "PutObject",
        (&Method::DELETE, false, false) => "DeleteObject",
        _ => "Unknown",
    }
}
