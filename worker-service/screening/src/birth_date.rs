//! Dates of birth as lists state them: full, partial, as a range of years, or approximate.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use thiserror::Error;

/// A date of birth that may be known in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BirthDate {
    first_year: u16,
    last_year: u16,
    /// Zero if it is not known.
    month: u8,
    /// Zero if it is not known.
    day: u8,
    is_circa: bool,
}

/// The error of a text that is no date of birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "not a date of birth: write 1969-01-23, 1969-01, 1969, 1963/1968 for a range of years, and ~ at the end for \"circa\""
)]
pub struct InvalidBirthDate;

impl BirthDate {
    /// Returns a date of which at least the year is known, or `None` if the calendar has no such date.
    pub fn new(year: u16, month: Option<u8>, day: Option<u8>) -> Option<Self> {
        let is_valid = (1..=9999).contains(&year)
            && match (month, day) {
                (None, None) => true,
                (None, Some(_)) => false,
                (Some(month), day) => (1..=days_of(year, month)?).contains(&day.unwrap_or(1)),
            };
        is_valid.then(|| Self {
            first_year: year,
            last_year: year,
            month: month.unwrap_or(0),
            day: day.unwrap_or(0),
            is_circa: false,
        })
    }

    /// Returns the range of the years `one` and `other`, or `None` if one is not a year.
    pub fn between(one: u16, other: u16) -> Option<Self> {
        let date = Self::new(one.min(other), None, None)?;
        Self::new(one.max(other), None, None).map(|last| Self { last_year: last.last_year, ..date })
    }

    /// Returns the same date as an approximate one.
    pub fn circa(self) -> Self {
        Self { is_circa: true, ..self }
    }

    /// Returns the possible years: more than one for a range.
    pub fn years(&self) -> RangeInclusive<u16> {
        self.first_year..=self.last_year
    }

    /// Returns the month, from 1 to 12, if it is known.
    pub fn month(&self) -> Option<u8> {
        Some(self.month).filter(|month| *month > 0)
    }

    /// Returns the day of the month, if it is known.
    pub fn day(&self) -> Option<u8> {
        Some(self.day).filter(|day| *day > 0)
    }

    /// Returns whether the list says that the date is approximate.
    pub fn is_circa(&self) -> bool {
        self.is_circa
    }
}

/// Returns the number of days of a month, or `None` if there is no such month.
fn days_of(year: u16, month: u8) -> Option<u8> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if is_leap { 29 } else { 28 }),
        _ => None,
    }
}

/// Returns the date that `text` writes as year, year and month, or year, month and day.
fn partial(text: &str) -> Option<BirthDate> {
    let mut parts = text.split('-');
    let mut number = |length: usize| -> Option<Option<u16>> {
        let Some(part) = parts.next() else { return Some(None) };
        let is_number = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { part.parse().ok().map(Some) } else { None }
    };
    let (year, month, day) = (number(4)??, number(2)?, number(2)?);
    let small = |number: Option<u16>| number.map(u8::try_from).transpose().ok();
    let date = BirthDate::new(year, small(month)?, small(day)?)?;
    parts.next().is_none().then_some(date)
}

impl FromStr for BirthDate {
    type Err = InvalidBirthDate;

    /// Parses the notations that [`InvalidBirthDate`] names. Of a range of longer dates, the years are kept.
    fn from_str(text: &str) -> Result<Self, InvalidBirthDate> {
        let text = text.trim();
        let (exact, is_circa) = text.strip_suffix('~').map_or((text, false), |exact| (exact, true));
        let date = match exact.split_once('/') {
            None => partial(exact),
            Some((one, other)) => partial(one)
                .zip(partial(other))
                .and_then(|(one, other)| Self::between(one.first_year, other.first_year)),
        };
        date.map(|date| Self { is_circa, ..date }).ok_or(InvalidBirthDate)
    }
}

impl fmt::Display for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.first_year)?;
        if self.last_year != self.first_year {
            write!(f, "/{:04}", self.last_year)?;
        }
        for part in self.month().into_iter().chain(self.day()) {
            write!(f, "-{part:02}")?;
        }
        f.write_str(if self.is_circa { "~" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_notation_is_read_and_shown_alike() {
        for text in ["1969-01-23", "1969-01", "1969", "1963/1968", "1969~", "2000-02-29", "1969-01~"] {
            assert_eq!(text.parse::<BirthDate>().unwrap().to_string(), text);
        }
        let date: BirthDate = " 1969-01-23 ".parse().unwrap();
        assert_eq!((date.years(), date.month(), date.day()), (1969..=1969, Some(1), Some(23)));
        let range: BirthDate = "1968-05/1963".parse().unwrap();
        assert_eq!((range.years(), range.month(), range.is_circa()), (1963..=1968, None, false));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "~", "/", "69", "1969-1-2", "1969-13", "1969-02-29", "1969-00", "1969-01-00", "0000"]
        {
            assert_eq!(text.parse::<BirthDate>(), Err(InvalidBirthDate), "{text}");
        }
        for text in ["1969-01-23-01", "+969", "1969/", "1963/1964/1965", "１９６９", "23/01/1969", "-"] {
            assert_eq!(text.parse::<BirthDate>(), Err(InvalidBirthDate), "{text}");
        }
    }
}
