//! Compares the number of the request with one that a register states.

use std::collections::HashSet;

use domain::request::ReportRequest;

use super::notations;

/// Returns whether `registered` is the number of the request, or `None` if the two are of different kinds,
/// such as a tax number and a register number, which cannot be compared, or if the request has no number.
pub(super) fn agrees(registered: &str, request: &ReportRequest) -> Option<bool> {
    let requested = request.corporate_number.as_deref()?;
    let registered_bare = bare(registered);
    if forms(request).iter().any(|form| bare(form) == registered_bare) {
        return Some(true);
    }
    let scheme = request.scheme()?;
    match scheme.check(registered) {
        Ok(normalized) => Some(bare(&normalized) == bare(requested)),
        Err(_) => None,
    }
}

/// The scheme of European Unique Identifiers, which hold a register number after a dot.
const EUID: &str = "euid";

/// Returns the part of `number` that the register of its country gives.
fn in_register<'a>(number: &'a str, request: &ReportRequest) -> &'a str {
    match number.split_once('.') {
        Some((_, registered)) if request.number_scheme.as_deref() == Some(EUID) => registered,
        _ => number,
    }
}

/// Returns the notations in which a register may have the number of the request, the most likely first; none if the
/// request has no number.
pub(super) fn forms(request: &ReportRequest) -> Vec<String> {
    let Some(given) = request.corporate_number.as_deref() else { return Vec::new() };
    let number = in_register(given, request);
    let mut forms = vec![number.to_owned()];
    let letters = number.chars().take_while(char::is_ascii_alphabetic).count();
    // German registers write a space between letters and digits, and omit the court.
    if request.country.code() == "DE" {
        let without_court = MARKS.iter().find_map(|mark| {
            let (court, serial) = number.split_once(&format!("{mark} "))?;
            court.ends_with(' ').then(|| format!("{mark} {serial}"))
        });
        match without_court {
            Some(without_court) => forms.insert(0, without_court),
            None if letters > 0 => forms.insert(0, format!("{} {}", &number[..letters], &number[letters..])),
            None => {}
        }
    }
    let bare = bare(number);
    forms.extend(notations::of(&bare, request.country.code()));
    forms.push(bare);
    // Only the first of equal notations is asked.
    let mut seen = HashSet::new();
    forms.retain(|form| !form.is_empty() && seen.insert(form.clone()));
    forms
}

/// The registers that German courts keep.
const MARKS: [&str; 6] = ["HRA", "HRB", "GnR", "GsR", "PR", "VR"];
/// The scheme of German register numbers without the court that gave them.
const WITHOUT_COURT: &str = "hrb_without_court";
/// The scheme of German register numbers with their court.
const WITH_COURT: &str = "handelsregister_with_court";
/// Countries whose companies are registered by states, provinces or free zones, which number them apart. The other
/// numbers of these countries are tax numbers, which no such register uses.
const WITHOUT_NATIONAL_REGISTER: [&str; 3] = ["US", "CA", "AE"];
/// The schemes of registers that the offices of a country keep, each with numbers of its own: of Egypt and of Turkey.
const OF_LOCAL_OFFICES: [&str; 2] = ["commercial_register", "trade_register"];

/// Returns whether a register entry in `city` that has the number of the request is the company's, whatever
/// its name. German courts give the same numbers, so there the entry must be in the city of the court. What a number
/// of no known scheme identifies is not known where there are schemes.
pub(super) fn identifies(request: &ReportRequest, city: Option<&str>) -> bool {
    let Some(number) = request.corporate_number.as_deref() else { return false };
    let country = request.country.code();
    match request.number_scheme.as_deref() {
        Some(WITHOUT_COURT) => false,
        // The register number in a German EUID is not asked with the court.
        Some(EUID) => country != "DE",
        Some(WITH_COURT) => {
            let is_mark = |word: &&str| MARKS.contains(word);
            let court: Vec<&str> = number.split_whitespace().take_while(|word| !is_mark(word)).collect();
            let words = |text: &str| -> Vec<String> {
                let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
                words.map(str::to_lowercase).collect()
            };
            let court = words(&court.join(" "));
            city.is_some_and(|city| !court.is_empty() && words(city).starts_with(&court))
        }
        Some(scheme) => !OF_LOCAL_OFFICES.contains(&scheme) && !WITHOUT_NATIONAL_REGISTER.contains(&country),
        None => !request.country_has_schemes(),
    }
}

/// Returns the letters and digits of a number, in upper case.
fn bare(number: &str) -> String {
    number.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request;

    #[test]
    fn numbers_of_local_registers_identify_no_company_alone() {
        assert!(identifies(&request("Acme", "24257037", "GB"), None));
        assert!(identifies(&request("Acme", "X1", "AQ"), None));
        assert!(!identifies(&request("Acme", "HRB 20417", "DE"), Some("Bremen")));
        let with_court = request("Acme", "Bremen HRB 20417", "DE");
        assert!(identifies(&with_court, Some("Bremen")) && !identifies(&with_court, Some("Bremerhaven")));
        assert!(!identifies(&with_court, None));
    }

    #[test]
    fn an_euid_is_asked_by_the_register_number_in_it() {
        let german = request("Acme", "DEF1103R.HRB12345B", "DE");
        assert_eq!(forms(&german), ["HRB 12345B", "HRB12345B"]);
        assert_eq!(agrees("HRB 12345 B", &german), Some(true));
        assert_eq!(agrees("HRB 12346", &german), None);
        assert!(!identifies(&german, Some("Berlin")));
        let danish = request("Acme", "DKCVR.11845118", "DK");
        assert_eq!(forms(&danish), ["11845118"]);
        let japanese = request("Acme", "1010401056795", "JP");
        assert_eq!(forms(&japanese), ["1010401056795", "0104-01-056795"]);
        assert!(identifies(&danish, None));
    }

    #[test]
    fn a_number_that_may_be_given_twice_identifies_no_company() {
        for (number, country) in [("123456", "TR"), ("117508", "EG"), ("L21249", "US"), ("R0521", "GB")] {
            assert!(!identifies(&request("Acme", number, country), None), "{country} {number}");
        }
        assert!(identifies(&request("Acme", "0876004399600014", "TR"), None));
        assert!(identifies(&request("Acme", "MI-1234567", "IT"), None));
        assert_eq!(forms(&request("Acme", "426160-7", "CA")), ["4261607", "426160-7"]);
        assert_eq!(forms(&request("Acme", "Köln GsR 123", "DE"))[0], "GsR 123");
    }

    #[test]
    fn without_a_number_nothing_is_asked_or_compared() {
        let mut without = request("Acme", "4711", "KP");
        without.corporate_number = None;
        assert_eq!(forms(&without), [""; 0]);
        assert_eq!(agrees("4711", &without), None);
        assert!(!identifies(&without, None));
    }

    #[test]
    fn only_numbers_of_the_same_kind_are_compared() {
        let german = request("Acme", "HRB 72832", "DE");
        assert_eq!(agrees("HRB 72832", &german), Some(true));
        assert_eq!(agrees("HRB 72833", &german), Some(false));
        // A tax number is not compared with a register number.
        assert_eq!(agrees("HRB 72832", &request("Acme", "DE 478005850", "DE")), None);
        assert_eq!(forms(&german)[0], "HRB 72832");
        assert_eq!(forms(&request("Acme", "Bremen HRB 20417", "DE"))[0], "HRB 20417");
        assert_eq!(forms(&request("Acme", "X1", "AQ")), ["X1"]);
    }
}
