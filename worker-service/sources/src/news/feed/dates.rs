//! Parses the dates of feeds, in the forms that publishers use.

use domain::time::UtcTime;
use jiff::{Timestamp, civil, fmt::rfc2822, tz::TimeZone};

/// The English names of months, with the abbreviation that RFC 2822 has.
const MONTHS: [(&str, &str); 13] = [
    ("january", "Jan"),
    ("february", "Feb"),
    ("march", "Mar"),
    ("april", "Apr"),
    ("may", "May"),
    ("june", "Jun"),
    ("july", "Jul"),
    ("august", "Aug"),
    ("september", "Sep"),
    ("sept", "Sep"),
    ("october", "Oct"),
    ("november", "Nov"),
    ("december", "Dec"),
];

/// Maximum length of a date, in bytes.
const DATE_MAX: usize = 80;

/// Parses a date of RFC 2822 or RFC 3339, also without time zone (then it is UTC) or without time of day, and
/// with a weekday in any language. Returns `None` for any other text.
pub(super) fn parse(text: &str) -> Option<UtcTime> {
    let text = text.trim();
    if text.is_empty() || text.len() > DATE_MAX {
        return None;
    }
    let at = iso(text).or_else(|| mail(text))?;
    Some(UtcTime::from_epoch_millis(at.as_millisecond()))
}

/// Parses a date of RFC 3339 or ISO 8601.
fn iso(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let local: civil::DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(local).ok()
    })
}

/// Parses a date of RFC 2822. Its weekday is not looked at.
fn mail(text: &str) -> Option<Timestamp> {
    let text = text.split_once(", ").map_or(text, |(_, date)| date).trim_start();
    let words: Vec<&str> = text
        .split_whitespace()
        .map(|word| {
            let name = word.trim_end_matches(['.', ',']);
            MONTHS
                .iter()
                .find(|(month, short)| name.eq_ignore_ascii_case(month) || name.eq_ignore_ascii_case(short))
                .map_or(word, |(_, short)| short)
        })
        .collect();
    let date = words.join(" ");
    let complete = match words.len() {
        3 => format!("{date} 00:00 GMT"),
        4 => format!("{date} GMT"),
        // "UTC" and "Z" are no zones of RFC 2822.
        5 if matches!(words[4], "UTC" | "Z" | "z" | "utc") => format!("{} GMT", words[..4].join(" ")),
        _ => date,
    };
    rfc2822::DateTimeParser::new().parse_timestamp(&complete).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_of_many_forms_are_parsed() {
        for text in [
            "Mon, 05 Jan 2026 12:00:00 GMT",
            "Mon, 5 Jan 2026 14:00:00 +0200",
            "5 January 2026 12:00 UTC",
            "Fri, 05 Jan 2026 12:00:00 Z",
            "lun., 5 jan. 2026 13:00:00 +0100",
            "05 Jan 2026 12:00:00",
            "Mon, 05 Jan 2026 07:00:00 EST",
            "2026-01-05T12:00:00Z",
            "2026-01-05T13:00:00.250+01:00",
            "2026-01-05 12:00:00",
            "5 Jan 2026",
            "2026-01-05",
        ] {
            let date = parse(text).unwrap_or_else(|| panic!("{text}"));
            assert!(date.to_string().starts_with("2026-01-05T"), "{text}: {date}");
        }
    }

    #[test]
    fn other_texts_are_no_dates() {
        for text in
            ["", "yesterday", "5 févr. 2026 12:00:00 +0100", "32 Jan 2026", "令和8年1月5日", "05/01/2026"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"9".repeat(10_000)), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,60}|[0-9]{1,2} [A-Z][a-z]{2} [0-9]{1,6} [0-9:+A-Z ]{0,20}") {
            let _ = parse(&text);
        }
    }
}
