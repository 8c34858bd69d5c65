//! The table of API keys and webhook secrets: one item per key, and one per tenant with its secrets.

use aws_adapters::keys::BY_TENANT;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{BillingMode, KeyType, Projection, ProjectionType, ScalarAttributeType};

use super::table::{attribute, finish, index, key, unless_it_exists};

pub(super) async fn provision(client: &Client, name: &str) -> anyhow::Result<()> {
    let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let created = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk", ScalarAttributeType::S)?)
        .attribute_definitions(attribute("tenant", ScalarAttributeType::S)?)
        .attribute_definitions(attribute("created_key", ScalarAttributeType::S)?)
        .key_schema(key("pk", KeyType::Hash)?)
        .global_secondary_indexes(index(BY_TENANT, "tenant", "created_key", keys_only)?)
        .send()
        .await;
    unless_it_exists(created, name)?;
    finish(client, name).await
}
