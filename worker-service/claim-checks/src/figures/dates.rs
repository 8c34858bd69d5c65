//! Reads the dates and years in a text.

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use regex::{Captures, Regex};

/// A date, as precisely as a text gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// The year; `None` in "on 12 March".
    pub year: Option<u16>,
    /// The month, from 1.
    pub month: Option<u8>,
    /// The day of the month, from 1.
    pub day: Option<u8>,
}

impl Date {
    /// Returns whether both dates can be the same day, as far as they are given, and `self` says no more than
    /// `proof` does.
    pub(crate) fn is_proven_by(self, proof: Self) -> bool {
        (self.year.is_none() || self.year == proof.year)
            && (self.month.is_none() || self.month == proof.month)
            && (self.day.is_none() || self.day == proof.day)
    }

    /// Returns whether both dates can be the same day, as far as they are given.
    pub(crate) fn may_be(self, other: Self) -> bool {
        fn agree<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
            a.is_none() || b.is_none() || a == b
        }
        agree(self.year, other.year) && agree(self.month, other.month) && agree(self.day, other.day)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.year, self.month) {
            (Some(year), Some(month)) => write!(f, "{year:04}-{month:02}")?,
            (Some(year), None) => write!(f, "{year:04}")?,
            (None, Some(month)) => write!(f, "--{month:02}")?,
            (None, None) => {}
        }
        self.day.map_or(Ok(()), |day| write!(f, "-{day:02}"))
    }
}

/// A date in a text, with the ways to read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DateMention {
    /// The first byte.
    pub(crate) start: usize,
    /// The byte after the last.
    pub(crate) end: usize,
    /// The ways to read it: 3/4/2024 is in March or in April.
    pub(crate) readings: Vec<Date>,
}

/// Names and abbreviations of the months, in folded form, in the languages of most news. "word*" matches every word
/// that begins with "word", for languages that decline names.
const MONTHS: [&str; 12] = [
    "january jan januar jänner janvier janv enero ene gennaio gen janeiro januari stycznia styczeń styczniu январ* янв січн* ocak* يناير ledna leden januára ianuarie tammikuu* január* ιανουαρίου januari जनवरी มกราคม jaanuar*",
    "february feb februar februari februarie février févr febrero febbraio fevereiro fev lutego luty lutym феврал* фев лютого şubat* فبراير شباط února únor februára helmikuu* február* φεβρουαρίου pebruari फरवरी กุมภาพันธ์",
    "march mar märz mrz mars marzo março maart marca marzec marcu март* березн* mart* مارس اذار března březen martie marts maaliskuu* március* μαρτίου maret मार्च มีนาคม",
    "april apr avril avr abril abr aprile kwietnia kwiecień kwietniu апрел* апр квітн* nisan* ابريل نيسان dubna duben aprilie huhtikuu* április* απριλίου अप्रैल เมษายน",
    "may mai mayo maggio mag maio mei maja maj maju мая май мае маю травн* mayıs* مايو ايار května květen toukokuu* május* μαΐου मई พฤษภาคม",
    "june jun juni juin junio giugno giu junho czerwca czerwiec czerwcu июн* червн* haziran* يونيو حزيران června červen iunie kesäkuu* június* ιουνίου जून มิถุนายน",
    "july jul juli juillet juil julio luglio lug julho lipca lipiec lipcu июл* липн* temmuz* يوليو تموز července červenec iulie heinäkuu* július* ιουλίου जुलाई กรกฎาคม",
    "august aug août aout agosto ago augustus sierpnia sierpień sierpniu август* авг серпн* ağustos* augusti اغسطس اب srpna srpen elokuu* augusztus* αυγούστου agustus अगस्त สิงหาคม",
    "september sept sep septembre septiembre settembre set setembro września wrzesień wrześniu сентябр* сен вересн* eylül* سبتمبر ايلول září septembrie syyskuu* szeptember* σεπτεμβρίου सितंबर กันยายน",
    "october oct oktober okt octobre octubre ottobre ott outubro out października październik październiku октябр* окт жовтн* ekim* اكتوبر října říjen octombrie lokakuu* október* οκτωβρίου अक्टूबर ตุลาคม",
    "november nov novembre noviembre novembro listopada listopad listopadzie ноябр* ноя листопад* kasım* نوفمبر listopadu noiembrie marraskuu* november* νοεμβρίου नवंबर พฤศจิกายน",
    "december dec dezember dez décembre déc diciembre dic dicembre dezembro grudnia grudzień grudniu декабр* дек грудн* aralık* ديسمبر prosince prosinec decembrie desember joulukuu* december* δεκεμβρίου दिसंबर ธันวาคม",
];

