//! The stand-in for a match service in the format of yente (OpenSanctions): `POST /match/{dataset}`.

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::post,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::stand_in::{
    Operation, StandIn, names,
    world::{ListedEntity, World, days_ago},
};

/// Makes the stand-in.
pub(super) fn stand_in() -> StandIn {
    StandIn {
        operations: vec![Operation {
            name: "sanctions.match",
            path: "/match/{dataset}",
            handler: post(matches),
        }],
        environment: |base_url| vec![("DOSSIER_SANCTIONS_URL", base_url.to_owned())],
    }
}

/// The defaults of yente's own settings.
const DEFAULT_THRESHOLD: f64 = 0.7;
const DEFAULT_CUTOFF: f64 = 0.5;
const DEFAULT_LIMIT: usize = 5;
const MAX_LIMIT: usize = 500;
const MAX_QUERIES: usize = 100;
/// The factor that the score is multiplied by if the query names only countries that are not the entity's.
const OTHER_COUNTRY_FACTOR: f64 = 0.8;

#[derive(Debug, Deserialize)]
struct Parameters {
    limit: Option<usize>,
    threshold: Option<f64>,
    cutoff: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct MatchRequest {
    queries: BTreeMap<String, EntityQuery>,
}

#[derive(Debug, Deserialize)]
struct EntityQuery {
    schema: String,
    #[serde(default)]
    properties: BTreeMap<String, Vec<String>>,
}

async fn matches(Path(dataset): Path<String>, Query(parameters): Query<Parameters>, body: Bytes) -> Response {
    let in_dataset = |entity: &&ListedEntity| match dataset.as_str() {
        "default" => true,
        "sanctions" => entity.topics.iter().any(|topic| topic == "sanction"),
        name => entity.datasets.iter().any(|known| known == name),
    };
    let entities: Vec<&ListedEntity> = World::sample().sanctions.iter().filter(in_dataset).collect();
    if entities.is_empty() {
        return refused(StatusCode::NOT_FOUND, &format!("No such dataset: {dataset}"));
    }
    let request: MatchRequest = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => {
            return refused(
                StatusCode::UNPROCESSABLE_ENTITY,
                &format!("the body is not a match request: {error}"),
            );
        }
    };
    if request.queries.is_empty() || request.queries.len() > MAX_QUERIES {
        let detail = format!("{} queries: give 1 to {MAX_QUERIES}", request.queries.len());
        return refused(StatusCode::BAD_REQUEST, &detail);
    }
    let limit = parameters.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let threshold = parameters.threshold.unwrap_or(DEFAULT_THRESHOLD);
    let cutoff = parameters.cutoff.unwrap_or(DEFAULT_CUTOFF);
    let now = Timestamp::now();
    let responses: Map<String, Value> = request
        .queries
        .iter()
        .map(|(name, query)| {
            let results = search(&entities, query, cutoff);
            let total = results.len();
            let results: Vec<Value> =
                results.into_iter().take(limit).map(|hit| hit.into_json(threshold, now)).collect();
            let answer = json!({
                "status": 200,
                "results": results,
                "total": { "value": total, "relation": "eq" },
                "query": { "id": null, "schema": query.schema, "properties": query.properties },
            });
            (name.clone(), answer)
        })
        .collect();
    Json(json!({ "responses": responses, "matcher": {}, "limit": limit })).into_response()
}

fn refused(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}

struct Hit<'a> {
    entity: &'a ListedEntity,
    score: f64,
    features: BTreeMap<&'static str, f64>,
}

/// Returns the entities that score at least `cutoff`, the best first.
fn search<'a>(entities: &[&'a ListedEntity], query: &EntityQuery, cutoff: f64) -> Vec<Hit<'a>> {
    if !["Company", "Organization", "LegalEntity", "Thing"].contains(&query.schema.as_str()) {
        return Vec::new();
    }
    let mut hits: Vec<Hit<'a>> = entities
        .iter()
        .map(|entity| score(entity, &query.properties))
        .filter(|hit| hit.score >= cutoff)
        .collect();
    hits.sort_by(|one, other| {
        other.score.total_cmp(&one.score).then_with(|| one.entity.id.cmp(&other.entity.id))
    });
    hits
}

fn score<'a>(entity: &'a ListedEntity, properties: &BTreeMap<String, Vec<String>>) -> Hit<'a> {
    let given = |names: &[&str]| -> Vec<&String> {
        names.iter().filter_map(|name| properties.get(*name)).flatten().collect()
    };
    let known = || std::iter::once(&entity.caption).chain(&entity.aliases);
    let name = given(&["name", "alias"])
        .into_iter()
        .flat_map(|given| known().map(move |known| names::overlap(given, known)))
        .fold(0.0, f64::max);
    let same_number =
        given(&["registrationNumber", "idNumber", "leiCode", "taxNumber"]).into_iter().any(|given| {
            entity.registration_numbers.iter().any(|known| names::number(given) == names::number(known))
        });
    // A jurisdiction may be a region, such as us-de; the country is the first part.
    let countries = given(&["jurisdiction", "country", "mainCountry"]);
    let other_country = !countries.is_empty()
        && !countries.iter().any(|given| {
            let country = given.split('-').next().unwrap_or_default();
            entity.countries.iter().any(|known| known.eq_ignore_ascii_case(country))
        });
    let mut features = BTreeMap::from([("name_match", name)]);
    let mut score = name;
    if other_country {
        features.insert("country_mismatch", 1.0);
        score *= OTHER_COUNTRY_FACTOR;
    }
    if same_number {
        features.insert("registration_number_match", 1.0);
        score = 1.0;
    }
    Hit { entity, score, features }
}

impl Hit<'_> {
    fn into_json(self, threshold: f64, now: Timestamp) -> Value {
        let Self { entity, score, features } = self;
        let seen = |days| days_ago(now, days).strftime("%Y-%m-%dT%H:%M:%S").to_string();
        json!({
            "id": entity.id,
            "caption": entity.caption,
            "schema": "Company",
            "properties": {
                "name": [entity.caption],
                "alias": entity.aliases,
                "country": entity.countries,
                "jurisdiction": entity.countries,
                "registrationNumber": entity.registration_numbers,
                "topics": entity.topics,
                "program": entity.programs,
                "notes": entity.notes,
            },
            "datasets": entity.datasets,
            "referents": [],
            "target": true,
            "first_seen": seen(entity.first_seen_days_ago),
            "last_seen": seen(0),
            "last_change": seen(entity.last_change_days_ago),
            "score": score,
            "features": features,
            "match": score >= threshold,
        })
    }
}
