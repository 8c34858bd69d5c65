//! Numbers and dates in a text, in a form in which those of a claim can be looked for in its proof.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

/// The numbers in a text, without separators and leading zeros, so that 5,000,000 is 5.000.000 and the
/// fifth is 05. Digits behind a letter are part of a name, such as E1.
pub(super) fn numbers(text: &str) -> BTreeSet<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut numbers = BTreeSet::new();
    let mut at = 0;
    while at < characters.len() {
        let Some(first) = digit(characters[at]) else {
            at += 1;
            continue;
        };
        let named = at > 0 && characters[at - 1].is_alphabetic() && characters[at - 1].is_ascii();
        let mut number = String::from(first);
        at += 1;
        while let Some(c) = characters.get(at) {
            let separates = matches!(c, '.' | ',' | '\'' | '’' | '\u{a0}' | '\u{202f}');
            let next = if separates { characters.get(at + 1).copied() } else { Some(*c) };
            let Some(next) = next.and_then(digit) else { break };
            number.push(next);
            at += 1 + usize::from(separates);
        }
        if !named {
            let bare = number.trim_start_matches('0');
            numbers.insert(if bare.is_empty() { "0".to_owned() } else { bare.to_owned() });
        }
    }
    numbers
}

fn digit(c: char) -> Option<char> {
    match c {
        '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(c) - 0xff10, 10),
        _ => c.is_ascii_digit().then_some(c),
    }
}

/// A date that a text names: to the day, or to the month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Date {
    pub(super) year: u16,
    pub(super) month: u8,
    pub(super) day: Option<u8>,
}

impl Date {
    /// Whether `proof` says as much: the same day, or the month of which the claim names no day.
    pub(super) fn stands_in(self, proof: &BTreeSet<Self>) -> bool {
        proof.iter().any(|known| {
            (known.year, known.month) == (self.year, self.month)
                && (self.day.is_none() || known.day == self.day)
        })
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)?;
        self.day.map_or(Ok(()), |day| write!(f, "-{day:02}"))
    }
}

/// The beginnings of the months' names, in the languages of most news; enough letters that no other
/// month of any of them begins so.
const MONTHS: [&[&str]; 12] = [
    &["jan", "gen", "ene", "янв", "січ", "sty", "oca"],
    &["feb", "fév", "fev", "feв", "фев", "лют", "lut", "şub"],
    &["mar", "mär", "maa", "мар", "бер"],
    &["apr", "avr", "abr", "апр", "кві", "kwi", "nis"],
    &["may", "mai", "mag", "mei", "maj", "мая", "май", "тра"],
    &["jun", "juin", "giu", "июн", "чер", "cze", "haz"],
    &["jul", "juil", "lug", "июл", "лип", "lip", "tem"],
    &["aug", "aoû", "aou", "ago", "авг", "сер", "sie", "ağu"],
    &["sep", "set", "сен", "вер", "wrz", "eyl"],
    &["oct", "okt", "ott", "out", "окт", "жов", "paź", "eki"],
    &["nov", "ноя", "lis", "kas"],
    &["dec", "dez", "déc", "dic", "дек", "гру", "gru", "ara"],
];

fn month(name: &str) -> Option<u8> {
    let name = name.to_lowercase();
    // The longest beginning wins: juin and juil before jun and jul, lis before nothing.
    let fits = MONTHS.iter().enumerate().flat_map(|(index, names)| {
        names.iter().filter(|known| name.starts_with(**known)).map(move |known| (known.len(), index))
    });
    let (_, index) = fits.max()?;
    u8::try_from(index + 1).ok()
}

