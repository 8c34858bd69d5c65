//! What must hold for a number: the check algorithms that the table of schemes names.

use serde::Deserialize;

use super::{iso7064, luhn, national::National, weighted};

/// One thing that must hold. Positions count from 0.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Check {
    /// The Luhn algorithm (ISO/IEC 7812-1, annex B), over a part or in another base.
    Luhn {
        #[serde(default)]
        from: usize,
        to: Option<usize>,
        base: Option<u32>,
    },
    /// The sum of weighted digits, divided, says by its remainder which of `characters` stands at `at`.
    Weighted {
        from: usize,
        weights: Vec<u32>,
        modulus: u32,
        characters: String,
        at: usize,
        alphabet: Option<String>,
    },
    /// The same with weights from the end, the last character being the check.
    WeightedFromEnd { weights: Vec<u32>, modulus: u32, characters: String },
    /// Modulo 11 with first weights, with second ones where that gives 10, and 0 where both do.
    TwoPass { first: Vec<u32>, second: Vec<u32> },
    /// The sum of weighted digits leaves this remainder.
    WeightedSum { weights: Vec<u32>, modulus: u32, remainder: u32 },
    /// ISO/IEC 7064, MOD 11,10.
    #[serde(rename = "mod11_10")]
    Mod11And10,
    /// ISO/IEC 7064, MOD 97-10, of the number with `prefix` in front, letters being two digits.
    Mod97 {
        remainder: u32,
        #[serde(default)]
        prefix: String,
    },
    /// A part, read as a number, modulo `modulus` and then `then`, is what stands from `at`.
    Remainder { from: usize, to: usize, modulus: u64, then: u64, at: usize },
    /// One of these holds.
    Any(Vec<Check>),
    /// Where the number has this length, these hold.
    When { length: usize, check: Vec<Check> },
    /// A part of the number passes these.
    Part { from: usize, to: usize, check: Vec<Check> },
    /// An algorithm of one country.
    National(National),
}

impl Check {
    pub(super) fn holds(&self, number: &[char]) -> bool {
        match self {
            Self::Luhn { from, to, base } => {
                let part = number.get(*from..to.unwrap_or(number.len()));
                part.is_some_and(|part| luhn::holds(part, base.unwrap_or(10)))
            }
            Self::Weighted { from, weights, modulus, characters, at, alphabet } => {
                let alphabet = alphabet.as_deref().unwrap_or(weighted::DIGITS);
                let sum = number.get(*from..).and_then(|part| weighted::sum(part, weights, alphabet));
                sum.is_some_and(|sum| weighted::stands(number, *at, characters, sum % modulus))
            }
            Self::WeightedFromEnd { weights, modulus, characters } => {
                weighted::holds_from_end(number, weights, *modulus, characters)
            }
            Self::TwoPass { first, second } => weighted::holds_in_two_passes(number, first, second),
            Self::WeightedSum { weights, modulus, remainder } => {
                weighted::sum(number, weights, weighted::DIGITS)
                    .is_some_and(|sum| sum % modulus == *remainder)
            }
            Self::Mod11And10 => iso7064::mod_11_10(number),
            Self::Mod97 { remainder, prefix } => iso7064::mod_97(prefix, number) == Some(*remainder),
            Self::Remainder { from, to, modulus, then, at } => {
                let rest = number_at(number, *from, *to).map(|value| value % modulus % then);
                let stated = number.get(*at..).unwrap_or_default();
                rest.is_some_and(|rest| read(stated) == Some(rest))
            }
            Self::Any(checks) => checks.iter().any(|check| check.holds(number)),
            Self::When { length, check } => {
                number.len() != *length || check.iter().all(|check| check.holds(number))
            }
            Self::Part { from, to, check } => {
                number.get(*from..*to).is_some_and(|part| check.iter().all(|check| check.holds(part)))
            }
            Self::National(own) => own.holds(number),
        }
    }
}

/// Whether the check computes a check digit or character; the others know lists and ranges.
pub(super) fn is_verified_by_check(check: &Check) -> bool {
    !matches!(check, Check::National(National::UsEin | National::DeRegister | National::RoRegister))
}

/// The decimal number that `digits` write.
pub(super) fn read(digits: &[char]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, c| value.checked_mul(10)?.checked_add(u64::from(c.to_digit(10)?)))
}

/// The decimal number that the characters from `from` to before `to` write.
pub(super) fn number_at(number: &[char], from: usize, to: usize) -> Option<u64> {
    number.get(from..to).and_then(read)
}
