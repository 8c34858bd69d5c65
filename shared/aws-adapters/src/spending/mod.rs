//! The model budget, usage and report limit of each tenant, by day.
//!
//! A day of a tenant is one item, which holds the amount that is committed of the day's budget. It does not grow
//! with the calls in flight: each worker takes a slice of the budget, and keeps a [ledger](Ledgers) of what it
//! spends of it, in an item of its own. The day item names the ledgers and their slices:
//!
//! ```text
//! U#tenant#day            committed, slice.LEDGER for each ledger, sums of folded ledgers, admitted
//! U#tenant#day#LEDGER     sums of one worker process, and which of its calls they contain
//! ```
//!
//! - An amount is reserved within the slice, in memory. Only if the slice has no room, a write to the day item
//!   makes it larger, if the budget has room. A crash leaves the slice committed, so a budget is never exceeded.
//! - What was spent is written to the ledger. Costs that become known while a write is under way share the next
//!   one. The ledger knows which calls its sums contain, so a cost is never counted twice, whoever settles it.
//! - Unused slices are returned after a while. A ledger without open calls is folded into the day item when its
//!   process stops, and when its day is over.

mod books;
mod daily_quota;
mod day_item;
mod ledger;
mod ledger_state;
mod ledgers;
mod open_calls;
mod reservations;
mod reserved_amount;

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    Client, operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue,
};
use domain::{
    identity::Tenant,
    usage::{Day, MicroUsd, TenantUsage},
};

use self::{books::Books, day_item::DayItem};
pub use self::{
    books::LedgerEntry,
    ledgers::{LEDGER_IDLE, Ledgers},
    reservations::ReservedCall,
    reserved_amount::{Reserved, ReservedAmount},
};
use crate::{
    dynamodb::{Item, get_all, number},
    error::{AwsError, DYNAMODB},
    request::send,
};

/// How long the items of a day are kept.
const RETENTION: Duration = Duration::from_secs(400 * 24 * 3600);

mod attribute {
    use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
    use domain::usage::{MicroUsd, TenantUsage};

    use super::sum;
    use crate::dynamodb::{Item, number};

    pub(super) const PK: &str = "pk";
    pub(super) const COMMITTED: &str = "committed";
    pub(super) const COST: &str = "cost";
    pub(super) const INPUT_TOKENS: &str = "input_tokens";
    pub(super) const OUTPUT_TOKENS: &str = "output_tokens";
    pub(super) const MODEL_CALLS: &str = "model_calls";
    pub(super) const REPORTS: &str = "reports";
    pub(super) const ADMITTED: &str = "admitted";
    pub(super) const EXPIRES_AT: &str = "expires_at";

    /// Returns the usage that an item states.
    pub(super) fn usage(item: &Item) -> TenantUsage {
        TenantUsage {
            input_tokens: sum(item, INPUT_TOKENS),
            output_tokens: sum(item, OUTPUT_TOKENS),
            cost: MicroUsd::new(sum(item, COST)),
            model_calls: sum(item, MODEL_CALLS),
            reports: sum(item, REPORTS),
        }
    }

    /// Adds names and values of a usage to a request: `#cost` and `:cost`, and likewise `input`, `output`, `calls`
    /// and `reports`.
    pub(super) fn with_usage(
        request: UpdateItemFluentBuilder,
        usage: TenantUsage,
    ) -> UpdateItemFluentBuilder {
        request
            .expression_attribute_names("#cost", COST)
            .expression_attribute_names("#input", INPUT_TOKENS)
            .expression_attribute_names("#output", OUTPUT_TOKENS)
            .expression_attribute_names("#calls", MODEL_CALLS)
            .expression_attribute_names("#reports", REPORTS)
            .expression_attribute_values(":cost", number(usage.cost.millionths()))
            .expression_attribute_values(":input", number(usage.input_tokens))
            .expression_attribute_values(":output", number(usage.output_tokens))
            .expression_attribute_values(":calls", number(usage.model_calls))
            .expression_attribute_values(":reports", number(usage.reports))
    }
}

/// The budgets and usage of all tenants.
#[derive(Clone, Debug)]
pub struct Spending {
    client: Client,
    table: String,
}

