//! Check characters computed from a sum of weighted digits.

use crate::digits::last_digit;

/// The alphabet of schemes whose numbers contain only digits.
pub(crate) const DIGITS: &str = "0123456789";

/// Returns the sum of the first characters of `number` times `weights`. A character's value is its position
/// in `alphabet`. Returns `None` if `number` is too short or contains a character outside `alphabet`.
pub(crate) fn sum(number: &[char], weights: &[u32], alphabet: &str) -> Option<u32> {
    if number.len() < weights.len() {
        return None;
    }
    weights.iter().zip(number).try_fold(0, |sum, (weight, c)| {
        let value = alphabet.chars().position(|known| known == *c)?;
        Some(sum + weight * u32::try_from(value).ok()?)
    })
}

/// Returns whether the character at position `at` is the one that `remainder` selects from `characters`.
pub(crate) fn is_check_character(number: &[char], at: usize, characters: &str, remainder: u32) -> bool {
    let expected = usize::try_from(remainder).ok().and_then(|index| characters.chars().nth(index));
    expected.is_some() && expected.as_ref() == number.get(at)
}

/// Returns whether the last character matches a sum whose `weights` are applied from the end.
pub(crate) fn holds_from_end(number: &[char], weights: &[u32], modulus: u32, characters: &str) -> bool {
    let Some((_, digits)) = number.split_last() else { return false };
    let reversed: Vec<char> = digits.iter().rev().copied().collect();
    let used = &weights[..weights.len().min(reversed.len())];
    sum(&reversed, used, DIGITS)
        .is_some_and(|sum| is_check_character(number, digits.len(), characters, sum % modulus))
}

/// Returns whether the last digit is the sum modulo 11. If the `first` weights give 10, the `second` ones
/// apply; if those give 10 too, the check digit is 0.
pub(crate) fn holds_in_two_passes(number: &[char], first: &[u32], second: &[u32]) -> bool {
    let remainder = |weights| sum(number, weights, DIGITS).map(|sum| sum % 11);
    let check = match remainder(first) {
        Some(10) => remainder(second).map(|remainder| remainder % 10),
        remainder => remainder,
    };
    check.is_some() && last_digit(number) == check
}
