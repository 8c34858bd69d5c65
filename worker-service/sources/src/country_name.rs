//! Names of countries for the texts of evidence. Registers and lists give codes, which few readers know.

use country::Country;
use domain::language::Words;

/// Returns the everyday name of the country with this ISO 3166-1 code, in any letter case, in the language of `words`. A part of a country, such as
/// `US-DE`, keeps its code in parentheses. A text that is no code is returned as it is.
pub(crate) fn country_name(code: &str, words: &Words) -> String {
    let (country, part) = code.split_once('-').map_or((code, false), |(country, _)| (country, true));
    match country.to_ascii_uppercase().parse::<Country>() {
        Ok(country) if part => {
            words.fill("texts.part_of_country", &[("country", words.country(country)), ("code", code)])
        }
        Ok(country) => words.country(country).to_owned(),
        Err(_) => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use domain::language::Language;

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
            assert_eq!(country_name(code, Language::ENGLISH.base_words()), name);
        }
        let japanese = Language::find("ja").unwrap().base_words();
        assert_eq!(country_name("US-DE", japanese), "アメリカ合衆国（US-DE）");
    }
}
