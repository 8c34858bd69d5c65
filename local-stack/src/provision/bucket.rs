//! The bucket: private, encrypted, versioned.

use anyhow::Context as _;
use aws_adapters::settings::{retention_days, retention_days_max};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLocationConstraint,
    BucketVersioningStatus, CreateBucketConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, NoncurrentVersionExpiration, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    VersioningConfiguration,
};
use service_runtime::config::Reader;

/// Days after which the bucket deletes files.
#[derive(Clone, Copy, Debug)]
pub struct RetentionDays {
    /// Of reports without a period of their own.
    pub default: u32,
    /// The longest period of a tenant.
    pub longest: u32,
}

impl RetentionDays {
    /// Reads the settings. Returns `None` if `reader` recorded an error.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (default, longest) = (retention_days(reader), retention_days_max(reader));
        Some(Self { default: default?, longest: longest? })
    }
}

pub(super) async fn provision(client: &Client, name: &str, days: RetentionDays) -> anyhow::Result<()> {
    create(client, name).await?;
    let blocked = client
        .put_public_access_block()
        .bucket(name)
        .public_access_block_configuration(
            PublicAccessBlockConfiguration::builder()
                .block_public_acls(true)
                .ignore_public_acls(true)
                .block_public_policy(true)
                .restrict_public_buckets(true)
                .build(),
        )
        .send()
        .await;
    ignore_not_implemented(blocked, "PutPublicAccessBlock", name)?;

    let by_default =
        ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build()?;
    let encryption = ServerSideEncryptionConfiguration::builder()
        .rules(
            ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by_default).build(),
        )
        .build()?;
    let encrypted = client
        .put_bucket_encryption()
        .bucket(name)
        .server_side_encryption_configuration(encryption)
        .send()
        .await;
    ignore_not_implemented(encrypted, "PutBucketEncryption", name)?;

    let versioned = client
        .put_bucket_versioning()
        .bucket(name)
        .versioning_configuration(
            VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build(),
        )
        .send()
        .await;
    ignore_not_implemented(versioned, "PutBucketVersioning", name)?;

    let expiring = client
        .put_bucket_lifecycle_configuration()
        .bucket(name)
        .lifecycle_configuration(lifecycle(days)?)
        .send()
        .await;
    ignore_not_implemented(expiring, "PutBucketLifecycleConfiguration", name)
}

/// Returns the lifecycle rules of `deploy/data.yaml`.
fn lifecycle(days: RetentionDays) -> anyhow::Result<BucketLifecycleConfiguration> {
    let rule = |id: &str, prefix: &str| {
        let filter = LifecycleRuleFilter::builder().prefix(prefix).build();
        LifecycleRule::builder().id(id).status(ExpirationStatus::Enabled).filter(filter)
    };
    let (default, longest) = (i32::try_from(days.default)?, i32::try_from(days.longest)?);
    let objects = |id: &str, prefix: &str, days: i32| {
        rule(id, prefix)
            .expiration(LifecycleExpiration::builder().days(days).build())
            .noncurrent_version_expiration(NoncurrentVersionExpiration::builder().noncurrent_days(1).build())
            .abort_incomplete_multipart_upload(
                AbortIncompleteMultipartUpload::builder().days_after_initiation(1).build(),
            )
            .build()
    };
    let delete_markers = rule("delete-markers-end", "")
        .expiration(LifecycleExpiration::builder().expired_object_delete_marker(true).build());
    let configuration = BucketLifecycleConfiguration::builder()
        .rules(objects("reports-end", "reports/", default)?)
        .rules(objects("work-ends", "work/", default)?)
        .rules(objects("kept-ends", "kept/", longest)?)
        .rules(delete_markers.build()?);
    Ok(configuration.build()?)
}

async fn create(client: &Client, name: &str) -> anyhow::Result<()> {
    let region = client.config().region().map(ToString::to_string);
    // S3 rejects a location constraint for us-east-1 and requires one for every other region.
    let configuration = region.filter(|region| region != "us-east-1").map(|region| {
        CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(region.as_str()))
            .build()
    });
    let created =
        client.create_bucket().bucket(name).set_create_bucket_configuration(configuration).send().await;
    match created {
        Ok(_) => Ok(()),
        Err(SdkError::ServiceError(error)) if error.err().is_bucket_already_owned_by_you() => Ok(()),
        // The embedded S3 has one account, so an existing bucket is ours. On AWS this error means that the
        // bucket belongs to another account, and HeadBucket is rejected.
        Err(SdkError::ServiceError(error)) if error.err().is_bucket_already_exists() => {
            client
                .head_bucket()
                .bucket(name)
                .send()
                .await
                .with_context(|| format!("the bucket name {name} is taken by another account"))?;
            Ok(())
        }
        Err(error) => Err(error).with_context(|| format!("CreateBucket of {name}")),
    }
}

/// Ignores the error NotImplemented, which the embedded S3 returns for these settings. It is private without
/// them, because it verifies signatures, and it keeps no versions.
fn ignore_not_implemented<T, E>(
    answer: Result<T, SdkError<E>>,
    operation: &'static str,
    bucket: &str,
) -> anyhow::Result<()>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("NotImplemented") => {
            tracing::debug!(bucket, operation, "this S3 emulator does not implement the setting");
            Ok(())
        }
        Err(error) => Err(error).with_context(|| format!("{operation} of {bucket}")),
    }
}
