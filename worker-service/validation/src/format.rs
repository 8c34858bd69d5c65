//! Figures as text.

use crate::proportion::Proportion;

/// What is printed where there is no figure.
const NONE: &str = "–";
/// The space before a percent sign, which no line breaks at.
const SPACE: char = '\u{a0}';

/// Returns a share as a percentage: with one decimal place, and with two near both ends, where they matter.
pub(crate) fn percent(share: Option<f64>) -> String {
    match share {
        None => NONE.to_owned(),
        Some(share) => format!("{}{SPACE}%", number(share)),
    }
}

/// Returns a confidence interval as percentages.
pub(crate) fn interval(proportion: Proportion) -> String {
    match (proportion.low, proportion.high) {
        (Some(low), Some(high)) => format!("{}–{}{SPACE}%", number(low), number(high)),
        _ => NONE.to_owned(),
    }
}

fn number(share: f64) -> String {
    let percent = share * 100.0;
    if percent == 0.0 || percent == 100.0 {
        format!("{percent:.0}")
    } else if (1.0..=99.0).contains(&percent) {
        format!("{percent:.1}")
    } else {
        format!("{percent:.2}")
    }
}

/// Returns a whole number with commas between thousands.
pub(crate) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a score with three decimal places: one more than thresholds have.
pub(crate) fn score(score: Option<f64>) -> String {
    score.map_or_else(|| NONE.to_owned(), |score| format!("{score:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_for_readers() {
        let percent = |share| percent(share).replace(SPACE, " ");
        assert_eq!(percent(Some(0.985)), "98.5 %");
        assert_eq!(percent(Some(0.9974)), "99.74 %");
        assert_eq!(percent(Some(0.0012)), "0.12 %");
        assert_eq!(
            (percent(Some(0.0)), percent(Some(1.0)), percent(None)),
            ("0 %".into(), "100 %".into(), "–".into())
        );
        assert_eq!(interval(Proportion::new(0, 20)), "0–16.1\u{a0}%");
        assert_eq!(interval(Proportion::new(0, 0)), "–");
        assert_eq!([0, 999, 1_000, 12_345_678].map(count), ["0", "999", "1,000", "12,345,678"]);
        assert_eq!((score(Some(0.75)), score(None)), ("0.750".into(), "–".into()));
    }
}
