//! Algorithms of the Americas.

use crate::{
    digits::{digit_at, is_date, number_at, two_digits_at},
    luhn,
    weighted::{DIGITS, is_check_character, sum},
};

/// Verifies a Brazilian CNPJ: both check digits use the weights 2 to 9, repeated from the end. Letters count
/// as their ASCII code minus 48 (alphanumeric CNPJ, from July 2026).
pub(super) fn br_cnpj(number: &[char]) -> bool {
    [12, 13].into_iter().all(|at| {
        let digits = number.get(..at).unwrap_or_default();
        let weighted = digits.iter().rev().zip((2..=9).cycle());
        let sum: u32 =
            weighted.map(|(c, weight): (&char, u32)| u32::from(*c).saturating_sub(48) * weight).sum();
        is_check_character(number, at, "00987654321", sum % 11)
    })
}

/// Verifies an Ecuadorian RUC. The third digit says whether it belongs to a natural person (0 to 5), a public
/// body (6) or a company (9).
pub(super) fn ec_ruc(number: &[char]) -> bool {
    let divisible = |weights: &[u32]| sum(number, weights, DIGITS).is_some_and(|sum| sum.is_multiple_of(11));
    let person =
        || number_at(number, 10, 13) != Some(0) && number.get(..10).is_some_and(|id| luhn::holds(id, 10));
    let public = || number_at(number, 9, 13) != Some(0) && divisible(&[3, 2, 7, 6, 5, 4, 3, 2, 1]);
    let company = || number_at(number, 10, 13) != Some(0) && divisible(&[4, 3, 2, 7, 6, 5, 4, 3, 2, 1]);
    match digit_at(number, 2) {
        Some(0..=5) => person(),
        Some(6) => public() || person(),
        Some(9) => public() || company(),
        _ => false,
    }
}

/// Verifies a company's Mexican RFC: the date of incorporation, and a check character over all of it.
pub(super) fn mx_rfc(number: &[char]) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ";
    // A company's RFC counts as preceded by a space, whose value 37 has the weight 13.
    let sum = sum(number, &[12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2], ALPHABET).map(|sum| sum + 37 * 13);
    is_date(2000 + two_digits_at(number, 3), two_digits_at(number, 5), two_digits_at(number, 7))
        && sum.is_some_and(|sum| is_check_character(number, 11, "0A987654321", sum % 11))
}

/// Verifies the prefix of a United States EIN: the prefixes that the Internal Revenue Service assigns
/// ("How EINs are assigned and valid EIN prefixes").
pub(super) fn us_ein(number: &[char]) -> bool {
    matches!(
        number_at(number, 0, 2),
        Some(1..=6 | 10..=16 | 20..=27 | 30..=48 | 50..=68 | 71..=77 | 80..=88 | 90..=95 | 98 | 99)
    )
}
