//! Numbers in names, as digits, Roman numerals, ordinals and words of many languages.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::{fold::fold, romanize::romanize, script, tables, word::LatinWord};

/// Endings of ordinals in digits: "2nd", "3eme", "5-ya", "1o".
const ORDINAL_ENDINGS: [&str; 27] = [
    "st", "nd", "rd", "th", "e", "er", "ere", "eme", "ieme", "o", "a", "y", "i", "ya", "aya", "oe", "oy",
    "yy", "iy", "go", "ogo", "mu", "inci", "nci", "uncu", "om", "te",
];

/// Spellings of "number" that are written together with the digits: "No5", "Nr12".
const NUMBER_SIGNS: [&str; 4] = ["no", "nr", "num", "n"];

/// Greatest value of a Roman numeral that is read: greater ones have letters that words consist of.
const ROMAN_MAX: u32 = 39;

/// Characters of the numbers 1 to 10 in Chinese and Japanese.
const HAN_DIGITS: [&str; 10] = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十"];

/// The same numbers in Korean.
const HANGUL_DIGITS: [&str; 10] = ["일", "이", "삼", "사", "오", "육", "칠", "팔", "구", "십"];

static WORDS: LazyLock<FxHashMap<String, u32>> = LazyLock::new(|| {
    let mut words = FxHashMap::default();
    for (value, word) in tables::numerals().filter(|(_, word)| !word.chars().any(script::is_translated)) {
        words.entry(romanize(fold(word).chars())).or_insert(value);
    }
    words
});

/// Returns the value of a word of Latin letters and digits that is a number: "12", "3rd", "iv", "second".
pub(super) fn value(word: &str) -> Option<u32> {
    let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits > 0 {
        let ending = &word[digits..];
        let is_number = ending.is_empty() || ORDINAL_ENDINGS.contains(&ending);
        return word[..digits].parse().ok().filter(|_| is_number);
    }
    roman(word).or_else(|| WORDS.get(word).copied())
}

/// Returns the value of a Roman numeral from 1 to 39 in its standard form. A single letter is a number only if
/// it is "v" or "x": "i" is a word in many languages.
fn roman(word: &str) -> Option<u32> {
    if word == "i" || word.len() > 6 {
        return None;
    }
    let rest = word.trim_start_matches('x');
    let tens = u32::try_from(word.len() - rest.len()).ok()?;
    let ones = match rest {
        "" => 0,
        "i" => 1,
        "ii" => 2,
        "iii" => 3,
        "iv" => 4,
        "v" => 5,
        "vi" => 6,
        "vii" => 7,
        "viii" => 8,
        "ix" => 9,
        _ => return None,
    };
    Some(tens * 10 + ones).filter(|value| (1..=ROMAN_MAX).contains(value))
}

/// Returns the ordinals of East Asian scripts up to 39 with their values, such as 第十二. Without the prefix, the
/// characters are parts of names.
pub(super) fn east_asian_ordinals() -> impl Iterator<Item = (String, u32)> {
    (1..=39_u32).flat_map(|value| {
        ["第", "제"].map(|prefix| {
            let digits = if prefix == "第" { HAN_DIGITS } else { HANGUL_DIGITS };
            (format!("{prefix}{}", spelled(value, &digits)), value)
        })
    })
}

/// Spells a number below 100 with the characters of 1 to 10.
fn spelled(value: u32, digits: &[&str; 10]) -> String {
    let digit =
        |at: u32| at.checked_sub(1).and_then(|at| digits.get(at as usize)).copied().unwrap_or_default();
    match (value / 10, value % 10) {
        (0, ones) => digit(ones).to_owned(),
        (1, ones) => format!("{}{}", digits[9], digit(ones)),
        (tens, ones) => format!("{}{}{}", digit(tens), digits[9], digit(ones)),
    }
}

/// Writes numbers of several words as digits: "twenty one" becomes "21", and "no5" becomes "no" and "5".
pub(super) fn join_and_split(words: Vec<LatinWord>) -> Vec<LatinWord> {
    let mut joined: Vec<LatinWord> = Vec::with_capacity(words.len());
    for word in words {
        if let Some(number) = without_number_sign(&word.latin) {
            joined.push(LatinWord::spelled("no"));
            joined.push(LatinWord::spelled(number));
            continue;
        }
        let ones = word_value(&word.latin).filter(|ones| *ones < 10);
        let tens = joined.last().filter(|_| ones.is_some()).and_then(|last| word_value(&last.latin));
        match (tens.filter(|tens| *tens >= 20 && *tens < 100 && tens % 10 == 0), ones) {
            (Some(tens), Some(ones)) => {
                joined.pop();
                joined.push(LatinWord::spelled(&(tens + ones).to_string()));
            }
            _ => joined.push(word),
        }
    }
    joined
}

/// Returns the value of a number that is a word, and not digits or a Roman numeral.
fn word_value(word: &str) -> Option<u32> {
    WORDS.get(word).copied()
}

/// Returns the digits after a spelling of "number", or `None` if the word is anything else.
fn without_number_sign(word: &str) -> Option<&str> {
    if !word.starts_with('n') {
        return None;
    }
    let number =
        NUMBER_SIGNS.into_iter().find_map(|sign| word.strip_prefix(sign).filter(|rest| !rest.is_empty()))?;
    number.chars().all(|c| c.is_ascii_digit()).then_some(number)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn numbers_are_read_in_digits_roman_numerals_and_words() {
        for (word, expected) in [
            ("12", Some(12)),
            ("3rd", Some(3)),
            ("33rd", Some(33)),
            ("2ya", Some(2)),
            ("iv", Some(4)),
            ("xxi", Some(21)),
            ("second", Some(2)),
            ("vtoroy", Some(2)),
            ("zwolfte", Some(12)),
            ("i", None),
            ("iiii", None),
            ("3m", None),
            ("mix", None),
            ("99999999999999999999", None),
            ("", None),
        ] {
            assert_eq!(value(word), expected, "{word}");
        }
    }

    #[test]
    fn ordinals_of_east_asian_scripts_have_values() {
        let ordinals: HashMap<String, u32> = east_asian_ordinals().collect();
        assert_eq!(
            (ordinals["第七"], ordinals["第十"], ordinals["第二十三"], ordinals["제삼"]),
            (7, 10, 23, 3)
        );
    }
}
