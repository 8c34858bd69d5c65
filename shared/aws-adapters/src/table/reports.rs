//! Creates and reads reports, and changes single reports by lifecycle commands.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    operation::{
        put_item::PutItemError,
        update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    },
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use domain::{
    attempt::Attempt,
    evidence::SourceOutcome,
    identity::{ReportId, Tenant},
    lifecycle::{Command, Policy, plan},
    report::{Outcome, Progress, Report, ReportError, StagesBegan, Usage},
    time::UtcTime,
    unsettled::UnsettledCall,
};
use serde::Serialize;
use service_runtime::clock::Clock;
use uuid::Uuid;

use super::{
    expression::{self, Expression},
    item::{self, Item},
    new_items::NewItems,
    schema::{self, attribute},
};
use crate::{
    dynamodb::get_all,
    error::{AwsError, DYNAMODB},
    request::{instrumented, send},
    retention::{Retention, exists},
};

/// The table of reports. A report that has expired or is being erased does not exist for its readers and writers,
/// even before its item is deleted.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) client: Client,
    pub(super) name: String,
    pub(super) new_items: NewItems,
    pub(super) retention: Retention,
    pub(super) clock: Clock,
}

/// The outcome of [`Table::create`].
#[derive(Clone, Debug)]
pub enum Created {
    /// The report is new.
    New,
    /// The id was taken, by this report.
    Existing(Box<Report>),
    /// The id was taken, by a report that is being erased. The id is free again once its files are gone.
    BeingErased,
}

/// The outcome of [`Table::execute`].
#[derive(Clone, Debug)]
pub enum Executed {
    /// The command was carried out, now or by an earlier try whose answer was lost. This is the report
    /// afterwards.
    Done(Box<Report>),
    /// The lifecycle does not allow the command for this report; `None` if the report does not exist.
    Rejected(Option<Box<Report>>),
}

/// The outcome of reading one of many reports.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// The report.
    Found(Box<Report>),
    /// The report does not exist.
    Missing,
    /// The item cannot be read, for example because a newer version wrote it. The other reports are still
    /// returned.
    Unreadable,
}

impl Lookup {
    /// Returns the report if it was found.
    pub fn found(self) -> Option<Report> {
        match self {
            Self::Found(report) => Some(*report),
            Self::Missing | Self::Unreadable => None,
        }
    }
}

/// Values that a write records in addition to the lifecycle. Absent ones stay unchanged.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// The progress of the report.
    pub progress: Option<Progress>,
    /// The outcome of each source.
    pub sources: Option<Vec<SourceOutcome>>,
    /// When stages began. The stage of `progress` begins with the write if this does not say when.
    pub began: StagesBegan,
    /// The attempts that ended and that another one follows or will follow.
    pub ended_attempts: Option<Vec<Attempt>>,
    /// The total model usage so far.
    pub usage: Option<Usage>,
    /// The part of the usage whose answers are not used any more.
    pub earlier_usage: Option<Usage>,
    /// The model calls that are under way, or that ended without a known result.
    pub unsettled_calls: Option<Vec<UnsettledCall>>,
    /// The result.
    pub outcome: Option<Outcome>,
    /// The error.
    pub error: Option<ReportError>,
    /// A new submission, if the evidence of the current one must not be used any more.
    pub submission: Option<Uuid>,
    /// Whether the report has a `callbackUrl`. If this write ends the report, it then also marks its webhook
    /// as due.
    pub has_webhook: bool,
}

impl Details {
    /// Returns these details, and those of `earlier` that these lack.
    #[must_use]
    pub fn or(self, earlier: Self) -> Self {
        Self {
            progress: self.progress.or(earlier.progress),
            sources: self.sources.or(earlier.sources),
            began: self.began.or(earlier.began),
            ended_attempts: self.ended_attempts.or(earlier.ended_attempts),
            usage: self.usage.or(earlier.usage),
            earlier_usage: self.earlier_usage.or(earlier.earlier_usage),
            unsettled_calls: self.unsettled_calls.or(earlier.unsettled_calls),
            outcome: self.outcome.or(earlier.outcome),
            error: self.error.or(earlier.error),
            submission: self.submission.or(earlier.submission),
            has_webhook: self.has_webhook || earlier.has_webhook,
        }
    }
}

impl Table {
    /// Returns the table `name`, whose reports are kept for `retention` by `clock`.
    pub fn new(client: Client, name: String, retention: Retention, clock: Clock) -> Self {
        let new_items = NewItems::new(&client, &name);
        Self { client, name, new_items, retention, clock }
    }

    /// Decodes an item that `operation` returned. Returns `None` if its report has expired or is being erased: this
    /// function decides that for every reader.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the item is not a report that this version can read.
    pub(super) fn decode(
        &self,
        operation: &'static str,
        item: HashMap<String, AttributeValue>,
    ) -> Result<Option<Report>, AwsError> {
        let report = self.decode_any(operation, item)?;
        Ok(Some(report).filter(|report| exists(report, self.clock.now())))
    }

