//! Creates, rotates and retires API keys.

use std::time::Duration;

use aws_adapters::{error::AwsError, keys::Keys};
use domain::{
    access::{ApiKey, KeyRecord, Scopes},
    identity::Tenant,
    time::UtcTime,
};

const HOUR: Duration = Duration::from_secs(3600);

/// A key that was just created.
#[derive(Debug)]
pub struct Created {
    /// The key, which nothing stores.
    pub key: ApiKey,
    /// Its record.
    pub record: KeyRecord,
}

/// Returns when a key that is created at `now` expires if its lifetime is `days`.
pub(super) fn end_of_lifetime(now: UtcTime, days: Option<u32>) -> Option<UtcTime> {
    days.map(|days| now.plus(HOUR * 24 * days))
}

/// Creates and records a key.
///
/// # Errors
/// Returns [`AwsError`] if the table does not confirm that the key was recorded.
pub async fn create(
    keys: &Keys,
    tenant: Tenant,
    scopes: Scopes,
    label: Option<String>,
    expires_at: Option<UtcTime>,
    now: UtcTime,
) -> Result<Created, AwsError> {
    let key = ApiKey::new(rand::random(), rand::random());
    let (id, hash) = (key.id.clone(), key.hash());
    let record = KeyRecord { id, tenant, scopes, label, hash, created_at: now, expires_at, revoked_at: None };
    keys.create(&record).await?;
    Ok(Created { key, record })
}

/// Creates a key with the tenant, the scopes and the label of `old`. It has the lifetime that `old` had from its
/// creation, or none if `old` does not expire.
///
/// # Errors
/// Returns [`AwsError`] if the table does not confirm that the key was recorded.
pub(super) async fn successor(keys: &Keys, old: &KeyRecord, now: UtcTime) -> Result<Created, AwsError> {
    let KeyRecord { tenant, scopes, label, .. } = old.clone();
    let expires_at = old.expires_at.map(|end| now.plus(end.since(old.created_at)));
    create(keys, tenant, scopes, label, expires_at, now).await
}

/// Lets `old` expire `overlap_hours` after `now`, unless it expires earlier.
///
/// # Errors
/// Returns [`AwsError`] if it is not certain that the expiry is set.
pub(super) async fn retire(
    keys: &Keys,
    old: &KeyRecord,
    overlap_hours: u32,
    now: UtcTime,
) -> Result<(), AwsError> {
    let end = now.plus(HOUR * overlap_hours);
    keys.expire(&old.id, old.expires_at.map_or(end, |expires| expires.min(end))).await.map(drop)
}