fn month(name: &str) -> Option<u8> {
    let is =
        |known: &str| known.strip_suffix('*').map_or(known == name, |beginning| name.starts_with(beginning));
    let index = MONTHS.iter().position(|names| names.split(' ').any(is))?;
    u8::try_from(index + 1).ok()
}

/// Eras of Japan and China: their name and initial, and the year before their first one.
const ERAS: [(&str, u16); 12] = [
    ("令和", 2018),
    ("平成", 1988),
    ("昭和", 1925),
    ("大正", 1911),
    ("民國", 1911),
    ("民国", 1911),
    ("令", 2018),
    ("平", 1988),
    ("昭", 1925),
    ("r", 2018),
    ("h", 1988),
    ("s", 1925),
];
/// First and last year that the Buddhist calendar of Thailand counts 543 years later.
const BUDDHIST: std::ops::RangeInclusive<u16> = 2440..=2643;

/// Patterns of written dates. Each names its groups `y` (year), `e` (era), `m` (month as a number) or `n` (month as a
/// name), and `d` (day).
static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"(?:^|\D)(?P<y>[12]\d{3})[-/.年]\s?(?P<m>\d{1,2})[-/.月]\s?(?P<d>\d{1,2})(?:\D|$)",
        r"(?:^|\D)(?P<y>[12]\d{3})\s?[年년]\s?(?:の)?(?P<m>\d{1,2})\s?[月월](?:\s?(?P<d>\d{1,2})\s?[日일号])?",
        r"(?P<e>令和|平成|昭和|大正|民國|民国)(?P<y>\d{1,3}|元|[一二三四五六七八九十]{1,4})年(?:\s?(?P<m>\d{1,2}|[一二三四五六七八九十]{1,3})月(?:\s?(?P<d>\d{1,2}|[一二三四五六七八九十]{1,3})日)?)?",
        r"(?:^|[^\p{L}])(?P<e>[rhs令平昭])\.?(?P<y>\d{1,2})[./年](?P<m>\d{1,2})[./月](?P<d>\d{1,2})(?:[^\d./]|$)",
        r"(?:^|\D)(?P<d>\d{1,2})\stháng\s(?P<m>\d{1,2})(?:\snăm|,)?\s(?P<y>[12]\d{3})(?:\D|$)",
        r"(?:^|\D)(?P<y>[12]\d{3})(?:\.|\sm\.|\.\sgada)?\s(?P<n>[\p{L}\p{M}]{3,14})\s(?P<d>\d{1,2})(?:\D|$)",
        r"(?:^|\D)(?P<d>\d{1,2})\.(?P<n>[\p{L}\p{M}]{3,14})\.?\s?(?P<y>[12]\d{3})(?:\D|$)",
        r"(?:^|\D)(?P<d>\d{1,2})-(?P<n>[\p{L}\p{M}]{3,14})-(?P<y>[12]\d{3})(?:\D|$)",
        r"(?:^|\D)(?P<d>\d{1,2})(?:st|nd|rd|th|er|º|ª|\.)?\s(?:de\s|of\s)?(?P<n>[\p{L}\p{M}]{3,14})\.?,?\s(?:de\s|del\s)?(?P<y>[12]\d{3})(?:\D|$)",
        r"(?:^|\P{L})(?P<n>[\p{L}\p{M}]{3,14})\.?\s(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s(?P<y>[12]\d{3})(?:\D|$)",
        r"(?:^|\P{L})(?P<n>[\p{L}\p{M}]{3,14})\.?,?\s(?:de\s|of\s|del\s)?(?P<y>[12]\d{3})(?:\D|$)",
        r"(?:^|\D)(?P<y>[12]\d{3})-(?P<m>\d{2})(?:[^-\d]|$)",
        r"(?:^|[^\d./])(?P<d>\d{1,2})[./](?P<m>\d{1,2})[./](?P<y>[12]\d{3})(?:\D|$)",
        // With two digits of the year, without separators, and a month with its year.
        r"(?:^|[^\d./,])(?P<d>0[1-9]|[12]\d|3[01])[./](?P<m>0[1-9]|1[0-2])[./](?P<z>\d{2})(?:[^\d./,%]|[.,]\D|[.,]?$)",
        r"(?:^|[^\d\p{L}])(?P<y>(?:19|20)\d{2})(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])(?:\D|$)",
        r"(?:^|[^\d./])(?P<m>0[1-9]|1[0-2])[./](?P<y>(?:19|20)\d{2})(?:[^\d/%]|$)",
        r"(?P<y>[一二][〇零○一二三四五六七八九]{3})年(?:(?P<m>[一二三四五六七八九十]{1,3})月(?:(?P<d>[一二三四五六七八九十]{1,3})[日号])?)?",
        // Without a year.
        r"(?:^|\D)(?P<m>\d{1,2})\s?[月월]\s?(?P<d>\d{1,2})\s?[日일号]",
        r"(?:^|\D)(?P<d>\d{1,2})(?:st|nd|rd|th|er|º|\.)?\s(?:de\s|of\s)?(?P<n>[\p{L}\p{M}]{3,14})(?:\P{L}|$)",
        r"(?:^|\P{L})(?P<n>[\p{L}\p{M}]{3,14})\s(?P<d>\d{1,2})(?:st|nd|rd|th)?(?:[^\d,.]|[,.]\D|[,.]?$)",
        // A month alone.
        r"(?:^|[^\d~〜-])(?P<m>\d{1,2})\s?[月월](?:[^間以分\d]|$)",
        r"(?:^|\P{L})(?:in|of|since|until|by|to|from|last|im|ab|bis|seit|ende|anfang|mitte|en|de|em|desde|a|di|nel|dal|van|sinds|w|в|с|до|في)\s(?P<n>[\p{L}\p{M}]{3,14})(?:\P{L}|$)",
        r"(?:^|\P{L})(?P<n>[\p{L}\p{M}]{6,14})(?:\P{L}|$)",
        r"(?:^|\P{L})(?P<n>april|avril|abril|aprile)(?:\P{L}|$)",
        // A year alone.
        r"(?:^|[^\d.,/\-])(?P<y>(?:19|20)\d{2})\s?(?:年度?|년)(?:[^間以]|$)",
    ]
    .map(pattern)
    .into()
});

