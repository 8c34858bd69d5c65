//! Countries in which companies have no public number.

use country::Country;

/// The countries, each with the reason and where it is from. The list is short on purpose: where a register is only
/// hard to reach, companies have numbers, and a report without them is weaker.
const COUNTRIES: &str = include_str!("without_numbers.tsv");

fn codes() -> impl Iterator<Item = &'static str> {
    COUNTRIES.lines().filter_map(|line| line.split_once('\t')).map(|(code, _)| code)
}

/// Returns whether the companies of `country` have numbers that the public can know.
pub fn has_public_numbers(country: Country) -> bool {
    codes().all(|code| code != country.code())
}

/// Returns the countries whose companies have no public number.
pub fn without_public_numbers() -> impl Iterator<Item = Country> {
    codes().filter_map(|code| code.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scheme;

    #[test]
    fn every_country_of_the_list_exists_and_has_a_reason_and_no_scheme() {
        for line in COUNTRIES.lines() {
            let (code, reason) = line.split_once('\t').unwrap();
            let country: Country = code.parse().unwrap();
            assert!(!has_public_numbers(country) && reason.len() > 20, "{line}");
            assert_eq!(Scheme::of(code).count(), 0, "{line}");
        }
        assert_eq!(without_public_numbers().count(), COUNTRIES.lines().count());
        assert!(["JP", "SO", "AD", "XK"].iter().all(|code| codes().all(|other| other != *code)));
    }
}
