//! What the workers know together about the grammars that Bedrock compiles from the schemas of answers.
//!
//! Bedrock keeps a grammar for an account, not for a worker, and drops it a day after its first use ("Get validated JSON
//! results from models"). One item for each model and schema holds what the first worker has found out.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client, operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue,
};
use domain::time::UtcTime;
use service_runtime::clock::Clock;

use crate::{
    clients,
    dynamodb::{Item, conditional, number},
    error::{AwsError, DYNAMODB},
    request::send,
};

/// How long Bedrock keeps a compiled grammar after its first use.
const COMPILED_FOR: Duration = Duration::from_secs(24 * 3600);
/// How long a schema that could not be compiled is not tried again. Failures of the compiler can pass, but each try can take
/// three minutes.
const FAILED_FOR: Duration = Duration::from_secs(3600);
/// By how much the clock of another worker may be ahead.
const AHEAD_MAX: Duration = Duration::from_secs(60);

mod attribute {
    pub(super) const PK: &str = "pk";
    pub(super) const COMPILED: &str = "compiled";
    pub(super) const AT: &str = "at";
    pub(super) const EXPIRES_AT: &str = "expires_at";
}

/// What is known of a schema at a model, and for how long that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// Bedrock has compiled it, and keeps the grammar for this time.
    Compiled(Duration),
    /// Bedrock could not compile it. Do not try it again for this time.
    Failed(Duration),
}

/// The store of these states. Clones share it.
#[derive(Clone, Debug)]
pub struct AnswerSchemas {
    client: Client,
    table: String,
    clock: Clock,
}

impl AnswerSchemas {
    /// Returns the store in `table`.
    pub fn new(sdk: &SdkConfig, table: String, clock: Clock) -> Self {
        Self { client: clients::dynamodb(sdk), table, clock }
    }

    /// Returns what is known of `schema`, a name that changes with its content, at `model`. Returns `None` if nothing is
    /// known, or nothing that still holds.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table does not answer.
    pub async fn find(&self, model: &str, schema: &str) -> Result<Option<SchemaState>, AwsError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(attribute::PK, key(model, schema))
            .consistent_read(true);
        let item = send(DYNAMODB, "GetItem", request.send()).await?.item.unwrap_or_default();
        Ok(state(&item, self.clock.now()))
    }

    /// Records that Bedrock has answered in `schema`. Returns the state, which another worker may have recorded earlier:
    /// the grammar is dropped a day after its first use.
    ///
    /// # Errors
    /// Returns [`AwsError`] if that may not be recorded.
    pub async fn record_compiled(&self, model: &str, schema: &str) -> Result<SchemaState, AwsError> {
        let now = self.clock.now();
        let request = self
            .update(model, schema, true, now)
            .condition_expression(
                "attribute_not_exists(#at) OR #compiled <> :compiled OR #at <= :dropped OR #at > :ahead",
            )
            .expression_attribute_values(":dropped", number(now.minus(COMPILED_FOR).epoch_millis()))
            .expression_attribute_values(":ahead", number(now.plus(AHEAD_MAX).epoch_millis()));
        let (Ok(item) | Err(item)) = conditional(request).await?;
        Ok(state(&item, now).unwrap_or(SchemaState::Compiled(COMPILED_FOR)))
    }

    /// Records that Bedrock could not compile `schema`. Returns the state.
    ///
    /// # Errors
    /// Returns [`AwsError`] if that may not be recorded.
    pub async fn record_failed(&self, model: &str, schema: &str) -> Result<SchemaState, AwsError> {
        let request = self.update(model, schema, false, self.clock.now());
        send(DYNAMODB, "UpdateItem", request.send()).await?;
        Ok(SchemaState::Failed(FAILED_FOR))
    }

    fn update(&self, model: &str, schema: &str, is_compiled: bool, now: UtcTime) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(attribute::PK, key(model, schema))
            .update_expression("SET #compiled = :compiled, #at = :at, #expires = :expires")
            .expression_attribute_names("#compiled", attribute::COMPILED)
            .expression_attribute_names("#at", attribute::AT)
            .expression_attribute_names("#expires", attribute::EXPIRES_AT)
            .expression_attribute_values(":compiled", AttributeValue::Bool(is_compiled))
            .expression_attribute_values(":at", number(now.epoch_millis()))
            .expression_attribute_values(":expires", number(now.plus(COMPILED_FOR).epoch_seconds()))
    }
}

impl SchemaState {
    /// Returns the state from the moment at which Bedrock has compiled a schema.
    pub fn compiled_now() -> Self {
        Self::Compiled(COMPILED_FOR)
    }

    /// Returns the state from the moment at which Bedrock could not compile a schema.
    pub fn failed_now() -> Self {
        Self::Failed(FAILED_FOR)
    }
}

fn key(model: &str, schema: &str) -> AttributeValue {
    AttributeValue::S(format!("G#{model}#{schema}"))
}

/// Returns the state that `item` records, if it still holds at `now`.
fn state(item: &Item, now: UtcTime) -> Option<SchemaState> {
    let at = item.get(attribute::AT)?.as_n().ok()?.parse().ok().map(UtcTime::from_epoch_millis)?;
    let is_compiled = *item.get(attribute::COMPILED)?.as_bool().ok()?;
    let holds_for = if is_compiled { COMPILED_FOR } else { FAILED_FOR };
    let left = at.plus(holds_for).since(now);
    if left.is_zero() || at > now.plus(AHEAD_MAX) {
        return None;
    }
    Some(if is_compiled { SchemaState::Compiled(left) } else { SchemaState::Failed(left) })
}
