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

/// Returns the letters and digits of a number, in upper case.
fn bare(number: &str) -> String {
    number.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request;

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
