//! The client of a match service in the format of yente (OpenSanctions).

use domain::{
    evidence::{EvidenceDraft, Facts, ListMatch, Signal},
    language::{Language, Words},
    request::ReportRequest,
};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    evidence::{MATCH_STRENGTH, SANCTIONS_MATCH, WATCHLIST_MATCH, texts},
    related,
    settings::SanctionsSettings,
};
use crate::{
    country_name::country_name,
    error::SourceError,
    http::Http,
    related::{PartyKind, RelatedParty},
    source::{Freshness, SourceAnswer},
    texts::words,
};

/// Minimum score, from 0 to 1, at which a match becomes evidence.
const SCORE_MIN: f64 = 0.5;

/// The client of the match service.
#[derive(Debug)]
pub(super) struct MatchService {
    http: Http,
    url: Url,
    dataset: String,
    api_key: Option<SecretString>,
}

#[derive(Deserialize)]
struct Matches {
    responses: std::collections::HashMap<String, Response>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    results: Vec<Entity>,
}

#[derive(Deserialize)]
struct Entity {
    id: String,
    caption: String,
    #[serde(default)]
    datasets: Vec<String>,
    #[serde(default)]
    properties: Properties,
    score: f64,
}

#[derive(Default, Deserialize)]
struct Properties {
    #[serde(default)]
    name: Vec<String>,
    #[serde(default)]
    alias: Vec<String>,
    #[serde(default)]
    country: Vec<String>,
    #[serde(default)]
    topics: Vec<String>,
    #[serde(default)]
    program: Vec<String>,
}

impl MatchService {
    /// Makes the client, or returns `None` if no service is configured.
    pub(super) fn new(http: &Http, settings: &SanctionsSettings) -> Option<Self> {
        let base = settings.service_url.as_ref()?;
        let url = base.join(&format!("match/{}", settings.dataset)).ok()?;
        let (dataset, api_key) = (settings.dataset.clone(), settings.api_key.clone());
        Some(Self { http: http.for_service("match service"), url, dataset, api_key })
    }

    /// Searches the dataset for the company.
    ///
    /// # Errors
    /// Returns [`SourceError`] if the service gives no usable answer.
    pub(super) async fn search(&self, request: &ReportRequest) -> Result<SourceAnswer, SourceError> {
        let query = json!({"schema": "Company", "properties": {
            "name": [request.company_name],
            "jurisdiction": [request.country.code().to_ascii_lowercase()],
            "registrationNumber": request.corporate_number.as_slice(),
        }});
        let words = words(request.language);
        let as_of = Some(service_runtime::clock::now());
        let mut matches = self.ask(json!({"company": query})).await?;
        let evidence = match matches.take("company")?.as_slice() {
            [] => vec![self.no_match(request, words)],
            entities => entities.iter().map(|entity| entity_evidence(entity, words)).collect(),
        };
        let versions = vec![texts(words).fill("service_version", &[("dataset", &self.dataset)])];
        Ok(SourceAnswer { as_of, evidence, freshness: Freshness::Current, versions, related: Vec::new() })
    }

    /// Searches the dataset for parties related to the company, with one request.
    ///
    /// # Errors
    /// Returns [`SourceError`] if the service gives no usable answer.
    pub(super) async fn screen_related(
        &self,
        parties: &[RelatedParty],
        language: Language,
    ) -> Result<Vec<EvidenceDraft>, SourceError> {
        let words = words(language);
        let queries = parties.iter().enumerate().map(|(at, party)| (at.to_string(), party_query(party)));
        let mut matches = self.ask(queries.collect()).await?;
        let (mut found, mut clear, mut listed) = (Vec::new(), Vec::new(), Vec::new());
        for (at, party) in parties.iter().enumerate() {
            let entities = matches.take(&at.to_string())?;
            let parties = if entities.is_empty() { &mut clear } else { &mut listed };
            parties.push(party.to_fact());
            let of_entity = |entity: &Entity| related::of_party(entity_evidence(entity, words), party, words);
            found.extend(entities.iter().map(of_entity));
        }
        found.sort_by_key(|draft| std::cmp::Reverse(draft.max_strength()));
        let dataset = texts(words).fill("dataset", &[("dataset", &self.dataset)]);
        found.extend(related::of_clear(clear, &listed, &dataset, words));
        Ok(found)
    }

    async fn ask(&self, queries: Value) -> Result<Matches, SourceError> {
        let threshold = SCORE_MIN.to_string();
        let mut query = self
            .http
            .client()
            .post(self.url.clone())
            .query(&[("limit", "20"), ("threshold", &threshold)])
            .json(&json!({ "queries": queries }));
        if let Some(key) = &self.api_key {
            query = query.header("authorization", format!("ApiKey {}", key.expose_secret()));
        }
        self.http.json(query).await
    }

    fn no_match(&self, request: &ReportRequest, words: &Words) -> EvidenceDraft {
        let (name, country) = (request.company_name.as_str(), words.country(request.country));
        let values = [("name", name), ("country", country), ("dataset", &self.dataset)];
        let texts = texts(words);
        EvidenceDraft::note(texts.text("no_match_on_lists_title"), texts.fill("no_match_on_lists", &values))
    }
}

