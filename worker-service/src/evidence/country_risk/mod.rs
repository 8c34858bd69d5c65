//! Country risk: what international bodies have published about the company's country, from one
//! dated table.

use std::sync::LazyLock;

use domain::{
    evidence::{EvidenceDraft, Signal, SignalKind, SourceName},
    request::ReportRequest,
    time::UtcTime,
};
use futures::future::BoxFuture;
use serde::Deserialize;

use super::{Freshness, Source, SourceAnswer, SourceError};

/// The table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    version: String,
    list: Vec<List>,
}

/// A published list of countries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    id: String,
    title: String,
    publisher: String,
    url: String,
    /// The day of the publication, which the entries are of.
    as_of: String,
    level: Level,
    meaning: String,
    countries: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    CallForAction,
    Embargo,
    HighRiskThirdCountry,
    IncreasedMonitoring,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the binary and a test reads it")]
    toml::from_str(include_str!("country_risk.toml")).expect("country_risk.toml is valid")
});

impl Level {
    /// How strong a signal it is; the rules decide what follows.
    fn strength(self) -> u8 {
        match self {
            Self::CallForAction => 100,
            Self::Embargo => 90,
            Self::HighRiskThirdCountry => 70,
            Self::IncreasedMonitoring => 50,
        }
    }
}

/// The source.
#[derive(Debug)]
pub struct CountryRisk;

impl CountryRisk {
    fn look_up(request: &ReportRequest) -> SourceAnswer {
        let (code, country) = (request.country.code(), request.country.name());
        let of_country = TABLE.list.iter().filter(|list| list.countries.iter().any(|listed| listed == code));
        let mut findings: Vec<EvidenceDraft> = of_country.map(|list| finding(list, country)).collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.signals.iter().map(|s| s.strength).max()));
        if findings.is_empty() {
            findings.push(nothing(country));
        }
        // The table speaks of the day of its oldest list.
        let oldest = TABLE.list.iter().filter_map(|list| day(&list.as_of)).min();
        let as_of = oldest.unwrap_or_else(service_runtime::clock::now);
        let versions = vec![format!("table of countries {}", TABLE.version)];
        SourceAnswer { as_of, findings, freshness: Freshness::Whole, versions }
    }
}

fn day(text: &str) -> Option<UtcTime> {
    format!("{text}T00:00:00Z").parse().ok()
}

fn finding(list: &List, country: &str) -> EvidenceDraft {
    let List { id, title, publisher, url, as_of, level, meaning, .. } = list;
    EvidenceDraft {
        title: format!("{country}: {title}"),
        text: format!("{publisher} lists {country} under \"{title}\" (as of {as_of}, list {id}). {meaning}"),
        url: Some(url.clone()),
        published_at: day(as_of),
        signals: vec![Signal { kind: SignalKind::CountryRisk, strength: level.strength() }],
    }
}

fn nothing(country: &str) -> EvidenceDraft {
    let lists: Vec<String> =
        TABLE.list.iter().map(|list| format!("{} ({})", list.title, list.as_of)).collect();
    EvidenceDraft {
        title: format!("{country} is on no list of countries"),
        text: format!(
            "{country} is on none of these lists, table version {}: {}.",
            TABLE.version,
            lists.join("; ")
        ),
        url: None,
        published_at: None,
        signals: Vec::new(),
    }
}

impl Source for CountryRisk {
    fn name(&self) -> SourceName {
        SourceName::CountryRisk
    }

    fn ask<'a>(&'a self, request: &'a ReportRequest) -> BoxFuture<'a, Result<SourceAnswer, SourceError>> {
        Box::pin(async { Ok(Self::look_up(request)) })
    }
}

#[cfg(test)]
mod tests {
    use country::Country;

    use super::*;
    use crate::evidence::testing::request;

    fn strengths(country: &str) -> Vec<u8> {
        // An LEI goes with every country.
        let answer = CountryRisk::look_up(&request("Acme", "LAU9ICDEA8HNHMPF3C63", country));
        answer
            .findings
            .iter()
            .flat_map(|finding| finding.signals.iter().map(|signal| signal.strength))
            .collect()
    }

    #[test]
    fn the_table_is_dated_and_names_countries_that_exist() {
        assert!(TABLE.list.len() >= 5);
        for list in &TABLE.list {
            assert!(day(&list.as_of).is_some() && list.url.starts_with("https://"), "{}", list.id);
            for code in &list.countries {
                assert!(code.parse::<Country>().is_ok(), "{}: {code}", list.id);
            }
        }
    }

    #[test]
    fn the_gravest_list_comes_first_and_no_list_is_an_answer_too() {
        assert_eq!(strengths("KP").first(), Some(&100));
        assert_eq!(strengths("VN"), [70, 50, 50]);
        assert_eq!(strengths("JP"), [0_u8; 0]);
    }
}
