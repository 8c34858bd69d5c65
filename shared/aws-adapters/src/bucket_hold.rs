//! Copies of the files of reports under legal hold, which no lifecycle rule of the bucket deletes.

use domain::artifact::held_key;

use crate::{
    bucket::{Bucket, S3},
    error::AwsError,
    request::send,
};

/// A version of an object.
struct Version {
    key: String,
    id: String,
}

impl Bucket {
    /// Copies all versions of all objects whose keys begin with `folder`, which ends with a slash, to their
    /// [`held_key`]. Returns their number. The newest version of each object is copied last, also if the object is
    /// hidden behind a delete marker: S3 keeps its content for another day. Can be repeated, and then adds versions with the
    /// same content.
    ///
    /// # Errors
    /// Returns [`AwsError`] if something may not be copied.
    pub async fn hold(&self, folder: &str) -> Result<usize, AwsError> {
        let mut versions = self.versions_of(folder).await?;
        // S3 lists the newest version of an object first ("ListObjectVersions").
        versions.reverse();
        for version in &versions {
            self.copy_to_held(version).await?;
        }
        Ok(versions.len())
    }

    async fn versions_of(&self, folder: &str) -> Result<Vec<Version>, AwsError> {
        const OPERATION: &str = "ListObjectVersions";
        let (mut all, mut after) = (Vec::new(), (None, None));
        loop {
            let request = self.client.list_object_versions().bucket(&self.name).prefix(folder);
            let request = request.set_key_marker(after.0).set_version_id_marker(after.1);
            let answer = send(S3, OPERATION, request.send()).await?;
            for version in answer.versions.unwrap_or_default() {
                let (Some(key), Some(id)) = (version.key, version.version_id) else {
                    return Err(AwsError::unusable(S3, OPERATION, "a version has no key or no id"));
                };
                all.push(Version { key, id });
            }
            if !answer.is_truncated.unwrap_or_default() {
                return Ok(all);
            }
            after = (answer.next_key_marker, answer.next_version_id_marker);
        }
    }

    async fn copy_to_held(&self, Version { key, id }: &Version) -> Result<(), AwsError> {
        let held = held_key(key);
        // Keys of reports consist of characters that need no encoding in a header.
        let request = self
            .client
            .copy_object()
            .bucket(&self.name)
            .copy_source(format!("{}/{key}?versionId={id}", self.name))
            .server_side_encryption(self.encryption.algorithm())
            .set_ssekms_key_id(self.encryption.kms_key_id.clone())
            .set_ssekms_encryption_context(self.encryption.context_of(&held))
            .set_bucket_key_enabled(self.encryption.bucket_key())
            .key(held);
        send(S3, "CopyObject", request.send()).await.map(drop)
    }
}
