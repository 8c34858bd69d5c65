//! Turns at a service that accepts few requests from one address, shared by all workers: one conditional
//! write takes the next free turn.
//!
//! The item holds one time, that of the next free turn, so it does not grow with the requests that wait. Turns
//! are given in the order in which they are taken.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client, operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue,
};
use domain::time::UtcTime;

use crate::{
    dynamodb::{Item, conditional, number},
    error::{AwsError, DYNAMODB},
    request::send,
};

/// Maximum number of writes to take one turn. If concurrent writes by other workers defeat all of them, the
/// queue is treated as full.
const TRIES_MAX: u32 = 6;

/// Maximum time that the service may hold all requests, whatever it asks for.
pub const HOLD_MAX: Duration = Duration::from_secs(3600);

/// A next turn further in the future than this comes from a wrong clock, and is replaced.
const AHEAD_MAX: Duration = Duration::from_secs(2 * 3600 + 60);

/// How long the item is kept without a request.
const KEEP: Duration = Duration::from_secs(24 * 3600);

mod attribute {
    pub(super) const PK: &str = "pk";
    pub(super) const NEXT_AT: &str = "next_at";
    pub(super) const HELD_UNTIL: &str = "held_until";
    pub(super) const EXPIRES_AT: &str = "expires_at";
}

/// The turns at one service. Clones share what they last read.
#[derive(Clone, Debug)]
pub struct Turns {
    client: Client,
    table: String,
    service: String,
    pause: Duration,
    /// The time of the next free turn, as last read. It only ever grows, except after a wrong clock.
    next_at: Arc<Mutex<UtcTime>>,
}

/// The outcome of [`Turns::take`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The turn is at this time.
    At(UtcTime),
    /// The next free turn is too late.
    TooLate,
}

impl Turns {
    /// Returns the turns at `service`, which are `pause` apart, stored in `table`.
    pub fn new(sdk: &SdkConfig, table: &str, service: String, pause: Duration) -> Self {
        let next_at = Arc::new(Mutex::new(UtcTime::from_epoch_millis(0)));
        Self { client: Client::new(sdk), table: table.to_owned(), service, pause, next_at }
    }

    /// Takes the next free turn if it is not after `latest`. It usually takes one conditional UpdateItem.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table does not answer.
    pub async fn take(&self, now: UtcTime, latest: UtcTime) -> Result<Turn, AwsError> {
        for _ in 0..TRIES_MAX {
            let next = self.next_at();
            let is_plausible = next <= now.plus(AHEAD_MAX);
            if next > latest && is_plausible {
                return Ok(Turn::TooLate);
            }
            let taken = if next > now && is_plausible {
                self.take_after_others(now, latest).await?
            } else {
                self.take_now(now).await?
            };
            if let Some(turn) = taken {
                return Ok(Turn::At(turn));
            }
        }
        Ok(Turn::TooLate)
    }

    /// Lets no further turn begin before `until`, because the service asks for that. Turns that were taken
    /// before are not changed: their holders ask [`held_until`](Self::held_until).
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table does not answer.
    pub async fn hold(&self, now: UtcTime, until: UtcTime) -> Result<(), AwsError> {
        let until = until.min(now.plus(HOLD_MAX));
        let request = self
            .update(now)
            .update_expression("SET #next = :until, #held = :until, #expires = :expires")
            .condition_expression("attribute_not_exists(#next) OR #next < :until OR #next > :ahead")
            .expression_attribute_names("#held", attribute::HELD_UNTIL)
            .expression_attribute_values(":until", number(until.epoch_millis()))
            .expression_attribute_values(":ahead", number(now.plus(AHEAD_MAX).epoch_millis()));
        let outcome = conditional(request).await?;
        self.remember(&outcome);
        if outcome.is_ok() {
            return Ok(());
        }
        // Turns after `until` are taken already.
        let request = self
            .update(now)
            .update_expression("SET #held = :until, #expires = :expires")
            .condition_expression("#next >= :until AND (attribute_not_exists(#held) OR #held < :until)")
            .expression_attribute_names("#held", attribute::HELD_UNTIL)
            .expression_attribute_values(":until", number(until.epoch_millis()));
        self.remember(&conditional(request).await?);
        Ok(())
    }

    /// Returns until when the service holds all requests, or `None` if it never did.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table does not answer.
    pub async fn held_until(&self) -> Result<Option<UtcTime>, AwsError> {
        let request = self.client.get_item().table_name(&self.table).key(attribute::PK, self.key());
        let answer = send(DYNAMODB, "GetItem", request.consistent_read(true).send()).await?;
        Ok(answer.item.and_then(|item| time(&item, attribute::HELD_UNTIL)))
    }

    /// Takes the next free turn, which others have moved into the future.
    async fn take_after_others(&self, now: UtcTime, latest: UtcTime) -> Result<Option<UtcTime>, AwsError> {
        let request = self
            .update(now)
            .update_expression("SET #next = #next + :pause, #expires = :expires")
            .condition_expression("#next > :now AND #next <= :latest")
            .expression_attribute_values(":pause", number(self.pause.as_millis()))
            .expression_attribute_values(":now", number(now.epoch_millis()))
            .expression_attribute_values(":latest", number(latest.epoch_millis()));
        let outcome = conditional(request).await?;
        let next = self.remember(&outcome);
        let pause = i64::try_from(self.pause.as_millis()).unwrap_or_default();
        Ok(outcome.is_ok().then(|| UtcTime::from_epoch_millis(next.epoch_millis() - pause)))
    }

    /// Takes a turn at once if the next free one is in the past.
    async fn take_now(&self, now: UtcTime) -> Result<Option<UtcTime>, AwsError> {
        let request = self
            .update(now)
            .update_expression("SET #next = :next, #expires = :expires")
            .condition_expression("attribute_not_exists(#next) OR #next <= :now OR #next > :ahead")
            .expression_attribute_values(":next", number(now.plus(self.pause).epoch_millis()))
            .expression_attribute_values(":now", number(now.epoch_millis()))
            .expression_attribute_values(":ahead", number(now.plus(AHEAD_MAX).epoch_millis()));
        let outcome = conditional(request).await?;
        self.remember(&outcome);
        Ok(outcome.is_ok().then_some(now))
    }

    fn update(&self, now: UtcTime) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(attribute::PK, self.key())
            .expression_attribute_names("#next", attribute::NEXT_AT)
            .expression_attribute_names("#expires", attribute::EXPIRES_AT)
            .expression_attribute_values(":expires", number(now.plus(KEEP).epoch_seconds()))
    }

    fn key(&self) -> AttributeValue {
        AttributeValue::S(format!("T#{}", self.service))
    }

    fn next_at(&self) -> UtcTime {
        *self.next_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores and returns the time of the next free turn, from the item after or without a write.
    fn remember(&self, outcome: &Result<Item, Item>) -> UtcTime {
        let (Ok(item) | Err(item)) = outcome;
        let next = time(item, attribute::NEXT_AT).unwrap_or(UtcTime::from_epoch_millis(0));
        *self.next_at.lock().unwrap_or_else(PoisonError::into_inner) = next;
        next
    }
}

fn time(item: &Item, name: &str) -> Option<UtcTime> {
    item.get(name)?.as_n().ok()?.parse().ok().map(UtcTime::from_epoch_millis)
}
