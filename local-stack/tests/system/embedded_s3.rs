//! The embedded S3: objects, conditional writes, and pre-signed links that expire.
use std::time::Duration;

use crate::support::aws::{ProvisionedAws, provisioned_aws};
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;
use local_stack::aws::Service;

const KEY: &str = "reports/dev/01/report.html";

async fn put(stack: &ProvisionedAws) {
    stack
        .clients
        .s3
        .put_object()
        .bucket(&stack.names.bucket)
        .key(KEY)
        .content_type("text/html; charset=utf-8")
        .content_disposition("inline")
        .metadata("sha256", "00ff")
        .server_side_encryption(ServerSideEncryption::Aes256)
        .body(ByteStream::from_static(b"<p>report</p>"))
        .send()
        .await
        .unwrap();
}

async fn presigned(stack: &ProvisionedAws, valid: Duration, signed_ago: Duration) -> String {
    let config = PresigningConfig::builder()
        .start_time(std::time::SystemTime::now() - signed_ago)
        .expires_in(valid)
        .build()
        .unwrap();
    stack
        .clients
        .s3
        .get_object()
        .bucket(&stack.names.bucket)
        .key(KEY)
        .response_content_disposition("attachment; filename=\"report.html\"")
        .presigned(config)
        .await
        .unwrap()
        .uri()
        .to_owned()
}

#[tokio::test]
async fn an_object_keeps_its_type_and_metadata() {
    let stack = provisioned_aws().await;
    put(&stack).await;
    let object = stack.clients.s3.get_object().bucket(&stack.names.bucket).key(KEY).send().await.unwrap();
    assert_eq!(object.content_type(), Some("text/html; charset=utf-8"));
    assert_eq!(object.metadata().unwrap()["sha256"], "00ff");
    assert_eq!(object.body.collect().await.unwrap().to_vec(), b"<p>report</p>");
    let head = stack.clients.s3.head_object().bucket(&stack.names.bucket).key(KEY).send().await.unwrap();
    assert_eq!(head.content_length(), Some(13));
    let calls = stack.aws.calls();
    for operation in ["PutObject", "GetObject", "HeadObject", "CreateBucket"] {
        assert_eq!(calls[&(Service::S3, operation.to_owned())], 1, "{operation}");
    }
}

#[tokio::test]
async fn a_missing_object_has_an_error_of_its_own() {
    let stack = provisioned_aws().await;
    let error =
        stack.clients.s3.get_object().bucket(&stack.names.bucket).key("none").send().await.unwrap_err();
    assert!(error.into_service_error().is_no_such_key());
    let error =
        stack.clients.s3.head_object().bucket(&stack.names.bucket).key("none").send().await.unwrap_err();
    assert!(error.into_service_error().is_not_found());
}

#[tokio::test]
async fn a_write_with_if_none_match_succeeds_once() {
    let stack = provisioned_aws().await;
    let write = |body: &'static [u8]| {
        stack
            .clients
            .s3
            .put_object()
            .bucket(&stack.names.bucket)
            .key("work/dev/01/answer.json")
            .if_none_match("*")
            .body(ByteStream::from_static(body))
            .send()
    };
    write(b"first").await.unwrap();
    let rejected = write(b"second").await.unwrap_err();
    assert_eq!(rejected.code(), Some("PreconditionFailed"));
    let listed = stack
        .clients
        .s3
        .list_objects_v2()
        .bucket(&stack.names.bucket)
        .prefix("work/dev/01/")
        .send()
        .await
        .unwrap();
    assert_eq!(listed.contents().len(), 1);
    assert_eq!(listed.contents()[0].size(), Some(5));
}

#[tokio::test]
async fn a_presigned_link_works_until_it_expires_and_only_unchanged() {
    let stack = provisioned_aws().await;
    put(&stack).await;
    let minute = Duration::from_secs(60);
    let link = presigned(&stack, minute, Duration::ZERO).await;
    let answer = reqwest::get(&link).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"report.html\"");
    assert_eq!(answer.text().await.unwrap(), "<p>report</p>");

    let expired = presigned(&stack, minute, 2 * minute).await;
    assert_eq!(reqwest::get(&expired).await.unwrap().status(), 403);
    for tampered in [
        link.replace("/01/", "/02/"),
        link.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
        link.replace("attachment", "inline"),
        link.split('?').next().unwrap().to_owned(),
    ] {
        assert_ne!(tampered, link);
        assert_eq!(reqwest::get(&tampered).await.unwrap().status(), 403, "{tampered}");
    }
    let unsigned = format!("{}/{}?list-type=2", stack.aws.endpoint(), stack.names.bucket);
    assert_eq!(reqwest::get(&unsigned).await.unwrap().status(), 403);
}
