//! The services that a case describes: files, a register of legal entity identifiers, Companies House, and news.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Result;
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Response, StatusCode, Uri, header},
};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::search::Query;

/// What answers under the paths that begin with `at`, if the query has `when`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Rule {
    at: String,
    #[serde(default)]
    when: Option<String>,
    #[serde(rename = "as")]
    kind: String,
    #[serde(default)]
    file: Option<String>,
    #[serde(default, rename = "type")]
    media_type: Option<String>,
    #[serde(default)]
    status: Option<u16>,
}

/// A running server with the services of one case.
pub(super) struct Services {
    url: String,
}

struct Served {
    folder: PathBuf,
    rules: Vec<Rule>,
}

impl Services {
    pub(super) async fn start(folder: &Path, rules: Vec<Rule>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let served = Arc::new(Served { folder: folder.to_owned(), rules });
        let router = Router::new().fallback(answer).with_state(served);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

async fn answer(State(served): State<Arc<Served>>, uri: Uri) -> Response<Body> {
    let query = uri.query().unwrap_or_default().replace('+', " ");
    let query = percent_decode_str(&query).decode_utf8_lossy().into_owned();
    let fits = |rule: &&Rule| {
        uri.path().starts_with(&rule.at) && rule.when.as_deref().is_none_or(|when| query.contains(when))
    };
    let Some(rule) = served.rules.iter().find(fits) else { return json_answer(404, &json!({})) };
    let read = |name: &str| fs::read(served.folder.join(name)).unwrap();
    let data = || -> Value { serde_json::from_slice(&read(rule.file.as_deref().unwrap())).unwrap() };
    let path = uri.path().strip_prefix(&rule.at).unwrap_or_default();
    match rule.kind.as_str() {
        "file" => bytes(rule, read(rule.file.as_deref().unwrap())),
        "folder" => bytes(rule, read(path.trim_start_matches('/'))),
        "gleif" => register(&data(), path, uri.query().unwrap_or_default()),
        "companies-house" => match data().get(path.trim_start_matches("company/")) {
            Some(profile) => json_answer(200, profile),
            None => json_answer(404, &json!({"errors": [{"type": "ch:service"}]})),
        },
        "gdelt" => {
            let query = parameter(uri.query().unwrap_or_default(), "query").unwrap_or_default();
            let query = Query::parse(&query);
            let articles = data();
            let found: Vec<&Value> = articles
                .as_array()
                .unwrap()
                .iter()
                .filter(|article| {
                    query.is_in(&format!(
                        "{} {}",
                        article["title"].as_str().unwrap(),
                        article["text"].as_str().unwrap()
                    ))
                })
                .collect();
            json_answer(200, &json!({ "articles": found }))
        }
        other => panic!("the case serves {other}, which is not known"),
    }
}

fn bytes(rule: &Rule, content: Vec<u8>) -> Response<Body> {
    let media_type = rule.media_type.as_deref().unwrap_or("application/json");
    let status = StatusCode::from_u16(rule.status.unwrap_or(200)).unwrap();
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, media_type)
        .body(Body::from(content))
        .unwrap()
}

fn json_answer(status: u16, value: &Value) -> Response<Body> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(value.to_string()))
        .unwrap()
}

/// Returns the decoded value of a parameter of a query.
fn parameter(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        let decoded =
            |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        (decoded(key) == name).then(|| decoded(value))
    })
}

/// Answers as the API v1 of the LEI register.
fn register(data: &Value, path: &str, query: &str) -> Response<Body> {
    let records = data["records"].as_array().unwrap();
    let by_lei = |lei: &str| records.iter().find(|record| record["id"] == lei);
    if let Some((lei, relation)) = path.trim_start_matches("api/v1/lei-records/").split_once('/') {
        let parent = match relation {
            "direct-parent" => data["parents"][lei]["direct"].as_str(),
            "ultimate-parent" => data["parents"][lei]["ultimate"].as_str(),
            _ => None,
        };
        if path.starts_with("api/v1/lei-records/") {
            return match parent.and_then(by_lei) {
                Some(record) => json_answer(200, &json!({ "data": record })),
                None => json_answer(404, &json!({"errors": [{"status": "404"}]})),
            };
        }
    }
    let fits = |record: &&Value| {
        let entity = &record["attributes"]["entity"];
        let one_of = |value: &Value, given: &str| {
            value
                .as_str()
                .is_some_and(|value| given.split(',').any(|given| given.eq_ignore_ascii_case(value)))
        };
        let filters =
            [("filter[lei]", &record["id"]), ("filter[entity.registeredAs]", &entity["registeredAs"])];
        let coded = filters
            .iter()
            .all(|(name, value)| parameter(query, name).is_none_or(|given| one_of(value, &given)));
        let name = entity["legalName"]["name"].as_str().unwrap().to_lowercase();
        let named = parameter(query, "filter[entity.legalName]")
            .is_none_or(|given| given.to_lowercase().split_whitespace().all(|word| name.contains(word)));
        coded && named
    };
    let found: Vec<&Value> = records.iter().filter(fits).collect();
    json_answer(200, &json!({ "data": found }))
}
