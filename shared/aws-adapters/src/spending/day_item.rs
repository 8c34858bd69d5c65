//! The item of a tenant's day: what is committed of the budget, and the slices of the ledgers.
//!
//! Every write of a slice names the value that it replaces, and each value occurs once, because it contains the
//! number of its write. A repeated write is therefore recognised, and a write that arrives late changes nothing.

use std::{collections::BTreeMap, str::FromStr};

use aws_sdk_dynamodb::{operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue};
use domain::usage::{MicroUsd, TenantUsage};

use super::{LedgerKey, Spending, attribute, books::Books, day_key, expires_at, sum};
use crate::{
    dynamodb::{Item, conditional, number},
    error::AwsError,
};

/// Prefix of the attributes that hold slices.
const SLICE: &str = "slice.";

/// The part of a day's budget that is granted to a ledger, written as `AMOUNT/WRITE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    /// The amount.
    pub(super) amount: MicroUsd,
    /// The number of the write that granted it.
    pub(super) write: u64,
}

impl FromStr for Slice {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (amount, write) = text.split_once('/').ok_or(())?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| ());
        Ok(Self { amount: MicroUsd::new(number(amount)?), write: number(write)? })
    }
}

impl Slice {
    fn value(self) -> AttributeValue {
        AttributeValue::S(format!("{}/{}", self.amount.millionths(), self.write))
    }

    /// Reads the slice of the ledger `id`, if the item has one.
    fn find(item: &Item, id: &str) -> Option<Self> {
        item.get(&name(id))?.as_s().ok()?.parse().ok()
    }
}

/// The value in place of the slice of a folded ledger. The attribute stays, because a late first write of the slice
/// requires that there is none.
const FOLDED: &str = "folded";

fn name(id: &str) -> String {
    format!("{SLICE}{id}")
}

/// The content of a day item.
#[derive(Clone, Debug, Default)]
pub(super) struct DayItem {
    /// The amount that is spent or granted.
    pub(super) committed: MicroUsd,
    /// The usage of earlier versions and of folded ledgers.
    pub(super) usage: TenantUsage,
    /// The slices by the ids of their ledgers.
    pub(super) slices: BTreeMap<String, Slice>,
}

impl DayItem {
    pub(super) fn decode(item: &Item) -> Self {
        let ids = item.keys().filter_map(|name| name.strip_prefix(SLICE));
        Self {
            committed: MicroUsd::new(sum(item, attribute::COMMITTED)),
            usage: attribute::usage(item),
            slices: ids.filter_map(|id| Some((id.to_owned(), Slice::find(item, id)?))).collect(),
        }
    }
}

/// The outcome of a write to the slice of a ledger.
#[derive(Clone, Copy, Debug)]
pub(super) enum SliceWrite {
    /// The day item has the new slice.
    Stored {
        /// What is committed of the budget now.
        committed: MicroUsd,
    },
    /// The write changed nothing: the slice is another one, or the budget has no room.
    Rejected {
        /// The slice that the day item has.
        slice: Option<Slice>,
        /// What is committed of the budget.
        committed: MicroUsd,
    },
}

impl Spending {
    /// Replaces the slice `from` of a ledger by `to`, with one conditional UpdateItem. If it grows, what is
    /// committed must stay within `budget`.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain whether the slice was replaced.
    pub(super) async fn write_slice(
        &self,
        ledger: &LedgerKey,
        from: Option<Slice>,
        to: Slice,
        budget: Option<MicroUsd>,
    ) -> Result<SliceWrite, AwsError> {
        let before = from.map_or(MicroUsd::default(), |slice| slice.amount);
        let mut request = self
            .update(day_key(&ledger.tenant, ledger.day))
            .update_expression("SET #slice = :to, #expires = :expires ADD #committed :difference")
            .expression_attribute_names("#slice", name(&ledger.id))
            .expression_attribute_names("#committed", attribute::COMMITTED)
            .expression_attribute_names("#expires", attribute::EXPIRES_AT)
            .expression_attribute_values(":to", to.value())
            .expression_attribute_values(":difference", difference(to.amount, before))
            .expression_attribute_values(":expires", expires_at(ledger.day));
        let mut condition = match from {
            Some(from) => {
                request = request.expression_attribute_values(":from", from.value());
                "#slice = :from".to_owned()
            }
            None => "attribute_not_exists(#slice)".to_owned(),
        };
        if let (Some(budget), Some(growth)) = (budget, to.amount.minus(before).filter(is_positive)) {
            // An amount larger than the whole budget never fits.
            let Some(room) = budget.minus(growth) else {
                let item = self.item(day_key(&ledger.tenant, ledger.day)).await?;
                return Ok(rejected(&item, ledger));
            };
            condition += " AND (attribute_not_exists(#committed) OR #committed <= :room)";
            request = request.expression_attribute_values(":room", number(room.millionths()));
        }
        Ok(match conditional(request.condition_expression(condition)).await? {
            Ok(item) => stored(&item),
            // Stored by an earlier try whose answer was lost.
            Err(item) if Slice::find(&item, &ledger.id) == Some(to) => stored(&item),
            Err(item) => rejected(&item, ledger),
        })
    }

    /// Folds a ledger with the sums `books` and the slice `from` into the day item, with one conditional
    /// UpdateItem: its sums are added to those of the day, and its slice is replaced by what it has used.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain whether the ledger was folded.
    pub(super) async fn fold(
        &self,
        ledger: &LedgerKey,
        from: Slice,
        books: &Books,
    ) -> Result<SliceWrite, AwsError> {
        let request: UpdateItemFluentBuilder = self
            .update(day_key(&ledger.tenant, ledger.day))
            .update_expression(
                "SET #slice = :folded ADD #committed :difference, #cost :cost, #input :input, #output :output, \
                 #calls :calls, #reports :reports",
            )
            .condition_expression("#slice = :from")
            .expression_attribute_names("#slice", name(&ledger.id))
            .expression_attribute_names("#committed", attribute::COMMITTED)
            .expression_attribute_values(":from", from.value())
            .expression_attribute_values(":folded", AttributeValue::S(FOLDED.to_owned()))
            .expression_attribute_values(":difference", difference(books.used(), from.amount));
        Ok(match conditional(attribute::with_usage(request, books.usage)).await? {
            Ok(item) => stored(&item),
            // Folded by an earlier try whose answer was lost.
            Err(item) if Slice::find(&item, &ledger.id).is_none() => stored(&item),
            Err(item) => rejected(&item, ledger),
        })
    }
}

fn is_positive(amount: &MicroUsd) -> bool {
    *amount > MicroUsd::default()
}

fn difference(after: MicroUsd, before: MicroUsd) -> AttributeValue {
    number(i128::from(after.millionths()) - i128::from(before.millionths()))
}

fn committed(item: &Item) -> MicroUsd {
    MicroUsd::new(sum(item, attribute::COMMITTED))
}

fn stored(item: &Item) -> SliceWrite {
    SliceWrite::Stored { committed: committed(item) }
}

fn rejected(item: &Item, ledger: &LedgerKey) -> SliceWrite {
    SliceWrite::Rejected { slice: Slice::find(item, &ledger.id), committed: committed(item) }
}
