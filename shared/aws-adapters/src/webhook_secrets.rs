//! The secrets that sign webhooks, one item of the table per tenant.

use std::time::Duration;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};

use crate::{
    dynamodb::{Item, conditional, number},
    error::{AwsError, DYNAMODB},
    request::send,
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

/// The store of all tenants' secrets.
#[derive(Clone, Debug)]
pub struct WebhookSecrets {
    client: Client,
    table: String,
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

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    secret: String,
    created_at: UtcTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<UtcTime>,
}

impl WebhookSecrets {
    /// Returns the secrets in `table`.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
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
        if version > 0 {
            return Ok(signing(secrets, now));
        }
        let first = vec![WebhookSecret { bytes: fresh.to_vec().into(), created_at: now, expires_at: None }];
        if self.write(tenant, &first, version).await? {
            return Ok(first);
        }
        // Another process has stored a secret in the meantime, and that one takes precedence.
        Ok(signing(self.read(tenant).await?.0, now))
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

    async fn read(&self, tenant: &Tenant) -> Result<(Vec<WebhookSecret>, u64), AwsError> {
        const OPERATION: &str = "GetItem";
        let request =
            self.client.get_item().table_name(&self.table).key("pk", key(tenant)).consistent_read(true);
        let item = send(DYNAMODB, OPERATION, request.send()).await?.item.unwrap_or_default();
        let version =
            item.get("version").and_then(|value| value.as_n().ok()?.parse().ok()).unwrap_or_default();
        let secrets = match item.get("secrets") {
            None => Vec::new(),
            Some(secrets) => serde_dynamo::from_attribute_value(secrets.clone())
                .map_err(|error| AwsError::unusable(DYNAMODB, OPERATION, error))?,
        };
        let secrets: Result<Vec<_>, AwsError> = secrets
            .into_iter()
            .map(|Stored { secret, created_at, expires_at }| {
                let bytes = STANDARD
                    .decode(secret)
                    .map_err(|_| AwsError::unusable(DYNAMODB, OPERATION, "a secret is not valid Base64"))?;
                Ok(WebhookSecret { bytes: bytes.into(), created_at, expires_at })
            })
            .collect();
        Ok((secrets?, version))
    }

    async fn write(
        &self,
        tenant: &Tenant,
        secrets: &[WebhookSecret],
        version: u64,
    ) -> Result<bool, AwsError> {
        let stored: Vec<Stored> = secrets
            .iter()
            .map(|secret| Stored {
                secret: STANDARD.encode(secret.bytes.expose_secret()),
                created_at: secret.created_at,
                expires_at: secret.expires_at,
            })
            .collect();
        let stored: AttributeValue = serde_dynamo::to_attribute_value(stored)
            .map_err(|error| AwsError::unusable(DYNAMODB, "UpdateItem", error))?;
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", key(tenant))
            .update_expression("SET #secrets = :secrets, #version = :next")
            .condition_expression("attribute_not_exists(#version) OR #version = :version")
            .expression_attribute_names("#secrets", "secrets")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":secrets", stored)
            .expression_attribute_values(":version", number(version))
            .expression_attribute_values(":next", number(version + 1));
        let outcome: Result<Item, Item> = conditional(request).await?;
        Ok(outcome.is_ok())
    }
}

fn key(tenant: &Tenant) -> AttributeValue {
    AttributeValue::S(format!("W#{tenant}"))
}

/// Returns the secrets that sign at `now`.
fn signing(secrets: Vec<WebhookSecret>, now: UtcTime) -> Vec<WebhookSecret> {
    let signs = |secret: &WebhookSecret| secret.expires_at.is_none_or(|end| now < end);
    secrets.into_iter().filter(signs).take(SECRETS_MAX).collect()
}
