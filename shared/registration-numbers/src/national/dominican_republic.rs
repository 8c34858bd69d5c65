//! The RNC (Registro Nacional de Contribuyentes) of the Dominican Republic.

use crate::{
    digits::parse,
    weighted::{DIGITS, is_check_character, sum},
};

/// Numbers that are accepted although their check digit is wrong.
///
/// **Provenance, unresolved.** The tax authority (Dirección General de Impuestos Internos, DGII) publishes no
/// rule for these numbers: only its register ("RNC - Consultas", download `DGII_RNC.zip`) can confirm that
/// they are assigned. They have not been compared with that register. The same 23 numbers in the same order
/// are the `whitelist` of `stdnum/do/rnc.py` in python-stdnum (LGPL 2.1 or later). Before this crate is
/// published, replace the list with one taken from the register (assigned numbers of nine digits that fail
/// [`has_check_digit`]), or delete it.
const ACCEPTED_WITHOUT_CHECK_DIGIT: [u64; 23] = [
    101_581_601,
    101_582_245,
    101_595_422,
    101_595_785,
    10_233_317,
    131_188_691,
    401_007_374,
    501_341_601,
    501_378_067,
    501_620_371,
    501_651_319,
    501_651_823,
    501_651_845,
    501_651_926,
    501_656_006,
    501_658_167,
    501_670_785,
    501_676_936,
    501_680_158,
    504_654_542,
    504_680_029,
    504_681_442,
    505_038_691,
];

/// Verifies an RNC by its check digit, or by the list of numbers that have a wrong one.
pub(super) fn rnc(number: &[char]) -> bool {
    parse(number).is_some_and(|value| ACCEPTED_WITHOUT_CHECK_DIGIT.contains(&value))
        || has_check_digit(number)
}

/// Returns whether `number` has nine digits and the last is the check digit of the others (modulo 11).
fn has_check_digit(number: &[char]) -> bool {
    number.len() == 9
        && sum(number, &[7, 9, 8, 6, 5, 4, 3, 2], DIGITS)
            .is_some_and(|sum| is_check_character(number, 8, "21987654321", sum % 11))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_numbers_are_accepted_and_fail_the_check_digit() {
        for number in ACCEPTED_WITHOUT_CHECK_DIGIT {
            let digits: Vec<char> = number.to_string().chars().collect();
            assert!(rnc(&digits) && !has_check_digit(&digits), "{number}");
        }
    }
}
