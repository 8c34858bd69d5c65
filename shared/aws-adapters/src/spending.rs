//! What tenants spend on the model, by day: reserved before a call, settled after it, each by one
//! conditional write, so that a budget holds and a sum is exact however many workers spend at once.
//!
//! A day of a tenant is one item of the table. A reservation is an attribute of it, named after its
//! call, which is there from the reservation to the settlement: so a write whose answer was lost and
//! that is repeated is recognised, and a call that nobody knows the outcome of stays reserved.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client, operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue,
};

use super::{
    dynamodb::{DYNAMODB, Item, conditional, conditional_once, get_all, number},
    error::AwsError,
    request::send,
};
use domain::{
    identity::{ReportId, Tenant},
    usage::{Day, MicroUsd, TenantUsage},
};

/// How long a day's sums are kept.
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

/// The sums of the tenants.
#[derive(Clone, Debug)]
pub struct Spending {
    client: Client,
    table: String,
}

/// A call of the model, for which money is reserved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelCall {
    /// Who pays.
    pub tenant: Tenant,
    /// For what.
    pub report: ReportId,
    /// The report's attempt.
    pub attempt: u32,
    /// Which of the attempt's calls, counted from 1.
    pub number: u32,
    /// The day whose budget it is taken from.
    pub day: Day,
}

/// The outcome of [`Spending::reserve`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// The money is reserved.
    Yes {
        /// What else is reserved for the same report on this day: calls that ended without a word.
        unsettled: MicroUsd,
    },
    /// The day's budget does not have it.
    Exceeded {
        /// What is spent or reserved already.
        committed: MicroUsd,
    },
}

impl ModelCall {
    fn attribute(&self) -> String {
        format!("{}{}.{}", prefix(self.report), self.attempt, self.number)
    }
}

fn prefix(report: ReportId) -> String {
    format!("call.{report}.")
}

fn key(tenant: &Tenant, day: Day) -> String {
    format!("U#{tenant}#{day}")
}

/// A sum of the item, zero where it is not there yet.
fn sum(item: &Item, name: &str) -> u64 {
    item.get(name).and_then(|value| value.as_n().ok()?.parse().ok()).unwrap_or_default()
}

/// One write: its update, its condition, and the values and the call that both speak of.
struct Write<'a> {
    call: &'a ModelCall,
    update: String,
    condition: String,
    names: Vec<(&'static str, &'static str)>,
    values: Vec<(&'static str, AttributeValue)>,
}