impl Matches {
    /// Takes the entities that answer the query `name`, the best first.
    fn take(&mut self, name: &str) -> Result<Vec<Entity>, SourceError> {
        let response = self.responses.remove(name);
        let response = response
            .ok_or_else(|| SourceError::Unreadable("it holds no response to the query".to_owned()))?;
        if let Some(status) = response.status.filter(|status| *status != 200) {
            return Err(SourceError::Unavailable(format!("the query ended with status {status}")));
        }
        let mut entities = response.results;
        entities.retain(|entity| entity.score >= SCORE_MIN);
        entities.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
        Ok(entities)
    }
}

/// Returns the query for a related party.
fn party_query(party: &RelatedParty) -> Value {
    let country: Vec<String> = party.country.iter().map(|code| code.to_ascii_lowercase()).collect();
    match party.kind {
        PartyKind::Organization => json!({"schema": "Company", "properties": {
            "name": [party.name],
            "jurisdiction": country,
            "registrationNumber": party.number.as_slice(),
        }}),
        PartyKind::Person => json!({"schema": "Person", "properties": {
            "name": [party.name],
            "nationality": country,
            "birthDate": party.birth_date.as_slice(),
        }}),
    }
}

fn entity_evidence(entity: &Entity, words: &Words) -> EvidenceDraft {
    let Entity { id, caption, datasets, properties, score } = entity;
    // The entries that a list has because of others are told apart from the sanctioned ones, as in a list of one's own.
    let is_linked = |topic: &String| topic == "sanction.linked";
    let sanctioned = properties
        .topics
        .iter()
        .any(|topic| topic == "sanction" || topic.starts_with("sanction.") && !is_linked(topic));
    let linked = !sanctioned && properties.topics.iter().any(is_linked);
    let (percent, texts) = (percent(*score), texts(words));
    let mut text = texts.paragraph();
    text.say("listed_as", &[("entry", caption), ("id", id)]);
    let others: Vec<String> = properties.name.iter().filter(|name| *name != caption).cloned().collect();
    let countries: Vec<String> = properties.country.iter().map(|code| country_name(code, words)).collect();
    for (label, values) in [
        ("other_names", &others),
        ("aliases", &properties.alias),
        ("countries", &countries),
        ("programs", &properties.program),
        ("topics", &properties.topics),
        ("datasets", datasets),
    ] {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        text.list(label, &values, usize::MAX);
    }
    text.say("score", &[("score", &percent.to_string())]);
    let (kind, label) = match (sanctioned, linked) {
        (true, _) => (SANCTIONS_MATCH, "labels.sanction"),
        (false, true) => (SANCTIONS_MATCH, "labels.sanction_linked"),
        (false, false) => (WATCHLIST_MATCH, "labels.other"),
    };
    let label = texts.text(label);
    let strength = if linked { percent.min(MATCH_STRENGTH - 1) } else { percent };
    EvidenceDraft {
        title: texts.fill("title", &[("label", &label), ("entry", caption)]),
        text: text.finish(),
        url: None,
        published_at: None,
        signals: vec![Signal { kind, strength }],
        facts: Facts {
            list_match: Some(ListMatch {
                list: datasets.join(", "),
                entry: caption.clone(),
                score: percent,
                is_match: percent >= MATCH_STRENGTH,
                linked,
                reasons: None,
            }),
            ..Facts::default()
        },
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100")]
fn percent(score: f64) -> u8 {
    (score.clamp(0.0, 1.0) * 100.0).round() as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANSWER: &str = r#"{"responses":{"company":{"status":200,"results":[{"id":"NK-1","caption":"Quillmarsh LLC","score":0.91,
        "datasets":["invented"],"properties":{"name":["Quillmarsh LLC"],"alias":["KVILLMARSH"],"country":["ru"],"topics":["sanction"]}}]}}}"#;

    #[test]
    fn a_sanction_is_distinguished_from_a_watch_list() {
        let signal = |answer: &str| {
            let mut matches: Matches = serde_json::from_str(answer).unwrap();
            entity_evidence(
                &matches.responses.remove("company").unwrap().results[0],
                words(Language::ENGLISH),
            )
            .signals[0]
                .clone()
        };
        let sanctioned = signal(ANSWER);
        assert_eq!((sanctioned.kind, sanctioned.strength), (SANCTIONS_MATCH, 91));
        assert_eq!(signal(&ANSWER.replace("sanction\"", "debarment\"")).kind, WATCHLIST_MATCH);
    }

    #[test]
    fn an_entry_that_is_only_linked_to_a_sanctioned_one_says_so() {
        let answer = ANSWER.replace("sanction\"", "sanction.linked\"");
        let mut matches: Matches = serde_json::from_str(&answer).unwrap();
        let entity = &matches.responses.remove("company").unwrap().results[0];
        let evidence = entity_evidence(entity, words(Language::ENGLISH));
        assert_eq!(evidence.title, "Linked to an entry of a sanctions list: Quillmarsh LLC");
        let signal = &evidence.signals[0];
        assert_eq!((&signal.kind, signal.strength), (&SANCTIONS_MATCH, MATCH_STRENGTH - 1));
        let found = evidence.facts.list_match.unwrap();
        assert!(found.is_match && found.linked, "{found:?}");
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_parser_panic(at in any::<prop::sample::Index>(), byte: u8) {
            let mut bytes = ANSWER.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(matches) = serde_json::from_slice::<Matches>(&bytes) {
                for entity in matches.responses.values().flat_map(|response| &response.results) {
                    let _ = entity_evidence(entity, words(Language::ENGLISH));
                }
            }
        }
    }
}
