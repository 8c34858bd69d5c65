//! Numbers and dates in a text, in a form in which those of a claim can be looked for in its proof.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

/// A number of a claim. It is proven where one of its readings stands in the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// As the claim has it.
    written: String,
    /// With what multiplies it, such as million; the number itself where nothing does.
    value: String,
    /// Without.
    bare: String,
}

/// The numbers of a proof.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    /// With what multiplies them.
    values: BTreeSet<String>,
    /// Those that nothing known multiplies.
    bare: BTreeSet<String>,
}

impl Number {
    /// Whether the proof has it: as a value, or as it is where the proof multiplies it by a word that is not known here.
    pub(super) fn stands_in(&self, proof: &Numbers) -> bool {
        proof.values.contains(&self.value) || proof.bare.contains(&self.bare)
    }

    /// As the claim has it.
    pub(super) fn written(&self) -> &str {
        &self.written
    }
}

impl Numbers {
    /// Adds the numbers of `text`, those that are part of a name included.
    pub(super) fn add(&mut self, text: &str) {
        for found in read(text) {
            for bare in found.readings {
                if found.zeros == 0 {
                    self.bare.insert(bare.clone());
                }
                self.values.insert(multiplied(&bare, found.zeros));
            }
        }
    }

    /// Adds a number that is known from elsewhere.
    pub(super) fn add_count(&mut self, count: usize) {
        self.values.insert(count.to_string());
    }
}

/// The numbers that a claim makes. Digits behind a letter are part of a name, such as E1, unless the letters are a currency.
pub(super) fn numbers(text: &str) -> Vec<Number> {
    let mut numbers = Vec::new();
    for found in read(text).into_iter().filter(|found| !found.named) {
        // A date, an address or a version is as many numbers as it has parts.
        let parts = if found.is_one { &found.readings[..1] } else { &found.readings[..] };
        numbers.extend(parts.iter().map(|bare| Number {
            written: if found.is_one { found.written.clone() } else { bare.clone() },
            value: multiplied(bare, found.zeros),
            bare: bare.clone(),
        }));
    }
    numbers
}

/// A run of digits and separators.
struct Found {
    written: String,
    /// The number, or its parts where it is none; behind a number, other ways to read it.
    readings: Vec<String>,
    /// Whether it is one number.
    is_one: bool,
    /// Zeros that a word behind it stands for.
    zeros: usize,
    /// Whether it is part of a name.
    named: bool,
}

static RUN: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d+(?:[.,'’/:\- \u{a0}\u{202f}]\d+)*"));

/// Letters before digits that are money and no name.
static CURRENCY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[^A-Za-z])(?:EUR|USD|GBP|JPY|CHF|CNY|RMB|HKD|SGD|AUD|CAD|NZD|INR|KRW|SEK|NOK|DKK|PLN|CZK|TRY|RUB|AED|SAR|ZAR|BRL|MXN|RM|Rs|kr|zł|R)$",
    )
});

/// What multiplies a number, right behind it: the words of most news, with the zeros that they stand for.
static MULTIPLIERS: LazyLock<Vec<(Regex, usize)>> = LazyLock::new(|| {
    [
        (r"^\s?(?:(?:trillion|tn|billones)\b|兆|조)", 12),
        (
            r"^\s?(?:billions?|bn|milliarden?|mrd|milliards?|miliardi|miliard\w*|mil millones|bilh\w+|млрд|миллиард\w*|مليار)\b",
            9,
        ),
        (r"^\s?(?:億|亿|억)", 8),
        (r"^\s?(?:千万)", 7),
        (
            r"^\s?(?:(?:millions?|mn|mln|mio|millionen|millones|millón|milioni|milione|milh\w+|milion\w*|млн|миллион\w*|مليون)\b|百万)",
            6,
        ),
        (r"^m\b", 6),
        (r"^\s?(?:万|萬|만)", 4),
        (r"^\s?(?:(?:thousand|tausend|tsd|mille|mil|тыс\w*|ألف)\b|千|천)", 3),
        (r"^k\b", 3),
    ]
    .map(|(word, zeros)| (pattern(&format!("(?i){word}")), zeros))
    .into()
});

fn pattern(pattern: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "the patterns are part of the program and a test uses them")]
    Regex::new(pattern).expect("a pattern is valid")
}

fn read(text: &str) -> Vec<Found> {
    let text: String = text.chars().map(|c| digit(c).unwrap_or(c)).collect();
    RUN.find_iter(&text)
        .map(|run| {
            let (before, after) = (&text[..run.start()], &text[run.end()..]);
            let named = before.ends_with(|c: char| c.is_ascii_alphabetic()) && !CURRENCY.is_match(before);
            let zeros =
                MULTIPLIERS.iter().find(|(word, _)| word.is_match(after)).map_or(0, |(_, zeros)| *zeros);
            let (readings, is_one) = readings(run.as_str());
            Found { written: run.as_str().to_owned(), readings, is_one, zeros, named }
        })
        .collect()
}

