//! The Luhn algorithm and the schemes that vary it.

use super::check::number_at;

/// The Luhn sum of `number` in `base`, the last character counting once.
fn sum(number: &[char], base: u32) -> Option<u32> {
    number.iter().rev().enumerate().try_fold(0, |sum, (index, c)| {
        let product = c.to_digit(base)? * if index % 2 == 1 { 2 } else { 1 };
        Some(sum + product / base + product % base)
    })
}

pub(super) fn holds(number: &[char], base: u32) -> bool {
    sum(number, base).is_some_and(|sum| sum.is_multiple_of(base))
}

/// The Luhn sum of `digits` with their check digit left out.
pub(super) fn sum_without_check(digits: &[char]) -> Option<u32> {
    sum(&[digits, &['0']].concat(), 10)
}

/// La Poste's establishments have a digit sum that five divides; its head office goes by Luhn like all others.
pub(super) fn fr_siret(number: &[char]) -> bool {
    let siren = number.get(..9).unwrap_or_default();
    let la_poste = number_at(number, 0, 9) == Some(356_000_000);
    let head_office = number_at(number, 9, 14) == Some(48);
    let establishment = if la_poste && !head_office {
        number.iter().filter_map(|c| c.to_digit(10)).sum::<u32>().is_multiple_of(5)
    } else {
        holds(number, 10)
    };
    establishment && holds(siren, 10)
}

/// The check of a Spanish NIF of companies is a digit or the letter for it.
pub(super) fn es_cif(number: &[char]) -> bool {
    let Some(sum) = number.get(1..8).and_then(sum_without_check) else { return false };
    let digit = (10 - sum % 10) % 10;
    number.last().is_some_and(|last| {
        last.to_digit(10) == Some(digit) || "JABCDEFGHI".chars().nth(digit as usize) == Some(*last)
    })
}

/// An Austrian VAT number's digits are off by four from Luhn's.
pub(super) fn at_vat(number: &[char]) -> bool {
    let sum = number.get(1..8).and_then(|digits| sum(digits, 10));
    sum.is_some_and(|sum| number.last().and_then(|c| c.to_digit(10)) == Some((16 - sum % 10) % 10))
}

/// An Indonesian NPWP is 15 digits by Luhn over its first nine; of 16 digits it is the same behind a
/// zero, or a person's identity number, which holds a date of birth.
pub(super) fn id_npwp(number: &[char]) -> bool {
    match (number.len(), number.first()) {
        (15, _) => holds(&number[..9], 10),
        (16, Some('0')) => holds(&number[..10], 10),
        (16, _) => {
            let part = |from| number_at(number, from, from + 2).and_then(|part| i16::try_from(part).ok());
            let (Some(day), Some(month), Some(year)) = (part(6), part(8), part(10)) else { return false };
            [1900, 2000].iter().any(|century| super::dated::is_date(century + year, month, day % 40))
        }
        _ => false,
    }
}