/// Years that stand alone: four digits that no unit, sign or name turns into something else.
static YEAR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[^\d.,/$€£¥%a-z#万億兆千百萬亿])((?:19|20)\d{2})(?:-(\d{2}|(?:19|20)\d{2}))?(?:[^\d%a-z$€£¥]|$)",
    )
});

/// Compiles a pattern that is part of the program.
fn pattern(pattern: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "the patterns are part of the program and a test uses them")]
    Regex::new(pattern).expect("a pattern is valid")
}

/// Number of dates before a place that can reach over it.
const NEAR: usize = 4;

/// Returns the dates in a folded text. Words after a year may turn it into a figure, so `is_figure` decides for each
/// year alone, by the byte after it.
pub(crate) fn dates(text: &str, is_figure: impl Fn(usize, usize) -> bool) -> Vec<DateMention> {
    let mut dates: BTreeMap<usize, DateMention> = BTreeMap::new();
    for pattern in PATTERNS.iter() {
        let mut from = 0;
        while let Some(found) = text.get(from..).and_then(|_| pattern.captures_at(text, from)) {
            from = found.get(0).map_or(text.len(), |all| (all.end() - trailing(&found)).max(all.start() + 1));
            from = text.ceil_char_boundary(from);
            let Some(mention) = read(&found) else {
                // "bis Ende Juni": a word that is no month may stand before one.
                from = found.get(0).map_or(text.len(), |all| text.ceil_char_boundary(all.start() + 1));
                continue;
            };
            let before = dates.range(..=mention.start).rev().take(NEAR);
            let covered = before.into_iter().any(|(_, date)| mention.end <= date.end);
            if !covered {
                let within =
                    dates.range(mention.start..mention.end).filter(|(_, date)| date.end <= mention.end);
                let within: Vec<usize> = within.map(|(start, _)| *start).collect();
                for start in within {
                    dates.remove(&start);
                }
                dates.insert(mention.start, mention);
            }
        }
    }
    let mut from = 0;
    while let Some(found) = YEAR.captures_at(text, from) {
        let Some(year) = found.get(1) else { break };
        from = year.end();
        let end = found.get(2).map_or(year.end(), |last| last.end());
        let covered = dates.range(..year.end()).rev().take(NEAR).any(|(_, date)| year.start() < date.end);
        if covered || is_figure(year.start(), end) {
            continue;
        }
        let at = |year: u16| Date { year: Some(year), month: None, day: None };
        let Ok(first) = year.as_str().parse::<u16>() else { continue };
        dates.insert(
            year.start(),
            DateMention { start: year.start(), end: year.end(), readings: vec![at(first)] },
        );
        let last = found.get(2).and_then(|last| {
            let number: u16 = last.as_str().parse().ok()?;
            let number = if number < 100 { first / 100 * 100 + number } else { number };
            (number > first).then_some((number, last))
        });
        if let Some((number, last)) = last {
            from = last.end();
            dates.insert(
                last.start(),
                DateMention { start: last.start(), end: last.end(), readings: vec![at(number)] },
            );
        }
    }
    dates.into_values().collect()
}