/// One of the ways in which dates are written. A pattern names its groups `y`, `m` (a number) or `n` (a name), and `d`.
static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        r"(?P<y>[12]\d{3})[-/.年]\s?(?P<m>\d{1,2})[-/.月]\s?(?P<d>\d{1,2})(?:\D|$)",
        r"(?P<y>[12]\d{3})\s?[年년]\s?(?P<m>\d{1,2})\s?[月월](?:\s?(?P<d>\d{1,2})\s?[日일号])?",
        r"(?:^|\D)(?P<d>\d{1,2})(?:st|nd|rd|th|er|º|\.)?\s(?:de\s|of\s)?(?P<n>\p{L}{3,12})\.?,?\s(?:de\s|del\s)?(?P<y>[12]\d{3})",
        r"(?P<n>\p{L}{3,12})\.?\s(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s(?P<y>[12]\d{3})",
        r"(?P<n>\p{L}{3,12})\.?,?\s(?:de\s|of\s)?(?P<y>[12]\d{3})",
        r"(?:^|\D)(?P<y>[12]\d{3})-(?P<m>\d{2})(?:[^-\d]|$)",
    ];
    #[expect(clippy::expect_used, reason = "the patterns are part of the program and a test uses them")]
    patterns.iter().map(|pattern| Regex::new(pattern).expect("a pattern is valid")).collect()
});

/// The dates that a text names.
pub(super) fn dates(text: &str) -> BTreeSet<Date> {
    let text: String = text.chars().map(|c| digit(c).unwrap_or(c)).collect();
    let mut dates = BTreeSet::new();
    for pattern in PATTERNS.iter() {
        for found in pattern.captures_iter(&text) {
            let number = |group: &str| found.name(group).and_then(|found| found.as_str().parse::<u16>().ok());
            let named = found.name("n").and_then(|name| month(name.as_str()));
            let month = named.or_else(|| number("m").and_then(|month| u8::try_from(month).ok()));
            let day = number("d").and_then(|day| u8::try_from(day).ok());
            let (Some(year), Some(month @ 1..=12)) = (number("y"), month) else { continue };
            if day.is_none_or(|day| (1..=31).contains(&day)) {
                dates.insert(Date { year, month, day });
            }
        }
    }
    dates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_without_their_separators() {
        assert_eq!(
            numbers("1.234.567,89 or 1,234; Q3, 2026-01-05"),
            ["1", "1234", "123456789", "2026", "5"].map(str::to_owned).into()
        );
    }

    #[test]
    fn dates_are_read_as_they_are_written_around_the_world() {
        for text in [
            "2024-03-12",
            "2024/3/12",
            "12 March 2024",
            "12th of March 2024",
            "March 12, 2024",
            "Mar. 12 2024",
            "12. März 2024",
            "12 mars 2024",
            "12 de marzo de 2024",
            "12 марта 2024",
            "2024年3月12日",
            "２０２４年３月１２日",
            "2024년 3월 12일",
            "2024-03-12T10:00:00.000Z",
        ] {
            let wanted = Date { year: 2024, month: 3, day: Some(12) };
            assert!(dates(text).contains(&wanted), "{text}: {:?}", dates(text));
        }
        for text in ["March 2024", "in marzo 2024", "2024年3月", "2024-03"] {
            assert!(dates(text).contains(&Date { year: 2024, month: 3, day: None }), "{text}");
        }
        for none in ["the company 2024", "call 2024", "number 99-2024-13-45", ""] {
            assert_eq!(dates(none), BTreeSet::new(), "{none}");
        }
    }

    #[test]
    fn a_month_is_proven_by_a_day_in_it_and_a_day_by_nothing_else() {
        let proof = dates("It was fined on 12 March 2024.");
        assert!(dates("March 2024").iter().all(|date| date.stands_in(&proof)));
        assert!(dates("2024-03-12").iter().all(|date| date.stands_in(&proof)));
        assert!(!dates("13 March 2024").iter().all(|date| date.stands_in(&proof)));
        assert!(!dates("12 April 2024").iter().all(|date| date.stands_in(&proof)));
        assert!(!dates("12 March 2024").iter().all(|date| date.stands_in(&dates("March 2024"))));
    }
}
