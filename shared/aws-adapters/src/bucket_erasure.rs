//! Erases folders of the bucket with all versions of their objects.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use crate::{
    bucket::{Bucket, S3},
    error::{AwsError, ErrorClass},
    request::send,
};

impl Bucket {
    /// Deletes all versions of all objects whose keys begin with `folder`, which ends with a slash, and their delete
    /// markers. Returns their number. Idempotent: what an earlier try deleted is not there any more.
    ///
    /// # Errors
    /// Returns [`AwsError`] if something may be left.
    pub async fn erase(&self, folder: &str) -> Result<usize, AwsError> {
        let mut erased = 0;
        // What is deleted is not listed again, so each page is the first one. Both requests take up to 1,000 versions
        // ("ListObjectVersions" and "DeleteObjects" in the Amazon S3 API Reference).
        loop {
            let versions = self.versions(folder).await?;
            if versions.is_empty() {
                return Ok(erased);
            }
            erased += versions.len();
            self.delete(versions).await?;
        }
    }

    /// Returns the first versions and delete markers of the objects whose keys begin with `folder`.
    async fn versions(&self, folder: &str) -> Result<Vec<ObjectIdentifier>, AwsError> {
        const OPERATION: &str = "ListObjectVersions";
        let request = self.client.list_object_versions().bucket(&self.name).prefix(folder);
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

    async fn delete(&self, versions: Vec<ObjectIdentifier>) -> Result<(), AwsError> {
        const OPERATION: &str = "DeleteObjects";
        let versions = Delete::builder().set_objects(Some(versions)).quiet(true).build();
        let versions = versions.map_err(|error| AwsError::unusable(S3, OPERATION, error))?;
        let request = self.client.delete_objects().bucket(&self.name).delete(versions);
        let failed = send(S3, OPERATION, request.send()).await?.errors.unwrap_or_default();
        let Some(first) = failed.first() else { return Ok(()) };
        let why = format!(
            "{} objects were not deleted, the first one because of {}",
            failed.len(),
            first.code().unwrap_or("an unnamed error")
        );
        Err(AwsError { class: ErrorClass::Transient, ..AwsError::unusable(S3, OPERATION, why) })
    }
}
