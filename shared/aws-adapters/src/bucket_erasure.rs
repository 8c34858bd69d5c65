//! Erases folders of the bucket with all versions of their objects.

use aws_sdk_s3::Client;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    bucket::{Bucket, S3},
    bucket_versions::{Version, versions},
    error::AwsError,
    request::send,
};

/// Number of versions that are deleted at the same time. A report has about ten.
const CONCURRENCY: usize = 8;

impl Bucket {
    /// Deletes all versions of all objects whose keys begin with `folder`, which ends with a slash, and their delete
    /// markers, and then their copies in another Region: S3 does not replicate the deletion of a version ("What does
    /// Amazon S3 replicate?"), nor a version that is gone. Returns their number without the copies. Idempotent: what an
    /// earlier try deleted is not there any more.
    ///
    /// # Errors
    /// Returns [`AwsError`] if something may be left.
    pub async fn erase(&self, folder: &str) -> Result<usize, AwsError> {
        let erased = erase_versions(&self.client, &self.name, folder).await?;
        if let Some((client, bucket)) = &self.copies {
            erase_versions(client, bucket, folder).await?;
        }
        Ok(erased)
    }
}

/// Deletes the versions and delete markers of a folder of one bucket, and returns their number.
async fn erase_versions(client: &Client, bucket: &str, folder: &str) -> Result<usize, AwsError> {
    let versions = versions(client, bucket, folder).await?;
    let erased = versions.len();
    let deletions = stream::iter(versions.into_iter().map(|version| delete(client, bucket, version)));
    deletions.buffer_unordered(CONCURRENCY).try_collect::<()>().await?;
    Ok(erased)
}

/// Deletes one version. DeleteObjects would delete many with one request, but requires the permission
/// `s3:DeleteObject` as well ("DeleteObjects" in the Amazon S3 API Reference), with which a file can be hidden
/// behind a delete marker.
async fn delete(client: &Client, bucket: &str, version: Version) -> Result<(), AwsError> {
    let request = client.delete_object().bucket(bucket).key(version.key).version_id(version.id);
    send(S3, "DeleteObject", request.send()).await.map(drop)
}
