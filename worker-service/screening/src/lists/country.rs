//! Countries as lists write them.

use std::{collections::HashMap, sync::LazyLock};

use country::Country;

use super::text::tidy;

/// Codes by the lower-case name of the country. The code is empty for known names that are not names of
/// countries.
static CODES: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let rows = include_str!("countries.tsv").lines().filter(|line| !line.starts_with('#'));
    let other_names = rows.filter_map(|line| line.split_once('\t'));
    let names = |country: Country| [country.name(), country.formal_name()].map(|name| (name, country.code()));
    let all = Country::all().flat_map(names).chain(other_names);
    all.map(|(name, code)| (without_article(&name.to_lowercase()).to_owned(), code.trim().to_owned()))
        .collect()
});

/// Returns `name`, which is in lower case, without its article: the standard has "Comoros (the)", and lists have it
/// with and without.
fn without_article(name: &str) -> &str {
    name.strip_prefix("the ").unwrap_or(name)
}

/// Returns the code (ISO 3166-1 alpha-2) of a country, given as a name or as a code in either case, or `None`
/// if the country is unknown.
pub fn code(name: &str) -> Option<String> {
    let name = tidy(name);
    if name.len() == 2 {
        return name.to_uppercase().parse::<Country>().ok().map(|country| country.code().to_owned());
    }
    CODES.get(without_article(&name.to_lowercase())).filter(|code| !code.is_empty()).cloned()
}

/// Adds the code of the country called `name`, unless the country is unknown or a duplicate.
pub(super) fn add_country(countries: &mut Vec<String>, name: &str) {
    if let Some(code) = code(name)
        && !countries.contains(&code)
    {
        countries.push(code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_have_the_names_that_lists_give_them() {
        for (name, expected) in [
            ("Philippines", "PH"),
            ("The Sudan", "SD"),
            ("sudan", "SD"),
            ("Niger", "NE"),
            ("Comoros", "KM"),
            ("Korea, North", "KP"),
            ("Iran (Islamic Republic of)", "IR"),
            ("MYANMAR/BURMA", "MM"),
            ("Kosovo", "XK"),
            ("ru", "RU"),
        ] {
            assert_eq!(code(name).as_deref(), Some(expected), "{name}");
        }
        assert!([code("the"), code("Unknown"), code("00"), code("")].iter().all(Option::is_none));
    }
}
