//! S3 of the embedded AWS: the library s3s over a directory. s3s verifies signatures and pre-signed URLs;
//! this module also names the operations for the call counts.

use std::path::Path;

use anyhow::Context as _;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Response, StatusCode};
use axum::response::IntoResponse as _;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use secrecy::ExposeSecret as _;

use super::sigv4::Credentials;

pub(super) struct S3 {
    service: S3Service,
}

impl S3 {
    pub(super) fn new(root: &Path, credentials: &Credentials) -> anyhow::Result<Self> {
        let files = FileSystem::new(root)
            .map_err(|error| anyhow::anyhow!("{error:?}"))
            .with_context(|| format!("the embedded S3 cannot use {}", root.display()))?;
        let mut builder = S3ServiceBuilder::new(files);
        // With an authentication provider, s3s also rejects unsigned requests.
        builder.set_auth(SimpleAuth::from_single(
            credentials.access_key_id.clone(),
            credentials.secret_access_key.expose_secret(),
        ));
        Ok(Self { service: builder.build() })
    }

    /// Handles a request. Bodies are streamed in both directions.
    pub(super) async fn handle(&self, request: Request) -> Response<Body> {
        match self.service.call(request.map(s3s::Body::http_body_unsync)).await {
            Ok(response) => response.map(Body::new),
            Err(error) => {
                tracing::error!(?error, "the embedded S3 failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "the embedded S3 failed").into_response()
            }
        }
    }
}

/// Returns the S3 operation of a path-style request, or `Unknown` for operations that Dossier does not use.
pub(super) fn operation(request: &Request) -> &'static str {
    let path = request.uri().path().trim_start_matches('/');
    let query = request.uri().query().unwrap_or_default();
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
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
