//! A view of what a model allows in a minute that all workers share: each call is admitted by one
//! conditional write and settled by another.
//!
//! Bedrock counts a call's input and the most it may answer when it begins, and what it really answered
//! when it ends ("How tokens are counted in Amazon Bedrock"). When it throttles although there was room, others use
//! the account too: the share that the workers take is halved and grows back slowly, for all of them.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client, operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue,
};

use super::{
    dynamodb::{Item, conditional, number},
    error::AwsError,
};
use domain::time::UtcTime;

/// What quotas are counted by.
const WINDOW: Duration = Duration::from_secs(60);

/// The whole of what is configured, in thousandths.
const WHOLE: u64 = 1000;
/// The share never falls under this many thousandths: something must tell when it is over.
const LEAST: u64 = 50;
/// Thousandths that the share grows by in a minute: from a half back to the whole in ten.
const GROWTH: u64 = 50;
/// Throttles of calls that were under way together say the same thing once.
const CUT_PAUSE: Duration = Duration::from_secs(5);

/// Writes until a window that others open and fill at the same time is taken for full.
const TRIES: u32 = 4;

mod attribute {
    pub(super) const PK: &str = "pk";
    pub(super) const WINDOW: &str = "window";
    pub(super) const REQUESTS: &str = "requests";
    pub(super) const TOKENS: &str = "tokens";
    pub(super) const SHARE: &str = "share";
    pub(super) const CUT_AT: &str = "cut_at";
    pub(super) const EXPIRES_AT: &str = "expires_at";
}

/// What a model allows an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests a minute.
    pub requests: u64,
    /// Tokens a minute.
    pub tokens: u64,
}

/// The shared view of one model.
#[derive(Clone, Debug)]
pub struct Quota {
    client: Client,
    table: String,
    model: String,
    limits: Limits,
    seen: Arc<Mutex<QuotaShare>>,
}

/// The share of the limits that the workers take, as it was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct QuotaShare {
    thousandths: u64,
    cut_at: UtcTime,
}

/// The outcome of [`Quota::admit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The call may be made.
    Admitted(Admitted),
    /// There is no room before this much time has passed.
    Full(Duration),
}

/// A call that was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    window: i64,
    tokens: u64,
}

impl QuotaShare {
    fn at(self, now: UtcTime) -> u64 {
        let minutes = now.since(self.cut_at).as_secs() / 60;
        self.thousandths.saturating_add(minutes.saturating_mul(GROWTH)).min(WHOLE)
    }
}

impl Limits {
    fn part(self, thousandths: u64) -> Self {
        let part = |whole: u64| (whole.saturating_mul(thousandths) / WHOLE).max(1);
        Self { requests: part(self.requests), tokens: part(self.tokens) }
    }
}

