//! Identifies the operation of a request. The names are those by which the embedded AWS and the stand-in
//! count calls.

use axum::http::{Method, request::Parts};

use super::rules::TargetService;

/// Returns the operation of a request to the embedded AWS.
pub(super) fn of_aws(parts: &Parts) -> (TargetService, String) {
    let target =
        parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    if let Some(operation) = target.strip_prefix("AmazonSQS.") {
        return (TargetService::Sqs, operation.to_owned());
    }
    if let Some(operation) = target.strip_prefix("DynamoDB_20120810.") {
        return (TargetService::DynamoDb, operation.to_owned());
    }
    if let Some(operation) = target.strip_prefix("TrentService.") {
        return (TargetService::Kms, operation.to_owned());
    }
    (TargetService::S3, of_s3(parts).to_owned())
}

/// Returns the operation of a request to the Bedrock stand-in.
pub(super) fn of_bedrock(parts: &Parts) -> (TargetService, String) {
    let path = parts.uri.path();
    let operation = match parts.method {
        Method::POST if path.ends_with("/converse") => "Converse",
        Method::POST if path.starts_with("/guardrail/") && path.ends_with("/apply") => "ApplyGuardrail",
        _ => "Unknown",
    };
    (TargetService::Bedrock, operation.to_owned())
}

/// Returns the S3 operation by method and path, for the operations that Dossier uses.
fn of_s3(parts: &Parts) -> &'static str {
    let path = parts.uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let has_query = |name: &str| {
        parts.uri.query().unwrap_or_default().split('&').any(|pair| pair.split('=').next() == Some(name))
    };
    match (&parts.method, bucket.is_empty(), key.is_empty()) {
        (&Method::HEAD, false, true) => "HeadBucket",
        (&Method::GET, false, true) if has_query("list-type") => "ListObjectsV2",
        (&Method::GET, false, true) if has_query("versions") => "ListObjectVersions",
        (&Method::GET, false, false) => "GetObject",
        (&Method::HEAD, false, false) => "HeadObject",
        (&Method::PUT, false, false) if parts.headers.contains_key("x-amz-copy-source") => "CopyObject",
        (&Method::PUT, false, false) => "PutObject",
        (&Method::DELETE, false, false) => "DeleteObject",
        _ => "Unknown",
    }
}
