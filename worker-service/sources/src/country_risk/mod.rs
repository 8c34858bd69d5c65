//! Country risk: what international bodies have published about the company's country, from one dated table.

use std::sync::{Arc, LazyLock};

use domain::{
    evidence::{EvidenceDraft, Facts, Signal, SignalKind, SourceName},
    request::ReportRequest,
    time::UtcTime,
};
use futures::future::BoxFuture;
use serde::Deserialize;

use crate::{
    definition::{BuildContext, SourceDefinition, SourceSettings, SourcesError},
    error::SourceError,
    source::{Freshness, Source, SourceAnswer},
    texts::{Texts, words},
};

/// The definition of the source `country_risk`. It needs no settings and queries no service.
pub(crate) static DEFINITION: SourceDefinition = SourceDefinition {
    name: SourceName::from_static("country_risk"),
    settings: &[],
    read: |_| Some(Arc::new(CountryRisk)),
    rules: include_str!("rules.toml"),
    words: &[("en", include_str!("words.en.toml")), ("ja", include_str!("words.ja.toml"))],
    #[cfg(feature = "stand-in")]
    stand_in: None,
};

/// The kind of signal for a country that is on a published list.
const COUNTRY_RISK: SignalKind = SignalKind::from_static("country_risk");

/// The contents of `country_risk.toml`.
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
    /// The publication date of the version that the entries were taken from.
    as_of: String,
    level: Level,
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
    /// Returns the strength of the signal, which selects the rule in `rules.toml` that applies.
    fn strength(self) -> u8 {
        match self {
            Self::CallForAction => 100,
            Self::Embargo => 90,
            Self::HighRiskThirdCountry => 70,
            Self::IncreasedMonitoring => 50,
        }
    }
}

/// The source, which is also its own (empty) settings.
#[derive(Clone, Copy, Debug)]
struct CountryRisk;

impl SourceSettings for CountryRisk {
    fn is_configured(&self) -> bool {
        true
    }

    fn build(&self, _context: &BuildContext<'_>) -> Result<Box<dyn Source>, SourcesError> {
        Ok(Box::new(*self))
    }
}

impl CountryRisk {
    fn look_up(request: &ReportRequest) -> SourceAnswer {
        let (code, words) = (request.country.code(), words(request.language));
        let (country, texts) = (words.country(request.country), Texts::new(words, "country_risk"));
        let lists = TABLE.list.iter().filter(|list| list.countries.iter().any(|listed| listed == code));
        let mut evidence: Vec<EvidenceDraft> =
            lists.map(|list| list_evidence(list, country, texts)).collect();
        evidence.sort_by_key(|draft| std::cmp::Reverse(draft.max_strength()));
        if evidence.is_empty() {
            evidence.push(no_list_evidence(country, texts));
        }
        // The table is as current as its oldest list.
        let oldest = TABLE.list.iter().filter_map(|list| day(&list.as_of)).min();
        let versions = vec![texts.fill("version", &[("version", &TABLE.version)])];
        SourceAnswer { as_of: oldest, evidence, freshness: Freshness::Current, versions, related: Vec::new() }
    }
}

fn day(text: &str) -> Option<UtcTime> {
    format!("{text}T00:00:00Z").parse().ok()
}

fn list_evidence(list: &List, country: &str, texts: Texts<'_>) -> EvidenceDraft {
    let List { id, title, publisher, url, as_of, level, .. } = list;
    let mut text = texts.paragraph();
    let values =
        [("publisher", &**publisher), ("country", country), ("title", title), ("as_of", as_of), ("id", id)];
    text.say("listed", &values);
    text.push(texts.text(&format!("meanings.{id}")));
    EvidenceDraft {
        title: texts.fill("title", &[("country", country), ("title", title)]),
        text: text.finish(),
        url: Some(url.clone()),
        published_at: day(as_of),
        signals: vec![Signal { kind: COUNTRY_RISK, strength: level.strength() }],
        facts: Facts { publisher: Some(publisher.clone()), ..Facts::default() },
    }
}

fn no_list_evidence(country: &str, texts: Texts<'_>) -> EvidenceDraft {
    let dated = |list: &List| texts.fill("dated", &[("title", &list.title), ("as_of", &list.as_of)]);
    let lists: Vec<String> = TABLE.list.iter().map(dated).collect();
    let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
    let values = [("country", country), ("version", &*TABLE.version), ("lists", &*texts.listed(&lists))];
    EvidenceDraft::note(texts.fill("none_title", &values), texts.fill("none", &values))
}

impl Source for CountryRisk {
    fn query<'a>(&'a self, request: &'a ReportRequest) -> BoxFuture<'a, Result<SourceAnswer, SourceError>> {
        Box::pin(async { Ok(Self::look_up(request)) })
    }
}

#[cfg(test)]
mod tests {
    use country::Country;
    use domain::language::Language;

    use super::*;
    use crate::testing::request;

    fn strengths(country: &str) -> Vec<u8> {
        // An LEI is valid in every country.
        let answer = CountryRisk::look_up(&request("Acme", "LAU9ICDEA8HNHMPF3C63", country));
        answer.evidence.iter().flat_map(|draft| draft.signals.iter().map(|signal| signal.strength)).collect()
    }

    #[test]
    fn the_table_is_dated_and_only_names_countries_that_exist() {
        assert!(TABLE.list.len() >= 5);
        for list in &TABLE.list {
            assert!(day(&list.as_of).is_some() && list.url.starts_with("https://"), "{}", list.id);
            for language in Language::all() {
                let key = format!("texts.country_risk.meanings.{}", list.id);
                assert!(words(language).find(&key).is_some(), "{language}: {key}");
            }
            for code in &list.countries {
                assert!(code.parse::<Country>().is_ok(), "{}: {code}", list.id);
            }
        }
    }

    #[test]
    fn the_most_serious_list_comes_first_and_a_country_on_no_list_has_no_signal() {
        assert_eq!(strengths("KP").first(), Some(&100));
        assert_eq!(strengths("VN"), [70, 50, 50]);
        assert_eq!(strengths("JP"), [0_u8; 0]);
    }
}
