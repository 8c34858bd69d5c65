//! Schemes in whose numbers a date stands.

use jiff::civil::Date;

use super::{
    check::number_at,
    weighted::{self, DIGITS},
};

/// Whether the calendar has this day.
pub(super) fn is_date(year: i16, month: i16, day: i16) -> bool {
    let (month, day) = (i8::try_from(month), i8::try_from(day));
    matches!((month, day), (Ok(month), Ok(day)) if Date::new(year, month, day).is_ok())
}

/// The two digits at `from`.
fn two(number: &[char], from: usize) -> i16 {
    number_at(number, from, from + 2).and_then(|value| i16::try_from(value).ok()).unwrap_or(-1)
}

fn digit(number: &[char], at: usize) -> Option<u32> {
    number.get(at)?.to_digit(10)
}

/// A Czech or Slovak birth number: women's months are 50 higher, and 20 more where a day ran out of numbers.
pub(super) fn birth_number(number: &[char]) -> bool {
    let year = 1900 + two(number, 0);
    let year = if year < 1954 { year + 100 } else { year };
    let nine = number_at(number, 0, 9).unwrap_or_default();
    is_date(year, two(number, 2) % 50 % 20, two(number, 4))
        && digit(number, 9).map(u64::from) == Some(nine % 11 % 10)
}

/// A Bulgarian number of nine digits is a company's, of ten a person's or a foreigner's.
pub(super) fn bg_vat(number: &[char]) -> bool {
    if number.len() == 9 {
        return weighted::holds_in_two_passes(number, &[1, 2, 3, 4, 5, 6, 7, 8], &[3, 4, 5, 6, 7, 8, 9, 10]);
    }
    let by = |weights: &[u32], modulus, characters| {
        weighted::sum(number, weights, DIGITS)
            .is_some_and(|sum| weighted::stands(number, 9, characters, sum % modulus))
    };
    let (year, month) = match (1900 + two(number, 0), two(number, 2)) {
        (year, month) if month > 40 => (year + 100, month - 40),
        (year, month) if month > 20 => (year - 100, month - 20),
        other => other,
    };
    let person = is_date(year, month, two(number, 4)) && by(&[2, 4, 8, 5, 10, 9, 7, 3, 6], 11, "01234567890");
    person
        || by(&[21, 19, 17, 13, 11, 9, 7, 3, 1], 10, DIGITS)
        || by(&[4, 3, 2, 7, 6, 5, 4, 3, 2], 11, "0!987654321")
}

/// A Latvian number is a company's when it begins above 3; else a person's, with a date up to 2017.
pub(super) fn lv_vat(number: &[char]) -> bool {
    if number.first().is_some_and(|c| *c > '3') {
        let sum = weighted::sum(number, &[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1], DIGITS);
        return sum.is_some_and(|sum| sum % 11 == 3);
    }
    let century = digit(number, 6).and_then(|c| i16::try_from(c).ok()).unwrap_or_default();
    let dated = two(number, 0) == 32
        || is_date(1800 + 100 * century + two(number, 4), two(number, 2), two(number, 0));
    let sum = weighted::sum(number, &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9], DIGITS);
    dated && sum.is_some_and(|sum| digit(number, 10) == Some((1 + sum) % 11 % 10))
}

/// An Icelandic kennitala: companies' days are 40 higher; the last digit is the century.
pub(super) fn is_kennitala(number: &[char]) -> bool {
    let (day, month) = (two(number, 0), two(number, 2));
    let century = if number.last() == Some(&'9') { 1900 } else { 2000 };
    let sum = weighted::sum(number, &[3, 2, 7, 6, 5, 4, 3, 2, 1], DIGITS);
    is_date(century + two(number, 4), month, if day >= 40 { day - 40 } else { day })
        && sum.is_some_and(|sum| sum.is_multiple_of(11))
}

/// A Mexican RFC of a company: a date of incorporation and a check character over all of it.
pub(super) fn mx_rfc(number: &[char]) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ";
    // A company's RFC counts as having a space in front, worth 37 times the weight 13.
    let sum = weighted::sum(number, &[12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2], ALPHABET).map(|sum| sum + 37 * 13);
    is_date(2000 + two(number, 3), two(number, 5), two(number, 7))
        && sum.is_some_and(|sum| weighted::stands(number, 11, "0A987654321", sum % 11))
}
