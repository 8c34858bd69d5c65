//! Reads the figures and dates in a text: values with their units, so that they can be compared across languages.

mod dates;
mod digits;
mod han;
mod unit;
mod words;

use std::sync::LazyLock;

use regex::Regex;

pub use self::dates::Date;
use self::digits::Readings;
pub(crate) use self::{dates::DateMention, unit::Unit};
use crate::{language::Language, text::token::Token};

/// Relative difference below which two values are equal.
const EQUAL: f64 = 1e-9;
/// Relative difference up to which a rounded figure may differ from the exact one.
const ROUNDING: f64 = 0.08;

/// A figure in a text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// The first byte, of the number or of a currency before it.
    pub(crate) start: usize,
    /// The byte after the last, of the number or of a unit after it.
    pub(crate) end: usize,
    /// The byte after the number itself, without its unit.
    pub(crate) number_end: usize,
    /// The values that the figure can have: `1.234` may have three decimals.
    pub(crate) values: Vec<f64>,
    /// The unit.
    pub(crate) unit: Unit,
    /// Whether the text says that the figure is rounded.
    pub(crate) is_about: bool,
    /// Whether the number is written in words.
    pub(crate) is_spelled: bool,
    /// Whether the digits follow letters directly, so that they may be part of a name.
    pub(crate) is_in_name: bool,
    /// Whether it is the day of a month that the text does not name: 14日.
    pub(crate) is_day: bool,
}

impl Figure {
    /// Returns whether both give the same duration or share in another unit.
    pub(crate) fn is_other_form_of(&self, proof: &Self) -> bool {
        is_same_duration(self, proof) || is_same_share(self, proof)
    }

    /// Returns whether `proof` has the value of this figure. A figure that says that it is rounded may be the
    /// rounded value of `proof`.
    pub(crate) fn has_value_of(&self, proof: &Self) -> bool {
        if self.is_other_form_of(proof) {
            return true;
        }
        // Where only one of both names its unit, the other is in the same.
        let named = self.unit != Unit::Unknown && proof.unit != Unit::Unknown;
        let factor = |unit: &Unit| if named { unit.factor() } else { 1.0 };
        self.values.iter().any(|value| {
            let value = value * factor(&self.unit);
            proof.values.iter().any(|other| {
                let other = other * factor(&proof.unit);
                is_equal(value, other)
                    || is_shortened(value, other)
                    || ((self.is_about || proof.is_about) && is_rounded(value, other))
            })
        })
    }
}

/// Days of a month on average, and months of a year.
const MONTH: f64 = 30.44;
/// Relative difference up to which two durations in different units are the same: two months are sixty days.
const SAME_DURATION: f64 = 0.02;

/// Returns whether both are the same duration in different units.
fn is_same_duration(a: &Figure, b: &Figure) -> bool {
    let days = |figure: &Figure| {
        let Unit::Measure { dimension, factor } = figure.unit else { return None };
        let in_days = match dimension {
            "duration in months" => factor * MONTH,
            "duration in days" => factor,
            "duration in hours" => factor / 24.0,
            _ => return None,
        };
        figure.values.first().map(|value| value * in_days)
    };
    days(a).zip(days(b)).is_some_and(|(a, b)| (a - b).abs() <= SAME_DURATION * a.max(b))
}

/// Returns whether one is a share as a number up to 1 and the other the same in percent.
fn is_same_share(a: &Figure, b: &Figure) -> bool {
    let is_percent = |figure: &Figure| matches!(figure.unit, Unit::Measure { dimension: "percent", .. });
    let is = |share: &Figure, percent: &Figure| {
        share.unit == Unit::Unknown
            && is_percent(percent)
            && share.values.iter().any(|share| {
                *share < 1.0 && percent.values.iter().any(|percent| is_equal(share * 100.0, *percent))
            })
    };
    is(a, b) || is(b, a)
}

fn is_equal(a: f64, b: f64) -> bool {
    (a - b).abs() <= EQUAL * a.abs().max(b.abs()).max(1.0)
}

/// Returns whether `value` is `exact` with fewer digits, of which it keeps at least two: 128億 for 128億4,600万.
fn is_shortened(value: f64, exact: f64) -> bool {
    if value < 10.0 || exact < value * 0.9 || exact > value * 1.1 {
        return false;
    }
    // The place of the last digit that is given.
    let mut place = 1.0;
    while value / (place * 10.0) >= 10.0 && (value / (place * 10.0)).fract() == 0.0 {
        place *= 10.0;
    }
    (exact - value).abs() < place
}

