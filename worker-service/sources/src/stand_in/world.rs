//! The sample data of the stand-ins: invented companies, sanctions lists and news. Dates are given in days
//! before now, so that the news stays recent.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// The sample data.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct World {
    pub(crate) companies: Vec<Company>,
    pub(crate) sanctions: Vec<ListedEntity>,
    pub(crate) news: Vec<Article>,
}

/// A company in its national register. A company with a `lei` is also in the LEI register.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Company {
    pub(crate) name: String,
    pub(crate) other_names: Vec<String>,
    pub(crate) language: String,
    pub(crate) country: String,
    pub(crate) jurisdiction: String,
    pub(crate) registered_at: String,
    pub(crate) registered_as: String,
    pub(crate) address_line: String,
    pub(crate) city: String,
    pub(crate) postal_code: String,
    pub(crate) lei: Option<String>,
    /// The company that consolidates this one, directly and as the last of the group.
    #[serde(default)]
    pub(crate) parent: Option<Parent>,
    pub(crate) status: String,
    pub(crate) registration_status: String,
    pub(crate) expiration: Option<Expiration>,
    pub(crate) created_days_ago: u32,
}

/// The parent of a company, which is in the LEI register too.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Parent {
    pub(crate) lei: String,
    pub(crate) since_days_ago: u32,
}

/// When and why a company ended.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Expiration {
    pub(crate) days_ago: u32,
    pub(crate) reason: String,
}

/// An entry of a sanctions list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ListedEntity {
    pub(crate) id: String,
    pub(crate) caption: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) countries: Vec<String>,
    pub(crate) registration_numbers: Vec<String>,
    pub(crate) topics: Vec<String>,
    pub(crate) programs: Vec<String>,
    pub(crate) datasets: Vec<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) first_seen_days_ago: u32,
    pub(crate) last_change_days_ago: u32,
}

/// An article, with the names that its text mentions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Article {
    pub(crate) title: String,
    pub(crate) domain: String,
    pub(crate) language: String,
    pub(crate) source_country: String,
    pub(crate) days_ago: u32,
    pub(crate) mentions: Vec<String>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
    serde_json::from_str(include_str!("world.json")).expect("world.json is valid")
});

impl World {
    /// Returns the sample data.
    pub(crate) fn sample() -> &'static Self {
        &WORLD
    }
}

/// Returns the time `days` days before `now`.
pub(crate) fn days_ago(now: Timestamp, days: u32) -> Timestamp {
    // Only a time before the year -9999 cannot be represented.
    now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the check digit of a Japanese corporate number from its other twelve digits.
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
    fn every_number_of_the_sample_data_has_the_form_and_check_digits_of_its_country() {
        let world = World::sample();
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
                "US" | "AE" => number.len() == 7 && digits.len() == 7,
                other => panic!("no rule for {other}"),
            };
            assert!(well_formed, "{} {number}", company.name);
            if let Some(lei) = &company.lei {
                assert_eq!((lei.len(), lei_remainder(lei)), (20, 1), "{lei}");
            }
            if let Some(parent) = &company.parent {
                assert!(world.companies.iter().any(|other| other.lei.as_ref() == Some(&parent.lei)));
            }
        }
    }

    #[test]
    fn the_check_digits_are_those_of_the_published_examples() {
        // The National Tax Agency's own number, INSEE's own SIREN, and an LEI printed in ISO 17442
        // explanations.
        assert_eq!(japanese_check_digit(&[0, 0, 0, 0, 1, 2, 0, 5, 0, 0, 0, 2]), 7);
        assert!(passes_luhn(&[1, 2, 0, 0, 2, 7, 0, 1, 6]));
        assert_eq!(lei_remainder("506700GE1G29325QX363"), 1);
    }
}
