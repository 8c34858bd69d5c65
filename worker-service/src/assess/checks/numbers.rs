//! Extracts the numbers in a text, normalized so that the numbers in a claim can be compared with those in
//! its evidence.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

use super::digits::{pattern, with_ascii_digits};

/// A number in a claim. It is proven if one of its forms is in the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// The number as the claim writes it.
    written: String,
    /// The value multiplied by its multiplier, such as million; equals `bare` if there is none.
    value: String,
    /// The number without its multiplier.
    bare: String,
}

/// The numbers in a proof.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    /// Values with their multipliers.
    values: BTreeSet<String>,
    /// Numbers without a known multiplier.
    bare: BTreeSet<String>,
}

impl Number {
    /// Returns whether the number is in `proof`, either by its value or by its bare number. In the second
    /// case the multiplier in the proof may be a word that is not in [`MULTIPLIERS`].
    pub(super) fn is_in(&self, proof: &Numbers) -> bool {
        proof.values.contains(&self.value) || proof.bare.contains(&self.bare)
    }

    /// Returns the number as the claim writes it.
    pub(super) fn written(&self) -> &str {
        &self.written
    }
}

impl Numbers {
    /// Adds the numbers in `text`, including those that are part of a name.
    pub(super) fn add(&mut self, text: &str) {
        for run in read(text) {
            for bare in run.readings {
                if run.zeros == 0 {
                    self.bare.insert(bare.clone());
                }
                self.values.insert(multiplied(&bare, run.zeros));
            }
        }
    }

    /// Adds a count as a proven value.
    pub(super) fn add_count(&mut self, count: usize) {
        self.values.insert(count.to_string());
    }
}

/// Returns the numbers that a claim states. Digits directly after a letter are part of a name, such as E1,
/// unless the letters are a currency.
pub(super) fn numbers(text: &str) -> Vec<Number> {
    let mut numbers = Vec::new();
    for run in read(text).into_iter().filter(|run| !run.is_in_name) {
        // A date, an address or a version counts as one number for each of its parts.
        let parts = if run.is_single { &run.readings[..1] } else { &run.readings[..] };
        numbers.extend(parts.iter().map(|bare| Number {
            written: if run.is_single { run.written.clone() } else { bare.clone() },
            value: multiplied(bare, run.zeros),
            bare: bare.clone(),
        }));
    }
    numbers
}

/// A run of digits and separators.
struct Run {
    written: String,
    /// The number, followed by other ways to read it; or the parts, if the run is not a single number.
    readings: Vec<String>,
    /// Whether the run is a single number.
    is_single: bool,
    /// Number of zeros that the multiplier after the run adds; 0 if there is none.
    zeros: usize,
    /// Whether the run is part of a name.
    is_in_name: bool,
}

static RUNS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d+(?:[.,'’/:\- \u{a0}\u{202f}]\d+)*"));

/// Letters before digits that are a currency rather than a name.
static CURRENCY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[^A-Za-z])(?:EUR|USD|GBP|JPY|CHF|CNY|RMB|HKD|SGD|AUD|CAD|NZD|INR|KRW|SEK|NOK|DKK|PLN|CZK|TRY|RUB|AED|SAR|ZAR|BRL|MXN|RM|Rs|kr|zł|R)$",
    )
});

/// Multipliers directly after a number, in the languages of most news, with the number of zeros that they
/// add.
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

fn read(text: &str) -> Vec<Run> {
    let text = with_ascii_digits(text);
    RUNS.find_iter(&text)
        .map(|run| {
            let (before, after) = (&text[..run.start()], &text[run.end()..]);
            let is_in_name =
                before.ends_with(|c: char| c.is_ascii_alphabetic()) && !CURRENCY.is_match(before);
            let zeros =
                MULTIPLIERS.iter().find(|(word, _)| word.is_match(after)).map_or(0, |(_, zeros)| *zeros);
            let (readings, is_single) = readings(run.as_str());
            Run { written: run.as_str().to_owned(), readings, is_single, zeros, is_in_name }
        })
        .collect()
}

/// Returns the ways to read a run, without leading zeros, and whether it is a single number. For example,
/// 5,000,000 equals 5.000.000 and 5 000 000, and 1,5 equals 1.5.
fn readings(run: &str) -> (Vec<String>, bool) {
    let is_separator = |c: char| !c.is_ascii_digit();
    let groups: Vec<&str> = run.split(is_separator).collect();
    let separators: Vec<char> =
        run.chars().filter(|c| is_separator(*c)).map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let parts = || groups.iter().map(|group| trimmed(group, "")).collect::<Vec<_>>();
    let (Some(first), Some(last)) = (separators.first(), separators.last()) else {
        return (parts(), true);
    };
    let are_thousands = |groups: &[&str]| {
        (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|group| group.len() == 3)
    };
    let separates_groups = |c: &char| matches!(c, '.' | ',' | '\'' | '’' | ' ');
    let is_uniform = separators.iter().all(|separator| separator == first);
    if is_uniform && separates_groups(first) && are_thousands(&groups) {
        // 1.234 may have three decimals instead, and 5 100 may be two numbers.
        let mut readings = vec![trimmed(&groups.concat(), "")];
        if groups.len() == 2 && matches!(first, '.' | ',') {
            readings.push(trimmed(groups[0], groups[1]));
        }
        readings.extend(if *first == ' ' { parts() } else { Vec::new() });
        return (readings, true);
    }
    let (whole, decimals) = groups.split_at(groups.len() - 1);
    let before_last = &separators[..separators.len() - 1];
    let grouped = whole.len() == 1
        || (are_thousands(whole)
            && before_last
                .iter()
                .all(|separator| separates_groups(separator) && separator == first && separator != last));
    if matches!(last, '.' | ',') && grouped {
        return (vec![trimmed(&whole.concat(), decimals[0])], true);
    }
    (parts(), false)
}

/// Returns a number without leading zeros and trailing decimal zeros.
fn trimmed(whole: &str, decimals: &str) -> String {
    let (whole, decimals) = (whole.trim_start_matches('0'), decimals.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") }
}

/// Returns `number` multiplied by ten to the power of `zeros`.
fn multiplied(number: &str, zeros: usize) -> String {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    if zeros == 0 {
        return number.to_owned();
    }
    let shifted = decimals.len().min(zeros);
    trimmed(&format!("{whole}{}{}", &decimals[..shifted], "0".repeat(zeros - shifted)), &decimals[shifted..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proves(proof: &str, claim: &str) -> bool {
        let mut proven = Numbers::default();
        proven.add(proof);
        numbers(claim).iter().all(|number| number.is_in(&proven))
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
    fn a_different_number_is_not_proven() {
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
        assert!(proves("nothing", "see E1 and Q3"), "digits in names are not numbers");
    }
}
