//! Sums of weighted digits.

pub(super) const DIGITS: &str = "0123456789";

/// The sum of `number`'s first characters times `weights`, a character counting as its place in
/// `alphabet`.
pub(super) fn sum(number: &[char], weights: &[u32], alphabet: &str) -> Option<u32> {
    if number.len() < weights.len() {
        return None;
    }
    weights.iter().zip(number).try_fold(0, |sum, (weight, c)| {
        let value = alphabet.chars().position(|known| known == *c)?;
        Some(sum + weight * u32::try_from(value).ok()?)
    })
}

/// Whether the character that `remainder` stands for in `characters` is the one at `at`.
pub(super) fn stands(number: &[char], at: usize, characters: &str, remainder: u32) -> bool {
    let expected = usize::try_from(remainder).ok().and_then(|index| characters.chars().nth(index));
    expected.is_some() && expected.as_ref() == number.get(at)
}

pub(super) fn holds_from_end(number: &[char], weights: &[u32], modulus: u32, characters: &str) -> bool {
    let Some((_, digits)) = number.split_last() else { return false };
    let reversed: Vec<char> = digits.iter().rev().copied().collect();
    let used = &weights[..weights.len().min(reversed.len())];
    sum(&reversed, used, DIGITS).is_some_and(|sum| stands(number, digits.len(), characters, sum % modulus))
}

pub(super) fn holds_in_two_passes(number: &[char], first: &[u32], second: &[u32]) -> bool {
    let rest = |weights| sum(number, weights, DIGITS).map(|sum| sum % 11);
    let digit = match rest(first) {
        Some(10) => rest(second).map(|rest| rest % 10),
        rest => rest,
    };
    digit.is_some() && number.last().and_then(|c| c.to_digit(10)) == digit
}
