//! Tests of all schemes together.

use proptest::prelude::*;

use country::Country;

use super::*;
use crate::scheme::ANYWHERE;

fn scheme(name: &str) -> &'static Scheme {
    let (country, id) = name.split_once(' ').unwrap();
    Scheme::find(country, id).unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn every_scheme_accepts_its_example_in_every_notation() {
    assert!(Scheme::all().len() >= 120);
    for scheme in Scheme::all() {
        let name = format!("{} {}", scheme.country, scheme.id);
        let normalized = scheme.check(&scheme.example).unwrap_or_else(|error| panic!("{name}: {error}"));
        let full_width: String = scheme
            .example
            .chars()
            .map(|c| if c.is_ascii_graphic() { char::from_u32(u32::from(c) + 0xfee0).unwrap() } else { c })
            .collect();
        for variant in [
            format!("  {}\u{3000}", scheme.example),
            scheme.example.to_lowercase(),
            full_width,
            normalized.clone(),
        ] {
            assert_eq!(scheme.check(&variant).as_deref(), Ok(normalized.as_str()), "{name}: {variant:?}");
        }
    }
}

#[test]
fn every_scheme_rejects_invisible_characters_and_other_scripts() {
    for scheme in Scheme::all() {
        for bad in [
            "\t", "\n", "\u{200b}", "\u{202e}", "\u{1b}", "\u{660}", "²", "О", "ſ", "ı", "ß", "ﬁ", "'--",
            "../",
        ] {
            for number in [format!("{}{bad}", scheme.example), format!("{bad}{}", scheme.example)] {
                assert!(scheme.check(&number).is_err(), "{} {}: {number:?}", scheme.country, scheme.id);
            }
        }
    }
}

#[test]
fn characters_that_some_country_uses_are_accepted_without_a_country() {
    for scheme in Scheme::all() {
        for number in [scheme.example.clone(), scheme.example.to_lowercase(), format!(" {} ", scheme.example)]
        {
            assert!(check_characters(&number).is_ok(), "{number}");
        }
    }
    for bad in ["<", "'", "\"", "\t", "\u{200b}", ";", "=", "😀", "", "   "] {
        let error = check_characters(&format!("{bad}{}", if bad.trim().is_empty() { "" } else { "1" }));
        assert!(error.is_err(), "{bad:?}");
    }
    let error = check_characters("12<b>").unwrap_err();
    assert_eq!(error.fault, Fault::Character { character: '<', position: 3 });
}

proptest! {
    // Each case is checked in all countries.
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_some_country_accepts_has_accepted_characters(number in "[ -~а-яА-ЯÑñö０-９]{1,14}") {
        let accepted = Country::all().find(|country| check(*country, &number).is_ok());
        prop_assert!(accepted.is_none() || check_characters(&number).is_ok(), "{:?} {accepted:?}", number);
    }
}

#[test]
fn ids_are_unique_within_a_country_and_countries_exist() {
    for (index, scheme) in Scheme::all().iter().enumerate() {
        assert!(Scheme::all()[index + 1..].iter().all(|other| other != scheme), "{scheme:?}");
        assert!(scheme.country == ANYWHERE || scheme.country.parse::<Country>().is_ok(), "{scheme:?}");
    }
}

fn rejection(country: &str, number: &str) -> (&'static str, String) {
    let error = check(country.parse().unwrap(), number).unwrap_err();
    (error.fault.code(), error.to_string())
}

#[test]
fn an_error_names_the_scheme_the_fault_and_an_example() {
    let (code, text) = rejection("JP", "2503947854818");
    assert_eq!(code, "number_check_digit");
    for part in ["Corporate Number", "Japan", "check digit", "13 digits", "2503947854819"] {
        assert!(text.contains(part), "{text}");
    }
    let fault = |name: &str, number: &str| scheme(name).check(number).map_err(|error| error.fault.code());
    assert_eq!(fault("JP corporate_number", "250394785481"), Err("number_length"));
    assert_eq!(fault("JP corporate_number", "25039478548A9"), Err("number_characters"));
    assert!(
        rejection("JP", "2503947\u{200b}854819").1.contains("U+200B (zero-width character) at character 8")
    );
    assert_eq!(fault("US ein", "07-1234567"), Err("number_not_listed"));
    assert_eq!(rejection("BR", "00000000000000").0, "number_not_issued");
    // A length between two that the scheme has is wrong.
    let regon = scheme("PL regon");
    assert_eq!(regon.check("12345678901").map_err(|error| error.fault), Err(Fault::Length { length: 11 }));
    assert_eq!(
        scheme("AT uid").check("U8888276").map_err(|error| error.fault),
        Err(Fault::Length { length: 8 })
    );
    // The position is the one in the number as written, with prefix, spaces and separators.
    let fault = scheme("DK cvr").check(" DK 12-K45678").map_err(|error| error.fault);
    assert_eq!(fault, Err(Fault::Character { character: 'K', position: 8 }));

    // The error is the one of the closest scheme; the others are listed.
    let (code, text) = rejection("GB", "901 6230 24148");
    assert_eq!(code, "number_check_digit");
    assert!(text.contains("VAT number") && text.contains("company number"), "{text}");
    assert_eq!(rejection("JP", "").0, "number_length");
}

