//! Algorithms of central, eastern and south-eastern Europe and of Turkey.

use crate::{
    digits::{digit_at, is_date, last_digit, number_at, parse, two_digits_at, zero_padded},
    weighted::{DIGITS, holds_in_two_passes, is_check_character, sum},
};

/// Verifies a Bulgarian number: nine digits for a company, ten for a person or a foreigner. The month of a
/// person's date of birth is 20 higher before 1900 and 40 higher from 2000.
pub(super) fn bg_vat(number: &[char]) -> bool {
    if number.len() == 9 {
        return holds_in_two_passes(number, &[1, 2, 3, 4, 5, 6, 7, 8], &[3, 4, 5, 6, 7, 8, 9, 10]);
    }
    let holds = |weights: &[u32], modulus, characters| {
        sum(number, weights, DIGITS)
            .is_some_and(|sum| is_check_character(number, 9, characters, sum % modulus))
    };
    let (year, month) = match (1900 + two_digits_at(number, 0), two_digits_at(number, 2)) {
        (year, month) if month > 40 => (year + 100, month - 40),
        (year, month) if month > 20 => (year - 100, month - 20),
        other => other,
    };
    let person = is_date(year, month, two_digits_at(number, 4))
        && holds(&[2, 4, 8, 5, 10, 9, 7, 3, 6], 11, "01234567890");
    person
        || holds(&[21, 19, 17, 13, 11, 9, 7, 3, 1], 10, DIGITS)
        || holds(&[4, 3, 2, 7, 6, 5, 4, 3, 2], 11, "0!987654321")
}

/// Verifies a Czech or Slovak birth number: a woman's month is 50 higher, and a month is 20 higher on days
/// whose numbers ran out.
pub(super) fn birth_number(number: &[char]) -> bool {
    let year = 1900 + two_digits_at(number, 0);
    let year = if year < 1954 { year + 100 } else { year };
    let first_nine = number_at(number, 0, 9).unwrap_or_default();
    is_date(year, two_digits_at(number, 2) % 50 % 20, two_digits_at(number, 4))
        && digit_at(number, 9).map(u64::from) == Some(first_nine % 11 % 10)
}

/// Verifies a Belarusian UNP. A second letter counts as its position in a list of ten letters.
pub(super) fn by_unp(number: &[char]) -> bool {
    const ALPHANUMERIC: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut digits = number.to_vec();
    if let Some(second) = digits.get_mut(1).filter(|second| second.is_alphabetic()) {
        let position = "ABCEHKMOPT".chars().position(|c| c == *second);
        let value = position.and_then(|position| u32::try_from(position).ok());
        let Some(digit) = value.and_then(|value| char::from_digit(value, 10)) else { return false };
        *second = digit;
    }
    sum(&digits, &[29, 23, 19, 17, 13, 7, 5, 3], ALPHANUMERIC)
        .is_some_and(|sum| is_check_character(number, 8, DIGITS, sum % 11))
}

