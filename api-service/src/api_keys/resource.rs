//! API keys as clients see them.

use domain::{
    access::{KeyId, KeyRecord, Scope},
    identity::Tenant,
    time::UtcTime,
};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;

use super::manage::Created;

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Key)]
pub(crate) struct KeyResource {
    /// The public part of the key: the 16 digits after `dossier_`.
    #[schema(value_type = String, pattern = "^[0-9a-f]{16}$", example = "8f3a6c0d9be41270")]
    id: KeyId,
    /// The tenant of the key.
    #[schema(value_type = String, example = "acme")]
    tenant: Tenant,
    /// What the key permits.
    scopes: Vec<Scope>,
    /// A name for people; null if it has none.
    #[schema(required)]
    label: Option<String>,
    /// When it was created.
    created_at: UtcTime,
    /// When it expires; null for a key that does not expire.
    #[schema(required)]
    expires_at: Option<UtcTime>,
    /// When it was revoked; null for a key that was not.
    #[schema(required)]
    revoked_at: Option<UtcTime>,
}

impl From<KeyRecord> for KeyResource {
    fn from(record: KeyRecord) -> Self {
        let KeyRecord { id, tenant, scopes, label, hash: _, created_at, expires_at, revoked_at } = record;
        Self { id, tenant, scopes: scopes.iter().collect(), label, created_at, expires_at, revoked_at }
    }
}

/// A key that was just created. It has no `Debug`, because it holds the key.
#[derive(Serialize, ToSchema)]
#[schema(as = NewKey)]
pub(crate) struct NewKeyResource {
    #[serde(flatten)]
    record: KeyResource,
    /// The key. This is the only response that contains it.
    #[schema(pattern = "^dossier_[0-9a-f]{16}_[0-9a-f]{72}$")]
    key: String,
}

impl From<Created> for NewKeyResource {
    fn from(Created { key, record }: Created) -> Self {
        Self { record: record.into(), key: key.text().expose_secret().to_owned() }
    }
}

/// The API keys of a tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyList {
    /// All keys, oldest first. An expired or revoked key is listed for another 400 days.
    pub(super) keys: Vec<KeyResource>,
}
