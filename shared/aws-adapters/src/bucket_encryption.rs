//! How the objects of the bucket are encrypted.

use std::str::FromStr;

use aws_sdk_s3::types::ServerSideEncryption;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::artifact::owner;
use serde_json::json;

use crate::sealer::TENANT;

/// The encryption context under which S3 encrypts an object with KMS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EncryptionContext {
    /// The bucket: S3 asks KMS for a key for many objects ("Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys",
    /// Amazon S3 User Guide), and KMS cannot tell for which.
    #[default]
    Bucket,
    /// The object and its tenant: S3 asks KMS for each object.
    Tenant,
}

impl FromStr for EncryptionContext {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "bucket" => Ok(Self::Bucket),
            "tenant" => Ok(Self::Tenant),
            _ => Err("it is not bucket or tenant"),
        }
    }
}

/// How new objects are encrypted.
#[derive(Clone, Debug)]
pub(crate) struct ObjectEncryption {
    pub(crate) kms_key_id: Option<String>,
    pub(crate) context: EncryptionContext,
}

impl ObjectEncryption {
    /// Returns the algorithm.
    pub(crate) fn algorithm(&self) -> ServerSideEncryption {
        match self.kms_key_id {
            Some(_) => ServerSideEncryption::AwsKms,
            None => ServerSideEncryption::Aes256,
        }
    }

    /// Returns whether the bucket key is used; `None` for the default of the bucket.
    pub(crate) fn bucket_key(&self) -> Option<bool> {
        self.is_per_tenant().then_some(false)
    }

    /// Returns the encryption context of the object `key` in addition to that of S3, as the header
    /// `x-amz-server-side-encryption-context` has it: JSON in Base64 ("PutObject", Amazon S3 API Reference).
    pub(crate) fn context_of(&self, key: &str) -> Option<String> {
        self.is_per_tenant().then(|| STANDARD.encode(json!({ TENANT: owner(key) }).to_string()))
    }

    fn is_per_tenant(&self) -> bool {
        self.kms_key_id.is_some() && self.context == EncryptionContext::Tenant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encryption(kms_key_id: Option<&str>, context: EncryptionContext) -> ObjectEncryption {
        ObjectEncryption { kms_key_id: kms_key_id.map(str::to_owned), context }
    }

    #[test]
    fn the_context_names_the_tenant_of_each_object() {
        let encryption = encryption(Some("key"), EncryptionContext::Tenant);
        for (key, tenant) in [
            ("reports/acme/01a2/5f/1/report.pdf", "acme"),
            ("work/acme/01a2/5f/evidence.json", "acme"),
            ("kept/reports/acme/01a2/5f/1/report.pdf", "acme"),
            ("held/work/globex/01a2/5f/answer-1.json", "globex"),
            ("held/kept/work/globex/01a2/5f/answer-1.json", "globex"),
            ("work/.dead-letters/ab.txt", ".dead-letters"),
        ] {
            let context = STANDARD.decode(encryption.context_of(key).unwrap()).unwrap();
            let context: serde_json::Value = serde_json::from_slice(&context).unwrap();
            assert_eq!(context, json!({"dossier:tenant": tenant}), "{key}");
        }
        assert_eq!(encryption.bucket_key(), Some(false));
    }

    #[test]
    fn a_bucket_key_and_keys_of_s3_have_no_context_of_their_own() {
        for encryption in
            [encryption(Some("key"), EncryptionContext::Bucket), encryption(None, EncryptionContext::Tenant)]
        {
            assert_eq!((encryption.context_of("reports/acme/x"), encryption.bucket_key()), (None, None));
        }
    }
}
