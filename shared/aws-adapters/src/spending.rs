//! The model budget, usage and report limit of each tenant, by day.
//!
//! An amount is reserved before a model call and settled after it, each with one conditional write, so that
//! budgets hold and sums are exact no matter how many workers spend concurrently.
//!
//! Each day of a tenant is one item. A reservation is an attribute of this item, named after its call, which
//! exists until the call is settled. A write that is repeated because its answer was lost is therefore
//! recognised, and the amount of a call with an unknown outcome stays reserved.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client, operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue,
};

use crate::{
    dynamodb::{Item, conditional, conditional_once, get_all, number},
    error::{AwsError, DYNAMODB},
    request::send,
};
use domain::{
    identity::{ReportId, Tenant},
    usage::{Day, MicroUsd, TenantUsage},
};

/// How long the item of a day is kept.
const RETENTION: Duration = Duration::from_secs(400 * 24 * 3600);

mod attribute {
    pub(super) const PK: &str = "pk";
    pub(super) const COMMITTED: &str = "committed";
    pub(super) const COST: &str = "cost";
    pub(super) const INPUT_TOKENS: &str = "input_tokens";
    pub(super) const OUTPUT_TOKENS: &str = "output_tokens";
    pub(super) const MODEL_CALLS: &str = "model_calls";
    pub(super) const REPORTS: &str = "reports";
    pub(super) const ADMITTED: &str = "admitted";
    pub(super) const EXPIRES_AT: &str = "expires_at";
}

/// The budgets and usage of all tenants.
#[derive(Clone, Debug)]
pub struct Spending {
    client: Client,
    table: String,
}

/// A model call for which an amount is reserved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelCall {
    /// The tenant whose budget is used.
    pub tenant: Tenant,
    /// The report.
    pub report: ReportId,
    /// The attempt of the report.
    pub attempt: u32,
    /// The number of the call within the attempt, from 1.
    pub number: u32,
    /// The day whose budget is used.
    pub day: Day,
}

/// The outcome of [`Spending::reserve`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// The amount is reserved.
    Yes {
        /// Other reservations of the same report on this day, by calls with an unknown outcome.
        unsettled: Unsettled,
    },
    /// The amount exceeds the rest of the day's budget.
    Exceeded {
        /// The amount that is already spent or reserved.
        committed: MicroUsd,
    },
}

/// Reservations of a report whose calls have an unknown outcome, and may have been billed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// The number of calls.
    pub calls: u32,
    /// The reserved amounts.
    pub amount: MicroUsd,
}

impl Unsettled {
    /// Returns the sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { calls: self.calls.saturating_add(other.calls), amount: self.amount.plus(other.amount) }
    }
}

impl ModelCall {
    /// Returns the name of the reservation's attribute.
    fn attribute(&self) -> String {
        format!("{}{}.{}", prefix(self.report), self.attempt, self.number)
    }
}

/// Returns the common prefix of the reservations of a report.
fn prefix(report: ReportId) -> String {
    format!("call.{report}.")
}

fn key(tenant: &Tenant, day: Day) -> String {
    format!("U#{tenant}#{day}")
}

/// Returns the number attribute `name` of the item, or zero if it has no such attribute.
fn sum(item: &Item, name: &str) -> u64 {
    item.get(name).and_then(|value| value.as_n().ok()?.parse().ok()).unwrap_or_default()
}

/// Returns the reservations of `report` in the item of a day, except the one named `except`.
fn unsettled(item: &Item, report: ReportId, except: Option<&str>) -> Unsettled {
    let of_report = prefix(report);
    let names = item.keys().filter(|name| name.starts_with(&of_report) && Some(name.as_str()) != except);
    names.fold(Unsettled::default(), |unsettled, name| Unsettled {
        calls: unsettled.calls.saturating_add(1),
        amount: unsettled.amount.plus(MicroUsd::new(sum(item, name))),
    })
}

/// A conditional update of the item of `call`. In its expressions, `#call` stands for the reservation.
struct Write<'a> {
    call: &'a ModelCall,
    update: String,
    condition: String,
    names: Vec<(&'static str, &'static str)>,
    values: Vec<(&'static str, AttributeValue)>,
}