    /// Decodes an item that `operation` returned, even if its report has expired or is being erased.
    pub(super) fn decode_any(
        &self,
        operation: &'static str,
        item: HashMap<String, AttributeValue>,
    ) -> Result<Report, AwsError> {
        let report = item::report(operation, item)?;
        Ok(Report { expires_at: self.retention.applied_to(&report), ..report })
    }

    /// Checks that the table answers, by reading a key that no report has.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table does not answer.
    pub async fn reachable(&self) -> Result<(), AwsError> {
        let key = AttributeValue::S("readiness".to_owned());
        let request = self.client.get_item().table_name(&self.name).key(attribute::PK, key);
        send(DYNAMODB, "GetItem", request.send()).await.map(|_| ())
    }

    /// Records a new report unless its id is taken, with one PutItem, and a second one if the id was taken by
    /// a report that has expired.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the report is recorded.
    pub async fn create(&self, report: &Report) -> Result<Created, AwsError> {
        let mut absent = Expression::default();
        absent.require(&plan(&Command::Submit, report.created_at, &Policy::default()).0);
        let Some(existing) = self.put(report, absent).await? else { return Ok(Created::New) };
        if exists(&existing, self.clock.now()) {
            return Ok(Created::Existing(Box::new(existing)));
        }
        if existing.erasure_requested_at.is_some() {
            return Ok(Created::BeingErased);
        }
        if existing.own_retention.is_some() {
            // Nothing would find its files any more.
            self.expire(&existing, self.clock.now()).await?;
            return Ok(Created::BeingErased);
        }
        let mut unchanged = Expression::default();
        unchanged.require_unchanged(&existing);
        let existing = self.put(report, unchanged).await?;
        Ok(existing.map_or(Created::New, |existing| Created::Existing(Box::new(existing))))
    }

    /// Stores `report` if `condition` holds. Otherwise returns the report that is stored under its id.
    async fn put(&self, report: &Report, condition: Expression) -> Result<Option<Report>, AwsError> {
        const OPERATION: &str = "PutItem";
        let item = Item::of_submitted(report);
        let item = serde_dynamo::to_item(&item).map_err(|e| AwsError::unusable(DYNAMODB, OPERATION, e))?;
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression(condition.condition())
            .set_expression_attribute_names(Some(condition.names()))
            // DynamoDB rejects an empty map of values.
            .set_expression_attribute_values(Some(condition.values()).filter(|values| !values.is_empty()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match instrumented(DYNAMODB, OPERATION, request.send()).await {
            Ok(_) => return Ok(None),
            Err(error) => error,
        };
        let Some(PutItemError::ConditionalCheckFailedException(refusal)) = error.as_service_error() else {
            return Err(AwsError::from_sdk(DYNAMODB, OPERATION, &error));
        };
        // Old releases of DynamoDB Local do not return the item with the failure.
        let existing = match refusal.item() {
            Some(item) => Some(item.clone()),
            None => self.item(&report.tenant, report.id).await?,
        };
        match existing.map(|item| self.decode_any(OPERATION, item)).transpose()? {
            // Recorded by an earlier try whose answer was lost.
            Some(existing) if existing.submission == report.submission => Ok(None),
            Some(existing) => Ok(Some(existing)),
            None => Err(AwsError::unusable(
                DYNAMODB,
                OPERATION,
                "the item that made the write fail no longer exists",
            )),
        }
    }

    /// Reads a report with a consistent read. Returns `None` if it does not exist.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the report cannot be read.
    pub async fn get(&self, tenant: &Tenant, id: ReportId) -> Result<Option<Report>, AwsError> {
        let item = self.item(tenant, id).await?;
        Ok(item.map(|item| self.decode("GetItem", item)).transpose()?.flatten())
    }

    pub(super) async fn item(
        &self,
        tenant: &Tenant,
        id: ReportId,
    ) -> Result<Option<HashMap<String, AttributeValue>>, AwsError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.name)
            .key(attribute::PK, AttributeValue::S(schema::key(tenant, id)))
            .consistent_read(true);
        Ok(send(DYNAMODB, "GetItem", request.send()).await?.item)
    }

    /// Reads many reports with consistent reads, a hundred per request. The result has the order of `ids`.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table does not answer.
    pub async fn get_all(&self, ids: &[(Tenant, ReportId)]) -> Result<Vec<Lookup>, AwsError> {
        let keys: Vec<String> = ids.iter().map(|(tenant, id)| schema::key(tenant, *id)).collect();
        let mut items = get_all(&self.client, &self.name, keys.clone()).await?;
        let lookup = |key: String| match items.remove(&key).map(|item| self.decode("BatchGetItem", item)) {
            None | Some(Ok(None)) => Lookup::Missing,
            Some(Ok(Some(report))) => Lookup::Found(Box::new(report)),
            Some(Err(error)) => {
                tracing::error!(error = %error, "skipped a report whose item cannot be read");
                Lookup::Unreadable
            }
        };
        Ok(keys.into_iter().map(lookup).collect())
    }

