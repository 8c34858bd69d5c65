//! Algorithms that only one scheme has, and the lists of prefixes that some go by.

use serde::Deserialize;

use super::{
    check::{number_at, read},
    dated, luhn, normalize,
    weighted::{self, DIGITS, stands, sum},
};

/// An algorithm of one scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum National {
    AtRegister,
    AtVat,
    AuAbn,
    BeEnterprise,
    BgVat,
    BirthNumber,
    BrCnpj,
    ByUnp,
    CyVat,
    DeRegister,
    DoRnc,
    EcRuc,
    EsCif,
    FrSiret,
    FrVat,
    GbVat,
    Gs1,
    IdNpwp,
    IeVat,
    IsKennitala,
    KrBusiness,
    LtVat,
    LvVat,
    MxRfc,
    NzIrd,
    RoCui,
    RoRegister,
    SgUen,
    SkVat,
    TrVkn,
    TwUbn,
    UaEdrpou,
    UsEin,
}

impl National {
    pub(super) fn holds(self, number: &[char]) -> bool {
        match self {
            Self::AtRegister => at_register(number),
            Self::AtVat => luhn::at_vat(number),
            Self::AuAbn => au_abn(number),
            Self::BeEnterprise => be_enterprise(number),
            Self::BgVat => dated::bg_vat(number),
            Self::BirthNumber => dated::birth_number(number),
            Self::BrCnpj => br_cnpj(number),
            Self::ByUnp => by_unp(number),
            Self::CyVat => cy_vat(number),
            Self::DeRegister => normalize::is_german_register(&number.iter().collect::<String>()),
            Self::DoRnc => do_rnc(number),
            Self::EcRuc => ec_ruc(number),
            Self::EsCif => luhn::es_cif(number),
            Self::FrSiret => luhn::fr_siret(number),
            Self::FrVat => fr_vat(number),
            Self::GbVat => gb_vat(number),
            Self::Gs1 => gs1(number),
            Self::IdNpwp => luhn::id_npwp(number),
            Self::IeVat => ie_vat(number),
            Self::IsKennitala => dated::is_kennitala(number),
            Self::KrBusiness => kr_business(number),
            Self::LtVat => lt_vat(number),
            Self::LvVat => dated::lv_vat(number),
            Self::MxRfc => dated::mx_rfc(number),
            Self::NzIrd => nz_ird(number),
            Self::RoCui => ro_cui(number),
            Self::RoRegister => ro_register(number),
            Self::SgUen => sg_uen(number),
            Self::SkVat => sk_vat(number),
            Self::TrVkn => tr_vkn(number),
            Self::TwUbn => tw_ubn(number),
            Self::UaEdrpou => ua_edrpou(number),
            Self::UsEin => us_ein(number),
        }
    }
}

fn digit(number: &[char], at: usize) -> Option<u32> {
    number.get(at)?.to_digit(10)
}

/// `digits` with zeros in front, `length` in all.
fn padded(digits: &[char], length: usize) -> Vec<char> {
    let zeros = length.saturating_sub(digits.len());
    std::iter::repeat_n('0', zeros).chain(digits.iter().copied()).collect()
}

fn at_register(number: &[char]) -> bool {
    let Some((_, digits)) = number.split_last() else { return false };
    sum(&padded(digits, 6), &[6, 4, 14, 15, 10, 1], DIGITS)
        .is_some_and(|sum| stands(number, digits.len(), "abdfghikmpstvwxyz", sum % 17))
}

fn au_abn(number: &[char]) -> bool {
    let sum = number.get(2..).and_then(|part| sum(part, &[3, 5, 7, 9, 11, 13, 15, 17, 19], DIGITS));
    sum.is_some_and(|sum| {
        let rest = (-i64::from(sum) - 1).rem_euclid(89);
        number_at(number, 0, 2).and_then(|stated| i64::try_from(stated).ok()) == Some(11 + rest)
    })
}

/// The first eight digits and the last two complete each other to a multiple of 97.
fn be_enterprise(number: &[char]) -> bool {
    matches!((number_at(number, 0, 8), number_at(number, 8, 10)), (Some(a), Some(b)) if (a + b) % 97 == 0)
}

