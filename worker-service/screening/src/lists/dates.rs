//! Dates of birth as publishers write them.

use crate::birth_date::BirthDate;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// Words that make a date approximate.
const CIRCA: [&str; 7] = ["circa", "approximately", "approx", "about", "around", "estimated", "c"];
/// Years in which a listed person can be born. Other numbers of four digits are no years, for example years of
/// other calendars.
const YEARS: std::ops::RangeInclusive<u16> = 1850..=2100;

/// Returns the date of birth in `text`, or `None` if it has no year. It reads `1969-01-23`, `23/01/1969`,
/// `dd/mm/1969`, `23 Jan 1969`, `January 1969`, `1969`, `circa 1969`, and `1963 to 1968` as well as `between 1963
/// and 1968` for a range of years. A slash or a dot between two numbers is read as day and month.
pub(super) fn birth_date(text: &str) -> Option<BirthDate> {
    // The time after a date in the notation of ISO 8601.
    let text = if text.as_bytes().get(10) == Some(&b'T') { text.get(..10).unwrap_or(text) } else { text };
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let is_circa = words.iter().any(|word| CIRCA.contains(&word.as_str())) || text.trim_end().ends_with('~');
    let year = |word: &String| word.parse().ok().filter(|year| word.len() == 4 && YEARS.contains(year));
    let years: Vec<u16> = words.iter().filter_map(year).collect();
    let date = match years.as_slice() {
        [] => return None,
        [only] => one_date(&words, *only)?,
        [first, .., last] => BirthDate::between(*first, *last)?,
    };
    Some(if is_circa { date.circa() } else { date })
}

/// Returns the date with the year `year` in `words`. Parts that are no day or month are left out.
fn one_date(words: &[String], year: u16) -> Option<BirthDate> {
    let at = words.iter().position(|word| word.parse() == Ok(year))?;
    let named = words.iter().find_map(|word| {
        let start = word.get(..3).filter(|_| word.chars().all(char::is_alphabetic))?;
        MONTHS.iter().position(|month| *month == start)
    });
    let small = |word: &String| word.parse::<u8>().ok().filter(|_| word.len() <= 2);
    let number = |at: Option<usize>| at.and_then(|at| words.get(at)).and_then(small).filter(|n| *n > 0);
    let (month, day) = match named.and_then(|month| u8::try_from(month + 1).ok()) {
        Some(month) => (Some(month), words.iter().find_map(small)),
        // 1969-01-23
        None if at == 0 => (number(Some(1)), number(Some(2))),
        // 23/01/1969
        None => (number(at.checked_sub(1)), number(at.checked_sub(2))),
    };
    BirthDate::new(year, month, day)
        .or_else(|| BirthDate::new(year, month, None))
        .or_else(|| BirthDate::new(year, None, None))
}

/// Adds the date of birth in `text`, unless there is none or it is a duplicate.
pub(super) fn add(dates: &mut Vec<BirthDate>, text: &str) {
    if let Some(date) = birth_date(text)
        && !dates.contains(&date)
    {
        dates.push(date);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notations_of_all_publishers_are_read() {
        for (text, expected) in [
            ("1969-01-23", "1969-01-23"),
            ("1969-01-23T00:00:00", "1969-01-23"),
            ("23/01/1969", "1969-01-23"),
            ("dd/mm/1969", "1969"),
            ("dd/01/1969", "1969-01"),
            ("00/00/1969", "1969"),
            ("02 Feb 1961", "1961-02-02"),
            ("2 February 1961", "1961-02-02"),
            ("Feb 1961", "1961-02"),
            ("circa 1961", "1961~"),
            ("Approximately 1961", "1961~"),
            ("1961 to 1963", "1961/1963"),
            ("Between 1961 and 1963", "1961/1963"),
            ("01 Jan 1961 to 31 Dec 1963", "1961/1963"),
            ("circa 1961-1963", "1961/1963~"),
            ("31/02/1961", "1961-02"),
        ] {
            assert_eq!(birth_date(text).map(|date| date.to_string()).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "unknown", "12/03/61", "40-45 years old", "12/11/1382 (Hijri)"] {
            assert_eq!(birth_date(text), None, "{text}");
        }
    }
}
