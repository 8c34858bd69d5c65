//! Names of countries for the texts of evidence. Registers and lists give codes, which few readers know.

use country::Country;

/// Returns the everyday name of the country with this ISO 3166-1 code, in any letter case. A part of a country, such as
/// `US-DE`, keeps its code in parentheses. A text that is no code is returned as it is.
pub(crate) fn country_name(code: &str) -> String {
    let (country, part) = code.split_once('-').map_or((code, false), |(country, _)| (country, true));
    match country.to_ascii_uppercase().parse::<Country>() {
        Ok(country) if part => format!("{} ({code})", country.name()),
        Ok(country) => country.name().to_owned(),
        Err(_) => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_names_and_other_texts_stay_as_they_are() {
        for (code, name) in [
            ("GB", "United Kingdom"),
            ("ae", "United Arab Emirates"),
            ("US-DE", "United States (US-DE)"),
            ("RA000585", "RA000585"),
            ("suhh", "suhh"),
            ("", ""),
        ] {
            assert_eq!(country_name(code), name);
        }
    }
}