/// The partition key of a ledger: a tenant, a day, and the id of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct LedgerKey {
    tenant: Tenant,
    day: Day,
    id: String,
}

impl LedgerKey {
    fn pk(&self) -> String {
        format!("{}#{}", day_key(&self.tenant, self.day), self.id)
    }
}

fn day_key(tenant: &Tenant, day: Day) -> String {
    format!("U#{tenant}#{day}")
}

/// Returns when the items of `day` expire.
fn expires_at(day: Day) -> AttributeValue {
    number(day.start().plus(RETENTION).epoch_seconds())
}

/// Returns the number attribute `name` of the item, or zero if it has no such attribute.
fn sum(item: &Item, name: &str) -> u64 {
    item.get(name).and_then(|value| value.as_n().ok()?.parse().ok()).unwrap_or_default()
}

/// The day item of a tenant, and its ledgers that are not folded.
struct DayBooks {
    day: Day,
    item: DayItem,
    ledgers: Vec<(MicroUsd, Books)>,
}

impl DayBooks {
    /// Returns the usage of the whole day.
    fn usage(&self) -> TenantUsage {
        self.ledgers.iter().fold(self.item.usage, |sum, (_, books)| sum.plus(books.usage))
    }

    /// Returns what is spent or reserved. A slice is reserved as a whole. Without a budget a ledger has no slice,
    /// and what it has used counts.
    fn committed(&self) -> MicroUsd {
        let beyond = |(slice, books): &(MicroUsd, Books)| books.used().minus(*slice).unwrap_or_default();
        self.item.committed.plus(self.ledgers.iter().map(beyond).sum())
    }
}

impl Spending {
    /// Returns the budgets and usage in `table`.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
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
        let days = self.books_of_days(tenant, from.to(to).collect()).await?;
        let usage = days.into_iter().map(|books| (books.day, books.usage()));
        // A day item may exist without model usage, because it also counts submitted reports.
        Ok(usage.filter(|(_, usage)| *usage != TenantUsage::default()).collect())
    }

    /// Returns the amount that `tenant` has spent or reserved on `day`.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the amount cannot be read.
    pub async fn committed(&self, tenant: &Tenant, day: Day) -> Result<MicroUsd, AwsError> {
        let days = self.books_of_days(tenant, vec![day]).await?;
        Ok(days.iter().map(DayBooks::committed).sum())
    }

    /// Reads the day items of `days` and then their ledgers. A ledger that is folded in between is counted once:
    /// it keeps its sums, and only the day item says whether it contains them.
    async fn books_of_days(&self, tenant: &Tenant, days: Vec<Day>) -> Result<Vec<DayBooks>, AwsError> {
        let keys = days.iter().map(|day| day_key(tenant, *day)).collect();
        let mut items = get_all(&self.client, &self.table, keys).await?;
        let items: Vec<(Day, DayItem)> = days
            .into_iter()
            .filter_map(|day| Some((day, DayItem::decode(&items.remove(&day_key(tenant, day))?))))
            .collect();
        let key = |day: Day, id: &String| LedgerKey { tenant: tenant.clone(), day, id: id.clone() }.pk();
        let keys = items.iter().flat_map(|(day, item)| item.slices.keys().map(|id| key(*day, id))).collect();
        let ledgers: HashMap<String, Item> = get_all(&self.client, &self.table, keys).await?;
        let books =
            |day: Day, id: &String| ledgers.get(&key(day, id)).map_or_else(Books::default, Books::decode);
        let with_ledgers = |(day, item): (Day, DayItem)| {
            let ledgers = item.slices.iter().map(|(id, slice)| (slice.amount, books(day, id))).collect();
            DayBooks { day, item, ledgers }
        };
        Ok(items.into_iter().map(with_ledgers).collect())
    }

    /// Returns the item with the key `pk`, which is empty if there is none.
    async fn item(&self, pk: String) -> Result<Item, AwsError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(attribute::PK, AttributeValue::S(pk))
            .consistent_read(true);
        let answer = send(DYNAMODB, "GetItem", request.send()).await?;
        Ok(answer.item.unwrap_or_default())
    }

    fn update(&self, pk: String) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key(attribute::PK, AttributeValue::S(pk))
    }
}
