//! The invented world behind the feeds: companies, sanctions lists and news. Dates are days before now, so that news
//! stays news.

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct World {
    pub(super) companies: Vec<Company>,
    pub(super) sanctions: Vec<ListedEntity>,
    pub(super) news: Vec<Article>,
}

/// A company on its register; those with a `lei` are in the LEI index.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Company {
    pub(super) name: String,
    pub(super) other_names: Vec<String>,
    pub(super) language: String,
    pub(super) country: String,
    pub(super) jurisdiction: String,
    pub(super) registered_at: String,
    pub(super) registered_as: String,
    pub(super) address_line: String,
    pub(super) city: String,
    pub(super) postal_code: String,
    pub(super) lei: Option<String>,
    pub(super) status: String,
    pub(super) registration_status: String,
    pub(super) expiration: Option<Expiration>,
    pub(super) created_days_ago: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Expiration {
    pub(super) days_ago: u32,
    pub(super) reason: String,
}

/// An entry of a sanctions list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ListedEntity {
    pub(super) id: String,
    pub(super) caption: String,
    pub(super) aliases: Vec<String>,
    pub(super) countries: Vec<String>,
    pub(super) registration_numbers: Vec<String>,
    pub(super) topics: Vec<String>,
    pub(super) programs: Vec<String>,
    pub(super) datasets: Vec<String>,
    pub(super) notes: Vec<String>,
    pub(super) first_seen_days_ago: u32,
    pub(super) last_change_days_ago: u32,
}

/// An article, with the names its text mentions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Article {
    pub(super) title: String,
    pub(super) domain: String,
    pub(super) language: String,
    pub(super) source_country: String,
    pub(super) days_ago: u32,
    pub(super) mentions: Vec<String>,
}

impl World {
    pub(super) fn load() -> anyhow::Result<Self> {
        serde_json::from_str(include_str!("world.json")).context("feeds/world.json does not describe a world")
    }
}

/// So many days before `now`.
pub(super) fn days_ago(now: Timestamp, days: u32) -> Timestamp {
    // Only a time before year -9999 could not be told.
    now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check digit of a Japanese corporate number, from its twelve digits.
    fn japanese_check_digit(base: &[u32]) -> u32 {
        let sum: u32 =
            base.iter().rev().zip([1, 2].into_iter().cycle()).map(|(digit, weight)| digit * weight).sum();
        9 - sum % 9
    }

    fn passes_luhn(digits: &[u32]) -> bool {
        let sum: u32 = digits
            .iter()
            .rev()
            .zip([1, 2].into_iter().cycle())
            .map(|(digit, weight)| digit * weight / 10 + digit * weight % 10)
            .sum();
        sum.is_multiple_of(10)
    }

    fn lei_remainder(lei: &str) -> u32 {
        lei.chars().map(|c| c.to_digit(36).unwrap()).fold(0, |rest, value| {
            if value < 10 { (rest * 10 + value) % 97 } else { (rest * 100 + value) % 97 }
        })
    }

    #[test]
    fn every_number_in_the_world_has_the_form_and_check_digits_of_its_country() {
        let world = World::load().unwrap();
        assert!(world.companies.len() >= 8);
        for company in &world.companies {
            let number = company.registered_as.as_str();
            let digits: Vec<u32> = number.chars().filter_map(|c| c.to_digit(10)).collect();
            let well_formed = match company.country.as_str() {
                "JP" => {
                    digits.len() == 13
                        && number.len() == 13
                        && digits[0] == japanese_check_digit(&digits[1..])
                }
                "FR" => digits.len() == 9 && number.len() == 9 && passes_luhn(&digits),
                "GB" => number.len() == 8 && digits.len() == 8,
                "DE" => number.starts_with("HRB ") && number.len() == 10 && digits.len() == 6,
                "US" => number.len() == 7 && digits.len() == 7,
                other => panic!("no rule for {other}"),
            };
            assert!(well_formed, "{} {number}", company.name);
            if let Some(lei) = &company.lei {
                assert_eq!((lei.len(), lei_remainder(lei)), (20, 1), "{lei}");
            }
        }
    }

    #[test]
    fn the_check_digits_are_those_of_the_published_examples() {
        // The National Tax Agency's own number, INSEE's own SIREN, and an LEI printed in ISO 17442 explanations.
        assert_eq!(japanese_check_digit(&[0, 0, 0, 0, 1, 2, 0, 5, 0, 0, 0, 2]), 7);
        assert!(passes_luhn(&[1, 2, 0, 0, 2, 7, 0, 1, 6]));
        assert_eq!(lei_remainder("506700GE1G29325QX363"), 1);
    }
}