#[test]
fn an_lei_is_accepted_in_every_country() {
    let lei = &scheme("XX lei").example;
    for country in ["JP", "GB", "AQ"] {
        let accepted = check(country.parse().unwrap(), lei).unwrap();
        assert_eq!(accepted.scheme.map(|scheme| scheme.id.as_str()), Some("lei"));
    }
    let typo = format!("{}X{}", &lei[..4], &lei[5..]);
    assert!(rejection("JP", &typo).1.contains("Legal Entity Identifier"), "{}", rejection("JP", &typo).1);
}

/// Returns whether a number is accepted without a scheme, with the fault that the closest scheme finds.
fn unverified(country: &str, number: &str) -> Option<Option<&'static str>> {
    let accepted =
        check(country.parse().unwrap(), number).ok().filter(|accepted| accepted.scheme.is_none())?;
    Some(accepted.doubt.map(|doubt| doubt.fault.code()))
}

#[test]
fn a_number_of_no_scheme_is_accepted_unverified_in_every_country() {
    for country in Country::all() {
        let accepted =
            check(country, " qx/ab-１２ 99.x ").unwrap_or_else(|error| panic!("{country:?}: {error}"));
        assert_eq!((accepted.normalized.as_str(), accepted.scheme), ("QX/AB-12 99.X", None), "{country:?}");
        let has_schemes = Scheme::of(country.code()).next().is_some();
        assert_eq!(accepted.doubt.is_some(), has_schemes, "{country:?}");
        for bad in ["", "-1", "1\n", "0", "n/a", "1;2", "12..3", "С1", &"9".repeat(81)] {
            assert!(check(country, bad).is_err(), "{country:?} {bad:?}");
        }
    }
    // What the closest scheme finds is a reason to doubt the number.
    for (country, number, fault) in [
        ("JP", "25039478548", "number_length"),
        ("JP", "25039478548A9", "number_characters"),
        ("US", "07-1234567", "number_not_listed"),
        ("DE", "Atlantis HRB 1", "number_not_listed"),
        ("EC", "9993213150001", "number_form"),
        ("HU", "01-10-04158", "number_length"),
    ] {
        assert_eq!(unverified(country, number), Some(Some(fault)), "{country} {number}");
    }
    assert_eq!(unverified("AQ", "x-1"), Some(None));
}

#[test]
fn a_number_that_is_certainly_wrong_is_refused_in_spite_of_other_schemes() {
    for (country, number) in [
        ("JP", "2503947854818"),
        ("TW", "62140098"),
        ("SK", "31333533"),
        ("LT", "112029652"),
        ("SI", "5043612000"),
        ("RS", "20084694"),
        ("CH", "CHE-113.990.113"),
        ("FR", "165230625"),
    ] {
        assert_eq!(rejection(country, number).0, "number_check_digit", "{country} {number}");
    }
}

#[test]
fn german_register_numbers_are_normalized() {
    let register = scheme("DE handelsregister_with_court");
    for (written, stored) in [
        ("HRB 20417, Bremen", "Bremen HRB 20417"),
        ("Amtsgericht Muenchen HRB 6684", "München HRB 6684"),
        ("HRB 158855 B Charlottenburg", "Berlin (Charlottenburg) HRB 158855 B"),
        ("frankfurt am main  hrb 30000", "Frankfurt am Main HRB 30000"),
    ] {
        assert_eq!(register.check(written).as_deref(), Ok(stored), "{written}");
    }
    assert!(register.check("Atlantis HRB 1").is_err());
}

