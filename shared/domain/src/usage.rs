//! The model usage and cost of a tenant, by day.

use std::{fmt, iter::Sum, str::FromStr};

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::Offset,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;
#[cfg(feature = "openapi")]
use utoipa::{PartialSchema, ToSchema, openapi};

use super::time::UtcTime;

/// Rounds an amount in US dollars to a millionth, which removes the rounding errors of binary fractions.
pub fn micro_dollars(amount: f64) -> f64 {
    (amount * 1e6).round() / 1e6
}

/// An amount of money in millionths of a US dollar, so that sums are exact.
///
/// A price in US dollars per million tokens is the same number of millionths per token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroUsd(u64);

impl MicroUsd {
    /// Returns an amount from millionths of a US dollar.
    pub fn new(millionths: u64) -> Self {
        Self(millionths)
    }

    /// Converts an amount in US dollars, rounded to the nearest millionth. Negative amounts and NaN become
    /// zero.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    pub fn from_usd(usd: f64) -> Self {
        Self((usd * 1e6).round() as u64)
    }

    /// Returns the cost of `tokens` at `usd_per_million`, rounded up to a millionth of a dollar.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "the cast saturates, and no call has 2^52 tokens"
    )]
    pub fn of_tokens(tokens: u64, usd_per_million: f64) -> Self {
        // The binary representation of a price such as 0.3 must not push an exact amount up by a millionth.
        Self((tokens as f64 * usd_per_million - 1e-6).ceil() as u64)
    }

    /// Returns the amount in millionths of a US dollar.
    pub fn millionths(self) -> u64 {
        self.0
    }

    /// Returns the amount in US dollars.
    #[expect(clippy::cast_precision_loss, reason = "amounts stay under 2^52")]
    pub fn usd(self) -> f64 {
        micro_dollars(self.0 as f64 / 1e6)
    }

    /// Returns the sum of both amounts.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Returns the amount `count` times.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }

    /// Returns the difference of both amounts, or `None` if `other` is larger.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

impl Sum for MicroUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Self::plus)
    }
}

impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// A day in UTC, written as `2026-11-24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

/// The error of a text that is not a day. The message is a predicate, to follow the name of the parameter.
#[derive(Debug, Error)]
#[error("is not a day: write it as 2026-11-24")]
pub struct InvalidDay;

impl Day {
    /// Returns the day that contains `time`.
    pub fn of(time: UtcTime) -> Self {
        let timestamp = Timestamp::from_millisecond(time.epoch_millis()).unwrap_or_default();
        Self(Offset::UTC.to_datetime(timestamp).date())
    }

    /// Returns the next day. The last day of the calendar stays the same.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.tomorrow().unwrap_or(self.0))
    }

    /// Returns the day that is `days` earlier.
    #[must_use]
    pub fn before(self, days: usize) -> Self {
        (0..days).fold(self, |day, _| Self(day.0.yesterday().unwrap_or(day.0)))
    }

    /// Returns the first instant of the day.
    pub fn start(self) -> UtcTime {
        let midnight = Offset::UTC.to_timestamp(DateTime::from(self.0));
        UtcTime::from_epoch_millis(midnight.map_or(0, Timestamp::as_millisecond))
    }

    /// Returns the days from this one to `last`, both included.
    pub fn to(self, last: Self) -> impl Iterator<Item = Self> {
        let mut next = (self <= last).then_some(self);
        std::iter::from_fn(move || {
            let day = next?;
            next = (day < last).then(|| day.next());
            Some(day)
        })
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Day {
    type Err = InvalidDay;

    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        // Accept only the form of ten characters; the parser accepts others as well.
        let date: Date = text.parse().map_err(|_| InvalidDay)?;
        if text.len() == 10 && text.starts_with(|c: char| c.is_ascii_digit()) {
            Ok(Self(date))
        } else {
            Err(InvalidDay)
        }
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl PartialSchema for Day {
    fn schema() -> openapi::RefOr<openapi::schema::Schema> {
        openapi::ObjectBuilder::new()
            .schema_type(openapi::schema::Type::String)
            .format(Some(openapi::SchemaFormat::KnownFormat(openapi::KnownFormat::Date)))
            .description(Some("A day in UTC (RFC 3339, full-date)"))
            .examples(["2026-11-24"])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl ToSchema for Day {}

/// The model usage of a tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TenantUsage {
    /// Tokens sent to the model, including those read from and written to the prompt cache.
    pub input_tokens: u64,
    /// Tokens generated by the model.
    pub output_tokens: u64,
    /// The cost.
    pub cost: MicroUsd,
    /// Model calls that were answered.
    pub model_calls: u64,
    /// Reports with at least one model answer, each counted on the day of its first answer.
    pub reports: u64,
}

impl TenantUsage {
    /// Returns the sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cost: self.cost.plus(other.cost),
            model_calls: self.model_calls.saturating_add(other.model_calls),
            reports: self.reports.saturating_add(other.reports),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_of_tokens_is_rounded_up() {
        assert_eq!(MicroUsd::of_tokens(1_000_000, 3.0), MicroUsd::new(3_000_000));
        assert_eq!(MicroUsd::of_tokens(10, 0.3), MicroUsd::new(3));
        assert_eq!(MicroUsd::of_tokens(11, 0.3), MicroUsd::new(4));
        assert_eq!(MicroUsd::of_tokens(0, 15.0), MicroUsd::new(0));
        assert_eq!(MicroUsd::from_usd(0.1 + 0.2).to_string(), "$0.300000");
        assert_eq!(MicroUsd::from_usd(f64::NAN), MicroUsd::new(0));
    }

    #[test]
    fn days_have_one_text_form_and_ranges_cross_months() {
        let day: Day = "2026-02-27".parse().unwrap();
        let days: Vec<String> = day.to("2026-03-01".parse().unwrap()).map(|day| day.to_string()).collect();
        assert_eq!(days, ["2026-02-27", "2026-02-28", "2026-03-01"]);
        assert_eq!(day.next().to(day).count(), 0);
        assert_eq!(Day::of(day.start()), day);
        for invalid in
            ["", "2026-2-7", "20260227", "2026-02-30", "2026-02-27T00:00:00Z", "yesterday", "+2026-02-7"]
        {
            assert!(invalid.parse::<Day>().is_err(), "{invalid}");
        }
    }
}
