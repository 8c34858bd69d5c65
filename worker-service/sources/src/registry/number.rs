//! Compares the number of the request with one that a register states.

use domain::request::ReportRequest;

/// Returns whether `registered` is the number of the request, or `None` if the two are of different kinds,
/// such as a tax number and a register number, which cannot be compared.
pub(super) fn agrees(registered: &str, request: &ReportRequest) -> Option<bool> {
    let requested = &request.corporate_number;
    if bare(registered) == bare(requested) {
        return Some(true);
    }
    let scheme = request.scheme()?;
    match scheme.check(registered) {
        Ok(normalized) => Some(bare(&normalized) == bare(requested)),
        Err(_) => None,
    }
}

/// Returns the notations in which a register may have the number of the request, the most likely first.
pub(super) fn forms(request: &ReportRequest) -> Vec<String> {
    let number = request.corporate_number.clone();
    let mut forms = vec![number.clone()];
    let letters = number.chars().take_while(char::is_ascii_alphabetic).count();
    // German registers write a space between letters and digits, and omit the court.
    if request.country.code() == "DE" {
        match number.rsplit_once(" HR") {
            Some((_, rest)) => forms.insert(0, format!("HR{rest}")),
            None if letters > 0 => forms.insert(0, format!("{} {}", &number[..letters], &number[letters..])),
            None => {}
        }
    }
    forms
}

/// The scheme of German register numbers without the court that gave them.
const WITHOUT_COURT: &str = "hrb_without_court";
/// The scheme of German register numbers with their court.
const WITH_COURT: &str = "handelsregister_with_court";
/// Countries whose companies are registered by states, provinces or free zones, which number them apart. The
/// numbers of their schemes are tax numbers, which no such register uses.
const WITHOUT_NATIONAL_REGISTER: [&str; 3] = ["US", "CA", "AE"];

/// Returns whether a register entry in `city` that has the number of the request is the company's, whatever
/// its name. German courts give the same numbers, so there the entry must be in the city of the court.
pub(super) fn identifies(request: &ReportRequest, city: Option<&str>) -> bool {
    match request.number_scheme.as_deref() {
        Some(WITHOUT_COURT) => false,
        Some(WITH_COURT) => {
            let is_mark = |word: &&str| ["HRA", "HRB", "GnR", "PR", "VR"].contains(word);
            let court: Vec<&str> =
                request.corporate_number.split_whitespace().take_while(|word| !is_mark(word)).collect();
            let words = |text: &str| -> Vec<String> {
                let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
                words.map(str::to_lowercase).collect()
            };
            let court = words(&court.join(" "));
            city.is_some_and(|city| !court.is_empty() && words(city).starts_with(&court))
        }
        _ => !WITHOUT_NATIONAL_REGISTER.contains(&request.country.code()),
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
