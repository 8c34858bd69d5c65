//! Compares the number that was asked with one that a register has.

use domain::request::ReportRequest;

/// Whether `registered` is the number that was asked; none where the two are of different kinds, a tax
/// number and a register number say, which cannot be compared.
pub(super) fn agrees(registered: &str, request: &ReportRequest) -> Option<bool> {
    let asked = &request.corporate_number;
    if bare(registered) == bare(asked) {
        return Some(true);
    }
    let scheme = request.scheme()?;
    match scheme.check(registered) {
        Ok(normalized) => Some(bare(&normalized) == bare(asked)),
        Err(_) => None,
    }
}

/// The forms in which a register may have the number that was asked.
pub(super) fn forms(request: &ReportRequest) -> Vec<String> {
    let number = request.corporate_number.clone();
    let mut forms = vec![number.clone()];
    let letters = number.chars().take_while(char::is_ascii_alphabetic).count();
    // Germany's registers write a space between letters and digits, and no court.
    if request.country.code() == "DE" {
        match number.rsplit_once(" HR") {
            Some((_, rest)) => forms.insert(0, format!("HR{rest}")),
            None if letters > 0 => forms.insert(0, format!("{} {}", &number[..letters], &number[letters..])),
            None => {}
        }
    }
    forms
}

fn bare(number: &str) -> String {
    number.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::testing::request;

    #[test]
    fn numbers_of_one_kind_agree_or_not_and_those_of_two_kinds_say_nothing() {
        let german = request("Acme", "HRB 72832", "DE");
        assert_eq!(agrees("HRB 72832", &german), Some(true));
        assert_eq!(agrees("HRB 72833", &german), Some(false));
        // A tax number says nothing of a register number.
        assert_eq!(agrees("HRB 72832", &request("Acme", "DE 478005850", "DE")), None);
        assert_eq!(forms(&german)[0], "HRB 72832");
        assert_eq!(forms(&request("Acme", "Bremen HRB 20417", "DE"))[0], "HRB 20417");
        assert_eq!(forms(&request("Acme", "X1", "AQ")), ["X1"]);
    }
}
