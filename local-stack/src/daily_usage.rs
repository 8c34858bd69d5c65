//! The books of a tenant's day, read from the table without the adapters of the services.

use std::collections::HashMap;

use anyhow::Context as _;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;

/// Prefix of the partition keys of day items, and of the ledgers of the days.
pub(crate) const USAGE_PREFIX: &str = "U#";

/// Prefix of the attributes of a day item that name its ledgers.
const SLICE: &str = "slice.";

type Item = HashMap<String, AttributeValue>;

/// The usage of a tenant on one day, with that of the ledgers. Amounts are in millionths of a US dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DailyUsage {
    /// Amount spent or reserved.
    pub(crate) committed: i64,
    /// Amount spent.
    pub(crate) cost: i64,
    pub(crate) model_calls: u64,
    pub(crate) reports: u64,
}

/// The sums of a day item, or of a ledger.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Sums {
    committed: i64,
    cost: i64,
    lost: i64,
    model_calls: u64,
    reports: u64,
}

/// Sums up the items of days and ledgers, which are given by their keys.
pub(crate) fn daily_usage(items: Vec<(String, Item)>) -> anyhow::Result<Vec<DailyUsage>> {
    let is_day = |key: &str| key.matches('#').count() == 2;
    let (days, ledgers): (Vec<_>, Vec<_>) = items.into_iter().partition(|(key, _)| is_day(key));
    let ledgers: HashMap<String, Item> = ledgers.into_iter().collect();
    days.into_iter().map(|(key, item)| of_day(&key, &item, &ledgers)).collect()
}

fn of_day(key: &str, item: &Item, ledgers: &HashMap<String, Item>) -> anyhow::Result<DailyUsage> {
    let own = sums(item)?;
    let mut day = DailyUsage {
        committed: own.committed,
        cost: own.cost,
        model_calls: own.model_calls,
        reports: own.reports,
    };
    for (name, value) in item {
        let Some(id) = name.strip_prefix(SLICE) else { continue };
        let slice = value.as_s().ok().and_then(|slice| slice.split('/').next()?.parse::<i64>().ok());
        let slice = slice.with_context(|| format!("{key}: the slice {id} cannot be read"))?;
        // A ledger without an item has recorded nothing yet.
        let ledger = ledgers.get(&format!("{key}#{id}")).map(sums).transpose()?.unwrap_or_default();
        day.committed += (ledger.cost + ledger.lost - slice).max(0);
        day.cost += ledger.cost;
        day.model_calls += ledger.model_calls;
        day.reports += ledger.reports;
    }
    Ok(day)
}

fn sums(item: &Item) -> anyhow::Result<Sums> {
    serde_dynamo::from_item(item.clone()).context("an item of the daily usage cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(pairs: &[(&str, &str)]) -> Item {
        let value = |text: &str| match text.parse::<i64>() {
            Ok(_) => AttributeValue::N(text.to_owned()),
            Err(_) => AttributeValue::S(text.to_owned()),
        };
        pairs.iter().map(|(name, text)| ((*name).to_owned(), value(text))).collect()
    }

    #[test]
    fn a_day_is_the_sum_of_its_item_and_of_the_ledgers_that_it_names() {
        let day = item(&[("committed", "150"), ("cost", "20"), ("slice.a", "100/3"), ("slice.b", "0/1")]);
        let a = item(&[("cost", "60"), ("model_calls", "2"), ("reports", "1"), ("write", "9")]);
        let b = item(&[("cost", "5"), ("lost", "7"), ("model_calls", "1")]);
        let folded = item(&[("cost", "20"), ("model_calls", "1")]);
        let keys = ["U#dev#2026-11-24", "U#dev#2026-11-24#a", "U#dev#2026-11-24#b", "U#dev#2026-11-24#c"];
        let items = keys.map(str::to_owned).into_iter().zip([day, a, b, folded]).collect();
        let expected = DailyUsage { committed: 162, cost: 85, model_calls: 3, reports: 1 };
        assert_eq!(daily_usage(items).unwrap(), [expected]);
    }
}
