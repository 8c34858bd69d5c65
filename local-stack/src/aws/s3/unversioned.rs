//! The objects of the embedded S3: files of a directory, without versions.

use s3s::{
    S3, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput,
        CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteBucketInput,
        DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput,
        GetBucketLocationInput, GetBucketLocationOutput, GetObjectInput, GetObjectOutput, HeadBucketInput,
        HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput,
        ListObjectVersionsInput, ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput,
        ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, ObjectVersion,
        PutObjectInput, PutObjectOutput, UploadPartInput, UploadPartOutput,
    },
};
use s3s_fs::FileSystem;

/// The id of the only version of an object in a bucket that keeps no versions ("How S3 Versioning works").
const ONLY_VERSION: &str = "null";

/// Objects of which only the current content is kept.
pub(super) struct Unversioned(pub(super) FileSystem);

/// Implements S3 with the operations that the directory carries out by itself.
macro_rules! operations {
    ($($operation:ident: $input:ident => $output:ident;)+) => {
        #[async_trait::async_trait]
        impl S3 for Unversioned {
            $(async fn $operation(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                self.0.$operation(request).await
            })+

            async fn list_object_versions(
                &self,
                request: S3Request<ListObjectVersionsInput>,
            ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
                let (input, request) = objects_instead_of_versions(request);
                let listed = self.0.list_objects_v2(request).await?;
                Ok(S3Response::new(only_versions(input, listed.output)))
            }
        }
    };
}

operations! {
    abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput;
    complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput;
    copy_object: CopyObjectInput => CopyObjectOutput;
    create_bucket: CreateBucketInput => CreateBucketOutput;
    create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput;
    delete_bucket: DeleteBucketInput => DeleteBucketOutput;
    delete_object: DeleteObjectInput => DeleteObjectOutput;
    delete_objects: DeleteObjectsInput => DeleteObjectsOutput;
    get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput;
    get_object: GetObjectInput => GetObjectOutput;
    head_bucket: HeadBucketInput => HeadBucketOutput;
    head_object: HeadObjectInput => HeadObjectOutput;
    list_buckets: ListBucketsInput => ListBucketsOutput;
    list_objects: ListObjectsInput => ListObjectsOutput;
    list_objects_v2: ListObjectsV2Input => ListObjectsV2Output;
    list_parts: ListPartsInput => ListPartsOutput;
    put_object: PutObjectInput => PutObjectOutput;
    upload_part: UploadPartInput => UploadPartOutput;
}

/// Returns the input of a request for versions, and the request for the objects that begin after its marker.
fn objects_instead_of_versions(
    request: S3Request<ListObjectVersionsInput>,
) -> (ListObjectVersionsInput, S3Request<ListObjectsV2Input>) {
    let input = request.input.clone();
    let request = request.map_input(|input| ListObjectsV2Input {
        bucket: input.bucket,
        delimiter: input.delimiter,
        max_keys: input.max_keys,
        prefix: input.prefix,
        start_after: input.key_marker,
        ..ListObjectsV2Input::default()
    });
    (input, request)
}

/// Returns the answer to a request for versions: each listed object is the only version of itself.
fn only_versions(input: ListObjectVersionsInput, listed: ListObjectsV2Output) -> ListObjectVersionsOutput {
    let objects = listed.contents.unwrap_or_default();
    let last = objects.last().and_then(|object| object.key.clone());
    let is_truncated = listed.is_truncated.unwrap_or_default();
    let versions = objects.into_iter().map(|object| ObjectVersion {
        key: object.key,
        e_tag: object.e_tag,
        size: object.size,
        last_modified: object.last_modified,
        is_latest: Some(true),
        version_id: Some(ONLY_VERSION.to_owned()),
        ..ObjectVersion::default()
    });
    ListObjectVersionsOutput {
        versions: Some(versions.collect()),
        common_prefixes: listed.common_prefixes,
        is_truncated: Some(is_truncated),
        next_key_marker: last.clone().filter(|_| is_truncated),
        next_version_id_marker: last.filter(|_| is_truncated).map(|_| ONLY_VERSION.to_owned()),
        name: Some(input.bucket),
        prefix: input.prefix,
        delimiter: input.delimiter,
        key_marker: input.key_marker,
        max_keys: input.max_keys,
        ..ListObjectVersionsOutput::default()
    }
}
