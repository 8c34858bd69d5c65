//! Tenants, report ids and idempotency keys.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

/// A customer of this deployment. Reports of one tenant are invisible to every other.
///
/// The name has 1 to 64 characters of `a-z`, `0-9`, `-` and `_`, because it is part of object keys and the
/// SQS message group id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Tenant(String);

/// The error of a text that is not a tenant name.
#[derive(Debug, Error)]
#[error("'{0}' is not a tenant name: use 1 to 64 of a-z, 0-9, - and _")]
pub struct InvalidTenant(String);

impl Tenant {
    /// Returns the name of the tenant.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tenant {
    type Err = InvalidTenant;

    fn from_str(text: &str) -> Result<Self, InvalidTenant> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidTenant(text.chars().take(80).collect()))
        }
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Tenant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// The id of a report: a UUID, unique within its tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", schema(value_type = Uuid))]
pub struct ReportId(Uuid);

impl ReportId {
    /// Derives the id from `tenant` and `key`, so that a repeated request finds the same report.
    ///
    /// It is a UUIDv8 (RFC 9562) from a SHA-256, which does not reveal the key that the client chose.
    pub fn for_idempotency_key(tenant: &Tenant, key: &IdempotencyKey) -> Self {
        Self::derived(b"dossier.report-id.v1", tenant, &[&key.0])
    }

    /// Derives the id from `tenant`, the `key` of a batch and the `custom_id` of an item, so that repeating a
    /// batch, or part of it, finds the same reports.
    pub fn for_batch_item(tenant: &Tenant, key: &IdempotencyKey, custom_id: &str) -> Self {
        Self::derived(b"dossier.batch-item-id.v1", tenant, &[&key.0, custom_id])
    }

    fn derived(purpose: &[u8], tenant: &Tenant, parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        hash.update(purpose);
        // A zero byte separates the parts: keys are visible ASCII, and a customId contains no control
        // characters.
        for part in [tenant.as_str()].iter().chain(parts) {
            hash.update(b"\0");
            hash.update(part);
        }
        let digest = hash.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(Uuid::new_v8(bytes))
    }
}

impl From<Uuid> for ReportId {
    /// Wraps `id`. New reports use a UUIDv7 (RFC 9562), which sorts by its time of creation.
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl ReportId {
    /// Returns the id without dashes: 32 hexadecimal digits.
    pub fn simple(&self) -> impl fmt::Display {
        self.0.simple()
    }
}

impl fmt::Display for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ReportId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// The Idempotency-Key of a submission, which lets a client repeat the submission safely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// The error of a text that is not an idempotency key.
#[derive(Debug, Error)]
#[error("an Idempotency-Key has 1 to 255 visible ASCII characters, for example a UUID")]
pub struct InvalidIdempotencyKey;

impl FromStr for IdempotencyKey {
    type Err = InvalidIdempotencyKey;

    fn from_str(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        if (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidIdempotencyKey)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_the_same_id_within_a_tenant_only() {
        let (a, b): (Tenant, Tenant) = ("a".parse().unwrap(), "b".parse().unwrap());
        let key: IdempotencyKey = "order-7".parse().unwrap();
        assert_eq!(ReportId::for_idempotency_key(&a, &key), ReportId::for_idempotency_key(&a, &key));
        assert_ne!(ReportId::for_idempotency_key(&a, &key), ReportId::for_idempotency_key(&b, &key));
    }

    #[test]
    fn tenant_names_cannot_contain_separators() {
        for bad in ["", "a/b", "A", "a#b", "ä", &"a".repeat(65)] {
            assert!(bad.parse::<Tenant>().is_err(), "{bad:?}");
        }
    }
}