/// Last year of this century that is written with two digits.
const CENTURY: u16 = 60;

/// Returns the number of bytes of a match after its last group, which may begin the next date.
fn trailing(found: &Captures<'_>) -> usize {
    let end = ["y", "z", "e", "m", "n", "d"]
        .iter()
        .filter_map(|group| found.name(group))
        .map(|group| group.end())
        .max();
    found.get(0).map_or(0, |all| all.end() - end.unwrap_or(all.end()))
}

/// Returns the number of a year, month or day in Chinese characters: 二〇二三, 十一, 二十.
fn han_number(text: &str) -> Option<u16> {
    text.chars().try_fold(0, |number: u16, c| {
        if c == '十' {
            return Some(number.max(1) * 10);
        }
        let digit = "〇一二三四五六七八九".chars().position(|known| known == c);
        let digit = digit.or_else(|| matches!(c, '零' | '○').then_some(0))?;
        // After tens, a digit takes the place of the zero.
        let is_unit = text.contains('十') && number >= 10;
        let shifted = if is_unit { number } else { number.checked_mul(10)? };
        shifted.checked_add(u16::try_from(digit).ok()?)
    })
}

fn read(found: &Captures<'_>) -> Option<DateMention> {
    let number = |group: &str| {
        let digits = found.name(group)?.as_str();
        digits.parse::<u16>().ok().or_else(|| han_number(digits))
    };
    let small = |number: u16| u8::try_from(number).ok();
    let month = match found.name("n") {
        Some(name) => Some(month(name.as_str())?),
        None => number("m").and_then(small),
    };
    let (mut year, day) = (number("y"), number("d").and_then(small));
    // Two digits are a year of this century unless it is far ahead.
    year = year.or_else(|| number("z").map(|year| if year > CENTURY { 1900 + year } else { 2000 + year }));
    year = year.map(|year| if BUDDHIST.contains(&year) { year - 543 } else { year });
    if let Some(era) = found.name("e") {
        let (_, before) = ERAS.iter().find(|(name, _)| *name == era.as_str())?;
        year = Some(before + year.unwrap_or(1));
    }
    let swapped = found[0].contains('/').then_some((day, month));
    let readings: Vec<Date> = [Some((month, day)), swapped]
        .into_iter()
        .flatten()
        .map(|(month, day)| Date { year, month, day })
        .filter(|date| {
            date.month.is_none_or(|month| (1..=12).contains(&month))
                && date.day.is_none_or(|day| (1..=31).contains(&day))
        })
        .collect();
    let groups = ["y", "z", "e", "m", "n", "d"].into_iter().filter_map(|group| found.name(group));
    let start = groups.clone().map(|group| group.start()).min()?;
    let end = groups.map(|group| group.end()).max()?;
    (!readings.is_empty()).then_some(DateMention { start, end, readings })
}