    /// Carries out `command` and records `details`, with one UpdateItem, if the lifecycle allows it.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain whether the command was carried out.
    pub async fn execute(
        &self,
        tenant: &Tenant,
        id: ReportId,
        command: &Command,
        details: &Details,
        now: UtcTime,
        policy: &Policy,
    ) -> Result<Executed, AwsError> {
        const OPERATION: &str = "UpdateItem";
        let (guard, change) = plan(command, now, policy);
        let mut expression = Expression::default();
        expression.require(&guard);
        expression.change(&change);
        expression.record_effects(command, (tenant, id), &change, now, details.has_webhook);
        let message = expression::message(command, &change);
        record_details(&mut expression, details, message, now)?;
        expression.renew_time_to_live(command, &change, self.retention.default_seconds(), now);
        let (names, values) = (expression.names(), expression.values());
        let request = self
            .update(tenant, id)
            .condition_expression(expression.condition())
            .update_expression(expression.update())
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match instrumented(DYNAMODB, OPERATION, request.send()).await {
            Ok(answer) => {
                let item = answer.attributes.unwrap_or_default();
                return Ok(Executed::Done(Box::new(self.decode_any(OPERATION, item)?)));
            }
            Err(error) => error,
        };
        let Some(UpdateItemError::ConditionalCheckFailedException(refusal)) = error.as_service_error() else {
            return Err(AwsError::from_sdk(DYNAMODB, OPERATION, &error));
        };
        // Old releases of DynamoDB Local do not return the item with the failure.
        let current = match refusal.item() {
            Some(item) => self.decode(OPERATION, item.clone())?,
            None => self.get(tenant, id).await?,
        };
        Ok(match current {
            Some(current) if current.lifecycle.shows_result_of(command) => Executed::Done(Box::new(current)),
            current => Executed::Rejected(current.map(Box::new)),
        })
    }

    /// Returns an UpdateItem of a report, without its expressions.
    pub(super) fn update(&self, tenant: &Tenant, id: ReportId) -> UpdateItemFluentBuilder {
        let key = AttributeValue::S(schema::key(tenant, id));
        self.client.update_item().table_name(&self.name).key(attribute::PK, key)
    }
}

/// Adds `details` to the update. `message` is the progress message of the command, if it has one of its own.
fn record_details(
    expression: &mut Expression,
    details: &Details,
    message: Option<&str>,
    now: UtcTime,
) -> Result<(), AwsError> {
    let Details {
        progress,
        sources,
        began,
        ended_attempts,
        usage,
        earlier_usage,
        unsettled_calls,
        outcome,
        error,
        submission,
        has_webhook: _,
    } = details;
    match (progress.clone(), message) {
        (None, None) => {}
        (None, Some(message)) => expression.set_message(message),
        (Some(progress), message) => {
            let message = message.map_or_else(|| progress.message.clone(), str::to_owned);
            set(expression, attribute::PROGRESS, Some(&Progress { message, ..progress }))?;
        }
    }
    let begins = progress.as_ref().map(|progress| StagesBegan::default().with(progress.stage, now));
    let began = began.or(begins.unwrap_or_default());
    set(expression, attribute::GATHER_BEGAN_AT, began.gather.as_ref())?;
    set(expression, attribute::ASSESS_BEGAN_AT, began.assess.as_ref())?;
    set(expression, attribute::RENDER_BEGAN_AT, began.render.as_ref())?;
    set(expression, attribute::PUBLISH_BEGAN_AT, began.publish.as_ref())?;
    set(expression, attribute::ENDED_ATTEMPTS, ended_attempts.as_ref())?;
    set(expression, attribute::SOURCES, sources.as_ref())?;
    set(expression, attribute::USAGE, usage.as_ref())?;
    set(expression, attribute::EARLIER_USAGE, earlier_usage.as_ref())?;
    match unsettled_calls.as_deref() {
        Some([]) => expression.remove(attribute::UNSETTLED_CALLS),
        calls => set(expression, attribute::UNSETTLED_CALLS, calls.as_ref())?,
    }
    set(expression, attribute::OUTCOME, outcome.as_ref())?;
    set(expression, attribute::RISK_LEVEL, outcome.as_ref().map(|outcome| &outcome.risk_level))?;
    set(expression, attribute::REVIEW_REQUIRED, outcome.as_ref().map(|outcome| &outcome.review.required))?;
    set(expression, attribute::ERROR, error.as_ref())?;
    set(expression, attribute::SUBMISSION, submission.as_ref())
}

fn set<T: Serialize>(
    expression: &mut Expression,
    name: &'static str,
    value: Option<&T>,
) -> Result<(), AwsError> {
    if let Some(value) = value {
        let value = serde_dynamo::to_attribute_value(value);
        expression.set(name, value.map_err(|e| AwsError::unusable(DYNAMODB, "UpdateItem", e))?);
    }
    Ok(())
}