fn read(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

impl Quota {
    /// The view of `model` in `table`, which has these `limits`.
    pub fn new(client: Client, table: String, model: String, limits: Limits) -> Self {
        let whole = QuotaShare { thousandths: WHOLE, cut_at: UtcTime::from_epoch_millis(0) };
        Self { client, table, model, limits, seen: Arc::new(Mutex::new(whole)) }
    }

    /// Admits a call that may use up to `tokens`, if the minute has room for it: mostly one
    /// conditional UpdateItem, another at the first call of a minute.
    ///
    /// # Errors
    /// [`AwsError`] when the table does not answer.
    pub async fn admit(&self, tokens: u64, now: UtcTime) -> Result<Admission, AwsError> {
        let minute = i64::try_from(WINDOW.as_millis()).unwrap_or(60_000);
        let mut window = now.epoch_millis().div_euclid(minute);
        for _ in 0..TRIES {
            let limits = self.limits.part(self.seen().at(now));
            // A call that is larger than the whole minute is admitted to an empty one.
            let tokens = tokens.min(limits.tokens);
            let admitted = Admission::Admitted(Admitted { window, tokens });
            let Err(current) = self.count(window, tokens, limits).await? else { return Ok(admitted) };
            match read(&current, attribute::WINDOW) {
                Some(open) if open == window => {
                    // Full by what was known of the share; that may have changed.
                    if self.learn(&current) {
                        continue;
                    }
                    let next = UtcTime::from_epoch_millis((window + 1) * minute);
                    return Ok(Admission::Full(next.since(now).max(Duration::from_millis(1))));
                }
                // Another worker's clock is a little ahead: its minute counts.
                Some(open) if open == window + 1 => window = open,
                _ => {
                    if self.open(window, tokens).await? {
                        return Ok(admitted);
                    }
                }
            }
        }
        Ok(Admission::Full(WINDOW / 10))
    }

    /// Corrects what was counted for an admitted call to the tokens that it `used`.
    ///
    /// # Errors
    /// [`AwsError`] when the table does not answer: the minute then counts too much, and ends.
    pub async fn settle(&self, admitted: Admitted, used: u64) -> Result<(), AwsError> {
        let difference = i128::from(used) - i128::from(admitted.tokens);
        let request = self
            .update()
            .update_expression("ADD #tokens :difference")
            .condition_expression("#window = :window")
            .expression_attribute_names("#tokens", attribute::TOKENS)
            .expression_attribute_names("#window", attribute::WINDOW)
            .expression_attribute_values(":difference", number(difference))
            .expression_attribute_values(":window", number(admitted.window));
        conditional(request).await.map(drop)
    }

    /// The model throttled although there was room: halves the share of all workers, once in a
    /// while.
    ///
    /// # Errors
    /// [`AwsError`] when the table does not answer.
    pub async fn throttled(&self, now: UtcTime) -> Result<(), AwsError> {
        let pause = i64::try_from(CUT_PAUSE.as_millis()).unwrap_or_default();
        // Twice: what this worker knew of the share may be old.
        for _ in 0..2 {
            let seen = self.seen();
            if now.since(seen.cut_at) < CUT_PAUSE {
                return Ok(());
            }
            let share = (seen.at(now) / 2).max(LEAST);
            let request = self
                .update()
                .update_expression("SET #share = :share, #cut_at = :now")
                .condition_expression(
                    "attribute_not_exists(#cut_at) OR (#cut_at = :seen AND #cut_at < :before)",
                )
                .expression_attribute_names("#share", attribute::SHARE)
                .expression_attribute_names("#cut_at", attribute::CUT_AT)
                .expression_attribute_values(":share", number(share))
                .expression_attribute_values(":now", number(now.epoch_millis()))
                .expression_attribute_values(":seen", number(seen.cut_at.epoch_millis()))
                .expression_attribute_values(":before", number(now.epoch_millis() - pause));
            match conditional(request).await? {
                Ok(item) => {
                    self.learn(&item);
                    tracing::warn!(model = %self.model, thousandths = share, "the model throttles: all workers take a smaller share of its quota");
                    return Ok(());
                }
                Err(item) => {
                    self.learn(&item);
                }
            }
        }
        Ok(())
    }

    /// Counts a call in the open `window`.
    async fn count(&self, window: i64, tokens: u64, limits: Limits) -> Result<Result<(), Item>, AwsError> {
        let request = self
            .update()
            .update_expression("ADD #requests :one, #tokens :tokens")
            .condition_expression("#window = :window AND #requests < :requests AND #tokens <= :room")
            .expression_attribute_names("#window", attribute::WINDOW)
            .expression_attribute_names("#requests", attribute::REQUESTS)
            .expression_attribute_names("#tokens", attribute::TOKENS)
            .expression_attribute_values(":window", number(window))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":tokens", number(tokens))
            .expression_attribute_values(":requests", number(limits.requests))
            .expression_attribute_values(":room", number(limits.tokens - tokens));
        Ok(conditional(request).await?.map(|item| {
            self.learn(&item);
        }))
    }

    /// Opens `window` with one call in it, unless another worker did.
    async fn open(&self, window: i64, tokens: u64) -> Result<bool, AwsError> {
        let end = UtcTime::from_epoch_millis((window + 2) * 60_000);
        let request = self
            .update()
            .update_expression(
                "SET #window = :window, #requests = :one, #tokens = :tokens, #expires = :expires",
            )
            // A window far ahead is that of a clock gone wrong, for which nobody waits.
            .condition_expression("attribute_not_exists(#window) OR #window < :window OR #window > :ahead")
            .expression_attribute_names("#window", attribute::WINDOW)
            .expression_attribute_names("#requests", attribute::REQUESTS)
            .expression_attribute_names("#tokens", attribute::TOKENS)
            .expression_attribute_names("#expires", attribute::EXPIRES_AT)
            .expression_attribute_values(":window", number(window))
            .expression_attribute_values(":ahead", number(window + 1))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":tokens", number(tokens))
            // Long after the share has grown back.
            .expression_attribute_values(
                ":expires",
                number(end.plus(Duration::from_secs(24 * 3600)).epoch_seconds()),
            );
        let opened = conditional(request).await?;
        let (Ok(item) | Err(item)) = &opened;
        self.learn(item);
        Ok(opened.is_ok())
    }

    fn update(&self) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(attribute::PK, AttributeValue::S(format!("Q#{}", self.model)))
    }

    fn seen(&self) -> QuotaShare {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over the share that an item shows; whether it is another one.
    fn learn(&self, item: &Item) -> bool {
        let shown = read(item, attribute::SHARE).zip(read(item, attribute::CUT_AT));
        let Some((thousandths, cut_at)) = shown else { return false };
        let share = QuotaShare {
            thousandths: u64::try_from(thousandths).unwrap_or(LEAST).clamp(LEAST, WHOLE),
            cut_at: UtcTime::from_epoch_millis(cut_at),
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *seen, share) != share
    }
}
