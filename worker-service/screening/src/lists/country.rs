//! Countries as lists name them.

use std::{collections::HashMap, sync::LazyLock};

use country::Country;

static CODES: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let known = include_str!("countries.tsv").lines().filter(|line| !line.starts_with('#'));
    let known = known.filter_map(|line| line.split_once('\t'));
    let names = Country::all().map(|country| (country.name(), country.code()));
    names.chain(known).map(|(name, code)| (name.to_lowercase(), code.trim().to_owned())).collect()
});

/// The code (ISO 3166-1 alpha-2) of the country that `name` or a code in either case stands for.
pub fn code(name: &str) -> Option<String> {
    let name = super::tidy(name);
    if name.len() == 2 {
        return name.to_uppercase().parse::<Country>().ok().map(|country| country.code().to_owned());
    }
    CODES.get(&name.to_lowercase()).filter(|code| !code.is_empty()).cloned()
}
