//! Erases folders of the bucket with all versions of their objects.

use aws_sdk_s3::{Client, types::ObjectIdentifier};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    bucket::{Bucket, S3},
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
        let erased = Versions { client: &self.client, bucket: &self.name }.erase(folder).await?;
        if let Some((client, bucket)) = &self.copies {
            Versions { client, bucket }.erase(folder).await?;
        }
        Ok(erased)
    }
}

/// The versions of the objects of one bucket.
struct Versions<'a> {
    client: &'a Client,
    bucket: &'a str,
}

impl Versions<'_> {
    /// Deletes the versions and delete markers of a folder, and returns their number.
    async fn erase(&self, folder: &str) -> Result<usize, AwsError> {
        let mut erased = 0;
        // What is deleted is not listed again, so each page is the first one.
        loop {
            let versions = self.first(folder).await?;
            if versions.is_empty() {
                return Ok(erased);
            }
            erased += versions.len();
            let deletions = stream::iter(versions.into_iter().map(|version| self.delete(version)));
            deletions.buffer_unordered(CONCURRENCY).try_collect::<()>().await?;
        }
    }

    /// Returns the first versions and delete markers of the objects whose keys begin with `folder`.
    async fn first(&self, folder: &str) -> Result<Vec<ObjectIdentifier>, AwsError> {
        const OPERATION: &str = "ListObjectVersions";
        let request = self.client.list_object_versions().bucket(self.bucket).prefix(folder);
        let answer = send(S3, OPERATION, request.send()).await?;
        let versions = answer.versions.unwrap_or_default();
        let versions = versions.into_iter().map(|version| (version.key, version.version_id));
        let markers = answer.delete_markers.unwrap_or_default();
        let markers = markers.into_iter().map(|marker| (marker.key, marker.version_id));
        let identifiers = versions.chain(markers).map(|(key, version)| {
            let identifier = ObjectIdentifier::builder().set_key(key).set_version_id(version).build();
            identifier.map_err(|error| AwsError::unusable(S3, OPERATION, error))
        });
        identifiers.collect()
    }

    /// Deletes one version. DeleteObjects would delete many with one request, but requires the permission
    /// `s3:DeleteObject` as well ("DeleteObjects" in the Amazon S3 API Reference), with which a file can be hidden
    /// behind a delete marker.
    async fn delete(&self, version: ObjectIdentifier) -> Result<(), AwsError> {
        let request = self.client.delete_object().bucket(self.bucket);
        let request = request.key(version.key).set_version_id(version.version_id);
        send(S3, "DeleteObject", request.send()).await.map(drop)
    }
}
