//! The table of reports: one item per report, indexes for lists by age and by number, and sparse indexes of due reports
//! and of reports in progress.

use std::time::Duration;

use anyhow::{Context as _, bail};
use aws_adapters::table::BY_AGE_PROJECTION;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_dynamodb::operation::create_table::{CreateTableError, CreateTableOutput};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    PointInTimeRecoverySpecification, Projection, ProjectionType, ScalarAttributeType, TableStatus,
    TimeToLiveSpecification, TimeToLiveStatus,
};

/// Attribute with the time after which DynamoDB deletes an item, in epoch seconds.
pub(super) const TTL_ATTRIBUTE: &str = "expires_at";

/// Attributes that the index of due reports projects in addition to the keys. The sweeper needs no more,
/// because it reads the report itself before it acts.
const DUE_PROJECTION: &[&str] = &["tenant", "report_id"];

/// Maximum wait for a new table. On AWS a table is active within seconds.
const ACTIVE_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) async fn provision(client: &Client, name: &str) -> anyhow::Result<()> {
    create(client, name).await?;
    finish(client, name).await
}

/// Waits for a table that was created, and sets what CreateTable cannot set.
pub(super) async fn finish(client: &Client, name: &str) -> anyhow::Result<()> {
    wait_until_active(client, name).await?;
    enable_time_to_live(client, name).await?;
    enable_point_in_time_recovery(client, name).await
}

async fn create(client: &Client, name: &str) -> anyhow::Result<()> {
    let including = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let projection = Projection::builder().projection_type(ProjectionType::Include);
        projection.set_non_key_attributes(Some(names)).build()
    };
    let keys_only = || Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let created = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk", ScalarAttributeType::S)?)
        .attribute_definitions(attribute("tenant", ScalarAttributeType::S)?)
        .attribute_definitions(attribute("created_key", ScalarAttributeType::S)?)
        .attribute_definitions(attribute("due_shard", ScalarAttributeType::S)?)
        .attribute_definitions(attribute("due_at", ScalarAttributeType::N)?)
        .attribute_definitions(attribute("leased_tenant", ScalarAttributeType::S)?)
        .attribute_definitions(attribute("company_key", ScalarAttributeType::S)?)
        .key_schema(key("pk", KeyType::Hash)?)
        .global_secondary_indexes(index("by_age", "tenant", "created_key", including(&BY_AGE_PROJECTION))?)
        .global_secondary_indexes(index("by_number", "company_key", "created_key", keys_only())?)
        .global_secondary_indexes(index("due", "due_shard", "due_at", including(DUE_PROJECTION))?)
        .global_secondary_indexes(index("in_progress", "leased_tenant", "created_key", keys_only())?)
        .send()
        .await;
    unless_it_exists(created, name)
}

/// Ignores the error of a table that exists, perhaps because two runs started at the same time.
pub(super) fn unless_it_exists(
    created: Result<CreateTableOutput, SdkError<CreateTableError>>,
    name: &str,
) -> anyhow::Result<()> {
    match created {
        Ok(_) => Ok(()),
        Err(SdkError::ServiceError(error)) if error.err().is_resource_in_use_exception() => Ok(()),
        Err(error) => Err(error).with_context(|| format!("CreateTable of {name}")),
    }
}

pub(super) fn attribute(name: &str, kind: ScalarAttributeType) -> anyhow::Result<AttributeDefinition> {
    Ok(AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()?)
}

pub(super) fn key(name: &str, kind: KeyType) -> anyhow::Result<KeySchemaElement> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
}

pub(super) fn index(
    name: &str,
    hash: &str,
    range: &str,
    projection: Projection,
) -> anyhow::Result<GlobalSecondaryIndex> {
    Ok(GlobalSecondaryIndex::builder()
        .index_name(name)
        .key_schema(key(hash, KeyType::Hash)?)
        .key_schema(key(range, KeyType::Range)?)
        .projection(projection)
        .build()?)
}

async fn wait_until_active(client: &Client, name: &str) -> anyhow::Result<()> {
    let polling = async {
        loop {
            let status = client
                .describe_table()
                .table_name(name)
                .send()
                .await
                .with_context(|| format!("DescribeTable of {name}"))?
                .table
                .and_then(|table| table.table_status);
            match status {
                Some(TableStatus::Active) => return Ok(()),
                Some(TableStatus::Creating | TableStatus::Updating) => {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                other => bail!("the table {name} is in state {other:?}"),
            }
        }
    };
    tokio::time::timeout(ACTIVE_TIMEOUT, polling)
        .await
        .with_context(|| format!("the table {name} was not active after {ACTIVE_TIMEOUT:?}"))?
}

async fn enable_time_to_live(client: &Client, name: &str) -> anyhow::Result<()> {
    // AWS rejects enabling TTL a second time.
    let status = client
        .describe_time_to_live()
        .table_name(name)
        .send()
        .await
        .with_context(|| format!("DescribeTimeToLive of {name}"))?
        .time_to_live_description
        .and_then(|description| description.time_to_live_status);
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    client
        .update_time_to_live()
        .table_name(name)
        .time_to_live_specification(
            TimeToLiveSpecification::builder().attribute_name(TTL_ATTRIBUTE).enabled(true).build()?,
        )
        .send()
        .await
        .with_context(|| format!("UpdateTimeToLive of {name}"))?;
    Ok(())
}

async fn enable_point_in_time_recovery(client: &Client, name: &str) -> anyhow::Result<()> {
    let updated = client
        .update_continuous_backups()
        .table_name(name)
        .point_in_time_recovery_specification(
            PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true).build()?,
        )
        .send()
        .await;
    match updated {
        Ok(_) => Ok(()),
        // The embedded emulator implements the operation; other DynamoDB emulators do not.
        Err(error) if error.code() == Some("UnknownOperationException") => {
            tracing::warn!(
                table = name,
                "point-in-time recovery is off: this emulator does not implement it"
            );
            Ok(())
        }
        Err(error) => Err(error).with_context(|| format!("UpdateContinuousBackups of {name}")),
    }
}