/// Both check digits by weights from 2 to 9, again and again from the end; letters count as their
/// ASCII code less 48 (alphanumeric CNPJ, from July 2026).
fn br_cnpj(number: &[char]) -> bool {
    [12, 13].into_iter().all(|at| {
        let digits = number.get(..at).unwrap_or_default();
        let weighted = digits.iter().rev().zip((2..=9).cycle());
        let sum: u32 =
            weighted.map(|(c, weight): (&char, u32)| u32::from(*c).saturating_sub(48) * weight).sum();
        stands(number, at, "00987654321", sum % 11)
    })
}

/// A second letter counts as its place in a list of ten.
fn by_unp(number: &[char]) -> bool {
    const ALPHANUMERIC: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut digits = number.to_vec();
    if let Some(second) = digits.get_mut(1).filter(|second| second.is_alphabetic()) {
        let place =
            "ABCEHKMOPT".chars().position(|c| c == *second).and_then(|place| u32::try_from(place).ok());
        let Some(place) = place.and_then(|place| char::from_digit(place, 10)) else { return false };
        *second = place;
    }
    sum(&digits, &[29, 23, 19, 17, 13, 7, 5, 3], ALPHANUMERIC)
        .is_some_and(|sum| stands(number, 8, DIGITS, sum % 11))
}

