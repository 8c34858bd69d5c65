//! Algorithms of Asia and the Pacific.

use crate::{
    digits::{digit_at, is_date, last_digit, number_at, parse, two_digits_at, zero_padded},
    luhn,
    weighted::{DIGITS, is_check_character, sum},
};

/// Verifies an Australian ABN: the first two digits are computed from the nine others.
pub(super) fn au_abn(number: &[char]) -> bool {
    let sum = number.get(2..).and_then(|part| sum(part, &[3, 5, 7, 9, 11, 13, 15, 17, 19], DIGITS));
    sum.is_some_and(|sum| {
        let remainder = (-i64::from(sum) - 1).rem_euclid(89);
        number_at(number, 0, 2).and_then(|written| i64::try_from(written).ok()) == Some(11 + remainder)
    })
}

/// Verifies the check digit of a GS1 key (weights 1 and 3), which New Zealand's business numbers are.
pub(super) fn gs1(number: &[char]) -> bool {
    sum(number, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1], DIGITS).is_some_and(|sum| sum.is_multiple_of(10))
}

/// Verifies an Indonesian NPWP. One of 15 digits has a Luhn check digit in its ninth place. One of 16 digits
/// is either the same number after a zero, or a person's identity number, which contains a date of birth (a
/// woman's day is 40 higher).
pub(super) fn id_npwp(number: &[char]) -> bool {
    match (number.len(), number.first()) {
        (15, _) => luhn::holds(&number[..9], 10),
        (16, Some('0')) => luhn::holds(&number[..10], 10),
        (16, _) => {
            let [day, month, year] = [6, 8, 10].map(|from| two_digits_at(number, from));
            year >= 0 && [1900, 2000].iter().any(|century| is_date(century + year, month, day % 40))
        }
        _ => false,
    }
}

/// Verifies a Korean business number: the tens digit of the ninth digit's product is added to the sum as
/// well.
pub(super) fn kr_business(number: &[char]) -> bool {
    let in_range = number_at(number, 0, 3).is_some_and(|office| office >= 101)
        && number_at(number, 3, 5) != Some(0)
        && number_at(number, 5, 9) != Some(0);
    let sum = sum(number, &[1, 3, 7, 1, 3, 7, 1, 3, 5], DIGITS);
    in_range
        && match (sum, digit_at(number, 8)) {
            (Some(sum), Some(ninth)) => digit_at(number, 9) == Some((10 - (sum + ninth * 5 / 10) % 10) % 10),
            _ => false,
        }
}

/// Verifies a New Zealand IRD number. If the first weights give 10, the second ones apply.
pub(super) fn nz_ird(number: &[char]) -> bool {
    let in_range = parse(number).is_some_and(|value| (10_000_001..150_000_000).contains(&value));
    let Some((_, digits)) = number.split_last() else { return false };
    let digits = zero_padded(digits, 8);
    let check = |weights: &[u32]| sum(&digits, weights, DIGITS).map(|sum| (11 - sum % 11) % 11);
    let expected = match check(&[3, 2, 7, 6, 5, 4, 3, 2]) {
        Some(10) => check(&[7, 4, 3, 2, 5, 2, 7, 6]),
        digit => digit,
    };
    in_range && expected.is_some() && last_digit(number) == expected
}

/// Entity types in Singapore's numbers of ten characters that begin with a letter.
const SG_ENTITY_TYPES: [&str; 38] = [
    "CC", "CD", "CH", "CL", "CM", "CP", "CS", "CX", "DP", "FB", "FC", "FM", "FN", "GA", "GB", "GS", "HS",
    "LL", "LP", "MB", "MC", "MD", "MH", "MM", "MQ", "NB", "NR", "PA", "PB", "PF", "RF", "RP", "SM", "SS",
    "TC", "TU", "VH", "XL",
];

/// Verifies a Singaporean UEN: nine characters for businesses, ten that begin with the year for local
/// companies, ten that begin with a letter for the century for other entities.
pub(super) fn sg_uen(number: &[char]) -> bool {
    const ALPHABET: &str = "ABCDEFGHJKLMNPQRSTUVWX0123456789";
    let holds = |weights: &[u32], characters, at| {
        sum(number, weights, DIGITS).is_some_and(|sum| is_check_character(number, at, characters, sum % 11))
    };
    if number.len() == 9 {
        return holds(&[10, 4, 9, 3, 8, 2, 7, 1], "XMKECAWLJDB", 8);
    }
    if number.first().is_some_and(char::is_ascii_digit) {
        let year = number_at(number, 0, 4).is_some_and(|year| year <= 2099);
        return year && holds(&[10, 8, 6, 4, 9, 7, 5, 3, 1], "ZKCMDNERGWH", 9);
    }
    let entity_type: String = number.get(3..5).unwrap_or_default().iter().collect();
    let sum = sum(number, &[4, 3, 5, 3, 10, 2, 2, 5, 7], ALPHABET);
    SG_ENTITY_TYPES.contains(&entity_type.as_str())
        && sum.is_some_and(|sum| is_check_character(number, 9, ALPHABET, (sum + 6) % 11))
}

/// Verifies a Taiwanese UBN: its digit sum is divisible by five ("Revision of the check logic of unified business
/// numbers", Ministry of Finance, in force since April 2023; by ten before). A 7 in the seventh place, whose product is
/// 28, may count as 1 or 0.
pub(super) fn tw_ubn(number: &[char]) -> bool {
    let sum: Option<u32> = number.iter().zip([1, 2, 1, 2, 1, 2, 4, 1]).try_fold(0, |sum, (c, weight)| {
        let product = c.to_digit(10)? * weight;
        Some(sum + product / 10 + product % 10)
    });
    sum.is_some_and(|sum| sum % 5 == 0 || (sum % 5 == 4 && number.get(6) == Some(&'7')))
}
