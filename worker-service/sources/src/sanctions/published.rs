//! When a list was published: the date that the list states, or else the date of its file.

use std::time::Duration;

use domain::time::UtcTime;

/// Tolerance for a date in the future: publishers write dates in their own time zone, up to 14 hours ahead of
/// UTC, and clocks differ.
const AHEAD_MAX: Duration = Duration::from_secs(24 * 3600);

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Parses a date in one of the notations of the publishers: RFC 3339 (UN, EU as XML), the same without a time
/// zone or a time (OpenSanctions), `20/11/2026` (EU as CSV, UK) and `20-Nov-2026` (UK). A date without a time
/// is midnight in UTC. Returns `None` for anything else.
pub(super) fn parse(text: &str) -> Option<UtcTime> {
    let text = text.trim();
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    if text.contains('T') {
        return format!("{text}Z").parse().ok();
    }
    let parts: Vec<&str> = text.split(['-', '/', ' ', '.']).filter(|part| !part.is_empty()).collect();
    let [first, month, last] = parts.as_slice() else { return None };
    let (year, day) = if first.len() == 4 { (first, last) } else { (last, first) };
    let (year, day): (u16, u8) = (year.parse().ok()?, day.parse().ok()?);
    let month = match month.parse::<usize>() {
        Ok(number) => number,
        Err(_) => {
            let start = month.get(..3)?.to_lowercase();
            1 + MONTHS.iter().position(|name| *name == start)?
        }
    };
    format!("{year:04}-{month:02}-{day:02}T00:00:00Z").parse().ok()
}

/// Returns when a list was published: the date that it states, or else the time at which its file was last
/// modified. Ignores dates in the future, which are wrong or misread.
pub(super) fn published_at(stated: Option<&str>, modified: Option<UtcTime>, now: UtcTime) -> Option<UtcTime> {
    let is_past = |time: &UtcTime| *time <= now.plus(AHEAD_MAX);
    let stated = stated.and_then(parse).filter(is_past);
    // As a time of publication, a later time than now says no more than now.
    stated.or(modified.filter(is_past)).map(|time| time.min(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> UtcTime {
        text.parse().unwrap()
    }

    #[test]
    fn the_notations_of_all_publishers_are_read() {
        for (text, expected) in [
            ("2026-11-20T23:00:02.141Z", "2026-11-20T23:00:02.141Z"),
            ("2026-11-20T15:51:25.849+01:00", "2026-11-20T14:51:25.849Z"),
            ("2026-11-20T06:13:02", "2026-11-20T06:13:02Z"),
            ("2026-11-20", "2026-11-20T00:00:00Z"),
            ("20/11/2026", "2026-11-20T00:00:00Z"),
            ("20-Nov-2026", "2026-11-20T00:00:00Z"),
            ("4 November 2026", "2026-11-04T00:00:00Z"),
        ] {
            assert_eq!(parse(text), Some(time(expected)), "{text}");
        }
        for text in
            ["", "yesterday", "31/02/2026", "2026", "20/Nov", "1/2/3/4", "ＮＯＶ 1 2026", "99/99/2026"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_stated_date_wins_over_that_of_the_file_unless_it_is_in_the_future() {
        let now = time("2026-11-28T12:00:00Z");
        let modified = Some(time("2026-11-27T00:00:00Z"));
        assert_eq!(published_at(Some("20-Nov-2026"), modified, now), Some(time("2026-11-20T00:00:00Z")));
        assert_eq!(published_at(None, modified, now), modified);
        assert_eq!(published_at(Some("soon"), modified, now), modified);
        assert_eq!(published_at(Some("2027-01-01"), modified, now), modified);
        assert_eq!(published_at(Some("2027-01-01"), None, now), None);
        // A publisher in another time zone is already in the next day.
        assert_eq!(published_at(Some("29/11/2026"), None, now), Some(now));
    }
}
