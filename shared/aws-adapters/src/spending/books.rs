//! The item of a ledger: its sums, and which of its calls they contain.
//!
//! A ledger numbers its calls. Its item states the number of the next call and the calls that are still open, so
//! a call that is neither is contained in the sums. Every write replaces the whole content and has a number. A
//! write that is repeated or late is therefore recognised, and so is a cost that another worker has settled.

use std::collections::BTreeSet;

use domain::{
    identity::Tenant,
    usage::{Day, MicroUsd, TenantUsage},
};
use serde::{Deserialize, Serialize};

use super::{LedgerKey, Spending, attribute, expires_at, open_calls, sum};
use crate::{
    dynamodb::{Item, conditional, number},
    error::AwsError,
};

const WRITE: &str = "write";
const NEXT: &str = "next";
const LOST: &str = "lost";

/// The place of a call in the ledgers of its tenant and day. An answer is stored with it, so that any worker can
/// settle the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// The id of the ledger.
    pub ledger: String,
    /// The number of the call within the ledger.
    pub number: u64,
}

/// The content of a ledger's item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Books {
    /// The number of the last write; 0 before the first.
    pub(super) write: u64,
    /// The number of the ledger's next call.
    pub(super) next: u64,
    /// The calls before it that the sums do not contain.
    pub(super) open: BTreeSet<u64>,
    /// The usage of the calls that were answered.
    pub(super) usage: TenantUsage,
    /// The reserved amounts of calls that ended without a known result.
    pub(super) lost: MicroUsd,
}

impl Books {
    pub(super) fn decode(item: &Item) -> Self {
        Self {
            write: sum(item, WRITE),
            next: sum(item, NEXT),
            open: open_calls::decode(item),
            usage: attribute::usage(item),
            lost: MicroUsd::new(sum(item, LOST)),
        }
    }

    /// Returns what was spent, or may have been.
    pub(super) fn used(&self) -> MicroUsd {
        self.usage.cost.plus(self.lost)
    }

    /// Returns whether the sums contain the call.
    pub(super) fn contain(&self, call: u64) -> bool {
        call < self.next && !self.open.contains(&call)
    }

    /// Returns the books after another worker has settled `call`. Earlier calls that they do not know yet are
    /// open.
    fn with_settled(&self, call: u64, spent: TenantUsage) -> Self {
        let mut open = self.open.clone();
        open.extend(self.next..call);
        open.remove(&call);
        let usage = self.usage.plus(spent);
        Self { write: self.write + 1, next: self.next.max(call + 1), open, usage, lost: self.lost }
    }
}

/// The outcome of a write to a ledger.
#[derive(Clone, Debug)]
pub(super) enum BooksWrite {
    /// The item has the new content.
    Stored,
    /// The write changed nothing, because the item has this content.
    Rejected(Books),
}

impl Spending {
    /// Replaces the content of a ledger's item by `books` if the last write was the one before, with one
    /// conditional UpdateItem.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain whether the content was replaced.
    pub(super) async fn write_books(
        &self,
        ledger: &LedgerKey,
        books: &Books,
    ) -> Result<BooksWrite, AwsError> {
        const SET: &str = "SET #write = :write, #next = :next, #lost = :lost, #cost = :cost, #input = :input, \
                           #output = :output, #calls = :calls, #reports = :reports, #expires = :expires";
        let mut request = self
            .update(ledger.pk())
            .expression_attribute_names("#write", WRITE)
            .expression_attribute_names("#next", NEXT)
            .expression_attribute_names("#lost", LOST)
            .expression_attribute_names("#expires", attribute::EXPIRES_AT)
            .expression_attribute_names("#first", open_calls::attribute::FIRST)
            .expression_attribute_names("#open", open_calls::attribute::BITS)
            .expression_attribute_values(":write", number(books.write))
            .expression_attribute_values(":next", number(books.next))
            .expression_attribute_values(":lost", number(books.lost.millionths()))
            .expression_attribute_values(":expires", expires_at(ledger.day));
        request = match open_calls::encode(&books.open) {
            Some((first, open)) => request
                .update_expression(format!("{SET}, #first = :first, #open = :open"))
                .expression_attribute_values(":first", first)
                .expression_attribute_values(":open", open),
            None => request.update_expression(format!("{SET} REMOVE #first, #open")),
        };
        request = match books.write {
            ..=1 => request.condition_expression("attribute_not_exists(#write)"),
            write => request
                .condition_expression("#write = :before")
                .expression_attribute_values(":before", number(write - 1)),
        };
        let Err(item) = conditional(attribute::with_usage(request, books.usage)).await? else {
            return Ok(BooksWrite::Stored);
        };
        let found = Books::decode(&item);
        // Stored by an earlier try whose answer was lost.
        Ok(if found == *books { BooksWrite::Stored } else { BooksWrite::Rejected(found) })
    }

    /// Settles a call of another process, which stored its answer and may have stopped before it settled it. Has no
    /// effect if the call is settled.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the call is settled.
    pub async fn settle_for(
        &self,
        tenant: &Tenant,
        day: Day,
        entry: &LedgerEntry,
        spent: TenantUsage,
    ) -> Result<(), AwsError> {
        let ledger = LedgerKey { tenant: tenant.clone(), day, id: entry.ledger.clone() };
        let mut books = Books::decode(&self.item(ledger.pk()).await?);
        while !books.contain(entry.number) {
            let settled = books.with_settled(entry.number, spent);
            match self.write_books(&ledger, &settled).await? {
                BooksWrite::Stored => return Ok(()),
                // Another write came first. Each one is of progress, so this ends.
                BooksWrite::Rejected(found) => books = found,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(cost: u64) -> TenantUsage {
        TenantUsage { cost: MicroUsd::new(cost), model_calls: 1, ..TenantUsage::default() }
    }

    #[test]
    fn a_call_is_contained_once_it_is_neither_open_nor_ahead() {
        let books = Books { next: 3, open: BTreeSet::from([1]), ..Books::default() };
        assert_eq!([0, 1, 2, 3].map(|call| books.contain(call)), [true, false, true, false]);
    }

    #[test]
    fn a_call_that_another_worker_settles_leaves_all_others_open() {
        let books = Books { write: 4, next: 2, open: BTreeSet::from([0]), ..Books::default() };
        let settled = books.with_settled(4, spent(7));
        assert_eq!((settled.write, settled.next), (5, 5));
        assert_eq!([0, 1, 2, 3, 4].map(|call| settled.contain(call)), [false, true, false, false, true]);
        let settled = settled.with_settled(0, spent(5));
        assert!(settled.contain(0) && !settled.contain(2));
        assert_eq!((settled.usage.cost, settled.usage.model_calls), (MicroUsd::new(12), 2));
    }
}