fn cy_vat(number: &[char]) -> bool {
    const IN_ODD_PLACES: [u32; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let sum = number.iter().take(8).enumerate().try_fold(0, |sum, (index, c)| {
        let digit = c.to_digit(10)?;
        Some(sum + if index % 2 == 0 { *IN_ODD_PLACES.get(digit as usize)? } else { digit })
    });
    sum.is_some_and(|sum| stands(number, 8, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", sum % 26))
}

/// Numbers that were issued with a wrong check digit and stand in the tax authority's list.
const DO_RNC_ISSUED: [u64; 23] = [
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

fn do_rnc(number: &[char]) -> bool {
    let issued = read(number).is_some_and(|value| DO_RNC_ISSUED.contains(&value));
    let checked = || {
        sum(number, &[7, 9, 8, 6, 5, 4, 3, 2], DIGITS)
            .is_some_and(|sum| stands(number, 8, "21987654321", sum % 11))
    };
    issued || (number.len() == 9 && checked())
}

/// The third digit says whose number it is: a natural person's, a public body's or a company's.
fn ec_ruc(number: &[char]) -> bool {
    let by = |weights: &[u32]| sum(number, weights, DIGITS).is_some_and(|sum| sum.is_multiple_of(11));
    let person = || {
        let sum: Option<u32> = number.iter().take(10).enumerate().try_fold(0, |sum, (index, c)| {
            let product = c.to_digit(10)? * if index % 2 == 0 { 2 } else { 1 };
            Some(sum + if product > 9 { product - 9 } else { product })
        });
        number_at(number, 10, 13) != Some(0) && sum.is_some_and(|sum| sum.is_multiple_of(10))
    };
    let public = || number_at(number, 9, 13) != Some(0) && by(&[3, 2, 7, 6, 5, 4, 3, 2, 1]);
    let company = || number_at(number, 10, 13) != Some(0) && by(&[4, 3, 2, 7, 6, 5, 4, 3, 2, 1]);
    match digit(number, 2) {
        Some(0..=5) => person(),
        Some(6) => public() || person(),
        Some(9) => public() || company(),
        _ => false,
    }
}

/// Two characters before a SIREN: digits are its remainder by 97 with 12 behind it, letters follow
/// another rule. Numbers of Monaco have no SIREN.
fn fr_vat(number: &[char]) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let (Some(key), Some(siren)) = (number.get(..2), number.get(2..)) else { return false };
    let Some(value) = read(siren) else { return false };
    if !siren.starts_with(&['0', '0', '0']) && !luhn::holds(siren, 10) {
        return false;
    }
    if let Some(key) = read(key) {
        return key == (value * 100 + 12) % 97;
    }
    let place = |c: char| ALPHABET.chars().position(|known| known == c).and_then(|at| i64::try_from(at).ok());
    let (Some(first), Some(second), Ok(value)) = (place(key[0]), place(key[1]), i64::try_from(value)) else {
        return false;
    };
    let key = if first < 10 { first * 24 + second - 10 } else { first * 34 + second - 100 };
    (value + 1 + key.div_euclid(11)).rem_euclid(11) == key.rem_euclid(11)
}

/// Companies by modulo 97 in one of two series, government departments and health authorities by
/// their ranges.
fn gb_vat(number: &[char]) -> bool {
    if let Some(first @ ('G' | 'H')) = number.first() {
        let short = number.len() == 5;
        let group = if short { number_at(number, 2, 5) } else { number_at(number, 6, 9) };
        let Some(group) = group else { return false };
        let in_range = (*first == 'G') == (group < 500);
        return in_range && (short || number_at(number, 9, 11) == Some(group % 97));
    }
    let old_series = number_at(number, 0, 3).is_some_and(|first| first < 100);
    let rest = sum(number, &[8, 7, 6, 5, 4, 3, 2, 10, 1], DIGITS).map(|sum| sum % 97);
    matches!((rest, old_series), (Some(0), _) | (Some(42 | 55), false))
}

/// The check digit of GS1 keys, weights 1 and 3.
fn gs1(number: &[char]) -> bool {
    sum(number, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1], DIGITS).is_some_and(|sum| sum.is_multiple_of(10))
}

/// Seven digits and a check letter; a second letter counts too. In old numbers a letter or sign
/// stands in the second place, and the first digit goes last.
fn ie_vat(number: &[char]) -> bool {
    const LETTERS: &str = "WABCDEFGHIJKLMNOPQRSTUV";
    let new = number.get(..7).is_some_and(|digits| digits.iter().all(char::is_ascii_digit));
    let (digits, second) = match (new, number) {
        (true, [digits @ .., _]) if number.len() == 8 => (digits.to_vec(), None),
        (true, _) => (number.get(..7).unwrap_or_default().to_vec(), number.get(8)),
        (false, _) => {
            let (Some(first), Some(middle)) = (number.first(), number.get(2..7)) else { return false };
            ([&['0'], middle, &[*first]].concat(), None)
        }
    };
    let place =
        |c: &char| LETTERS.chars().position(|known| known == *c).and_then(|at| u32::try_from(at).ok());
    let extra = second.map_or(Some(0), place).map(|place| 9 * place);
    match (sum(&digits, &[8, 7, 6, 5, 4, 3, 2], DIGITS), extra) {
        (Some(sum), Some(extra)) => stands(number, 7, LETTERS, (sum + extra) % 23),
        _ => false,
    }
}

/// The ninth digit's product counts with both of its digits.
fn kr_business(number: &[char]) -> bool {
    let ranges = number_at(number, 0, 3).is_some_and(|office| office >= 101)
        && number_at(number, 3, 5) != Some(0)
        && number_at(number, 5, 9) != Some(0);
    let sum = sum(number, &[1, 3, 7, 1, 3, 7, 1, 3, 5], DIGITS);
    ranges
        && match (sum, digit(number, 8)) {
            (Some(sum), Some(ninth)) => digit(number, 9) == Some((10 - (sum + ninth * 5 / 10) % 10) % 10),
            _ => false,
        }
}

/// Companies' numbers have a 1 before the check digit; weights go round from 1, then from 3.
fn lt_vat(number: &[char]) -> bool {
    let Some(last) = number.len().checked_sub(1) else { return false };
    let from = |first: u32| -> Vec<u32> { (0..).map(|step| 1 + (first - 1 + step) % 9).take(last).collect() };
    digit(number, last - 1) == Some(1) && weighted::holds_in_two_passes(number, &from(1), &from(3))
}

/// A second series of weights where the first one gives 10.
fn nz_ird(number: &[char]) -> bool {
    let issued = read(number).is_some_and(|value| (10_000_001..150_000_000).contains(&value));
    let Some((_, digits)) = number.split_last() else { return false };
    let digits = padded(digits, 8);
    let rest = |weights: &[u32]| sum(&digits, weights, DIGITS).map(|sum| (11 - sum % 11) % 11);
    let check = match rest(&[3, 2, 7, 6, 5, 4, 3, 2]) {
        Some(10) => rest(&[7, 4, 3, 2, 5, 2, 7, 6]),
        check => check,
    };
    issued && check.is_some() && number.last().and_then(|c| c.to_digit(10)) == check
}

fn ro_cui(number: &[char]) -> bool {
    let Some((last, digits)) = number.split_last() else { return false };
    let sum = sum(&padded(digits, 9), &[7, 5, 3, 2, 1, 7, 5, 3, 2], DIGITS);
    sum.is_some_and(|sum| last.to_digit(10) == Some(10 * sum % 11 % 10))
}

/// Letter, county, serial and year; in the form of 14 characters, in use since 2024, a check digit
/// follows and the county is 00.
fn ro_register(number: &[char]) -> bool {
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
    let base = match number.first() {
        Some('J') => 4,
        Some('C') => 7,
        _ => 0,
    };
    let digits: u32 = number[1..13].iter().filter_map(|c| c.to_digit(10)).sum();
    county_fits && digit(number, 13) == Some((base + digits) % 10)
}

/// Kinds of entity in Singapore's numbers of ten characters.
const SG_KINDS: [&str; 38] = [
    "CC", "CD", "CH", "CL", "CM", "CP", "CS", "CX", "DP", "FB", "FC", "FM", "FN", "GA", "GB", "GS", "HS",
    "LL", "LP", "MB", "MC", "MD", "MH", "MM", "MQ", "NB", "NR", "PA", "PB", "PF", "RF", "RP", "SM", "SS",
    "TC", "TU", "VH", "XL",
];

/// Businesses have nine characters, local companies ten that begin with the year, others ten that
/// begin with a letter for the century.
fn sg_uen(number: &[char]) -> bool {
    const OTHERS: &str = "ABCDEFGHJKLMNPQRSTUVWX0123456789";
    let by = |weights: &[u32], characters, at| {
        sum(number, weights, DIGITS).is_some_and(|sum| stands(number, at, characters, sum % 11))
    };
    if number.len() == 9 {
        return by(&[10, 4, 9, 3, 8, 2, 7, 1], "XMKECAWLJDB", 8);
    }
    if number.first().is_some_and(char::is_ascii_digit) {
        let year = number_at(number, 0, 4).is_some_and(|year| year <= 2099);
        return year && by(&[10, 8, 6, 4, 9, 7, 5, 3, 1], "ZKCMDNERGWH", 9);
    }
    let kind: String = number.get(3..5).unwrap_or_default().iter().collect();
    let sum = sum(number, &[4, 3, 5, 3, 10, 2, 2, 5, 7], OTHERS);
    SG_KINDS.contains(&kind.as_str()) && sum.is_some_and(|sum| stands(number, 9, OTHERS, (sum + 6) % 11))
}

fn sk_vat(number: &[char]) -> bool {
    number.first() != Some(&'0')
        && number.get(2).is_some_and(|third| "234789".contains(*third))
        && read(number).is_some_and(|value| value.is_multiple_of(11))
}

fn tr_vkn(number: &[char]) -> bool {
    let sum = (0..9_u32).try_fold(0, |sum, index| {
        let place = 9 - index;
        let value = (digit(number, index as usize)? + place) % 10;
        let product = value * 2_u32.pow(place) % 9;
        Some(sum + if value != 0 && product == 0 { 9 } else { product })
    });
    sum.is_some_and(|sum: u32| digit(number, 9) == Some((10 - sum % 10) % 10))
}

/// A 7 in the seventh place may count as 1 or 0.
fn tw_ubn(number: &[char]) -> bool {
    let sum: Option<u32> = number.iter().zip([1, 2, 1, 2, 1, 2, 4, 1]).try_fold(0, |sum, (c, weight)| {
        let product = c.to_digit(10)? * weight;
        Some(sum + product / 10 + product % 10)
    });
    sum.is_some_and(|sum| sum % 10 == 0 || (sum % 10 == 9 && number.get(6) == Some(&'7')))
}

/// Numbers from 30 million to 60 million have weights that begin with 7.
fn ua_edrpou(number: &[char]) -> bool {
    let first: [u32; 7] = match number.first() {
        Some('3'..='5') => [7, 1, 2, 3, 4, 5, 6],
        _ => [1, 2, 3, 4, 5, 6, 7],
    };
    weighted::holds_in_two_passes(number, &first, &first.map(|weight| weight + 2))
}

/// Prefixes that the Internal Revenue Service gives out ("How EINs are assigned and valid EIN prefixes").
fn us_ein(number: &[char]) -> bool {
    let prefix = number_at(number, 0, 2);
    matches!(
        prefix,
        Some(1..=6 | 10..=16 | 20..=27 | 30..=48 | 50..=68 | 71..=77 | 80..=88 | 90..=95 | 98 | 99)
    )
}