/// Returns every number that differs from `number` in one digit.
fn one_digit_changed(number: &str) -> Vec<String> {
    let digits = number.char_indices().filter(|(_, c)| c.is_ascii_digit());
    let changed = digits.flat_map(|(at, was)| {
        let others = ('0'..='9').filter(move |c| *c != was);
        others.map(move |c| format!("{}{c}{}", &number[..at], &number[at + 1..]))
    });
    changed.collect()
}

/// Returns every number that differs from `number` in two adjacent digits that are swapped.
fn adjacent_digits_swapped(number: &str) -> Vec<String> {
    let digits = number.as_bytes();
    let swappable = (1..digits.len())
        .filter(|at| digits[at - 1] != digits[*at] && digits[at - 1..=*at].iter().all(u8::is_ascii_digit));
    let swapped = swappable.map(|at| {
        let mut swapped = digits.to_vec();
        swapped.swap(at - 1, at);
        String::from_utf8_lossy(&swapped).into_owned()
    });
    swapped.collect()
}

/// Returns up to `limit` valid numbers of a scheme, found by changing digits of its example.
fn valid_numbers(scheme: &'static Scheme, limit: usize) -> Vec<String> {
    let mut found = vec![scheme.check(&scheme.example).unwrap()];
    let mut at = 0;
    while found.len() < limit && at < found.len() {
        for first in one_digit_changed(&found[at].clone()).into_iter().step_by(7) {
            for second in one_digit_changed(&first).into_iter().step_by(5) {
                if let Ok(valid) = scheme.check(&second)
                    && !found.contains(&valid)
                    && found.len() < limit
                {
                    found.push(valid);
                }
            }
        }
        at += 1;
    }
    found
}

/// Schemes whose check cannot detect every changed digit: their algorithm maps two remainders to one check
/// digit, has weights that divide the modulus, or leaves digits out.
const MISS_CHANGED_DIGITS: [&str; 26] = [
    "JP corporate_number",
    "GB vat",
    "AR cuit",
    "AU acn",
    "BG vat",
    "CA bn",
    "CO nit",
    "CZ ico",
    "EC ruc",
    "EE registrikood",
    "ID npwp",
    "IS kennitala",
    "LT imones_kodas",
    "LT vat",
    "NL btw",
    "NZ ird",
    "PE ruc",
    "RO cui",
    "RS maticni_broj",
    "RU ogrn",
    "SI maticna",
    "SK ico",
    "TH moa",
    "TW ubn",
    "UA edrpou",
    "VN mst",
];

/// Schemes whose check detects every swap of two adjacent digits.
const DETECT_SWAPS: [&str; 27] = [
    "AT firmenbuch",
    "AU abn",
    "BE enterprise_number",
    "BY unp",
    "CH uid",
    "CL rut",
    "CN uscc",
    "CY vat",
    "DK cvr",
    "FI y_tunnus",
    "GR afm",
    "IE vat",
    "LU tva",
    "LV vat",
    "MA ice",
    "MT vat",
    "MX rfc_company",
    "NO orgnr",
    "PL nip",
    "PL regon",
    "PT nipc",
    "RU inn",
    "SG uen",
    "SI ddv",
    "SK dph",
    "UY rut",
    "XX lei",
];

#[test]
fn changed_and_swapped_digits_are_detected_where_the_algorithm_allows() {
    for scheme in Scheme::all().iter().filter(|scheme| scheme.has_check()) {
        let name = format!("{} {}", scheme.country, scheme.id);
        let numbers = valid_numbers(scheme, 40);
        let missed = |change: fn(&str) -> Vec<String>| {
            let changed = numbers.iter().flat_map(|number| change(number));
            changed.filter(|number| scheme.check(number).is_ok()).collect::<Vec<_>>()
        };
        let digits = missed(one_digit_changed);
        assert_eq!(digits.is_empty(), !MISS_CHANGED_DIGITS.contains(&name.as_str()), "{name}: {digits:?}");
        if DETECT_SWAPS.contains(&name.as_str()) {
            assert_eq!(missed(adjacent_digits_swapped), [""; 0], "{name}");
        }
    }
}

proptest! {
    // Each case is checked in all countries.
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_text_is_accepted_or_explained(number in "\\PC{0,30}|[A-Z0-9 ./-]{0,20}|.{0,60}") {
        for country in Country::all() {
            match check(country, &number) {
                Ok(accepted) => {
                    let again = check(country, &accepted.normalized);
                    prop_assert_eq!(again.as_ref().map(|again| &again.normalized), Ok(&accepted.normalized));
                }
                Err(error) => prop_assert!(error.to_string().len() > 40, "{}", error),
            }
        }
    }
}
