//! Extracts the dates in a text, normalized so that the dates in a claim can be compared with those in its
//! evidence.

use std::{collections::BTreeSet, fmt, sync::LazyLock};

use regex::Regex;

use super::digits::{pattern, with_ascii_digits};

/// A date with the precision of a day or a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Date {
    pub(super) year: u16,
    pub(super) month: u8,
    pub(super) day: Option<u8>,
}

impl Date {
    /// Returns whether `proof` contains the same day, or any day of the month if the date names no day.
    pub(super) fn is_in(self, proof: &BTreeSet<Self>) -> bool {
        proof.iter().any(|known| {
            (known.year, known.month) == (self.year, self.month)
                && (self.day.is_none() || known.day == self.day)
        })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)?;
        self.day.map_or(Ok(()), |day| write!(f, "-{day:02}"))
    }
}

/// Names and abbreviations of the months, in the languages of most news: English, German, French, Spanish,
/// Italian, Portuguese, Dutch, Polish, Russian, Ukrainian, Turkish.
const MONTHS: [&str; 12] = [
    "january jan januar jänner janvier janv enero ene gennaio gen janeiro januari stycznia styczeń января январь янв січня ocak",
    "february feb februar février févr febrero febbraio fevereiro fev februari lutego luty февраля февраль фев лютого şubat",
    "march mar märz mrz mars marzo março maart marca marzec марта март мар березня mart",
    "april apr avril avr abril abr aprile kwietnia kwiecień апреля апрель апр квітня nisan",
    "may mai mayo maggio mag maio mei maja maj мая май травня mayıs",
    "june jun juni juin junio giugno giu junho czerwca czerwiec июня июнь июн червня haziran",
    "july jul juli juillet juil julio luglio lug julho lipca lipiec июля июль июл липня temmuz",
    "august aug août aout agosto ago augustus sierpnia sierpień августа август авг серпня ağustos",
    "september sept sep septembre septiembre settembre set setembro września wrzesień сентября сентябрь сен вересня eylül",
    "october oct oktober okt octobre octubre ottobre ott outubro out października październik октября октябрь окт жовтня ekim",
    "november nov novembre noviembre novembro listopada listopad ноября ноябрь ноя листопада kasım",
    "december dec dezember dez décembre déc diciembre dic dicembre dezembro grudnia grudzień декабря декабрь дек грудня aralık",
];

fn month(name: &str) -> Option<u8> {
    let name = name.to_lowercase();
    let index = MONTHS.iter().position(|names| names.split(' ').any(|known| known == name))?;
    u8::try_from(index + 1).ok()
}

/// Patterns of written dates. Each names its groups `y` (year), `m` (month as a number) or `n` (month as a
/// name), and `d` (day).
static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"(?:^|\D)(?P<y>[12]\d{3})[-/.年]\s?(?P<m>\d{1,2})[-/.月]\s?(?P<d>\d{1,2})(?:\D|$)",
        r"(?:^|\D)(?P<y>[12]\d{3})\s?[年년]\s?(?P<m>\d{1,2})\s?[月월](?:\s?(?P<d>\d{1,2})\s?[日일号])?",
        r"(?:^|\D)(?P<d>\d{1,2})(?:st|nd|rd|th|er|º|\.)?\s(?:de\s|of\s)?(?P<n>\p{L}{3,12})\.?,?\s(?:de\s|del\s)?(?P<y>[12]\d{3})(?:\D|$)",
        r"(?:^|\P{L})(?P<n>\p{L}{3,12})\.?\s(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s(?P<y>[12]\d{3})(?:\D|$)",
        r"(?:^|\P{L})(?P<n>\p{L}{3,12})\.?,?\s(?:de\s|of\s)?(?P<y>[12]\d{3})(?:\D|$)",
        r"(?:^|\D)(?P<y>[12]\d{3})-(?P<m>\d{2})(?:[^-\d]|$)",
        r"(?:^|[^\d./])(?P<d>\d{1,2})[./](?P<m>\d{1,2})[./](?P<y>[12]\d{3})(?:\D|$)",
    ]
    .map(pattern)
    .into()
});

/// Returns the dates in `text`. A date that can be read in two ways, such as 3/4/2024, is included in both.
pub(super) fn dates(text: &str) -> BTreeSet<Date> {
    readings_of_dates(text).into_iter().flatten().collect()
}

/// Returns each date in `text`, with all the ways to read it.
pub(super) fn readings_of_dates(text: &str) -> Vec<Vec<Date>> {
    let text = with_ascii_digits(text);
    let mut dates = Vec::new();
    for pattern in PATTERNS.iter() {
        for found in pattern.captures_iter(&text) {
            let number = |group: &str| found.name(group).and_then(|found| found.as_str().parse::<u16>().ok());
            let small = |number: u16| u8::try_from(number).ok();
            let named = found.name("n").map(|name| month(name.as_str()));
            let month = named.unwrap_or_else(|| number("m").and_then(small));
            let (Some(year), Some(month), day) = (number("y"), month, number("d").and_then(small)) else {
                continue;
            };
            let swapped = found[0].contains('/').then_some((day, Some(month)));
            let readings: Vec<Date> = [Some((Some(month), day)), swapped]
                .into_iter()
                .flatten()
                .filter_map(|(month, day)| Some(Date { year, month: month?, day }))
                .filter(|date| {
                    (1..=12).contains(&date.month) && date.day.is_none_or(|day| (1..=31).contains(&day))
                })
                .collect();
            if !readings.is_empty() {
                dates.push(readings);
            }
        }
    }
    dates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_the_formats_of_many_countries() {
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
            "12.03.2024",
            "12/03/2024",
            "03/12/2024",
        ] {
            let expected = Date { year: 2024, month: 3, day: Some(12) };
            assert!(dates(text).contains(&expected), "{text}: {:?}", dates(text));
        }
        for text in ["March 2024", "in marzo 2024", "2024年3月", "2024-03"] {
            assert!(dates(text).contains(&Date { year: 2024, month: 3, day: None }), "{text}");
        }
        for text in [
            "the company 2024",
            "call 2024",
            "number 99-2024-13-45",
            "a major 2023 data breach",
            "a separate 2021 case",
            "its outstanding 2022 accounts",
            "it maintained 1500 employees",
            "it generated 12000 jobs",
            "May 20245",
            "",
        ] {
            assert_eq!(dates(text), BTreeSet::new(), "{text}");
        }
    }

    #[test]
    fn a_day_proves_its_month_and_a_month_proves_no_day() {
        let proof = dates("It was fined on 12 March 2024.");
        assert!(dates("March 2024").iter().all(|date| date.is_in(&proof)));
        assert!(dates("2024-03-12").iter().all(|date| date.is_in(&proof)));
        assert!(!dates("13 March 2024").iter().all(|date| date.is_in(&proof)));
        assert!(!dates("12 April 2024").iter().all(|date| date.is_in(&proof)));
        assert!(!dates("12 March 2024").iter().all(|date| date.is_in(&dates("March 2024"))));
    }
}