impl Spending {
    /// Returns the budgets and usage in `table`.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Reserves `amount` for `call` if the day's `budget` allows it, with one conditional UpdateItem.
    /// Idempotent.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the amount is reserved.
    pub async fn reserve(
        &self,
        call: &ModelCall,
        amount: MicroUsd,
        budget: Option<MicroUsd>,
    ) -> Result<Reserved, AwsError> {
        let mut write = Write {
            call,
            update: "SET #call = :amount, #expires = :expires ADD #committed :amount".to_owned(),
            condition: "attribute_not_exists(#call)".to_owned(),
            names: vec![("#committed", attribute::COMMITTED), ("#expires", attribute::EXPIRES_AT)],
            values: vec![
                (":amount", number(amount.millionths())),
                (":expires", number(call.day.start().plus(RETENTION).epoch_seconds())),
            ],
        };
        if let Some(budget) = budget {
            // An amount larger than the whole budget never fits.
            let Some(room) = budget.minus(amount) else {
                return Ok(Reserved::Exceeded { committed: self.committed(&call.tenant, call.day).await? });
            };
            write.condition += " AND (attribute_not_exists(#committed) OR #committed <= :room)";
            write.values.push((":room", number(room.millionths())));
        }
        let reservation = call.attribute();
        let item = match self.write(write).await? {
            Ok(item) => item,
            // Reserved by an earlier try whose answer was lost.
            Err(item) if item.contains_key(&reservation) => item,
            Err(item) => {
                let committed = MicroUsd::new(sum(&item, attribute::COMMITTED));
                return Ok(Reserved::Exceeded { committed });
            }
        };
        Ok(Reserved::Yes { unsettled: unsettled(&item, call.report, Some(&reservation)) })
    }

    /// Replaces the reservation of `call` by what was `spent`. Idempotent.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the call is settled.
    pub async fn settle(
        &self,
        call: &ModelCall,
        reserved: MicroUsd,
        spent: TenantUsage,
    ) -> Result<(), AwsError> {
        let difference = i128::from(spent.cost.millionths()) - i128::from(reserved.millionths());
        let write = Write {
            call,
            update: "REMOVE #call ADD #committed :difference, #cost :cost, #input :input, #output :output, \
                     #calls :calls, #reports :reports"
                .to_owned(),
            condition: "attribute_exists(#call)".to_owned(),
            names: vec![
                ("#committed", attribute::COMMITTED),
                ("#cost", attribute::COST),
                ("#input", attribute::INPUT_TOKENS),
                ("#output", attribute::OUTPUT_TOKENS),
                ("#calls", attribute::MODEL_CALLS),
                ("#reports", attribute::REPORTS),
            ],
            values: vec![
                (":difference", number(difference)),
                (":cost", number(spent.cost.millionths())),
                (":input", number(spent.input_tokens)),
                (":output", number(spent.output_tokens)),
                (":calls", number(spent.model_calls)),
                (":reports", number(spent.reports)),
            ],
        };
        self.write(write).await.map(drop)
    }

    /// Removes the reservation of `call`, which is known to have cost nothing. Idempotent.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the reservation is removed.
    pub async fn release(&self, call: &ModelCall, reserved: MicroUsd) -> Result<(), AwsError> {
        let write = Write {
            call,
            update: "REMOVE #call ADD #committed :difference".to_owned(),
            condition: "attribute_exists(#call)".to_owned(),
            names: vec![("#committed", attribute::COMMITTED)],
            values: vec![(":difference", number(-i128::from(reserved.millionths())))],
        };
        self.write(write).await.map(drop)
    }

    /// Returns the usage of `tenant` on each day from `from` to `to`, both included. Days without usage are
    /// left out.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the usage cannot be read.
    pub async fn by_day(
        &self,
        tenant: &Tenant,
        from: Day,
        to: Day,
    ) -> Result<Vec<(Day, TenantUsage)>, AwsError> {
        let days: Vec<Day> = from.to(to).collect();
        let keys: Vec<String> = days.iter().map(|day| key(tenant, *day)).collect();
        let items = get_all(&self.client, &self.table, keys).await?;
        let usage_of = |day: Day| {
            let item = items.get(&key(tenant, day))?;
            let usage = TenantUsage {
                input_tokens: sum(item, attribute::INPUT_TOKENS),
                output_tokens: sum(item, attribute::OUTPUT_TOKENS),
                cost: MicroUsd::new(sum(item, attribute::COST)),
                model_calls: sum(item, attribute::MODEL_CALLS),
                reports: sum(item, attribute::REPORTS),
            };
            // The item may exist without model usage, because it also counts submitted reports.
            (usage != TenantUsage::default()).then_some((day, usage))
        };
        Ok(days.into_iter().filter_map(usage_of).collect())
    }

