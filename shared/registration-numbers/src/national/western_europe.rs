//! Algorithms of western Europe.

use crate::{
    digits::{is_date, last_digit, number_at, parse, two_digits_at, zero_padded},
    luhn,
    weighted::{DIGITS, is_check_character, sum},
};

/// Verifies an Austrian company register number (Firmenbuchnummer): its check letter.
pub(super) fn at_register(number: &[char]) -> bool {
    let Some((_, digits)) = number.split_last() else { return false };
    sum(&zero_padded(digits, 6), &[6, 4, 14, 15, 10, 1], DIGITS)
        .is_some_and(|sum| is_check_character(number, digits.len(), "abdfghikmpstvwxyz", sum % 17))
}

/// Verifies an Austrian VAT number: its check digit differs by four from that of the Luhn algorithm.
pub(super) fn at_vat(number: &[char]) -> bool {
    let sum = number.get(1..8).and_then(|digits| luhn::sum(digits, 10));
    sum.is_some_and(|sum| last_digit(number) == Some((16 - sum % 10) % 10))
}

/// Verifies a Belgian enterprise number: the first eight digits and the last two add up to a multiple of 97.
pub(super) fn be_enterprise(number: &[char]) -> bool {
    matches!((number_at(number, 0, 8), number_at(number, 8, 10)), (Some(a), Some(b)) if (a + b) % 97 == 0)
}

/// Verifies a Spanish company's NIF: the check is a digit, or the letter that stands for it.
pub(super) fn es_cif(number: &[char]) -> bool {
    let Some(sum) = number.get(1..8).and_then(luhn::sum_without_check) else { return false };
    let digit = (10 - sum % 10) % 10;
    last_digit(number) == Some(digit) || number.last() == "JABCDEFGHI".chars().nth(digit as usize).as_ref()
}

/// Verifies a French SIRET: both the SIREN in it and the whole number have a Luhn check digit. The
/// establishments of La Poste have a digit sum divisible by five instead; its head office follows Luhn like
/// all others.
pub(super) fn fr_siret(number: &[char]) -> bool {
    let siren = number.get(..9).unwrap_or_default();
    let la_poste = number_at(number, 0, 9) == Some(356_000_000);
    let head_office = number_at(number, 9, 14) == Some(48);
    let establishment = if la_poste && !head_office {
        number.iter().filter_map(|c| c.to_digit(10)).sum::<u32>().is_multiple_of(5)
    } else {
        luhn::holds(number, 10)
    };
    establishment && luhn::holds(siren, 10)
}

/// Verifies a French VAT number: two characters before a SIREN. Two digits are the remainder modulo 97 of the
/// SIREN followed by 12; a pair with a letter follows another rule. Numbers of Monaco begin with 000 and have
/// no SIREN.
pub(super) fn fr_vat(number: &[char]) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let (Some(key), Some(siren)) = (number.get(..2), number.get(2..)) else { return false };
    let Some(value) = parse(siren) else { return false };
    if !siren.starts_with(&['0', '0', '0']) && !luhn::holds(siren, 10) {
        return false;
    }
    if let Some(key) = parse(key) {
        return key == (value * 100 + 12) % 97;
    }
    let value_of =
        |c: char| ALPHABET.chars().position(|known| known == c).and_then(|at| i64::try_from(at).ok());
    let (Some(first), Some(second), Ok(value)) = (value_of(key[0]), value_of(key[1]), i64::try_from(value))
    else {
        return false;
    };
    let key = if first < 10 { first * 24 + second - 10 } else { first * 34 + second - 100 };
    (value + 1 + key.div_euclid(11)).rem_euclid(11) == key.rem_euclid(11)
}

/// Verifies a British VAT number: companies by modulo 97 in one of two series, government departments (GD)
/// and health authorities (HA) by their ranges.
pub(super) fn gb_vat(number: &[char]) -> bool {
    if let Some(first @ ('G' | 'H')) = number.first() {
        let short = number.len() == 5;
        let group = if short { number_at(number, 2, 5) } else { number_at(number, 6, 9) };
        let Some(group) = group else { return false };
        let in_range = (*first == 'G') == (group < 500);
        return in_range && (short || number_at(number, 9, 11) == Some(group % 97));
    }
    let old_series = number_at(number, 0, 3).is_some_and(|first| first < 100);
    let remainder = sum(number, &[8, 7, 6, 5, 4, 3, 2, 10, 1], DIGITS).map(|sum| sum % 97);
    matches!((remainder, old_series), (Some(0), _) | (Some(42 | 55), false))
}

/// Verifies an Irish VAT number: seven digits and a check letter, to which a second letter contributes. In
/// old numbers a letter or sign is in the second place, and the first digit counts last.
pub(super) fn ie_vat(number: &[char]) -> bool {
    const LETTERS: &str = "WABCDEFGHIJKLMNOPQRSTUV";
    let new_format = number.get(..7).is_some_and(|digits| digits.iter().all(char::is_ascii_digit));
    let (digits, second) = match (new_format, number) {
        (true, [digits @ .., _]) if number.len() == 8 => (digits.to_vec(), None),
        (true, _) => (number.get(..7).unwrap_or_default().to_vec(), number.get(8)),
        (false, _) => {
            let (Some(first), Some(middle)) = (number.first(), number.get(2..7)) else { return false };
            ([&['0'], middle, &[*first]].concat(), None)
        }
    };
    let value_of =
        |c: &char| LETTERS.chars().position(|known| known == *c).and_then(|at| u32::try_from(at).ok());
    let extra = second.map_or(Some(0), value_of).map(|value| 9 * value);
    match (sum(&digits, &[8, 7, 6, 5, 4, 3, 2], DIGITS), extra) {
        (Some(sum), Some(extra)) => is_check_character(number, 7, LETTERS, (sum + extra) % 23),
        _ => false,
    }
}

/// Verifies an Icelandic kennitala: a date, for companies with a day 40 higher. The last digit is the
/// century.
pub(super) fn is_kennitala(number: &[char]) -> bool {
    let (day, month) = (two_digits_at(number, 0), two_digits_at(number, 2));
    let century = if number.last() == Some(&'9') { 1900 } else { 2000 };
    let sum = sum(number, &[3, 2, 7, 6, 5, 4, 3, 2, 1], DIGITS);
    is_date(century + two_digits_at(number, 4), month, if day >= 40 { day - 40 } else { day })
        && sum.is_some_and(|sum| sum.is_multiple_of(11))
}
