//! Changes of form that only one scheme needs.

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

/// How a number is fitted to its scheme's pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Normalize {
    /// The letter is written small.
    LowerCase,
    /// Leading zeros may be left out before the B.
    NlVat,
    /// Nine digits lack the leading zero, which some write as (0).
    BeEnterprise,
    /// CHE may be left out.
    ChUid,
    /// Eight digits lack the leading zero.
    GrAfm,
    /// Leading zeros may be left out.
    TnMf,
    /// The parts may be written apart, the county with one digit, the date in full.
    RoRegister,
    /// Letters may be Cyrillic.
    ByUnp,
    /// A dash may stand after the second digit.
    UsEin,
    /// The numbers are French ones.
    McVat,
    /// Court, register and number, in this order or with the court behind.
    DeRegister,
}

impl Normalize {
    pub(super) fn normalized(self, number: &str) -> String {
        match self {
            Self::LowerCase => number.to_ascii_lowercase(),
            Self::NlVat => match number.len().checked_sub(3).and_then(|at| number.split_at_checked(at)) {
                Some((digits, rest)) => format!("{digits:0>9}{rest}"),
                None => number.to_owned(),
            },
            Self::BeEnterprise => {
                let number = number.strip_prefix("(0)").map_or(number.to_owned(), |rest| format!("0{rest}"));
                if number.len() == 9 { format!("0{number}") } else { number }
            }
            Self::ChUid if is_digits(number) && number.len() == 9 => format!("CHE{number}"),
            Self::GrAfm if number.chars().count() == 8 => format!("0{number}"),
            Self::TnMf => {
                let digits = number.chars().take_while(char::is_ascii_digit).count();
                let (digits, rest) = number.split_at(digits);
                if digits.is_empty() { number.to_owned() } else { format!("{digits:0>7}{rest}") }
            }
            Self::RoRegister => romanian_register(number),
            Self::ByUnp => number.chars().map(latin).collect(),
            Self::UsEin => match number.split_once('-') {
                Some((prefix, serial)) if prefix.len() == 2 => format!("{prefix}{serial}"),
                _ => number.to_owned(),
            },
            Self::ChUid | Self::GrAfm | Self::McVat | Self::DeRegister => number.to_owned(),
        }
    }

    /// The number as it is stored, from the one that was checked.
    pub(super) fn display(self, number: String) -> String {
        if self == Self::McVat { format!("FR{number}") } else { number }
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn latin(c: char) -> char {
    const PAIRS: [(char, char); 10] = [
        ('А', 'A'),
        ('В', 'B'),
        ('Е', 'E'),
        ('К', 'K'),
        ('М', 'M'),
        ('Н', 'H'),
        ('О', 'O'),
        ('Р', 'P'),
        ('С', 'C'),
        ('Т', 'T'),
    ];
    PAIRS.iter().find(|(cyrillic, _)| *cyrillic == c).map_or(c, |(_, latin)| *latin)
}

fn romanian_register(number: &str) -> String {
    let mut parts: Vec<String> =
        number.split([' ', '/', '\\', '-']).filter(|part| !part.is_empty()).map(str::to_owned).collect();
    if parts.first().is_some_and(|letter| letter.len() == 1) && parts.len() > 1 {
        let letter = parts.remove(0);
        parts[0] = format!("{letter}{}", parts[0]);
    }
    if let [first, _, year] = parts.as_mut_slice() {
        if first.len() == 2 && first.is_ascii() {
            first.insert(1, '0');
        }
        // A whole date: the year is what the number holds.
        let is_whole =
            |(at, c): (usize, char)| if at == 2 || at == 5 { c == '.' } else { c.is_ascii_digit() };
        let whole = year.len() == 10 && year.chars().enumerate().all(is_whole);
        if let Some(last) = year.rsplit('.').next().filter(|_| whole) {
            *year = last.to_owned();
        }
    }
    parts.join("/")
}

/// The courts that keep a register, by their name without case, marks and everything but letters.
static COURTS: LazyLock<HashMap<String, &str>> = LazyLock::new(|| {
    let mut courts = HashMap::new();
    for line in include_str!("courts.tsv").lines() {
        let (court, others) = line.split_once('\t').unwrap_or((line, ""));
        for name in std::iter::once(court).chain(others.split('|')).filter(|name| !name.is_empty()) {
            courts.insert(court_key(name), court);
            courts.insert(court_key(&spelled_out(name)), court);
        }
    }
    courts
});

/// Umlauts as those write them who have no key for them.
fn spelled_out(name: &str) -> String {
    [("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")]
        .into_iter()
        .fold(name.to_lowercase(), |name, (umlaut, letters)| name.replace(umlaut, letters))
}

fn court_key(name: &str) -> String {
    name.to_lowercase().replace('ß', "ss").nfd().filter(char::is_ascii_lowercase).collect()
}

/// The registers that a court keeps.
const REGISTERS: [&str; 5] = ["HRA", "HRB", "PR", "GnR", "VR"];

/// Whether a number put in order by [`german_register`] names a court that keeps a register.
pub(super) fn is_german_register(number: &str) -> bool {
    let courts = REGISTERS.iter().filter_map(|register| number.split_once(&format!(" {register} ")));
    courts.map(|(court, _)| court).any(|court| COURTS.get(&court_key(court)) == Some(&court))
}

/// `Court HRB 123 B` from any order and spacing of its parts; as it was where there is no such court.
pub(super) fn german_register(number: &str) -> String {
    let number: String = number.nfc().collect();
    // A court's key leaves out what is no letter of it: nothing else may be there to be left out.
    let is_letter = |c: char| c.is_ascii_alphabetic() || "äöüßÄÖÜ".contains(c);
    let known = |c: char| is_letter(c) || c.is_ascii_digit() || " ,.()-/".contains(c);
    let ends = |c: char| is_letter(c) || c.is_ascii_digit() || c == ')';
    if !number.chars().all(known) || !number.starts_with(is_letter) || !number.ends_with(ends) {
        return number;
    }
    let words: Vec<&str> = number.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let kind_of = |word: &str| REGISTERS.into_iter().find(|kind| kind.eq_ignore_ascii_case(word));
    let Some(at) = words.iter().position(|word| kind_of(word).is_some()) else { return number };
    let (Some(kind), Some(serial)) = (kind_of(words[at]), words.get(at + 1)) else { return number };
    let digits = serial.chars().take_while(char::is_ascii_digit).count();
    let (digits, mut suffix) = serial.split_at(digits);
    let mut after = &words[at + 2..];
    let is_suffix = |word: &str| word.chars().count() <= 3 && !COURTS.contains_key(&court_key(word));
    if let (true, Some(next)) = (suffix.is_empty(), after.first().filter(|word| is_suffix(word))) {
        suffix = next;
        after = &after[1..];
    }
    let court = [&words[..at], after].concat();
    let court =
        court.strip_prefix(&["Amtsgericht"]).or(court.strip_prefix(&["AG"])).unwrap_or(&court).join(" ");
    let of_suffix = |c: char| c.is_ascii_alphabetic() || c == 'ö' || c == 'Ö';
    if court.contains(|c: char| c.is_ascii_digit()) || !suffix.chars().all(of_suffix) {
        return number;
    }
    let Some(court) = COURTS.get(&court_key(&court)) else { return number };
    let suffix = if suffix.is_empty() { String::new() } else { format!(" {}", suffix.to_uppercase()) };
    format!("{court} {kind} {digits}{suffix}")
}