/// Verifies a Cypriot VAT number: digits in odd places count by a table, the others as they are.
pub(super) fn cy_vat(number: &[char]) -> bool {
    const VALUES_IN_ODD_PLACES: [u32; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let sum = number.iter().take(8).enumerate().try_fold(0, |sum, (index, c)| {
        let digit = c.to_digit(10)?;
        Some(sum + if index % 2 == 0 { *VALUES_IN_ODD_PLACES.get(digit as usize)? } else { digit })
    });
    sum.is_some_and(|sum| is_check_character(number, 8, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", sum % 26))
}

/// Verifies a company's Lithuanian VAT number: a 1 precedes the check digit, and the weights run from 1 to 9,
/// then from 3.
pub(super) fn lt_vat(number: &[char]) -> bool {
    let Some(last) = number.len().checked_sub(1) else { return false };
    let weights =
        |first: u32| -> Vec<u32> { (0..).map(|step| 1 + (first - 1 + step) % 9).take(last).collect() };
    digit_at(number, last - 1) == Some(1) && holds_in_two_passes(number, &weights(1), &weights(3))
}

/// Verifies a Latvian number: a company's if it begins with more than 3; otherwise a person's, which contains
/// the date of birth if it was issued up to 2017 and begins with 32 since then.
pub(super) fn lv_vat(number: &[char]) -> bool {
    if number.first().is_some_and(|c| *c > '3') {
        let sum = sum(number, &[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1], DIGITS);
        return sum.is_some_and(|sum| sum % 11 == 3);
    }
    let century = digit_at(number, 6).and_then(|c| i16::try_from(c).ok()).unwrap_or_default();
    let year = 1800 + 100 * century + two_digits_at(number, 4);
    let day = two_digits_at(number, 0);
    let sum = sum(number, &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9], DIGITS);
    (day == 32 || is_date(year, two_digits_at(number, 2), day))
        && sum.is_some_and(|sum| digit_at(number, 10) == Some((1 + sum) % 11 % 10))
}

/// Verifies a Romanian CUI: up to nine digits and a check digit.
pub(super) fn ro_cui(number: &[char]) -> bool {
    let Some((last, digits)) = number.split_last() else { return false };
    let sum = sum(&zero_padded(digits, 9), &[7, 5, 3, 2, 1, 7, 5, 3, 2], DIGITS);
    sum.is_some_and(|sum| last.to_digit(10) == Some(10 * sum % 11 % 10))
}

/// Verifies a Romanian trade register number: letter, county, serial and year. The form of 14 characters, in
/// use since 2024, adds a check digit and has the county 00.
pub(super) fn ro_register(number: &[char]) -> bool {
    let is_county = |county: u64| (1..=40).contains(&county) || county == 51 || county == 52;
    if number.contains(&'/') {
        let text: String = number[1..].iter().collect();
        let mut parts = text.split('/').map(|part| part.parse::<u64>().unwrap_or_default());
        let (county, _, year) = (parts.next(), parts.next(), parts.next());
        return county.is_some_and(is_county) && year.is_some_and(|year| (1990..=2024).contains(&year));
    }
    let (Some(year), Some(county)) = (number_at(number, 1, 5), number_at(number, 11, 13)) else {
        return false;
    };
    let county_fits = match year {
        1990..=2023 => is_county(county),
        2024 => county == 0 || is_county(county),
        2025..=2099 => county == 0,
        _ => false,
    };
    let letter_value = match number.first() {
        Some('J') => 4,
        Some('C') => 7,
        _ => 0,
    };
    let digit_sum: u32 = number[1..13].iter().filter_map(|c| c.to_digit(10)).sum();
    county_fits && digit_at(number, 13) == Some((letter_value + digit_sum) % 10)
}

/// Verifies a Slovak VAT number: divisible by 11, with a first digit other than 0 and a restricted third
/// digit.
pub(super) fn sk_vat(number: &[char]) -> bool {
    number.first() != Some(&'0')
        && number.get(2).is_some_and(|third| "234789".contains(*third))
        && parse(number).is_some_and(|value| value.is_multiple_of(11))
}

/// Verifies a Turkish VKN.
pub(super) fn tr_vkn(number: &[char]) -> bool {
    let sum = (0..9_u32).try_fold(0, |sum, index| {
        let weight = 9 - index;
        let value = (digit_at(number, index as usize)? + weight) % 10;
        let product = value * 2_u32.pow(weight) % 9;
        Some(sum + if value != 0 && product == 0 { 9 } else { product })
    });
    sum.is_some_and(|sum: u32| last_digit(number) == Some((10 - sum % 10) % 10))
}

/// Verifies a Ukrainian EDRPOU code. The weights of numbers from 30 to 60 million begin with 7.
pub(super) fn ua_edrpou(number: &[char]) -> bool {
    let first: [u32; 7] = match number.first() {
        Some('3'..='5') => [7, 1, 2, 3, 4, 5, 6],
        _ => [1, 2, 3, 4, 5, 6, 7],
    };
    holds_in_two_passes(number, &first, &first.map(|weight| weight + 2))
}
