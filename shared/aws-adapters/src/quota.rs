//! The per-minute quota of a model, shared by all workers: one conditional write admits a call, another one
//! settles it.
//!
//! Bedrock counts the input and the maximum output of a call when it begins, and the actual output when it
//! ends ("How tokens are counted in Amazon Bedrock"). If Bedrock throttles although the quota has room,
//! others use the account as well: the share of the quota that all workers use is then halved, and grows back
//! slowly.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client, operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue,
};

use crate::{
    dynamodb::{Item, conditional, number},
    error::AwsError,
};
use domain::time::UtcTime;

/// The period of a quota.
const WINDOW: Duration = Duration::from_secs(60);

/// The full quota, in thousandths.
const WHOLE: u64 = 1000;
/// Minimum share, in thousandths. Some calls must continue, to find out when the throttling ends.
const SHARE_MIN: u64 = 50;
/// Growth of the share per minute, in thousandths: from half to full in ten minutes.
const GROWTH: u64 = 50;
/// Minimum time between two cuts of the share: throttled calls that ran concurrently count only once.
const CUT_INTERVAL: Duration = Duration::from_secs(5);

/// Maximum number of writes to admit one call. If concurrent writes by other workers defeat all of them, the
/// window is treated as full.
const TRIES_MAX: u32 = 4;

mod attribute {
    pub(super) const PK: &str = "pk";
    pub(super) const WINDOW: &str = "window";
    pub(super) const REQUESTS: &str = "requests";
    pub(super) const TOKENS: &str = "tokens";
    pub(super) const SHARE: &str = "share";
    pub(super) const CUT_AT: &str = "cut_at";
    pub(super) const EXPIRES_AT: &str = "expires_at";
}

/// The quota of a model, per minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests per minute.
    pub requests: u64,
    /// Tokens per minute.
    pub tokens: u64,
}

/// The shared quota of one model.
#[derive(Clone, Debug)]
pub struct Quota {
    client: Client,
    table: String,
    model: String,
    limits: Limits,
    last_share: Arc<Mutex<QuotaShare>>,
}

/// The share of the quota that the workers use, as last read.
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
    /// The quota is used up; try again after this time.
    Full(Duration),
}

/// An admitted call, which must be settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    window: i64,
    tokens: u64,
}

impl QuotaShare {
    /// Returns the share at `now`, in thousandths, including its growth since it was cut.
    fn at(self, now: UtcTime) -> u64 {
        let minutes = now.since(self.cut_at).as_secs() / 60;
        self.thousandths.saturating_add(minutes.saturating_mul(GROWTH)).min(WHOLE)
    }
}

impl Limits {
    /// Returns `thousandths` of the limits, but at least one request and one token.
    fn part(self, thousandths: u64) -> Self {
        let part = |limit: u64| (limit.saturating_mul(thousandths) / WHOLE).max(1);
        Self { requests: part(self.requests), tokens: part(self.tokens) }
    }
}

