//! News by a service in the format of the GDELT DOC 2.0 API (article list).

use std::time::Duration;

use domain::{request::ReportRequest, time::UtcTime};
use reqwest::Url;
use serde::Deserialize;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};

use super::Story;
use crate::{
    evidence::{
        ITEMS_MAX, SourceError,
        http::{ANSWER_MAX, Http, misread},
    },
    settings::SourceSettings,
};

/// Longest query that the service takes, in characters: it refuses some from about 250 on.
const QUERY_MAX: usize = 220;

/// The news service.
#[derive(Debug)]
pub(super) struct Gdelt {
    http: Http,
    url: Url,
    months: u64,
    /// The least time between two questions.
    pause: Duration,
    /// When the next question may be sent.
    next: Mutex<Instant>,
}

#[derive(Deserialize)]
struct Articles {
    // GDELT answers {} when there is none.
    #[serde(default)]
    articles: Vec<Article>,
}

#[derive(Deserialize)]
struct Article {
    url: String,
    title: String,
    #[serde(default)]
    seendate: String,
    #[serde(default)]
    domain: String,
    #[serde(default)]
    language: String,
    #[serde(default, rename = "sourcecountry")]
    country: String,
}

impl Gdelt {
    /// The service that `settings` name; none when they name none.
    pub(super) fn new(http: &Http, settings: &SourceSettings) -> Option<Self> {
        let url = settings.news_url.as_ref()?.join("api/v2/doc/doc").ok()?;
        let (pause, next) = (settings.news_pause, Mutex::new(Instant::now()));
        Some(Self { http: http.of("gdelt"), url, months: settings.news_months, pause, next })
    }

    pub(super) async fn search(&self, request: &ReportRequest) -> Result<Vec<Story>, SourceError> {
        let query = query(&request.company_name);
        let months = format!("{}months", self.months);
        let most = ITEMS_MAX.to_string();
        let question = self.http.client().get(self.url.clone()).query(&[
            ("query", query.as_str()),
            ("mode", "artlist"),
            ("format", "json"),
            ("sort", "datedesc"),
            ("maxrecords", &most),
            ("timespan", &months),
        ]);
        self.turn().await;
        stories(&self.http.bytes(question, ANSWER_MAX).await?)
    }

    /// Waits until the next question may be sent: those of several reports come one after the other.
    async fn turn(&self) {
        let at = {
            let mut next = self.next.lock().await;
            let at = (*next).max(Instant::now());
            *next = at + self.pause;
            at
        };
        sleep_until(at).await;
    }
}

/// The name as a phrase. The service refuses single short words in quotation marks.
fn query(name: &str) -> String {
    let mut phrase = super::phrase(name);
    while phrase.chars().count() > QUERY_MAX {
        match phrase.rsplit_once(' ') {
            Some((rest, _)) => phrase.truncate(rest.len()),
            None => phrase = phrase.chars().take(QUERY_MAX).collect(),
        }
    }
    let one_short_word = !phrase.contains(' ') && phrase.is_ascii() && phrase.len() < 5;
    if one_short_word { phrase } else { format!("\"{phrase}\"") }
}

/// The stories in an answer. Errors come as plain text with status 200.
fn stories(bytes: &[u8]) -> Result<Vec<Story>, SourceError> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if !text.starts_with('{') {
        let shown: String = text.chars().take(120).collect();
        return Err(if shown.to_lowercase().contains("limit requests") {
            SourceError::Unavailable("it limits how often it is asked".to_owned())
        } else {
            SourceError::Refused(format!("it says {shown:?}"))
        });
    }
    let parsed: Result<Articles, _> =
        serde_json::from_str(text).or_else(|_| serde_json::from_str(&mended(text)));
    let Articles { articles } = parsed.map_err(|error| misread(&error))?;
    Ok(articles.into_iter().take(ITEMS_MAX).map(Story::from).collect())
}

/// JSON with what the service writes wrongly in headlines mended: control characters, and backslashes
/// before characters that have no escape.
fn mended(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some(escaped) if "\"\\/bfnrtu".contains(escaped) => mended.extend(['\\', escaped]),
                Some(other) => mended.push(other),
                None => {}
            },
            c if c.is_control() => mended.push(' '),
            c => mended.push(c),
        }
    }
    mended
}

impl From<Article> for Story {
    fn from(article: Article) -> Self {
        let Article { url, title, seendate, domain, language, country } = article;
        let published_at = seen_at(&seendate);
        Self { title, outlet: domain, country, published_at, language, url: Some(url), snippet: None }
    }
}

/// GDELT writes dates as 20260105T120000Z.
fn seen_at(text: &str) -> Option<UtcTime> {
    let part =
        |from: usize, to: usize| text.get(from..to).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(9, 11)?, part(11, 13)?, part(13, 15)?);
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn errors_in_plain_text_are_no_empty_answer() {
        assert!(matches!(stories(b"The specified phrase is too short."), Err(SourceError::Refused(_))));
        let limited = stories(b"Please limit requests to one every 5 seconds");
        assert!(matches!(limited, Err(SourceError::Unavailable(_))));
        assert_eq!(stories(b"{}").unwrap().len(), 0);
        assert_eq!(stories(b" ").unwrap().len(), 0);
        assert!(matches!(stories(b"{\"articles\": 7}"), Err(SourceError::Unreadable(_))));
    }

    #[test]
    fn broken_escapes_are_mended() {
        let broken =
            "{\"articles\":[{\"url\":\"https://a.example\",\"title\":\"Quillmarsh\\'s \\\"plan\\\"\u{1}\"}]}";
        assert_eq!(stories(broken.as_bytes()).unwrap()[0].title, "Quillmarsh's \"plan\" ");
    }

    #[test]
    fn queries_stay_within_what_the_service_takes() {
        assert_eq!(query("Acme \"Foods\" (UK) Ltd."), "\"Acme Foods UK Ltd\"");
        assert_eq!(query("ABB"), "ABB");
        assert_eq!(query("星見川"), "\"星見川\"");
        assert!(query(&"Long Name ".repeat(40)).chars().count() <= QUERY_MAX + 2);
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_reader_panic(text in "\\PC{0,200}|\\{.{0,200}") {
            let _ = stories(text.as_bytes());
        }
    }
}
