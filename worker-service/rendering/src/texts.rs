//! Small helpers for the texts of a report: shortening, dates and ages.

use domain::{language::Words, time::UtcTime};

const HOUR: u64 = 3600;
/// From this number of hours on, an age is given in days.
const DAYS_FROM: u64 = 48;

/// Returns the width of `text` in half-width columns: a wide East Asian character takes two.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

fn is_wide(c: char) -> bool {
    matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff01..=0xff60 | 0xffe0..=0xffe6 | 0x2_0000..=0x3_ffff)
}

/// Returns `text` on one line and cut to `max` columns. A cut is at a word boundary if there is one nearby, and marked
/// by an ellipsis.
pub(super) fn shortened(text: &str, max: usize) -> String {
    let line = on_one_line(text);
    if columns(&line) <= max {
        return line;
    }
    let mut cut = beginning(&line, max.saturating_sub(1)).trim_end().to_owned();
    cut.push('…');
    cut
}

/// Returns whether [`shortened`] cuts `text`.
pub(super) fn is_longer(text: &str, max: usize) -> bool {
    columns(&on_one_line(text)) > max
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the longest beginning of `text` that is no wider than `max` columns. It ends at a word boundary if there is
/// one in its second half.
pub(super) fn beginning(text: &str, max: usize) -> &str {
    let mut width = 0;
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        width += if is_wide(c) { 2 } else { 1 };
        if width > max {
            end = at;
            break;
        }
    }
    if end == text.len() {
        return text;
    }
    let cut = text.get(..end).unwrap_or_default();
    let is_boundary = text.get(end..).is_some_and(|rest| rest.starts_with(char::is_whitespace));
    let space = if is_boundary { None } else { cut.rfind(char::is_whitespace) };
    space.filter(|space| *space > end / 2).and_then(|space| cut.get(..space)).unwrap_or(cut)
}

/// Returns the longest end of `text` that is no wider than `max` columns. It begins at a word boundary if there is one
/// in its first half.
pub(super) fn ending(text: &str, max: usize) -> &str {
    let mut width = 0;
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        width += if is_wide(c) { 2 } else { 1 };
        if width > max {
            break;
        }
        start = at;
    }
    if start == 0 {
        return text;
    }
    let cut = text.get(start..).unwrap_or_default();
    let space = cut.find(char::is_whitespace).filter(|space| *space < cut.len() / 2);
    space.and_then(|space| cut.get(space..)).unwrap_or(cut).trim_start()
}

/// Returns the age of something of the time `then`, at `now`, in words.
pub(super) fn age(then: UtcTime, now: UtcTime, words: &Words) -> String {
    let hours = now.since(then).as_secs() / HOUR;
    let count = |key, count: u64| words.fill(key, &[("count", &count.to_string())]);
    match hours {
        0 => words.text("ages.under_hour").to_owned(),
        1 => words.text("ages.hour").to_owned(),
        hours if hours < DAYS_FROM => count("ages.hours", hours),
        hours => count("ages.days", hours / 24),
    }
}

/// Formats a date as a source writes it (`2018-01-05`, `2018-01` or `2018`). Another text is returned as it is.
pub(super) fn date(text: &str, words: &Words) -> String {
    let time = |text: String| text.parse::<UtcTime>().ok();
    match text.len() {
        10 => time(format!("{text}T00:00:00Z")).map(|time| words.day(time)),
        7 => time(format!("{text}-01T00:00:00Z")).map(|time| words.month(time)),
        _ => None,
    }
    .unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use domain::language::Language;

    use super::*;

    #[test]
    fn texts_are_cut_at_words_and_by_the_width_of_their_characters() {
        assert_eq!(shortened("one two  three", 20), "one two three");
        assert_eq!(shortened("one two three four", 14), "one two three…");
        assert_eq!(shortened("one two three four", 12), "one two…");
        assert_eq!(shortened("検査データの不正", 9), "検査デー…");
        assert_eq!(shortened("https://a.example/very/long", 10), "https://a…");
        assert_eq!(ending("The court fined it. It appealed.", 14), "It appealed.");
        assert_eq!(ending("short", 14), "short");
        assert_eq!((beginning("", 3), ending("", 3)), ("", ""));
    }

    #[test]
    fn ages_and_dates_are_in_the_language_of_the_report() {
        let [en, ja] = ["en", "ja"].map(|tag| Language::find(tag).unwrap().base_words());
        let now: UtcTime = "2026-11-28T12:00:00Z".parse().unwrap();
        for (then, english, japanese) in [
            ("2026-11-28T11:30:00Z", "under 1 hour", "1時間未満"),
            ("2026-11-28T10:30:00Z", "1 hour", "1時間"),
            ("2026-11-27T10:00:00Z", "26 hours", "26時間"),
            ("2026-11-20T12:00:00Z", "8 days", "8日"),
            ("2026-11-29T12:00:00Z", "under 1 hour", "1時間未満"),
        ] {
            let then = then.parse().unwrap();
            assert_eq!((age(then, now, en).as_str(), age(then, now, ja).as_str()), (english, japanese));
        }
        assert_eq!(
            (date("2018-01-05", en).as_str(), date("2018-01", ja).as_str()),
            ("5 January 2018", "2018年1月")
        );
        assert_eq!((date("2018", en).as_str(), date("2018-13-77", en).as_str()), ("2018", "2018-13-77"));
    }
}