fn read(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

impl Quota {
    /// Returns the quota of `model`, which has these `limits`, stored in `table`.
    pub fn new(client: Client, table: String, model: String, limits: Limits) -> Self {
        let whole = QuotaShare { thousandths: WHOLE, cut_at: UtcTime::from_epoch_millis(0) };
        Self { client, table, model, limits, last_share: Arc::new(Mutex::new(whole)) }
    }

    /// Admits a call that may use up to `tokens` if the current minute has room for it. It usually takes one
    /// conditional UpdateItem, and a second one for the first call of a minute.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table does not answer.
    pub async fn admit(&self, tokens: u64, now: UtcTime) -> Result<Admission, AwsError> {
        let minute = i64::try_from(WINDOW.as_millis()).unwrap_or(60_000);
        let mut window = now.epoch_millis().div_euclid(minute);
        for _ in 0..TRIES_MAX {
            let limits = self.limits.part(self.share().at(now));
            // A call larger than the limit is admitted to an otherwise empty minute.
            let tokens = tokens.min(limits.tokens);
            let admitted = Admission::Admitted(Admitted { window, tokens });
            let Err(current) = self.count(window, tokens, limits).await? else { return Ok(admitted) };
            match read(&current, attribute::WINDOW) {
                Some(open) if open == window => {
                    // The window is full at the share last read, which may have changed.
                    if self.update_share(&current) {
                        continue;
                    }
                    let next = UtcTime::from_epoch_millis((window + 1) * minute);
                    return Ok(Admission::Full(next.since(now).max(Duration::from_millis(1))));
                }
                // The clock of another worker is slightly ahead: use its window.
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

    /// Corrects the count of an admitted call to the tokens that it `used`.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table does not answer. The rest of the minute then has less room than it
    /// should.
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

    /// Halves the share of all workers, because the model throttled an admitted call. Has no effect within
    /// five seconds of the last cut.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table does not answer.
    pub async fn throttled(&self, now: UtcTime) -> Result<(), AwsError> {
        let interval = i64::try_from(CUT_INTERVAL.as_millis()).unwrap_or_default();
        // Try twice, because the share that this worker knows may be out of date.
        for _ in 0..2 {
            let last = self.share();
            if now.since(last.cut_at) < CUT_INTERVAL {
                return Ok(());
            }
            let share = (last.at(now) / 2).max(SHARE_MIN);
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
                .expression_attribute_values(":seen", number(last.cut_at.epoch_millis()))
                .expression_attribute_values(":before", number(now.epoch_millis() - interval));
            match conditional(request).await? {
                Ok(item) => {
                    self.update_share(&item);
                    tracing::warn!(model = %self.model, thousandths = share, "the model throttles: all workers take a smaller share of its quota");
                    return Ok(());
                }
                Err(item) => {
                    self.update_share(&item);
                }
            }
        }
        Ok(())
    }

    /// Counts a call in the open `window`. Returns the item as `Err` if another window is open or this one is
    /// full.
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
            self.update_share(&item);
        }))
    }

    /// Opens `window` with one call in it. Returns `false` if another worker has opened it.
    async fn open(&self, window: i64, tokens: u64) -> Result<bool, AwsError> {
        let end = UtcTime::from_epoch_millis((window + 2) * 60_000);
        let request = self
            .update()
            .update_expression(
                "SET #window = :window, #requests = :one, #tokens = :tokens, #expires = :expires",
            )
            // A window far in the future comes from a wrong clock, and is replaced.
            .condition_expression("attribute_not_exists(#window) OR #window < :window OR #window > :ahead")
            .expression_attribute_names("#window", attribute::WINDOW)
            .expression_attribute_names("#requests", attribute::REQUESTS)
            .expression_attribute_names("#tokens", attribute::TOKENS)
            .expression_attribute_names("#expires", attribute::EXPIRES_AT)
            .expression_attribute_values(":window", number(window))
            .expression_attribute_values(":ahead", number(window + 1))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":tokens", number(tokens))
            // The item outlives the time that the share needs to grow back.
            .expression_attribute_values(
                ":expires",
                number(end.plus(Duration::from_secs(24 * 3600)).epoch_seconds()),
            );
        let opened = conditional(request).await?;
        let (Ok(item) | Err(item)) = &opened;
        self.update_share(item);
        Ok(opened.is_ok())
    }

    fn update(&self) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(attribute::PK, AttributeValue::S(format!("Q#{}", self.model)))
    }

    fn share(&self) -> QuotaShare {
        *self.last_share.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores the share that an item contains. Returns whether it changed.
    fn update_share(&self, item: &Item) -> bool {
        let stored = read(item, attribute::SHARE).zip(read(item, attribute::CUT_AT));
        let Some((thousandths, cut_at)) = stored else { return false };
        let share = QuotaShare {
            thousandths: u64::try_from(thousandths).unwrap_or(SHARE_MIN).clamp(SHARE_MIN, WHOLE),
            cut_at: UtcTime::from_epoch_millis(cut_at),
        };
        let mut last = self.last_share.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *last, share) != share
    }
}
