//! Encrypts secrets of a tenant with a KMS key before they are stored.
//!
//! The encryption context ("Encryption context", AWS KMS Developer Guide) names the purpose and the tenant. KMS
//! decrypts a secret only under the context that it was encrypted under, so an item that was copied to another
//! tenant cannot be opened, and IAM policies can permit one purpose alone.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_kms::{Client, primitives::Blob};
use domain::identity::Tenant;
use secrecy::SecretSlice;

use crate::{clients, error::AwsError, request::send};

/// AWS's name of KMS, for spans, metrics and errors.
pub(crate) const KMS: &str = "KMS";

/// The member of the encryption context that names the purpose. `deploy/access.yaml` names it, too.
pub const PURPOSE: &str = "dossier:purpose";
/// The member of the encryption context that names the tenant.
pub const TENANT: &str = "dossier:tenant";

/// Seals and opens the secrets of tenants with one KMS key.
#[derive(Clone, Debug)]
pub struct Sealer {
    client: Client,
    key_id: String,
}

impl Sealer {
    /// Returns a sealer with the KMS key `key_id`: an id, an ARN or an alias.
    pub fn new(sdk: &SdkConfig, key_id: String) -> Self {
        Self { client: clients::kms(sdk), key_id }
    }

    /// Encrypts `plaintext`, at most 4 KiB ("Encrypt", AWS KMS API Reference), for `purpose` and `tenant`.
    ///
    /// # Errors
    /// Returns [`AwsError`] if KMS does not encrypt it.
    pub(crate) async fn seal(
        &self,
        purpose: &str,
        tenant: &Tenant,
        plaintext: Vec<u8>,
    ) -> Result<Vec<u8>, AwsError> {
        const OPERATION: &str = "Encrypt";
        let request = self
            .client
            .encrypt()
            .key_id(&self.key_id)
            .set_encryption_context(Some(context(purpose, tenant)))
            .plaintext(Blob::new(plaintext));
        let sealed = send(KMS, OPERATION, request.send()).await?.ciphertext_blob;
        let sealed = sealed.ok_or_else(|| AwsError::unusable(KMS, OPERATION, "there is no ciphertext"))?;
        Ok(sealed.into_inner())
    }

    /// Decrypts what [`Self::seal`] encrypted for the same purpose and tenant.
    ///
    /// # Errors
    /// Returns [`AwsError`] if KMS does not decrypt it, as if it was encrypted for another purpose or tenant.
    pub(crate) async fn open(
        &self,
        purpose: &str,
        tenant: &Tenant,
        sealed: Vec<u8>,
    ) -> Result<SecretSlice<u8>, AwsError> {
        const OPERATION: &str = "Decrypt";
        let request = self
            .client
            .decrypt()
            .key_id(&self.key_id)
            .set_encryption_context(Some(context(purpose, tenant)))
            .ciphertext_blob(Blob::new(sealed));
        let plaintext = send(KMS, OPERATION, request.send()).await?.plaintext;
        let plaintext =
            plaintext.ok_or_else(|| AwsError::unusable(KMS, OPERATION, "there is no plaintext"))?;
        Ok(plaintext.into_inner().into())
    }
}

fn context(purpose: &str, tenant: &Tenant) -> HashMap<String, String> {
    HashMap::from([(PURPOSE.to_owned(), purpose.to_owned()), (TENANT.to_owned(), tenant.to_string())])
}
