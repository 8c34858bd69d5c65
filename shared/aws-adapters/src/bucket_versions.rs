//! The versions of the objects of a bucket.

use aws_sdk_s3::Client;

use crate::{bucket::S3, error::AwsError, request::send};

/// A version of an object, or a delete marker, which hides the versions before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// The key of the object.
    pub(crate) key: String,
    /// The id of the version; `null` in a bucket that never kept versions.
    pub(crate) id: String,
    /// Whether it has content. A delete marker has none.
    pub(crate) has_content: bool,
}

/// Returns all versions and delete markers of the objects of `bucket` whose keys begin with `folder`, which ends with a
/// slash: first those with content, the newest of each object first ("ListObjectVersions", Amazon S3 API Reference).
///
/// # Errors
/// Returns [`AwsError`] if the bucket does not answer.
pub(crate) async fn versions(client: &Client, bucket: &str, folder: &str) -> Result<Vec<Version>, AwsError> {
    const OPERATION: &str = "ListObjectVersions";
    let (mut versions, mut markers, mut after) = (Vec::new(), Vec::new(), (None, None));
    loop {
        let request = client.list_object_versions().bucket(bucket).prefix(folder);
        let request = request.set_key_marker(after.0).set_version_id_marker(after.1);
        let answer = send(S3, OPERATION, request.send()).await?;
        let version = |key: Option<String>, id: Option<String>, has_content| match (key, id) {
            (Some(key), Some(id)) => Ok(Version { key, id, has_content }),
            _ => Err(AwsError::unusable(S3, OPERATION, "a version has no key or no id")),
        };
        for listed in answer.versions.unwrap_or_default() {
            versions.push(version(listed.key, listed.version_id, true)?);
        }
        for listed in answer.delete_markers.unwrap_or_default() {
            markers.push(version(listed.key, listed.version_id, false)?);
        }
        if !answer.is_truncated.unwrap_or_default() {
            versions.append(&mut markers);
            return Ok(versions);
        }
        after = (answer.next_key_marker, answer.next_version_id_marker);
    }
}