/// The ways to read a run, without leading zeros: 5,000,000 is 5.000.000 and 5 000 000, and 1,5 is 1.5.
fn readings(run: &str) -> (Vec<String>, bool) {
    let is_separator = |c: char| !c.is_ascii_digit();
    let groups: Vec<&str> = run.split(is_separator).collect();
    let separators: Vec<char> =
        run.chars().filter(|c| is_separator(*c)).map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let parts = || groups.iter().map(|group| plain(group, "")).collect::<Vec<_>>();
    let (Some(first), Some(last)) = (separators.first(), separators.last()) else {
        return (parts(), true);
    };
    let thousands = |groups: &[&str]| {
        (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|group| group.len() == 3)
    };
    let groups_by = |c: &char| matches!(c, '.' | ',' | '\'' | '’' | ' ');
    let alike = separators.iter().all(|separator| separator == first);
    if alike && groups_by(first) && thousands(&groups) {
        // 1.234 is a number with three decimals, too, and 5 100 may be two numbers.
        let mut readings = vec![plain(&groups.concat(), "")];
        if groups.len() == 2 && matches!(first, '.' | ',') {
            readings.push(plain(groups[0], groups[1]));
        }
        readings.extend(if *first == ' ' { parts() } else { Vec::new() });
        return (readings, true);
    }
    let (whole, decimals) = groups.split_at(groups.len() - 1);
    let before_last = &separators[..separators.len() - 1];
    let grouped = whole.len() == 1
        || (thousands(whole)
            && before_last
                .iter()
                .all(|separator| groups_by(separator) && separator == first && separator != last));
    if matches!(last, '.' | ',') && grouped {
        return (vec![plain(&whole.concat(), decimals[0])], true);
    }
    (parts(), false)
}

/// A number without zeros that say nothing.
fn plain(whole: &str, decimals: &str) -> String {
    let (whole, decimals) = (whole.trim_start_matches('0'), decimals.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") }
}

/// `number` with so many `zeros` more.
fn multiplied(number: &str, zeros: usize) -> String {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    if zeros == 0 {
        return number.to_owned();
    }
    let moved = decimals.len().min(zeros);
    plain(&format!("{whole}{}{}", &decimals[..moved], "0".repeat(zeros - moved)), &decimals[moved..])
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

/// The months' names and their abbreviations, in the languages of most news: English, German, French, Spanish, Italian,
/// Portuguese, Dutch, Polish, Russian, Ukrainian, Turkish.
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

/// The ways in which dates are written. A pattern names its groups `y`, `m` (a number) or `n` (a name), and `d`.
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

/// The dates that a text names. What can be read in two ways, as 3/4/2024, is there in both.
pub(super) fn dates(text: &str) -> BTreeSet<Date> {
    readings_of_dates(text).into_iter().flatten().collect()
}

/// Each date that a text names, in the ways in which it can be read.
pub(super) fn readings_of_dates(text: &str) -> Vec<Vec<Date>> {
    let text: String = text.chars().map(|c| digit(c).unwrap_or(c)).collect();
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

    fn proves(proof: &str, claim: &str) -> bool {
        let mut proven = Numbers::default();
        proven.add(proof);
        numbers(claim).iter().all(|number| number.stands_in(&proven))
    }

    #[test]
    fn a_number_is_proven_however_it_is_written() {
        for (proof, claim) in [
            ("fined 5,000,000 euros", "fined 5 million euros"),
            ("fined 5 million euros", "fined 5,000,000 euros"),
            ("fined 5 000 000 euros", "fined 5,000,000"),
            ("fined 5.000.000 Euro", "5'000'000"),
            ("fined 4.2bn dollars", "4,200 million"),
            ("EUR5m and RM12 million", "EUR 5 million and RM 12 million"),
            ("罰金500万ユーロ", "fined 5 million euros"),
            ("fined 5 million euros", "罰金500万ユーロ"),
            ("1.50 per cent", "1,5 %"),
            ("５００人", "500 people"),
            ("fined 5 miljoner kronor", "fined 5 million kronor"),
            ("on 12.03.2024", "on 12 March 2024"),
            ("the A320 and E1", "320 aircraft"),
            ("version 1.2.3 of 10.0.0.1", "10, 0, 1, 2 and 3"),
        ] {
            assert!(proves(proof, claim), "{proof} / {claim}: {:?}", numbers(claim));
        }
    }

    #[test]
    fn another_number_is_not_proven() {
        for (proof, claim) in [
            ("fined 1.5 million", "fined 15 million"),
            ("fined 5 thousand", "fined 5 million"),
            ("fined 5 million", "fined 5 billion"),
            ("fined 8.0 million", "fined 80 million"),
            ("fined 5,000", "fined 5,000,000"),
            ("nothing", "EUR7m"),
            ("in 2024", "in 2025"),
            ("E1 has nothing", "7 cases"),
        ] {
            assert!(!proves(proof, claim), "{proof} / {claim}");
        }
        assert!(proves("nothing", "see E1 and Q3"), "names are no numbers");
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
            "12.03.2024",
            "12/03/2024",
            "03/12/2024",
        ] {
            let wanted = Date { year: 2024, month: 3, day: Some(12) };
            assert!(dates(text).contains(&wanted), "{text}: {:?}", dates(text));
        }
        for text in ["March 2024", "in marzo 2024", "2024年3月", "2024-03"] {
            assert!(dates(text).contains(&Date { year: 2024, month: 3, day: None }), "{text}");
        }
        for none in [
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