/// Returns whether `value` can be `exact` after rounding: it is close, or it is `exact` with fewer digits.
fn is_rounded(value: f64, exact: f64) -> bool {
    if (value - exact).abs() <= ROUNDING * exact.abs() {
        return true;
    }
    let mut unit = 10_f64.powf(exact.abs().max(1e-9).log10().floor());
    for _ in 0..2 {
        if is_equal((exact / unit).round() * unit, value) {
            return true;
        }
        unit /= 10.0;
    }
    false
}

static RUNS: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the pattern is part of the program and a test uses it")]
    Regex::new(r"\d+(?:[.,'\u{a0} ]\d+)*").expect("the pattern is valid")
});

/// Returns the figures and dates in a folded text.
pub(crate) fn read(text: &str, tokens: &[Token], language: Language) -> (Vec<Figure>, Vec<DateMention>) {
    let is_figure = |start: usize, end: usize| {
        let (zeros, _) = words::magnitude(text, tokens, end, language);
        let unit = unit::after(text, tokens, end, language);
        zeros > 0
            || unit.is_some_and(|(unit, _)| {
                unit.is_strict() && !matches!(unit, Unit::Measure { dimension: "duration in months", .. })
            })
            || unit::currency_before(text, start).is_some()
    };
    let dates = dates::dates(text, is_figure);
    let is_date = |start: usize, end: usize| {
        let next = dates.partition_point(|date| date.start < end);
        dates[..next].iter().rev().take(4).any(|date| start < date.end)
    };
    let mut figures: Vec<Figure> = Vec::new();
    for run in RUNS.find_iter(text) {
        if is_date(run.start(), run.end()) {
            continue;
        }
        match digits::readings(run.as_str()) {
            Readings::Single(values) => {
                figures.push(figure(text, tokens, (run.start(), run.end()), values, language));
            }
            Readings::Several => {
                let mut start = run.start();
                for group in run.as_str().split(|c: char| !c.is_ascii_digit()) {
                    let end = start + group.len();
                    if let Ok(value) = group.parse::<f64>() {
                        figures.push(figure(text, tokens, (start, end), vec![value], language));
                    }
                    start = end + text[end..].chars().next().map_or(0, char::len_utf8);
                }
            }
        }
    }
    let in_digits: Vec<(usize, usize)> = figures.iter().map(|figure| (figure.start, figure.end)).collect();
    let is_read = |from: usize, to: usize| {
        let next = in_digits.partition_point(|(start, _)| *start < to);
        in_digits[..next].iter().rev().take(4).any(|(_, end)| from < *end)
    };
    let in_han = if matches!(language, Language::Ja | Language::Zh) {
        han::in_han(text, language)
    } else {
        Vec::new()
    };
    for spelled in words::spelled(text, tokens, language).into_iter().chain(in_han) {
        if is_date(spelled.start, spelled.end) || is_read(spelled.start, spelled.end) {
            continue;
        }
        let mut one = figure(text, tokens, (spelled.start, spelled.end), vec![spelled.value], language);
        one.is_spelled = true;
        figures.push(one);
    }
    figures.sort_by_key(|figure| figure.start);
    share_magnitudes(text, &mut figures);
    join_fractions(text, &mut figures);
    join_durations(text, &mut figures);
    (figures, dates)
}

fn figure(
    text: &str,
    tokens: &[Token],
    (start, end): (usize, usize),
    values: Vec<f64>,
    language: Language,
) -> Figure {
    let before = &text[..start];
    // "第3四半期" is the name of a quarter.
    let after_letter = before.ends_with(|c: char| c.is_ascii_alphabetic() || c == '第');
    let currency = unit::currency_before(text, start);
    let (zeros, scaled) = words::magnitude(text, tokens, end, language);
    // 5億2000万 is one number.
    let (extra, scaled) = continued(text, tokens, zeros, scaled, language);
    let scale = 10_f64.powi(zeros);
    let values = values.into_iter().map(|value| value * scale + extra).collect();
    let is_about = words::is_about(text, tokens, start, scaled, language);
    let after = unit::after(text, tokens, scaled, language);
    let is_in_name = after_letter && currency.is_none();
    let (unit, start, end) = match (currency, after) {
        // Both sides may name the currency: "US$5 million dollars"; a measure after it belongs to something else.
        (Some((unit, first)), _) => (unit, first, scaled),
        (None, _) if unit::is_percent_before(before) => {
            (Unit::Measure { dimension: "percent", factor: 1.0 }, start, scaled)
        }
        (None, Some((unit, last))) => (unit, start, last),
        (None, None) => (Unit::Unknown, start, scaled),
    };
    let is_day = matches!(unit, Unit::Unknown)
        && scaled - start <= 2
        && ["日", "号", "號", "일"].iter().any(|sign| text[scaled..].trim_start().starts_with(sign));
    Figure { start, end, number_end: scaled, values, unit, is_about, is_spelled: false, is_in_name, is_day }
}