    /// Returns the amount that `tenant` has spent or reserved on `day`.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the amount cannot be read.
    pub async fn committed(&self, tenant: &Tenant, day: Day) -> Result<MicroUsd, AwsError> {
        Ok(MicroUsd::new(sum(&self.item(tenant, day).await?, attribute::COMMITTED)))
    }

    /// Returns the reservations of `report` on `day` whose calls have an unknown outcome.
    ///
    /// # Errors
    /// Returns [`AwsError`] if they cannot be read.
    pub async fn unsettled(
        &self,
        tenant: &Tenant,
        report: ReportId,
        day: Day,
    ) -> Result<Unsettled, AwsError> {
        Ok(unsettled(&self.item(tenant, day).await?, report, None))
    }

    /// Returns the item of the day, which is empty if there is none.
    async fn item(&self, tenant: &Tenant, day: Day) -> Result<Item, AwsError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(attribute::PK, AttributeValue::S(key(tenant, day)))
            .consistent_read(true);
        let answer = send(DYNAMODB, "GetItem", request.send()).await?;
        Ok(answer.item.unwrap_or_default())
    }

    /// Takes up to `requested` new reports of `tenant` out of the quota of `day`, which is `max`. Returns how many
    /// were taken. If an answer is lost, reports may be counted twice against the quota, but none is left
    /// uncounted.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain how many were taken.
    pub async fn take_daily_quota(
        &self,
        tenant: &Tenant,
        day: Day,
        requested: u64,
        max: u64,
    ) -> Result<u64, AwsError> {
        let mut count = requested.min(max);
        while count > 0 {
            let request = self
                .add_admitted(tenant, day, count)
                .condition_expression("attribute_not_exists(#admitted) OR #admitted <= :room")
                .expression_attribute_values(":room", number(max - count));
            match conditional(request).await? {
                Ok(_) => return Ok(count),
                // Other processes admit reports concurrently. Each try requests fewer, so the loop ends.
                Err(item) => count = (count - 1).min(max.saturating_sub(sum(&item, attribute::ADMITTED))),
            }
        }
        Ok(0)
    }

    /// Returns `unused` of the [taken](Self::take_daily_quota) reports to the quota of the day.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that they were subtracted.
    pub async fn return_daily_quota(&self, tenant: &Tenant, day: Day, unused: u64) -> Result<(), AwsError> {
        let request = self
            .add_admitted(tenant, day, -i128::from(unused))
            .condition_expression("attribute_exists(#admitted)");
        // No retries: applied twice, the write would admit too many reports; not applied, it only
        // costs the tenant the unused ones.
        conditional_once(request).await.map(drop)
    }

    fn add_admitted(&self, tenant: &Tenant, day: Day, change: impl ToString) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(attribute::PK, AttributeValue::S(key(tenant, day)))
            .update_expression("SET #expires = :expires ADD #admitted :change")
            .expression_attribute_names("#admitted", attribute::ADMITTED)
            .expression_attribute_names("#expires", attribute::EXPIRES_AT)
            .expression_attribute_values(":change", number(change))
            .expression_attribute_values(":expires", number(day.start().plus(RETENTION).epoch_seconds()))
    }

    /// Sends a write. Returns the same as [`conditional`].
    async fn write(&self, write: Write<'_>) -> Result<Result<Item, Item>, AwsError> {
        let names =
            write.names.iter().map(|(placeholder, name)| ((*placeholder).to_owned(), (*name).to_owned()));
        let names = names.chain([("#call".to_owned(), write.call.attribute())]).collect();
        let values = write.values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(attribute::PK, AttributeValue::S(key(&write.call.tenant, write.call.day)))
            .update_expression(write.update)
            .condition_expression(write.condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values));
        conditional(request).await
    }
}
