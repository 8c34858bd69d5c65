//! The Luhn algorithm (ISO/IEC 7812-1, annex B).

/// Returns the Luhn sum of `number` in `base`; the last character is not doubled.
pub(crate) fn sum(number: &[char], base: u32) -> Option<u32> {
    number.iter().rev().enumerate().try_fold(0, |sum, (index, c)| {
        let product = c.to_digit(base)? * if index % 2 == 1 { 2 } else { 1 };
        Some(sum + product / base + product % base)
    })
}

/// Returns whether the last character of `number` is its Luhn check character in `base`.
pub(crate) fn holds(number: &[char], base: u32) -> bool {
    sum(number, base).is_some_and(|sum| sum.is_multiple_of(base))
}

/// Returns the Luhn sum of `digits` with the check digit 0 appended.
pub(crate) fn sum_without_check(digits: &[char]) -> Option<u32> {
    sum(&[digits, &['0']].concat(), 10)
}