impl Spending {
    /// The sums in `table`.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Reserves `amount` for `call` if the day's `budget` has it: one conditional UpdateItem. Done
    /// again, it changes nothing.
    ///
    /// # Errors
    /// [`AwsError`] when it is not known to be reserved.
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
            // More than the whole budget fits on no day.
            let Some(room) = budget.minus(amount) else {
                return Ok(Reserved::Exceeded { committed: self.committed(&call.tenant, call.day).await? });
            };
            write.condition += " AND (attribute_not_exists(#committed) OR #committed <= :room)";
            write.values.push((":room", number(room.millionths())));
        }
        let own = call.attribute();
        let item = match self.write(write).await? {
            Ok(item) => item,
            // Reserved by an earlier try whose answer was lost.
            Err(item) if item.contains_key(&own) => item,
            Err(item) => {
                let committed = MicroUsd::new(sum(&item, attribute::COMMITTED));
                return Ok(Reserved::Exceeded { committed });
            }
        };
        let of_report = prefix(call.report);
        let others = item.keys().filter(|name| **name != own && name.starts_with(&of_report));
        Ok(Reserved::Yes { unsettled: others.map(|name| MicroUsd::new(sum(&item, name))).sum() })
    }

    /// Turns the reservation for `call` into what was `spent`. Done again, it changes nothing.
    ///
    /// # Errors
    /// [`AwsError`] when it is not known to be settled.
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

    /// Gives back what was reserved for `call`, which is known not to be answered. Done again, it
    /// changes nothing.
    ///
    /// # Errors
    /// [`AwsError`] when it is not known to be given back.
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

    /// What `tenant` has spent on each day from `from` to `to`, both included; days without any are
    /// left out.
    ///
    /// # Errors
    /// [`AwsError`] when it cannot be read.
    pub async fn by_day(
        &self,
        tenant: &Tenant,
        from: Day,
        to: Day,
    ) -> Result<Vec<(Day, TenantUsage)>, AwsError> {
        let days: Vec<Day> = from.to(to).collect();
        let keys: Vec<String> = days.iter().map(|day| key(tenant, *day)).collect();
        let items = get_all(&self.client, &self.table, keys).await?;
        let spent = |day: Day| {
            let item = items.get(&key(tenant, day))?;
            let spent = TenantUsage {
                input_tokens: sum(item, attribute::INPUT_TOKENS),
                output_tokens: sum(item, attribute::OUTPUT_TOKENS),
                cost: MicroUsd::new(sum(item, attribute::COST)),
                model_calls: sum(item, attribute::MODEL_CALLS),
                reports: sum(item, attribute::REPORTS),
            };
            // Reports may have been asked for on a day without any use.
            (spent != TenantUsage::default()).then_some((day, spent))
        };
        Ok(days.into_iter().filter_map(spent).collect())
    }

    /// What is spent or reserved on a day.
    ///
    /// # Errors
    /// [`AwsError`] when it cannot be read.
    pub async fn committed(&self, tenant: &Tenant, day: Day) -> Result<MicroUsd, AwsError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(attribute::PK, AttributeValue::S(key(tenant, day)))
            .consistent_read(true);
        let answer = send(DYNAMODB, "GetItem", request.send()).await?;
        Ok(MicroUsd::new(answer.item.map_or(0, |item| sum(&item, attribute::COMMITTED))))
    }

    /// Counts up to `wanted` new reports of `tenant` on `day`, so that no more than `most` are counted in all: how many
    /// were. A try whose answer was lost may count twice, never too few.
    ///
    /// # Errors
    /// [`AwsError`] when it is not known how many.
    pub async fn admit(&self, tenant: &Tenant, day: Day, wanted: u64, most: u64) -> Result<u64, AwsError> {
        let mut more = wanted.min(most);
        while more > 0 {
            let request = self
                .count(tenant, day, more)
                .condition_expression("attribute_not_exists(#admitted) OR #admitted <= :room")
                .expression_attribute_values(":room", number(most - more));
            match conditional(request).await? {
                Ok(_) => return Ok(more),
                // Others may count meanwhile: what is left only shrinks.
                Err(item) => more = (more - 1).min(most.saturating_sub(sum(&item, attribute::ADMITTED))),
            }
        }
        Ok(0)
    }

    /// Counts `unused` reports of those that were [admitted](Self::admit) no longer.
    ///
    /// # Errors
    /// [`AwsError`] when it is not known to be done.
    pub async fn give_back(&self, tenant: &Tenant, day: Day, unused: u64) -> Result<(), AwsError> {
        let request =
            self.count(tenant, day, -i128::from(unused)).condition_expression("attribute_exists(#admitted)");
        // Done twice it would let too many in; not done it costs the tenant that room.
        conditional_once(request).await.map(drop)
    }

    fn count(&self, tenant: &Tenant, day: Day, more: impl ToString) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(attribute::PK, AttributeValue::S(key(tenant, day)))
            .update_expression("SET #expires = :expires ADD #admitted :more")
            .expression_attribute_names("#admitted", attribute::ADMITTED)
            .expression_attribute_names("#expires", attribute::EXPIRES_AT)
            .expression_attribute_values(":more", number(more))
            .expression_attribute_values(":expires", number(day.start().plus(RETENTION).epoch_seconds()))
    }

    /// The item after the write; or, where its condition did not hold, the item as it is.
    async fn write(&self, write: Write<'_>) -> Result<Result<Item, Item>, AwsError> {
        let names =
            write.names.iter().map(|(name, stands_for)| ((*name).to_owned(), (*stands_for).to_owned()));
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