/// Adds the smaller part of a number that Chinese, Japanese and Korean divide by their magnitudes.
fn continued(text: &str, tokens: &[Token], zeros: i32, from: usize, language: Language) -> (f64, usize) {
    let (mut extra, mut end, mut above) = (0.0, from, zeros);
    while language.is_dense() && above >= 4 {
        let rest = text[end..].trim_start_matches(' ');
        let at = text.len() - rest.len();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',').len();
        let Ok(value) = rest[..digits].replace(',', "").parse::<f64>() else { break };
        let (zeros, after) = words::magnitude(text, tokens, at + digits, language);
        if zeros >= above {
            break;
        }
        extra += value * 10_f64.powi(zeros);
        (end, above) = (after, zeros);
    }
    (extra, end)
}

/// In "5 to 10 million" and "5-10 million euros", the first figure has the magnitude and the unit of the second.
fn share_magnitudes(text: &str, figures: &mut Vec<Figure>) {
    for at in 1..figures.len() {
        let (before, rest) = figures.split_at_mut(at);
        let (Some(first), Some(second)) = (before.last_mut(), rest.first()) else { continue };
        let between = text.get(first.end..second.start).unwrap_or_default().trim();
        let is_range = matches!(
            between,
            "-" | "to"
                | "and"
                | "bis"
                | "à"
                | "a"
                | "~"
                | "から"
                | "至"
                | "tot"
                | "до"
                | "〜"
                | "और"
                | "e"
                | "y"
                | "und"
                | "et"
        );
        if !is_range || first.values.len() != 1 {
            continue;
        }
        if first.unit == Unit::Unknown {
            first.unit = second.unit.clone();
        }
        let Some(value) = first.values.first().copied() else { continue };
        for zeros in [3, 4, 6, 8, 9, 12] {
            let scale = 10_f64.powi(zeros);
            if second.values.iter().any(|second| *second >= scale) && value < 1000.0 {
                first.values.push(value * scale);
            }
        }
    }
    figures.retain(|figure| !figure.values.is_empty());
    // The second part of 5億2000万 was read as part of the first.
    let mut end = 0;
    figures.retain(|figure| {
        let keep = figure.start >= end;
        end = end.max(figure.end);
        keep
    });
}

/// Reads "1 year and 6 months" as one figure.
fn join_durations(text: &str, figures: &mut Vec<Figure>) {
    let months = |figure: &Figure| match figure.unit {
        Unit::Measure { dimension: "duration in months", factor } => Some(factor),
        _ => None,
    };
    let mut joined: Vec<Figure> = Vec::with_capacity(figures.len());
    for figure in figures.drain(..) {
        if let Some(last) = joined.last_mut()
            && let (Some(years), Some(factor)) = (months(last), months(&figure))
            && let (Some(before), Some(after)) = (last.values.first(), figure.values.first())
            && years > factor
            && text.get(last.end..figure.start).is_some_and(|between| {
                matches!(between.trim(), "" | "と" | "and" | "und" | "y" | "e" | "et" | "en" | "и")
            })
        {
            last.values = vec![before + after * factor / years];
            (last.end, last.number_end) = (figure.end, figure.number_end);
            continue;
        }
        joined.push(figure);
    }
    *figures = joined;
}

/// Reads 3分の1 and 三分之一 as one figure.
fn join_fractions(text: &str, figures: &mut Vec<Figure>) {
    let mut joined: Vec<Figure> = Vec::with_capacity(figures.len());
    for figure in figures.drain(..) {
        let count = figure.values.first().copied();
        if let (Some(last), Some(count)) = (joined.last_mut(), count) {
            let between = text.get(last.number_end..figure.start).unwrap_or_default();
            let parts = last.values.first().copied().unwrap_or_default();
            if matches!(between, "分の" | "分之") && parts > 0.0 {
                last.values = vec![count / parts];
                (last.end, last.number_end, last.unit) = (figure.end, figure.number_end, Unit::Unknown);
                continue;
            }
        }
        joined.push(figure);
    }
    *figures = joined;
}

#[cfg(test)]
mod tests;
