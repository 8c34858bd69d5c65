//! API keys as items of the table, found by their id. Only the hash of a key is stored.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{Client, operation::put_item::PutItemError, types::AttributeValue};
use serde::{Deserialize, Serialize};

use crate::{
    clients,
    dynamodb::{Item, conditional, get_all},
    error::{AwsError, DYNAMODB},
    request::{instrumented, send},
    table::BY_AGE,
};
use domain::{
    access::{KeyId, KeyRecord, Scopes},
    identity::Tenant,
    time::UtcTime,
};

/// How long the record of a key is kept after the key has expired or was revoked, for audits.
const RETENTION: Duration = Duration::from_secs(400 * 24 * 3600);

/// The store of all API keys.
#[derive(Clone, Debug)]
pub struct Keys {
    client: Client,
    table: String,
}

/// The item of a key. Times are RFC 3339; `expires_at` is DynamoDB's time to live, in seconds since the
/// epoch.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    pk: String,
    /// The partition in the index by tenant. Tenant names contain no `#`, so keys never appear in a list of
    /// reports.
    tenant: String,
    created_key: String,
    key_id: KeyId,
    key_tenant: Tenant,
    scopes: Scopes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    hash: String,
    created_at: UtcTime,
    #[serde(rename = "good_until", default, skip_serializing_if = "Option::is_none")]
    valid_until: Option<UtcTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_at: Option<UtcTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

fn key(id: &KeyId) -> AttributeValue {
    AttributeValue::S(format!("K#{id}"))
}

fn partition(tenant: &Tenant) -> String {
    format!("keys#{tenant}")
}

fn retained_until(end: UtcTime) -> i64 {
    end.plus(RETENTION).epoch_seconds()
}

impl From<&KeyRecord> for Stored {
    fn from(record: &KeyRecord) -> Self {
        let KeyRecord { id, tenant, scopes, label, hash, created_at, expires_at, revoked_at } =
            record.clone();
        Self {
            pk: format!("K#{id}"),
            tenant: partition(&tenant),
            created_key: format!("{created_at}#{id}"),
            key_id: id,
            key_tenant: tenant,
            scopes,
            label,
            hash: hex::encode(hash),
            created_at,
            valid_until: expires_at,
            revoked_at,
            expires_at: revoked_at.or(expires_at).map(retained_until),
        }
    }
}

fn record(operation: &'static str, item: Item) -> Result<KeyRecord, AwsError> {
    let unreadable = |error: &dyn std::fmt::Display| AwsError::unreadable_item(DYNAMODB, operation, error);
    let stored: Stored = serde_dynamo::from_item(item).map_err(|error| unreadable(&error))?;
    let mut hash = [0; 32];
    hex::decode_to_slice(&stored.hash, &mut hash).map_err(|error| unreadable(&error))?;
    Ok(KeyRecord {
        id: stored.key_id,
        tenant: stored.key_tenant,
        scopes: stored.scopes,
        label: stored.label,
        hash,
        created_at: stored.created_at,
        expires_at: stored.valid_until,
        revoked_at: stored.revoked_at,
    })
}

impl Keys {
    /// Returns the keys in `table`.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Returns the keys in `table`, accessed through a new client.
    pub fn at(sdk: &SdkConfig, table: String) -> Self {
        Self::new(clients::dynamodb(sdk), table)
    }

    /// Records a new key. Idempotent.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the id is taken by another key, or it is not certain that the key is recorded.
    pub async fn create(&self, new: &KeyRecord) -> Result<(), AwsError> {
        const OPERATION: &str = "PutItem";
        let item = serde_dynamo::to_item(Stored::from(new))
            .map_err(|error| AwsError::unusable(DYNAMODB, OPERATION, error))?;
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", "pk");
        let error = match instrumented(DYNAMODB, OPERATION, request.send()).await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        // An earlier try may have recorded the key although its answer was lost.
        let is_taken =
            matches!(error.as_service_error(), Some(PutItemError::ConditionalCheckFailedException(_)));
        if is_taken && self.get(&new.id).await?.is_some_and(|known| known.hash == new.hash) {
            return Ok(());
        }
        Err(AwsError::from_sdk(DYNAMODB, OPERATION, &error))
    }

    /// Reads the record of the key `id` with a consistent read. Returns `None` if it does not exist.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the record cannot be read.
    pub async fn get(&self, id: &KeyId) -> Result<Option<KeyRecord>, AwsError> {
        const OPERATION: &str = "GetItem";
        let request = self.client.get_item().table_name(&self.table).key("pk", key(id)).consistent_read(true);
        let answer = send(DYNAMODB, OPERATION, request.send()).await?;
        answer.item.map(|item| record(OPERATION, item)).transpose()
    }

    /// Lists the keys of `tenant`, oldest first. Keys that this version cannot read are logged and left out.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the keys cannot be read.
    pub async fn list(&self, tenant: &Tenant) -> Result<Vec<KeyRecord>, AwsError> {
        const OPERATION: &str = "Query";
        let mut records = Vec::new();
        let mut start_key: Option<Item> = None;
        loop {
            let request = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(BY_AGE)
                .key_condition_expression("#tenant = :tenant")
                .expression_attribute_names("#tenant", "tenant")
                .expression_attribute_values(":tenant", AttributeValue::S(partition(tenant)))
                .set_exclusive_start_key(start_key.take());
            let answer = send(DYNAMODB, OPERATION, request.send()).await?;
            let pk = |item: &Item| item.get("pk")?.as_s().ok().cloned();
            let keys: Vec<String> = answer.items.unwrap_or_default().iter().filter_map(pk).collect();
            // The index projects no attribute of keys.
            let mut items = get_all(&self.client, &self.table, keys.clone()).await?;
            for item in keys.iter().filter_map(|key| items.remove(key)) {
                match record("BatchGetItem", item) {
                    Ok(record) => records.push(record),
                    Err(error) => tracing::error!(%tenant, error = %error, "left a key out of a list"),
                }
            }
            match answer.last_evaluated_key {
                Some(last) => start_key = Some(last),
                None => return Ok(records),
            }
        }
    }

    /// Revokes the key `id` at `now`. A key that was already revoked keeps its time of revocation. Returns
    /// `None` if the key does not exist.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the key is revoked.
    pub async fn revoke(&self, id: &KeyId, now: UtcTime) -> Result<Option<KeyRecord>, AwsError> {
        self.end(id, "revoked_at = if_not_exists(revoked_at, :end)", now).await
    }

    /// Sets the expiry of the key `id` to `end`. Returns `None` if the key does not exist.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the expiry is set.
    pub async fn expire(&self, id: &KeyId, end: UtcTime) -> Result<Option<KeyRecord>, AwsError> {
        self.end(id, "good_until = :end", end).await
    }

    async fn end(&self, id: &KeyId, change: &str, end: UtcTime) -> Result<Option<KeyRecord>, AwsError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", key(id))
            .update_expression(format!("SET {change}, expires_at = :kept"))
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":end", AttributeValue::S(end.to_string()))
            .expression_attribute_values(":kept", AttributeValue::N(retained_until(end).to_string()));
        match conditional(request).await? {
            Ok(item) => record("UpdateItem", item).map(Some),
            Err(_) => Ok(None),
        }
    }
}
