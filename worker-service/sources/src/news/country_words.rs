//! Finds the name of a country in a text.

use std::sync::LazyLock;

use country::Country;
use unicode_script::{Script, UnicodeScript as _};

/// Names of places that contain the name of a country but lie elsewhere.
const OTHER_PLACES: [&str; 7] = [
    "new jersey",
    "new mexico",
    "northern ireland",
    "inner mongolia",
    "gulf of mexico",
    "gulf of oman",
    "gulf of guinea",
];

/// The names of all countries, in lower case.
static COUNTRIES: LazyLock<Vec<String>> = LazyLock::new(|| Country::all().map(name).collect());

/// Returns the name of `country` in lower case, without the article of names such as `The Niger`.
fn name(country: Country) -> String {
    let name = country.name().to_lowercase();
    name.strip_prefix("the ").map(str::to_owned).unwrap_or(name)
}

/// Returns whether `text` contains the English name of `country` as words of its own: `woman` does not contain
/// Oman, and `Papua New Guinea` not Guinea. Letters of other scripts, which may follow without a space, end a
/// word.
pub(super) fn mentions_country(text: &str, country: Country) -> bool {
    let (text, name) = (text.to_lowercase(), name(country));
    let longer = || {
        let others = COUNTRIES.iter().map(String::as_str).chain(OTHER_PLACES);
        others.filter(|other| other.len() > name.len() && positions(other, &name).next().is_some())
    };
    positions(&text, &name).any(|at| {
        !longer().any(|other| {
            positions(&text, other).any(|start| start <= at && at + name.len() <= start + other.len())
        })
    })
}

/// Returns the positions in `text` at which `name` is a word, or several.
fn positions<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(name).map(|(at, _)| at).filter(move |at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(continues_word) && !after.is_some_and(continues_word)
    })
}

/// Returns whether `c` belongs to the same word as a Latin letter beside it.
fn continues_word(c: char) -> bool {
    let is_latin = matches!(c.script(), Script::Latin | Script::Common | Script::Inherited);
    is_latin && (c.is_alphanumeric() || c.script() == Script::Inherited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_a_word_of_its_own() {
        let mentions = |text: &str, code: &str| mentions_country(text, code.parse().unwrap());
        for (text, code) in [
            ("Oman fines a grocer", "OM"),
            ("A grocer of Muscat, Oman", "OM"),
            ("Oman's court fines a grocer", "OM"),
            ("OMAN: fines", "OM"),
            ("(Oman) 2026", "OM"),
            ("A German court", "OM"),
            ("The woman charged with fraud", "OM"),
            ("Ottomans and Romans", "OM"),
            ("Omanis", "OM"),
            ("Oman\u{301}", "OM"),
            ("Gulf of Oman", "OM"),
            ("Ships of Oman in the Gulf of Oman", "OM"),
        ] {
            let expected =
                !["German", "woman", "Roman", "Omanis", "\u{301}"].iter().any(|no| text.contains(no))
                    && text != "Gulf of Oman";
            assert_eq!(mentions(text, code), expected, "{text}");
        }
        assert!(!mentions("Somalia", "ML") && mentions("Mali", "ML"));
        assert!(!mentions("A firm of Nigeria", "NE") && mentions("A firm of Niger.", "NE"));
        assert!(!mentions("Papua New Guinea", "GN") && !mentions("Equatorial Guinea", "GN"));
        assert!(mentions("Guinea, not Papua New Guinea", "GN") && mentions("Papua New Guinea", "PG"));
        assert!(mentions("A firm of Sudan", "SD") && !mentions("A firm of South Sudan", "SD"));
        assert!(!mentions("New Jersey", "JE") && mentions("Jersey", "JE"));
        assert!(!mentions("Indiana", "IN") && mentions("India", "IN"));
    }

    #[test]
    fn letters_of_other_scripts_end_a_word() {
        let oman: Country = "OM".parse().unwrap();
        for text in ["Omanの会社", "会社Oman社", "Oman의 회사", "ในOmanมี", "компания Oman", "شركةOmanفي"]
        {
            assert!(mentions_country(text, oman), "{text}");
        }
    }
}
