//! The table of reports. Every change of a lifecycle is one conditional write, compiled from
//! [`lifecycle::plan`](domain::lifecycle::plan).

mod batch;
mod expression;
mod item;
mod list;
mod sweep;
mod webhook;

use aws_sdk_dynamodb::{
    Client,
    operation::{put_item::PutItemError, update_item::UpdateItemError},
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use serde::Serialize;

use self::{expression::Expression, item::Item};
pub use self::{
    item::{DUE_SHARDS, attribute},
    list::{Filter, Page, PageToken},
    sweep::DueReport,
};
use super::{
    dynamodb::{DYNAMODB, get_all},
    error::AwsError,
    request::{instrumented, send},
};
use domain::{
    evidence::SourceOutcome,
    identity::{ReportId, Tenant},
    lifecycle::{Command, Policy, plan},
    report::{Outcome, Progress, Report, ReportError, Usage},
    time::UtcTime,
};

/// The index that lists a tenant's reports by age.
pub const BY_TENANT: &str = "by_tenant";
/// The sparse index of reports that the sweeper has to look at.
pub const DUE: &str = "due";

/// The sparse index of reports that a worker holds, by tenant and the end of the lease.
pub const LEASES: &str = "leases";

/// The table of reports.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
}

/// The outcome of [`Table::create`].
#[derive(Clone, Debug)]
pub enum Created {
    /// The report is new.
    New,
    /// The id was taken; this is the report that has it.
    Existing(Box<Report>),
}

/// The outcome of [`Table::execute`].
#[derive(Clone, Debug)]
pub enum Executed {
    /// The command was carried out, now or by an earlier try whose answer was lost.
    Done(Box<Report>),
    /// The lifecycle does not allow it for the report as it is; none: there is no such report.
    Rejected(Option<Box<Report>>),
}

/// What a look at one of many reports saw.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// The report.
    Found(Box<Report>),
    /// There is none.
    Missing,
    /// It is of a version that this one cannot read: that is no reason not to see the others.
    Unreadable,
}

impl Lookup {
    /// The report, where it was seen.
    pub fn found(self) -> Option<Report> {
        match self {
            Self::Found(report) => Some(*report),
            Self::Missing | Self::Unreadable => None,
        }
    }
}

/// What a write records beside the lifecycle. What is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// How far the report is.
    pub progress: Option<Progress>,
    /// How each source went.
    pub sources: Option<Vec<SourceOutcome>>,
    /// What was spent so far, in all.
    pub usage: Option<Usage>,
    /// The verdict.
    pub outcome: Option<Outcome>,
    /// What went wrong.
    pub error: Option<ReportError>,
    /// Whether word is to be sent when the report ends by this write: it is where the report has a `callbackUrl`.
    pub calls_back: bool,
}

impl Table {
    /// The table `name`.
    pub fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    /// Whether the table answers: a read of a key that no report has.
    ///
    /// # Errors
    /// [`AwsError`] when it does not.
    pub async fn reachable(&self) -> Result<(), AwsError> {
        let key = AttributeValue::S("readiness".to_owned());
        let request = self.client.get_item().table_name(&self.name).key(attribute::PK, key);
        send(DYNAMODB, "GetItem", request.send()).await.map(|_| ())
    }

