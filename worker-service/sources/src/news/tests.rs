//! Tests of the whole source with a service that answers as it likes: invented cases and collected ones.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::PathBuf};

use aws_config::SdkConfig;
use axum::{
    Router,
    extract::{RawQuery, State},
    http::header::CONTENT_TYPE,
    routing::get,
};
use domain::evidence::EvidenceDraft;
use egress_guard::Guard;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use service_runtime::clock::Clock;
use tokio::net::TcpListener;

use super::*;
use crate::{http::Http, testing::request};

/// What a service answers.
#[derive(Clone)]
enum Rule {
    /// A body with its type, for queries that hold a text.
    File { when: String, kind: String, body: Vec<u8> },
    /// A full-text search in the format of GDELT: a phrase of the query must stand in an article's title.
    Search(Vec<Value>),
}

impl Rule {
    fn file(when: &str, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::File { when: when.to_owned(), kind: kind.to_owned(), body: body.into() }
    }

    fn answer(&self, query: &str) -> Option<(String, Vec<u8>)> {
        match self {
            Self::File { when, kind, body } => query.contains(when).then(|| (kind.clone(), body.clone())),
            Self::Search(articles) => {
                let phrases: Vec<&str> = query.split('"').skip(1).step_by(2).collect();
                let holds = |article: &&Value| {
                    phrases.iter().any(|phrase| article["title"].as_str().unwrap().contains(phrase))
                };
                let found: Vec<&Value> = articles.iter().filter(holds).collect();
                Some(("application/json".to_owned(), json!({ "articles": found }).to_string().into_bytes()))
            }
        }
    }
}

/// Starts a service that answers with the first rule that fits, and returns its address.
async fn service(rules: Vec<Rule>) -> Url {
    let answer = async |State(rules): State<Vec<Rule>>, RawQuery(query): RawQuery| {
        let query = query.unwrap_or_default();
        let values: Vec<String> =
            url::form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned()).collect();
        let found = rules.iter().find_map(|rule| rule.answer(&values.join(" ")));
        let (kind, body) = found.unwrap_or(("text/plain".to_owned(), b"no rule".to_vec()));
        ([(CONTENT_TYPE, kind)], body)
    };
    let app = Router::new().fallback(get(answer)).with_state(rules);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}/").parse().unwrap()
}

/// Searches a GDELT service, or a feed, for a company.
async fn search(
    address: &Url,
    is_feed: bool,
    company: (&str, &str, &str),
) -> Result<SourceAnswer, SourceError> {
    let guard = Guard::new(vec!["127.0.0.1".to_owned()], "DOSSIER_PRIVATE_SOURCES");
    let http = Http::new(Duration::from_secs(5), guard.clone(), Clock::system()).unwrap();
    let settings = NewsSettings {
        service_url: (!is_feed).then(|| address.clone()),
        pause: Duration::ZERO,
        patience: Duration::ZERO,
        feeds: if is_feed { vec![format!("{address}feed?q={{query}}")] } else { Vec::new() },
        months: 12,
    };
    let sdk = SdkConfig::builder().build();
    let source = settings.build(&BuildContext { http: &http, guard: &guard, sdk: &sdk, table: "" }).unwrap();
    let (name, number, country) = company;
    source.query(&request(name, number, country)).await
}

/// Returns the greatest strength of a signal in an answer.
fn strength(answer: &SourceAnswer) -> u8 {
    answer.evidence.iter().filter_map(EvidenceDraft::max_strength).max().unwrap_or_default()
}

fn texts(answer: &SourceAnswer) -> String {
    answer.evidence.iter().map(|draft| format!("{}: {}\n", draft.title, draft.text)).collect()
}

#[tokio::test]
async fn a_story_that_leaves_the_legal_form_out_is_found() {
    let articles = json!([
        { "url": "https://a.example/1", "title": "Kestrel Ore Terminals charged with bribery" },
        { "url": "https://a.example/2", "title": "Kestrel Ore Terminals GmbH charged with fraud" },
        { "url": "https://a.example/3", "title": "Harrow and Quill fined for price fixing" },
    ]);
    let address = service(vec![Rule::Search(articles.as_array().unwrap().clone())]).await;
    for name in ["Kestrel Ore Terminals Ltd", "Harrow & Quill LLP"] {
        let answer = search(&address, false, (name, "24257037", "GB")).await.unwrap();
        assert!(strength(&answer) >= 80, "{name}: {}", texts(&answer));
    }
    let other = search(&address, false, ("Kestrel Cider Ltd", "24257037", "GB")).await.unwrap();
    assert_eq!((strength(&other), other.freshness), (0, Freshness::Current));
}

