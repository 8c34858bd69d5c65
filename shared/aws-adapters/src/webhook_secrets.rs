//! The secrets that sign webhooks, one item of the access table per tenant.
//!
//! With a KMS key the secrets are sealed: DynamoDB stores a ciphertext, and only a role that KMS lets decrypt for
//! this purpose can read them. Version 0.2 keeps them in the table of reports, unsealed; they are read there
//! until the first rotation, or until [`WebhookSecrets::adopt`] moves them.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{Client, primitives::Blob, types::AttributeValue};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};

use crate::{
    clients,
    dynamodb::{Item, conditional, number},
    error::{AwsError, DYNAMODB},
    request::send,
    sealer::{KMS, Sealer},
    settings::AccessTables,
};
use domain::{identity::Tenant, time::UtcTime};

/// Length of a secret in bytes; the Standard Webhooks specification allows 24 to 64.
pub const SECRET_BYTES: usize = 32;

/// Maximum number of secrets of a tenant that sign at the same time. A rotation beyond it drops the oldest
/// one.
const SECRETS_MAX: usize = 4;

/// Maximum number of tries of a rotation that conflicts with concurrent ones.
const TRIES_MAX: u32 = 4;

const PREFIX: &str = "whsec_";

/// The purpose in the encryption context of sealed secrets. `deploy/access.yaml` names it, too.
pub const SEALED_FOR: &str = "webhook-secrets";

/// The attribute with the number of changes of the secrets.
const VERSION: &str = "version";
/// The attribute with the secrets in clear.
const SECRETS: &str = "secrets";
/// The attribute with the sealed secrets.
const SEALED: &str = "sealed";

const GET: &str = "GetItem";

/// The store of all tenants' secrets.
#[derive(Clone, Debug)]
pub struct WebhookSecrets {
    client: Client,
    tables: AccessTables,
    sealer: Option<Sealer>,
}

/// A secret of a tenant.
#[derive(Clone, Debug)]
pub struct WebhookSecret {
    /// The secret.
    pub bytes: SecretSlice<u8>,
    /// When it was created.
    pub created_at: UtcTime,
    /// When it stops signing; `None` for the current secret.
    pub expires_at: Option<UtcTime>,
}

impl WebhookSecret {
    /// Returns the secret in the form that receivers configure: `whsec_` and Base64.
    pub fn text(&self) -> SecretString {
        format!("{PREFIX}{}", STANDARD.encode(self.bytes.expose_secret())).into()
    }
}

/// A secret as it is stored, in clear or sealed with the others of its tenant.
#[derive(Serialize, Deserialize)]
struct Stored {
    secret: String,
    created_at: UtcTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<UtcTime>,
}

impl WebhookSecrets {
    /// Returns the secrets in `tables`. New ones are sealed if there is a `sealer`.
    pub fn new(client: Client, tables: AccessTables, sealer: Option<Sealer>) -> Self {
        Self { client, tables, sealer }
    }

    /// Returns the secrets in `tables`, accessed through new clients. New ones are sealed with the KMS key
    /// `kms_key_id` if there is one.
    pub fn at(sdk: &SdkConfig, tables: AccessTables, kms_key_id: Option<String>) -> Self {
        let sealer = kms_key_id.map(|key_id| Sealer::new(sdk, key_id));
        Self::new(clients::dynamodb(sdk), tables, sealer)
    }

    /// Returns the secrets of `tenant` that sign at `now`, the current one first, or none if the tenant has no
    /// secret yet. Only reads.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the secrets cannot be read.
    pub async fn signing(&self, tenant: &Tenant, now: UtcTime) -> Result<Vec<WebhookSecret>, AwsError> {
        Ok(signing(self.read(tenant).await?.0, now))
    }

    /// Returns whether `tenant` has secrets, without opening them.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the tables cannot be read.
    pub async fn exist(&self, tenant: &Tenant) -> Result<bool, AwsError> {
        Ok(self.item(&self.tables.current, tenant).await?.contains_key(VERSION)
            || self.item(&self.tables.former, tenant).await?.contains_key(SECRETS))
    }