    /// Records a new report, unless its id is taken: one PutItem.
    ///
    /// # Errors
    /// [`AwsError`] when it is not known to be recorded.
    pub async fn create(&self, report: &Report) -> Result<Created, AwsError> {
        const OPERATION: &str = "PutItem";
        let mut expression = Expression::default();
        expression.require(&plan(&Command::Submit, report.created_at, &Policy::default()).0);
        let item = Item::from_report(report);
        let item = serde_dynamo::to_item(&item).map_err(|e| AwsError::unusable(DYNAMODB, OPERATION, e))?;
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression(expression.condition())
            .set_expression_attribute_names(Some(expression.names()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match instrumented(DYNAMODB, OPERATION, request.send()).await {
            Ok(_) => return Ok(Created::New),
            Err(error) => error,
        };
        let Some(PutItemError::ConditionalCheckFailedException(refusal)) = error.as_service_error() else {
            return Err(AwsError::from_sdk(DYNAMODB, OPERATION, &error));
        };
        let existing = match refusal.item() {
            Some(item) => Some(item::report(OPERATION, item.clone())?),
            None => self.get(&report.tenant, report.id).await?,
        };
        match existing {
            // The report's own first try, whose answer was lost.
            Some(existing) if existing.submission == report.submission => Ok(Created::New),
            Some(existing) => Ok(Created::Existing(Box::new(existing))),
            None => Err(AwsError::unusable(DYNAMODB, OPERATION, "the item that refused the write is gone")),
        }
    }

    /// The report as it is now, by a consistent read.
    ///
    /// # Errors
    /// [`AwsError`] when it cannot be read.
    pub async fn get(&self, tenant: &Tenant, id: ReportId) -> Result<Option<Report>, AwsError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.name)
            .key(attribute::PK, AttributeValue::S(item::key(tenant, id)))
            .consistent_read(true);
        let answer = send(DYNAMODB, "GetItem", request.send()).await?;
        answer.item.map(|item| item::report("GetItem", item)).transpose()
    }

    /// The reports with these ids as they are now, in this order, by consistent reads, a hundred with each request.
    ///
    /// # Errors
    /// [`AwsError`] when the table does not answer.
    pub async fn get_all(&self, wanted: &[(Tenant, ReportId)]) -> Result<Vec<Lookup>, AwsError> {
        let keys: Vec<String> = wanted.iter().map(|(tenant, id)| item::key(tenant, *id)).collect();
        let mut items = get_all(&self.client, &self.name, keys.clone()).await?;
        let looked = |key: String| match items.remove(&key).map(|item| item::report("BatchGetItem", item)) {
            None => Lookup::Missing,
            Some(Ok(report)) => Lookup::Found(Box::new(report)),
            Some(Err(error)) => {
                tracing::error!(error = %error, "a report cannot be read");
                Lookup::Unreadable
            }
        };
        Ok(keys.into_iter().map(looked).collect())
    }

    /// Carries out `command` with `details` if the lifecycle allows it: one UpdateItem.
    ///
    /// # Errors
    /// [`AwsError`] when it is not known whether it was carried out.
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
        expression.stamp(command, (tenant, id), &change, now, details.calls_back);
        self.record(&mut expression, details, now)?;
        let (names, values) = (expression.names(), expression.values());
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .key(attribute::PK, AttributeValue::S(item::key(tenant, id)))
            .condition_expression(expression.condition())
            .update_expression(expression.update())
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match instrumented(DYNAMODB, OPERATION, request.send()).await {
            Ok(answer) => {
                let item = answer.attributes.unwrap_or_default();
                return Ok(Executed::Done(Box::new(item::report(OPERATION, item)?)));
            }
            Err(error) => error,
        };
        let Some(UpdateItemError::ConditionalCheckFailedException(refusal)) = error.as_service_error() else {
            return Err(AwsError::from_sdk(DYNAMODB, OPERATION, &error));
        };
        // Old releases of DynamoDB Local give no item with the refusal.
        let current = match refusal.item() {
            Some(item) => Some(item::report(OPERATION, item.clone())?),
            None => self.get(tenant, id).await?,
        };
        Ok(match current {
            Some(current) if current.lifecycle.shows_result_of(command) => Executed::Done(Box::new(current)),
            current => Executed::Rejected(current.map(Box::new)),
        })
    }

    fn record(&self, expression: &mut Expression, details: &Details, now: UtcTime) -> Result<(), AwsError> {
        let Details { progress, sources, usage, outcome, error, calls_back: _ } = details;
        set(expression, attribute::PROGRESS, progress.as_ref())?;
        if let Some(began) = progress.as_ref().and_then(|progress| item::began(progress.stage)) {
            set(expression, began, Some(&now))?;
        }
        set(expression, attribute::SOURCES, sources.as_ref())?;
        set(expression, attribute::USAGE, usage.as_ref())?;
        set(expression, attribute::OUTCOME, outcome.as_ref())?;
        set(expression, attribute::ERROR, error.as_ref())
    }
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
