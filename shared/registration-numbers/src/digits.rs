//! Primitives that read digits, numbers and dates out of a number's characters. Positions count from 0.

use jiff::civil::Date;

/// Returns the digit at position `at`, or `None` if there is no digit.
pub(crate) fn digit_at(number: &[char], at: usize) -> Option<u32> {
    number.get(at)?.to_digit(10)
}

/// Returns the last character as a digit, or `None` if it is not a digit.
pub(crate) fn last_digit(number: &[char]) -> Option<u32> {
    number.last()?.to_digit(10)
}

/// Parses `digits` as a decimal number. Returns `None` if a character is not a digit or the value overflows.
pub(crate) fn parse(digits: &[char]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, c| value.checked_mul(10)?.checked_add(u64::from(c.to_digit(10)?)))
}

/// Parses the characters from `from` up to, but not including, `to` as a decimal number.
pub(crate) fn number_at(number: &[char], from: usize, to: usize) -> Option<u64> {
    number.get(from..to).and_then(parse)
}

/// Parses the two digits at `from` as a part of a date. Returns -1, which no date contains, if they are not
/// digits.
pub(crate) fn two_digits_at(number: &[char], from: usize) -> i16 {
    number_at(number, from, from + 2).and_then(|value| i16::try_from(value).ok()).unwrap_or(-1)
}

/// Pads `digits` with leading zeros to `length` characters.
pub(crate) fn zero_padded(digits: &[char], length: usize) -> Vec<char> {
    let zeros = length.saturating_sub(digits.len());
    std::iter::repeat_n('0', zeros).chain(digits.iter().copied()).collect()
}

/// Returns whether this is a valid date of the calendar.
pub(crate) fn is_date(year: i16, month: i16, day: i16) -> bool {
    let (month, day) = (i8::try_from(month), i8::try_from(day));
    matches!((month, day), (Ok(month), Ok(day)) if Date::new(year, month, day).is_ok())
}
