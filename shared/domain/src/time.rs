//! Points in time, in UTC with millisecond precision, written as RFC 3339.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
#[cfg(feature = "openapi")]
use utoipa::{PartialSchema, ToSchema, openapi};

/// A point in time in UTC, to the millisecond.
///
/// Its text form always has three fractional digits and `Z`, so that texts sort in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcTime(i64);

impl UtcTime {
    /// Returns the time `millis` milliseconds after 1970-01-01T00:00:00Z, clamped to the years that RFC 3339
    /// can represent (0001 to 9999).
    pub fn from_epoch_millis(millis: i64) -> Self {
        const MIN: i64 = -62_135_596_800_000;
        const MAX: i64 = 253_402_207_200_000;
        Self(millis.clamp(MIN, MAX))
    }

    /// Returns the milliseconds since 1970-01-01T00:00:00Z.
    pub fn epoch_millis(self) -> i64 {
        self.0
    }

    /// Returns the whole seconds since 1970-01-01T00:00:00Z, rounded down: the unit of DynamoDB's time to
    /// live.
    pub fn epoch_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Returns the time `duration` later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_epoch_millis(self.0.saturating_add(millis))
    }

    /// Returns the time `duration` earlier.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_epoch_millis(self.0.saturating_sub(millis))
    }

    /// Returns the time elapsed since `earlier`, or zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

impl From<SystemTime> for UtcTime {
    fn from(time: SystemTime) -> Self {
        let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_epoch_millis(match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => millis(after),
            Err(before) => -millis(before.duration()),
        })
    }
}

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timestamp = Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{timestamp:.3}")
    }
}

impl FromStr for UtcTime {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let timestamp: Timestamp = text.parse()?;
        Ok(Self::from_epoch_millis(timestamp.as_millisecond()))
    }
}

impl Serialize for UtcTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UtcTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl PartialSchema for UtcTime {
    fn schema() -> openapi::RefOr<openapi::schema::Schema> {
        openapi::ObjectBuilder::new()
            .schema_type(openapi::schema::Type::String)
            .format(Some(openapi::SchemaFormat::KnownFormat(openapi::KnownFormat::DateTime)))
            .description(Some("RFC 3339, UTC, milliseconds"))
            .examples(["2026-01-05T12:00:00.000Z"])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl ToSchema for UtcTime {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_text_form_round_trips_and_sorts_like_the_time(a in 0_i64..253_402_207_200_000, b in 0_i64..253_402_207_200_000) {
            let (a, b) = (UtcTime::from_epoch_millis(a), UtcTime::from_epoch_millis(b));
            prop_assert_eq!(a.to_string().parse::<UtcTime>().unwrap(), a);
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }

    #[test]
    fn extreme_inputs_can_be_formatted() {
        for millis in [i64::MIN, i64::MAX] {
            assert!(UtcTime::from_epoch_millis(millis).to_string().parse::<UtcTime>().is_ok());
        }
        assert_eq!(UtcTime::from_epoch_millis(5).since(UtcTime::from_epoch_millis(9)), Duration::ZERO);
    }
}
