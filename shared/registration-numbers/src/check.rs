//! The check algorithms that the table of schemes names.

use serde::Deserialize;

use crate::{
    digits::{number_at, parse},
    iso7064, luhn,
    national::National,
    weighted::{self, DIGITS, is_check_character},
};

/// A condition that a number must meet. Positions count from 0.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Check {
    /// The Luhn algorithm (ISO/IEC 7812-1, annex B), over a part of the number or in another base.
    Luhn {
        #[serde(default)]
        from: usize,
        to: Option<usize>,
        base: Option<u32>,
    },
    /// The character at position `at` is the one that the sum of weighted digits, modulo `modulus`, selects
    /// from `characters`.
    Weighted {
        from: usize,
        weights: Vec<u32>,
        modulus: u32,
        characters: String,
        at: usize,
        alphabet: Option<String>,
    },
    /// As `Weighted`, with weights applied from the end; the last character is the check character.
    WeightedFromEnd { weights: Vec<u32>, modulus: u32, characters: String },
    /// The last digit is the sum of weighted digits modulo 11. If the first weights give 10, the second ones
    /// apply; if those give 10 too, the digit is 0.
    TwoPass { first: Vec<u32>, second: Vec<u32> },
    /// The sum of weighted digits modulo `modulus` is `remainder`.
    WeightedSum { weights: Vec<u32>, modulus: u32, remainder: u32 },
    /// ISO/IEC 7064, MOD 11,10.
    #[serde(rename = "mod11_10")]
    Mod11And10,
    /// ISO/IEC 7064, MOD 97-10, over `prefix` and the number; a letter counts as two digits.
    Mod97 {
        remainder: u32,
        #[serde(default)]
        prefix: String,
    },
    /// The digits from `from` up to `to`, read as a number, modulo `modulus` and then modulo `then`, equal
    /// the number that starts at `at`.
    Remainder { from: usize, to: usize, modulus: u64, then: u64, at: usize },
    /// At least one of these holds.
    Any(Vec<Check>),
    /// All of these hold if the number has this length.
    When { length: usize, check: Vec<Check> },
    /// All of these hold for a part of the number.
    Part { from: usize, to: usize, check: Vec<Check> },
    /// An algorithm that only one country uses.
    National(National),
}

impl Check {
    /// Returns whether `number` meets the condition.
    pub(crate) fn holds(&self, number: &[char]) -> bool {
        match self {
            Self::Luhn { from, to, base } => {
                let part = number.get(*from..to.unwrap_or(number.len()));
                part.is_some_and(|part| luhn::holds(part, base.unwrap_or(10)))
            }
            Self::Weighted { from, weights, modulus, characters, at, alphabet } => {
                let alphabet = alphabet.as_deref().unwrap_or(DIGITS);
                let sum = number.get(*from..).and_then(|part| weighted::sum(part, weights, alphabet));
                sum.is_some_and(|sum| is_check_character(number, *at, characters, sum % modulus))
            }
            Self::WeightedFromEnd { weights, modulus, characters } => {
                weighted::holds_from_end(number, weights, *modulus, characters)
            }
            Self::TwoPass { first, second } => weighted::holds_in_two_passes(number, first, second),
            Self::WeightedSum { weights, modulus, remainder } => {
                weighted::sum(number, weights, DIGITS).is_some_and(|sum| sum % modulus == *remainder)
            }
            Self::Mod11And10 => iso7064::mod_11_10(number),
            Self::Mod97 { remainder, prefix } => iso7064::mod_97(prefix, number) == Some(*remainder),
            Self::Remainder { from, to, modulus, then, at } => {
                let remainder = number_at(number, *from, *to).map(|value| value % modulus % then);
                let written = number.get(*at..).unwrap_or_default();
                remainder.is_some_and(|remainder| parse(written) == Some(remainder))
            }
            Self::Any(checks) => checks.iter().any(|check| check.holds(number)),
            Self::When { length, check } => {
                number.len() != *length || check.iter().all(|check| check.holds(number))
            }
            Self::Part { from, to, check } => {
                number.get(*from..*to).is_some_and(|part| check.iter().all(|check| check.holds(part)))
            }
            Self::National(national) => national.holds(number),
        }
    }

    /// Returns whether the check computes a check digit or character, rather than consulting lists and
    /// ranges.
    pub(crate) fn computes_check_digit(&self) -> bool {
        !matches!(self, Self::National(National::UsEin | National::DeRegister | National::RoRegister))
    }
}
