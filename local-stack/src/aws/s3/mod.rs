//! S3 of the embedded AWS: the library s3s over a directory. s3s verifies signatures and pre-signed URLs;
//! this module also names the operations for the call counts.

mod unversioned;

use std::path::Path;

use anyhow::Context as _;
use axum::body::Body;
use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use secrecy::ExposeSecret as _;

use self::unversioned::Unversioned;
use super::sigv4::Credentials;
use crate::account::Account;
use crate::limits::s3::SLOW_DOWN;
use crate::metering::S3Exchange;

/// Name of the service in the meter.
const NAME: &str = "S3";

pub(super) struct S3 {
    service: S3Service,
    account: Account,
}

impl S3 {
    pub(super) fn new(root: &Path, credentials: &Credentials, account: Account) -> anyhow::Result<Self> {
        let files = FileSystem::new(root)
            .map_err(|error| anyhow::anyhow!("{error:?}"))
            .with_context(|| format!("the embedded S3 cannot use {}", root.display()))?;
        let mut builder = S3ServiceBuilder::new(Unversioned(files));
        // With an authentication provider, s3s also rejects unsigned requests.
        builder.set_auth(SimpleAuth::from_single(
            credentials.access_key_id.clone(),
            credentials.secret_access_key.expose_secret(),
        ));
        Ok(Self { service: builder.build(), account })
    }

    /// Handles a request. Bodies are streamed in both directions.
    pub(super) async fn handle(&self, request: Request) -> Response<Body> {
        let operation = operation(&request);
        let meter = self.account.meter();
        meter.request(NAME, operation);
        if let Some(limits) = self.account.limits() {
            let (bucket, key) = bucket_and_key(request.uri().path());
            let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
            if !limits.s3.admit(bucket, key, is_read) {
                meter.throttled(NAME, SLOW_DOWN, bucket);
                return slow_down();
            }
        }
        let bytes_in = body_bytes(request.headers());
        let response = match self.service.call(request.map(s3s::Body::http_body_unsync)).await {
            Ok(response) => response.map(Body::new),
            Err(error) => {
                tracing::error!(?error, "the embedded S3 failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "the embedded S3 failed").into_response()
            }
        };
        let bytes_out = response.body().size_hint().exact().unwrap_or_else(|| body_bytes(response.headers()));
        meter.s3(&S3Exchange { operation, status: response.status().as_u16(), bytes_in, bytes_out });
        response
    }
}

/// Returns the size of a body according to its headers, without the framing of a chunked upload.
fn body_bytes(headers: &HeaderMap) -> u64 {
    ["x-amz-decoded-content-length", header::CONTENT_LENGTH.as_str()]
        .into_iter()
        .find_map(|name| headers.get(name)?.to_str().ok()?.parse().ok())
        .unwrap_or_default()
}

/// Returns S3's answer to a request above the rate of its partition ("Best practices design patterns:
/// optimizing Amazon S3 performance" and "Error responses", Amazon S3 API Reference).
fn slow_down() -> Response<Body> {
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SlowDown</Code><Message>Please reduce \
                your request rate.</Message></Error>";
    let headers = [(header::CONTENT_TYPE, "application/xml")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, body).into_response()
}

/// Splits the path of a path-style request.
fn bucket_and_key(path: &str) -> (&str, &str) {
    let path = path.trim_start_matches('/');
    path.split_once('/').unwrap_or((path, ""))
}

/// Returns the S3 operation of a path-style request, or `Unknown` for operations that Dossier does not use.
pub(super) fn operation(request: &Request) -> &'static str {
    let (bucket, key) = bucket_and_key(request.uri().path());
    let query = request.uri().query().unwrap_or_default();
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let method = request.method();
    if bucket.is_empty() {
        return if method == Method::GET { "ListBuckets" } else { "Unknown" };
    }
    if key.is_empty() {
        return bucket_operation(method, has);
    }
    match *method {
        Method::GET if has("uploadId") => "ListParts",
        Method::GET => "GetObject",
        Method::HEAD => "HeadObject",
        Method::DELETE if has("uploadId") => "AbortMultipartUpload",
        Method::DELETE => "DeleteObject",
        Method::PUT if has("partNumber") => "UploadPart",
        Method::PUT if request.headers().contains_key("x-amz-copy-source") => "CopyObject",
        Method::PUT => "PutObject",
        Method::POST if has("uploads") => "CreateMultipartUpload",
        Method::POST if has("uploadId") => "CompleteMultipartUpload",
        _ => "Unknown",
    }
}

fn bucket_operation(method: &Method, has: impl Fn(&str) -> bool) -> &'static str {
    match *method {
        Method::HEAD => "HeadBucket",
        Method::DELETE => "DeleteBucket",
        Method::PUT if has("versioning") => "PutBucketVersioning",
        Method::PUT if has("encryption") => "PutBucketEncryption",
        Method::PUT if has("publicAccessBlock") => "PutPublicAccessBlock",
        Method::PUT if has("lifecycle") => "PutBucketLifecycleConfiguration",
        Method::PUT if has("policy") => "PutBucketPolicy",
        Method::PUT => "CreateBucket",
        Method::GET if has("list-type") => "ListObjectsV2",
        Method::GET if has("location") => "GetBucketLocation",
        Method::GET if has("versioning") => "GetBucketVersioning",
        Method::GET if has("versions") => "ListObjectVersions",
        Method::GET if has("uploads") => "ListMultipartUploads",
        Method::GET => "ListObjects",
        Method::POST if has("delete") => "DeleteObjects",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_named_after_their_operation() {
        for (method, uri, expected) in [
            ("GET", "/", "ListBuckets"),
            ("PUT", "/b", "CreateBucket"),
            ("PUT", "/b/", "CreateBucket"),
            ("PUT", "/b?versioning", "PutBucketVersioning"),
            ("HEAD", "/b/", "HeadBucket"),
            ("GET", "/b/?list-type=2&prefix=reports%2F", "ListObjectsV2"),
            ("PUT", "/b/reports/dev/1/report.json?x-id=PutObject", "PutObject"),
            ("GET", "/b/k?X-Amz-Signature=0", "GetObject"),
            ("HEAD", "/b/k", "HeadObject"),
            ("DELETE", "/b/k?x-id=DeleteObject", "DeleteObject"),
            ("POST", "/b?delete", "DeleteObjects"),
            ("PATCH", "/b/k", "Unknown"),
        ] {
            let request = Request::builder().method(method).uri(uri).body(Body::empty()).unwrap();
            assert_eq!(operation(&request), expected, "{method} {uri}");
        }
    }
}
