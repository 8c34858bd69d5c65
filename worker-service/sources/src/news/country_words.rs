//! Finds the name of a country in a text.

use std::sync::LazyLock;

use country::Country;
use unicode_script::{Script, UnicodeScript as _};

/// Names of places that contain the name of a country but lie elsewhere.
const OTHER_PLACES: [&str; 11] = [
    "central america",
    "latin america",
    "north america",
    "south america",
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

/// Other names by which newspapers call countries, by their codes.
const OTHER_NAMES: [(&str, &str); 23] = [
    ("AE", "uae"),
    ("BA", "bosnia"),
    ("CD", "congo-kinshasa"),
    ("CD", "dr congo"),
    ("CG", "congo-brazzaville"),
    ("CI", "ivory coast"),
    ("CV", "cabo verde"),
    ("CZ", "czech republic"),
    ("GB", "britain"),
    ("GB", "great britain"),
    ("GB", "u.k."),
    ("GB", "uk"),
    ("KP", "dprk"),
    ("MM", "burma"),
    ("SZ", "swaziland"),
    ("TL", "east timor"),
    ("TR", "turkey"),
    ("US", "america"),
    ("US", "u.s."),
    ("US", "u.s.a."),
    ("US", "united states of america"),
    ("US", "usa"),
    ("VA", "vatican"),
];

/// Returns the name of `country` in lower case.
fn name(country: Country) -> String {
    country.name().to_lowercase()
}

/// Returns all names of `country` in lower case.
fn names(country: Country) -> impl Iterator<Item = String> {
    let others = OTHER_NAMES.iter().filter(move |(code, _)| *code == country.code());
    std::iter::once(name(country)).chain(others.map(|(_, name)| (*name).to_owned()))
}

/// Returns whether `text` contains the English name of `country` as words of its own: `woman` does not contain
/// Oman, and `Papua New Guinea` not Guinea. Letters of other scripts, which may follow without a space, end a
/// word.
pub(super) fn mentions_country(text: &str, country: Country) -> bool {
    let text = text.to_lowercase();
    names(country).any(|name| mentions(&text, &name))
}

/// Returns whether `text` contains `name` other than in a longer name.
fn mentions(text: &str, name: &str) -> bool {
    let longer = || {
        let others = COUNTRIES.iter().map(String::as_str).chain(OTHER_PLACES);
        others.filter(|other| other.len() > name.len() && positions(other, name).next().is_some())
    };
    positions(text, name).any(|at| {
        !longer().any(|other| {
            positions(text, other).any(|start| start <= at && at + name.len() <= start + other.len())
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
        assert!(
            mentions("A bank in Russia", "RU") && mentions("A UK bank", "GB") && mentions("Ukraine", "UA")
        );
        assert!(
            !mentions("Ukraine", "GB") && !mentions("They told us", "US") && mentions("A U.S. court", "US")
        );
        assert!(!mentions("A mine in South America", "US") && mentions("The biggest bank of America", "US"));
        assert!(mentions("The Democratic Republic of the Congo", "CD"));
        assert!(!mentions("The Democratic Republic of the Congo", "CG"));
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