    /// Returns the secrets of `tenant` that sign at `now`, the current one first. If the tenant has none,
    /// stores `fresh` as its first secret.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the secrets cannot be read or stored.
    pub async fn of(
        &self,
        tenant: &Tenant,
        now: UtcTime,
        fresh: [u8; SECRET_BYTES],
    ) -> Result<Vec<WebhookSecret>, AwsError> {
        let (secrets, version) = self.read(tenant).await?;
        if !secrets.is_empty() {
            return Ok(signing(secrets, now));
        }
        let first = vec![WebhookSecret { bytes: fresh.to_vec().into(), created_at: now, expires_at: None }];
        if self.write(tenant, &first, version).await? {
            return Ok(first);
        }
        // Another process has stored a secret in the meantime, and that one takes precedence.
        self.signing(tenant, now).await
    }

    /// Makes `fresh` the current secret of `tenant`. Previous secrets continue to sign for `overlap`, unless
    /// they end earlier. Returns all secrets that sign.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the secret is stored.
    pub async fn rotate(
        &self,
        tenant: &Tenant,
        now: UtcTime,
        overlap: Duration,
        fresh: [u8; SECRET_BYTES],
    ) -> Result<Vec<WebhookSecret>, AwsError> {
        let end = now.plus(overlap);
        for _ in 0..TRIES_MAX {
            let (previous, version) = self.read(tenant).await?;
            // Stored by an earlier try whose answer was lost.
            if previous.iter().any(|secret| secret.bytes.expose_secret() == fresh) {
                return Ok(signing(previous, now));
            }
            let current = WebhookSecret { bytes: fresh.to_vec().into(), created_at: now, expires_at: None };
            let older = previous.into_iter().map(|secret| WebhookSecret {
                expires_at: Some(secret.expires_at.map_or(end, |earlier| earlier.min(end))),
                ..secret
            });
            let secrets: Vec<_> = signing([current].into_iter().chain(older).collect(), now);
            if self.write(tenant, &secrets, version).await? {
                return Ok(secrets);
            }
        }
        Err(AwsError::unusable(DYNAMODB, "UpdateItem", "too many concurrent changes of the tenant's secrets"))
    }

    /// Moves the secrets of `tenant` from the table of reports to the access table, and erases them there.
    /// Returns whether there were any. Can be repeated.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that they are moved.
    pub async fn adopt(&self, tenant: &Tenant) -> Result<bool, AwsError> {
        let former = self.item(&self.tables.former, tenant).await?;
        if !former.contains_key(SECRETS) {
            return Ok(false);
        }
        let (secrets, version) = self.read(tenant).await?;
        // If another process stores a version first, it is a rotation, which keeps the former secrets as well.
        if version == 0 {
            self.write(tenant, &secrets, version).await?;
        }
        let erasure = self
            .client
            .update_item()
            .table_name(&self.tables.former)
            .key("pk", key(tenant))
            .update_expression("REMOVE #secrets, #version")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#secrets", SECRETS)
            .expression_attribute_names("#version", VERSION);
        let _: Result<Item, Item> = conditional(erasure).await?;
        Ok(true)
    }

    async fn item(&self, table: &str, tenant: &Tenant) -> Result<Item, AwsError> {
        let request = self.client.get_item().table_name(table).key("pk", key(tenant)).consistent_read(true);
        Ok(send(DYNAMODB, GET, request.send()).await?.item.unwrap_or_default())
    }

