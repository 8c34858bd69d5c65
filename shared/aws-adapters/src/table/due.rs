//! The sparse index of what is due: reports that a worker has to look at, and tasks for workers.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    reports::Table,
    schema::{DUE, DuePartition, EXPIRY_TASK, HOLD_TASK, REPORT, attribute, report_in},
};
use crate::{
    dynamodb::number,
    error::{AwsError, DYNAMODB},
    request::send,
};
use domain::{
    identity::{ReportId, Tenant},
    time::UtcTime,
};

/// What is due. The key of an item says which of these it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// A report that waits, was lost, has a webhook to deliver, or is erased.
    Report {
        /// The tenant of the report.
        tenant: Tenant,
        /// The id of the report.
        id: ReportId,
    },
    /// The hold task of a report: its legal hold was placed or released, and files have to be copied or deleted.
    Hold {
        /// The tenant of the report.
        tenant: Tenant,
        /// The id of the report.
        id: ReportId,
    },
    /// The expiry task of a tenant with a retention period of its own: expired reports have to be marked for their erasure.
    Expiry {
        /// The tenant.
        tenant: Tenant,
    },
}

/// An entry of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// What is due.
    pub work: Work,
    /// Since when, or from when on.
    pub at: UtcTime,
}

/// A page of entries.
#[derive(Clone, Debug)]
pub struct DuePage {
    /// The entries, most overdue first.
    pub entries: Vec<Due>,
    /// Where the next page begins; `None` after the last page.
    pub next: Option<DueCursor>,
}

/// The end of a page of entries.
#[derive(Clone, Debug)]
pub struct DueCursor(HashMap<String, AttributeValue>);

impl Work {
    /// Returns what the item with the partition key `key` stands for, or `None` if this version does not know.
    fn of(key: &str) -> Option<Self> {
        let report = || report_in(REPORT, key).map(|(tenant, id)| Self::Report { tenant, id });
        let hold = || report_in(HOLD_TASK, key).map(|(tenant, id)| Self::Hold { tenant, id });
        let tenant = || key.strip_prefix(EXPIRY_TASK)?.parse().ok();
        report().or_else(hold).or_else(|| tenant().map(|tenant| Self::Expiry { tenant }))
    }

    /// Returns its kind, for the log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Report { .. } => "report",
            Self::Hold { .. } => "hold task",
            Self::Expiry { .. } => "expiry task",
        }
    }

    /// Returns the tenant that it concerns.
    pub fn tenant(&self) -> &Tenant {
        match self {
            Self::Report { tenant, .. } | Self::Hold { tenant, .. } | Self::Expiry { tenant } => tenant,
        }
    }

    /// Returns the id of the report that it concerns, unless it concerns many.
    pub fn report(&self) -> Option<ReportId> {
        match self {
            Self::Report { id, .. } | Self::Hold { id, .. } => Some(*id),
            Self::Expiry { .. } => None,
        }
    }
}

impl Due {
    /// Returns the entry of an item of the index.
    ///
    /// # Errors
    /// Returns what is wrong with the item.
    fn of(item: &HashMap<String, AttributeValue>) -> Result<Self, String> {
        let key = item.get(attribute::PK).and_then(|key| key.as_s().ok()).ok_or("it has no key")?;
        let at = item.get(attribute::DUE_AT).and_then(|at| at.as_n().ok()?.parse().ok());
        let at = at.ok_or_else(|| format!("the item {key} has no time"))?;
        let work = Work::of(key).ok_or_else(|| format!("the item {key} is of no known kind"))?;
        Ok(Self { work, at: UtcTime::from_epoch_millis(at) })
    }

    /// Returns for how long it has been due at `now`.
    pub fn overdue(&self, now: UtcTime) -> Duration {
        now.since(self.at)
    }
}

impl Table {
    /// Returns up to `max` entries of `partition` that are due at `now`, most overdue first, beginning after the page that
    /// `after` ended. The index is eventually consistent, so the write that follows must check again. Entries that cannot
    /// be read are logged and skipped, so that they do not hide those behind them.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the index cannot be read.
    pub async fn due(
        &self,
        partition: DuePartition,
        now: UtcTime,
        max: usize,
        after: Option<DueCursor>,
    ) -> Result<DuePage, AwsError> {
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(DUE)
            .key_condition_expression("#shard = :shard AND #due <= :now")
            .expression_attribute_names("#shard", attribute::DUE_SHARD)
            .expression_attribute_names("#due", attribute::DUE_AT)
            .expression_attribute_values(":shard", AttributeValue::S(partition.to_string()))
            .expression_attribute_values(":now", number(now.epoch_millis()))
            .limit(i32::try_from(max).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after.map(|cursor| cursor.0));
        let answer = send(DYNAMODB, "Query", request.send()).await?;
        let next = answer.last_evaluated_key.filter(|key| !key.is_empty()).map(DueCursor);
        let entries = answer.items.unwrap_or_default().into_iter().filter_map(|item| {
            Due::of(&item)
                .inspect_err(|error| {
                    tracing::error!(%partition, error, "skipped an entry of the index of due reports that cannot be read");
                })
                .ok()
        });
        Ok(DuePage { entries: entries.collect(), next })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{super::schema, *};

    #[test]
    fn a_key_says_what_is_due() {
        let (tenant, id): (Tenant, _) = ("acme".parse().unwrap(), ReportId::from(Uuid::now_v7()));
        let report = Work::Report { tenant: tenant.clone(), id };
        assert_eq!(Work::of(&schema::key(&tenant, id)), Some(report));
        let hold = Work::Hold { tenant: tenant.clone(), id };
        assert_eq!(Work::of(&schema::hold_task_key(&tenant, id)), Some(hold));
        let expiry = Work::Expiry { tenant: tenant.clone() };
        assert_eq!(Work::of(&schema::expiry_task_key(&tenant)), Some(expiry));
        for unknown in ["", "R#", "R#acme", "R#acme#1", "H#acme", "X#acme", "E#No tenant"] {
            assert_eq!(Work::of(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_named() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let item = |key, at| HashMap::from([("pk".to_owned(), key), ("due_at".to_owned(), at)]);
        let due = Due::of(&item(text("E#acme"), number(1_000))).unwrap();
        assert_eq!(due.overdue(UtcTime::from_epoch_millis(3_000)), Duration::from_secs(2));
        for (item, error) in [
            (HashMap::new(), "it has no key"),
            (item(text("E#acme"), text("soon")), "the item E#acme has no time"),
            (item(text("Z#acme"), number(1)), "the item Z#acme is of no known kind"),
        ] {
            assert_eq!(Due::of(&item).unwrap_err(), error);
        }
    }
}
