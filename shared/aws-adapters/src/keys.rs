//! API keys as items of the access table, found by their id. Only the hash of a key is stored.
//!
//! Version 0.2 keeps keys in the table of reports. Those are still found and ended there, so that no caller
//! notices the upgrade; [`Keys::adopt`] moves them.

use std::{collections::BTreeMap, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{Client, operation::put_item::PutItemError, types::AttributeValue};
use serde::{Deserialize, Serialize};

use crate::{
    clients,
    dynamodb::{Item, conditional, get_all},
    error::{AwsError, DYNAMODB},
    request::{instrumented, send},
    settings::AccessTables,
    table::BY_AGE,
};
use domain::{
    access::{KeyId, KeyRecord, Scopes},
    identity::Tenant,
    time::UtcTime,
};

/// The index of the access table by tenant and time of creation.
pub const BY_TENANT: &str = "by_tenant";

/// How long the record of a key is kept after the key has expired or was revoked, for audits.
const RETENTION: Duration = Duration::from_secs(400 * 24 * 3600);

/// The store of all API keys.
#[derive(Clone, Debug)]
pub struct Keys {
    client: Client,
    tables: AccessTables,
}

/// The item of a key. Times are RFC 3339; `expires_at` is DynamoDB's time to live, in seconds since the
/// epoch.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    pk: String,
    /// The partition in the index by tenant. Tenant names contain no `#`, so in the table of reports keys
    /// never appear in a list of reports.
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

/// The change of a key that is revoked.
const REVOKE: &str = "revoked_at = if_not_exists(revoked_at, :end)";
/// The change of a key that gets another end.
const EXPIRE: &str = "good_until = :end";

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
    /// Returns the keys in `tables`.
    pub fn new(client: Client, tables: AccessTables) -> Self {
        Self { client, tables }
    }

    /// Returns the keys in `tables`, accessed through a new client.
    pub fn at(sdk: &SdkConfig, tables: AccessTables) -> Self {
        Self::new(clients::dynamodb(sdk), tables)
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
            .table_name(&self.tables.current)
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

    /// Reads the record of the key `id` with consistent reads. Returns `None` if it does not exist.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the record cannot be read.
    pub async fn get(&self, id: &KeyId) -> Result<Option<KeyRecord>, AwsError> {
        match self.get_from(&self.tables.current, id).await? {
            Some(record) => Ok(Some(record)),
            None => self.get_from(&self.tables.former, id).await,
        }
    }

    async fn get_from(&self, table: &str, id: &KeyId) -> Result<Option<KeyRecord>, AwsError> {
        const OPERATION: &str = "GetItem";
        let request = self.client.get_item().table_name(table).key("pk", key(id)).consistent_read(true);
        let answer = send(DYNAMODB, OPERATION, request.send()).await?;
        answer.item.map(|item| record(OPERATION, item)).transpose()
    }

    /// Returns whether the access table answers.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it does not.
    pub async fn reachable(&self) -> Result<(), AwsError> {
        let no_key = AttributeValue::S("K#".to_owned());
        let request = self.client.get_item().table_name(&self.tables.current).key("pk", no_key);
        send(DYNAMODB, "GetItem", request.send()).await.map(drop)
    }

    /// Lists the keys of `tenant`, oldest first. Keys that this version cannot read are logged and left out. A
    /// key that was created a moment ago may be missing, because an index lags behind its table.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the keys cannot be read.
    pub async fn list(&self, tenant: &Tenant) -> Result<Vec<KeyRecord>, AwsError> {
        let former = self.list_from(&self.tables.former, BY_AGE, tenant).await?;
        let current = self.list_from(&self.tables.current, BY_TENANT, tenant).await?;
        let by_id: BTreeMap<KeyId, KeyRecord> =
            former.into_iter().chain(current).map(|record| (record.id.clone(), record)).collect();
        let mut records: Vec<KeyRecord> = by_id.into_values().collect();
        records.sort_by_key(|record| record.created_at);
        Ok(records)
    }

    async fn list_from(&self, table: &str, index: &str, tenant: &Tenant) -> Result<Vec<KeyRecord>, AwsError> {
        const OPERATION: &str = "Query";
        let mut records = Vec::new();
        let mut start_key: Option<Item> = None;
        loop {
            let request = self
                .client
                .query()
                .table_name(table)
                .index_name(index)
                .key_condition_expression("#tenant = :tenant")
                .expression_attribute_names("#tenant", "tenant")
                .expression_attribute_values(":tenant", AttributeValue::S(partition(tenant)))
                .set_exclusive_start_key(start_key.take());
            let answer = send(DYNAMODB, OPERATION, request.send()).await?;
            let pk = |item: &Item| item.get("pk")?.as_s().ok().cloned();
            let keys: Vec<String> = answer.items.unwrap_or_default().iter().filter_map(pk).collect();
            // Neither index projects the attributes of keys.
            let mut items = get_all(&self.client, table, keys.clone()).await?;
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

    /// Copies the keys of `tenant` that are only in the table of reports to the access table, and returns their
    /// number. Can be repeated, and run while keys are used and revoked.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that every key is copied.
    pub async fn adopt(&self, tenant: &Tenant) -> Result<usize, AwsError> {
        let mut copied = 0;
        for record in self.list_from(&self.tables.former, BY_AGE, tenant).await? {
            let id = &record.id;
            if self.get_from(&self.tables.current, id).await?.is_none() {
                self.create(&record).await?;
                copied += 1;
            }
            // The key may have been ended since it was listed, or by version 0.2 since an earlier copy. Whoever
            // ends it later finds the copy.
            let latest = self.get_from(&self.tables.former, id).await?.unwrap_or(record.clone());
            if let Some(end) = latest.expires_at.filter(|end| Some(*end) != record.expires_at) {
                self.end_in(&self.tables.current, id, EXPIRE, end).await?;
            }
            if let Some(end) = latest.revoked_at {
                self.end_in(&self.tables.current, id, REVOKE, end).await?;
            }
        }
        Ok(copied)
    }

    /// Revokes the key `id` at `now`. A key that was already revoked keeps its time of revocation. Returns
    /// `None` if the key does not exist.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the key is revoked.
    pub async fn revoke(&self, id: &KeyId, now: UtcTime) -> Result<Option<KeyRecord>, AwsError> {
        self.end(id, REVOKE, now).await
    }

    /// Sets the expiry of the key `id` to `end`. Returns `None` if the key does not exist.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the expiry is set.
    pub async fn expire(&self, id: &KeyId, end: UtcTime) -> Result<Option<KeyRecord>, AwsError> {
        self.end(id, EXPIRE, end).await
    }

    /// Ends the key in both tables: tasks of version 0.2 know only the former one, where a copy stays after
    /// [`Self::adopt`]. The former one comes first, because `adopt` reads it again after it has copied a key.
    async fn end(&self, id: &KeyId, change: &str, end: UtcTime) -> Result<Option<KeyRecord>, AwsError> {
        let former = self.end_in(&self.tables.former, id, change, end).await?;
        let current = self.end_in(&self.tables.current, id, change, end).await?;
        Ok(current.or(former))
    }

    async fn end_in(
        &self,
        table: &str,
        id: &KeyId,
        change: &str,
        end: UtcTime,
    ) -> Result<Option<KeyRecord>, AwsError> {
        let request = self
            .client
            .update_item()
            .table_name(table)
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
