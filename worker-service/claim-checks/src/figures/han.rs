//! Reads numerals in Chinese characters.

use super::{unit, words::Spelled};
use crate::language::Language;

/// Returns the numerals in Chinese characters that stand before a unit or have a magnitude: 三人, 五百万.
pub(super) fn in_han(text: &str, language: Language) -> Vec<Spelled> {
    let mut spelled = Vec::new();
    let mut run: Option<(usize, Numeral)> = None;
    for (at, c) in text.char_indices().chain([(text.len(), '\n')]) {
        if let Some(step) = numeral(c) {
            // Digits before the characters are read as figures with a magnitude.
            let after_digit = run.is_none() && text[..at].ends_with(|c: char| c.is_ascii_digit());
            if !after_digit {
                run.get_or_insert_with(|| (at, Numeral::default())).1.add(step);
            }
            continue;
        }
        if let Some((start, numeral)) = run.take() {
            let has_unit = unit::after(text, &[], at, language).is_some() || matches!(c, '年' | '月' | '日');
            let starts_word = !text[..start].ends_with(['第', '唯', '同', '統']);
            if starts_word
                && (has_unit || numeral.has_magnitude())
                && text[start..at].chars().any(|c| !matches!(c, '千' | '万' | '億' | '百' | '十'))
            {
                spelled.push(Spelled { start, end: at, value: numeral.value() });
            }
        }
    }
    spelled
}

#[derive(Default)]
struct Numeral {
    total: f64,
    section: f64,
    digit: Option<f64>,
    largest: f64,
}

impl Numeral {
    fn add(&mut self, step: Step) {
        match step {
            Step::Digit(digit) => self.digit = Some(self.digit.map_or(digit, |before| before * 10.0 + digit)),
            Step::Small(scale) => {
                self.section += self.digit.take().unwrap_or(1.0) * scale;
                self.largest = self.largest.max(scale);
            }
            Step::Large(scale) => {
                let section = self.section + self.digit.take().unwrap_or_default();
                self.total += if section == 0.0 { 1.0 } else { section } * scale;
                self.section = 0.0;
                self.largest = self.largest.max(scale);
            }
        }
    }

    fn value(&self) -> f64 {
        self.total + self.section + self.digit.unwrap_or_default()
    }

    fn has_magnitude(&self) -> bool {
        self.largest >= 1e4
    }
}

enum Step {
    Digit(f64),
    Small(f64),
    Large(f64),
}

fn numeral(c: char) -> Option<Step> {
    Some(match c {
        '〇' | '零' => Step::Digit(0.0),
        '一' | '壱' => Step::Digit(1.0),
        '二' | '两' | '兩' | '弐' => Step::Digit(2.0),
        '三' | '参' => Step::Digit(3.0),
        '四' => Step::Digit(4.0),
        '五' => Step::Digit(5.0),
        '六' => Step::Digit(6.0),
        '七' => Step::Digit(7.0),
        '八' => Step::Digit(8.0),
        '九' => Step::Digit(9.0),
        '十' => Step::Small(10.0),
        '百' => Step::Small(100.0),
        '千' => Step::Small(1000.0),
        '万' | '萬' => Step::Large(1e4),
        '億' | '亿' => Step::Large(1e8),
        '兆' => Step::Large(1e12),
        _ => return None,
    })
}