#[tokio::test]
async fn what_cannot_be_read_is_said_and_the_answer_is_partial() {
    let cut = r#"{"articles": [{"url": "https://a.example/1", "title": "Kestrel Foods charged with bribery"}, {"url": "htt"#;
    let null = r#"{"articles": [{"url": "https://a.example/1", "title": "Quillmarsh Foods charged with bribery"}, {"url": "https://a.example/2", "title": null}]}"#;
    let address = service(vec![
        Rule::file("Kestrel", "application/json", cut),
        Rule::file("Quillmarsh", "application/json", null),
    ])
    .await;
    for (name, said) in [
        ("Kestrel Foods", "1 answers of news services end early"),
        ("Quillmarsh Foods", "1 articles of the news"),
    ] {
        let answer = search(&address, false, (name, "24257037", "GB")).await.unwrap();
        assert_eq!(answer.freshness, Freshness::Partial);
        assert!(strength(&answer) >= 80 && texts(&answer).contains(said), "{}", texts(&answer));
    }
}

#[tokio::test]
async fn a_query_that_is_refused_is_asked_again_as_the_name_is_given() {
    let found = r#"{"articles": [{"url": "https://a.example/1", "title": "Kestrel Foods Ltd charged with bribery"}]}"#;
    let refusal = Rule::file(" OR ", "text/html", "The specified phrase is too short.");
    let address = service(vec![refusal, Rule::file("Kestrel", "application/json", found)]).await;
    let answer = search(&address, false, ("Kestrel Foods Ltd", "24257037", "GB")).await.unwrap();
    assert!(strength(&answer) >= 80, "{}", texts(&answer));
    assert_eq!(answer.freshness, Freshness::Partial);
}

#[tokio::test]
async fn the_encoding_of_a_feed_can_be_that_of_its_header() {
    let feed = b"<rss><channel><item><title>Kestrel Foods accus\xe9 de corruption \x96 proc\xe8s</title></item></channel></rss>";
    let address = service(vec![Rule::file("Kestrel", "text/xml; charset=ISO-8859-1", feed)]).await;
    let answer = search(&address, true, ("Kestrel Foods SARL", "24257037", "GB")).await.unwrap();
    assert!(texts(&answer).contains("accusé de corruption – procès"), "{}", texts(&answer));
}

#[derive(Deserialize)]
struct Case {
    args: Args,
    expect: Vec<Value>,
}

#[derive(Deserialize)]
struct Args {
    serve: Vec<Serve>,
    runs: std::collections::BTreeMap<String, Run>,
}

#[derive(Deserialize)]
struct Serve {
    #[serde(rename = "as")]
    kind: String,
    when: Option<String>,
    file: String,
    #[serde(rename = "type")]
    content_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    company_name: String,
    corporate_number: String,
    country: String,
}

#[tokio::test]
#[ignore = "reads ../shared/cases; run by .ci/evidence-data"]
async fn collected_news_are_judged_as_expected() {
    let cases = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/cases/evidence"));
    let mut checked = 0;
    for (folder, is_feed) in [("e12-gdelt", false), ("e13-news-query", false), ("e14-feeds", true)] {
        let folder = cases.join(folder);
        let case: Case = serde_json::from_slice(&fs::read(folder.join("case.json")).unwrap()).unwrap();
        let rules = case.args.serve.iter().map(|serve| {
            let body = fs::read(folder.join(&serve.file)).unwrap();
            match serve.kind.as_str() {
                "gdelt" => Rule::Search(serde_json::from_slice(&body).unwrap()),
                "file" => Rule::file(
                    serve.when.as_deref().unwrap_or_default(),
                    serve.content_type.as_deref().unwrap_or("application/json"),
                    body,
                ),
                other => panic!("unknown kind of service {other}"),
            }
        });
        let address = service(rules.collect()).await;
        for expected in &case.expect {
            let run = &case.args.runs[expected["run"].as_str().unwrap()];
            let company = (&*run.company_name, &*run.corporate_number, &*run.country);
            let answer = search(&address, is_feed, company).await;
            let is_adverse = answer.as_ref().is_ok_and(|answer| strength(answer) >= 50);
            let shown = answer.as_ref().map(texts);
            assert_eq!(is_adverse, expected.get("rule").is_some(), "{expected}: {shown:?}");
            if expected.get("no_evidence").is_some() {
                assert!(answer.is_err(), "{expected}: {shown:?}");
            }
            if let Some(Value::String(pattern)) = expected.pointer("/evidence/matches") {
                let text = texts(&answer.unwrap()).to_lowercase();
                assert!(text.contains(&pattern.to_lowercase()), "{expected}: {text}");
            }
            checked += 1;
        }
    }
    assert!(checked >= 20, "only {checked} expectations");
}
