//! Whether dates of birth agree.

use crate::birth_date::BirthDate;

/// How a date of birth agrees with the dates of a listed person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DateAgreement {
    /// Years lie apart too far for an error.
    Differs,
    /// Three or four years apart.
    Far,
    /// Two years apart.
    Apart,
    /// One side has no date.
    Unknown,
    /// A year apart, or the same year and another day; or within the leeway of an approximate date.
    Near,
    /// As far as both are known, the same; at least one has only the year.
    Year,
    /// The same month, or the same digits with day and month swapped.
    Close,
    /// The same day.
    Same,
}

/// Years by which an approximate date may be off.
const CIRCA_YEARS: u16 = 2;

impl DateAgreement {
    /// Returns the best agreement of `date` with one of `listed`.
    pub(super) fn of(date: Option<&BirthDate>, listed: &[BirthDate]) -> Self {
        let Some(date) = date else { return Self::Unknown };
        listed.iter().map(|other| Self::between(date, other)).max().unwrap_or(Self::Unknown)
    }

    fn between(a: &BirthDate, b: &BirthDate) -> Self {
        let gap = gap(a, b);
        let leeway = if a.is_circa() || b.is_circa() { CIRCA_YEARS } else { 0 };
        if gap > 0 {
            return match gap.saturating_sub(leeway) {
                0 | 1 => Self::Near,
                2 => Self::Apart,
                3 | 4 => Self::Far,
                _ => Self::Differs,
            };
        }
        match (a.month().zip(a.day()), b.month().zip(b.day())) {
            (Some(one), Some(other)) if one == other => Self::Same,
            (Some(one), Some(other)) if one == (other.1, other.0) => Self::Close,
            (Some(one), Some(other)) if one.0 == other.0 || one.1 == other.1 => Self::Year,
            (Some(_), Some(_)) => Self::Near,
            _ => match (a.month(), b.month()) {
                (Some(one), Some(other)) if one == other => Self::Close,
                (Some(_), Some(_)) => Self::Near,
                _ => Self::Year,
            },
        }
    }

    /// Returns the share of what a name lacks that the date adds (positive), or of the score that it takes away
    /// (negative).
    pub(super) fn effect(self) -> f32 {
        match self {
            Self::Same => 0.6,
            Self::Close => 0.45,
            Self::Year => 0.3,
            Self::Near => 0.08,
            Self::Unknown => 0.0,
            Self::Apart => -0.12,
            Self::Far => -0.3,
            Self::Differs => -0.45,
        }
    }

    /// Returns the name of the agreement in explanations.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Close | Self::Year => "agrees",
            Self::Near => "near",
            Self::Unknown => "unknown",
            Self::Apart | Self::Far | Self::Differs => "differs",
        }
    }

    /// Returns whether the date speaks for one person.
    pub(super) fn agrees(self) -> bool {
        self >= Self::Year
    }
}

/// Returns the number of years between two dates, 0 if their years overlap.
fn gap(a: &BirthDate, b: &BirthDate) -> u16 {
    let (a, b) = (a.years(), b.years());
    a.start().saturating_sub(*b.end()).max(b.start().saturating_sub(*a.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_follows_what_is_known() {
        let agreement =
            |a: &str, b: &str| DateAgreement::of(Some(&a.parse().unwrap()), &[b.parse().unwrap()]);
        assert_eq!(agreement("1970-03-05", "1970-03-05"), DateAgreement::Same);
        assert_eq!(agreement("1970-03-05", "1970-05-03"), DateAgreement::Close);
        assert_eq!(agreement("1970", "1970-05-03"), DateAgreement::Year);
        assert_eq!(agreement("1971", "1970-05-03"), DateAgreement::Near);
        assert_eq!(agreement("1973", "1970~"), DateAgreement::Near);
        assert_eq!(agreement("1965", "1963/1968"), DateAgreement::Year);
        assert_eq!(agreement("1973", "1970"), DateAgreement::Far);
        assert_eq!(agreement("1985", "1970"), DateAgreement::Differs);
        assert_eq!(DateAgreement::of(None, &["1970".parse().unwrap()]), DateAgreement::Unknown);
        let several: Vec<BirthDate> = ["1950", "1970"].iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(DateAgreement::of(Some(&several[1]), &several), DateAgreement::Year);
    }
}