    /// Returns the secrets of `tenant` and their version, which is 0 unless they are in the access table.
    async fn read(&self, tenant: &Tenant) -> Result<(Vec<WebhookSecret>, u64), AwsError> {
        let item = self.item(&self.tables.current, tenant).await?;
        let version = item.get(VERSION).and_then(|value| value.as_n().ok()?.parse().ok()).unwrap_or_default();
        let item = if version == 0 { self.item(&self.tables.former, tenant).await? } else { item };
        let stored = match (item.get(SEALED), item.get(SECRETS), &self.sealer) {
            (Some(AttributeValue::B(sealed)), _, Some(sealer)) => {
                let opened = sealer.open(SEALED_FOR, tenant, sealed.clone().into_inner()).await?;
                // The error of the parser could quote a secret.
                serde_json::from_slice(opened.expose_secret())
                    .map_err(|_| AwsError::unusable(KMS, "Decrypt", "the secrets are not valid JSON"))?
            }
            (Some(_), ..) => {
                let detail =
                    format!("the webhook secrets of {tenant} are sealed: set DOSSIER_SECRETS_KMS_KEY_ID");
                return Err(AwsError::unusable(DYNAMODB, GET, detail));
            }
            (None, Some(secrets), _) => serde_dynamo::from_attribute_value(secrets.clone())
                .map_err(|error| AwsError::unusable(DYNAMODB, GET, error))?,
            (None, None, _) => Vec::new(),
        };
        let secrets: Result<Vec<_>, AwsError> = stored.into_iter().map(decoded).collect();
        Ok((secrets?, version))
    }

    async fn write(
        &self,
        tenant: &Tenant,
        secrets: &[WebhookSecret],
        version: u64,
    ) -> Result<bool, AwsError> {
        let stored: Vec<Stored> = secrets.iter().map(Stored::from).collect();
        let unusable = |error: &dyn std::fmt::Display| AwsError::unusable(DYNAMODB, "UpdateItem", error);
        let (kept, removed, value) = match &self.sealer {
            Some(sealer) => {
                let plaintext = serde_json::to_vec(&stored).map_err(|error| unusable(&error))?;
                let sealed = sealer.seal(SEALED_FOR, tenant, plaintext).await?;
                (SEALED, SECRETS, AttributeValue::B(Blob::new(sealed)))
            }
            None => {
                let value = serde_dynamo::to_attribute_value(stored).map_err(|error| unusable(&error))?;
                (SECRETS, SEALED, value)
            }
        };
        let request = self
            .client
            .update_item()
            .table_name(&self.tables.current)
            .key("pk", key(tenant))
            .update_expression("SET #kept = :secrets, #version = :next REMOVE #removed")
            .condition_expression("attribute_not_exists(#version) OR #version = :version")
            .expression_attribute_names("#kept", kept)
            .expression_attribute_names("#removed", removed)
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":secrets", value)
            .expression_attribute_values(":version", number(version))
            .expression_attribute_values(":next", number(version + 1));
        let outcome: Result<Item, Item> = conditional(request).await?;
        Ok(outcome.is_ok())
    }
}

impl From<&WebhookSecret> for Stored {
    fn from(secret: &WebhookSecret) -> Self {
        Self {
            secret: STANDARD.encode(secret.bytes.expose_secret()),
            created_at: secret.created_at,
            expires_at: secret.expires_at,
        }
    }
}

fn decoded(Stored { secret, created_at, expires_at }: Stored) -> Result<WebhookSecret, AwsError> {
    let bytes = STANDARD
        .decode(secret)
        .map_err(|_| AwsError::unusable(DYNAMODB, GET, "a secret is not valid Base64"))?;
    Ok(WebhookSecret { bytes: bytes.into(), created_at, expires_at })
}

fn key(tenant: &Tenant) -> AttributeValue {
    AttributeValue::S(format!("W#{tenant}"))
}

/// Returns the secrets that sign at `now`.
fn signing(secrets: Vec<WebhookSecret>, now: UtcTime) -> Vec<WebhookSecret> {
    let signs = |secret: &WebhookSecret| secret.expires_at.is_none_or(|end| now < end);
    secrets.into_iter().filter(signs).take(SECRETS_MAX).collect()
}
