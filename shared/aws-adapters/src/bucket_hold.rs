//! Copies of the files of reports under legal hold, which no lifecycle rule of the bucket deletes.

use domain::artifact::held_key;

use crate::{
    bucket::{Bucket, S3},
    bucket_versions::{Version, versions},
    error::AwsError,
    request::send,
};

impl Bucket {
    /// Copies all versions of all objects whose keys begin with `folder`, which ends with a slash, to their
    /// [`held_key`]. Returns their number. The newest version of each object is copied last, also if the object is
    /// hidden behind a delete marker: S3 keeps its content for another day. Can be repeated, and then adds versions with the
    /// same content.
    ///
    /// # Errors
    /// Returns [`AwsError`] if something may not be copied.
    pub async fn hold(&self, folder: &str) -> Result<usize, AwsError> {
        let listed = versions(&self.client, &self.name, folder).await?;
        // The newest version of each object is listed first.
        let oldest_first = listed.iter().rev().filter(|version| version.has_content);
        let mut copied = 0;
        for version in oldest_first {
            self.copy_to_held(version).await?;
            copied += 1;
        }
        Ok(copied)
    }

    async fn copy_to_held(&self, Version { key, id, .. }: &Version) -> Result<(), AwsError> {
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
