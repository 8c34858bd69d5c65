//! The client of a service in the format of the GDELT DOC 2.0 API (article list).

use std::{pin::pin, time::Duration};

use aws_adapters::turns::Turns;
use domain::{request::ReportRequest, time::UtcTime};
use reqwest::Url;
use serde::Deserialize;
use service_runtime::{clock::Clock, retry::full_jitter};
use tokio::time::{Instant, sleep};

use super::{phrase::phrase, settings::NewsSettings, story::Story};
use crate::{
    definition::BuildContext,
    error::SourceError,
    http::{ANSWER_MAX, Http, invalid_json},
    source::ITEMS_MAX,
    turn_queue::{SharedTurns, TurnQueue},
};

/// Maximum length of a query, in characters. The service refuses some queries of about 250 characters or
/// more.
const QUERY_MAX: usize = 220;

/// Maximum number of requests of one search, including the first.
const TRIES: u32 = 3;

/// How long all workers pause after a request was throttled without a time to wait.
const THROTTLED_PAUSE: Duration = Duration::from_secs(30);

/// How often a waiting request looks whether the service has failed meanwhile.
const BREAKER_INTERVAL: Duration = Duration::from_secs(2);

const RETRY_BASE: Duration = Duration::from_millis(300);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// The client of the news service.
#[derive(Debug)]
pub(super) struct Gdelt {
    http: Http,
    url: Url,
    months: u64,
    /// The queue for the service; `None` if requests need no distance in time.
    queue: Option<TurnQueue>,
    patience: Duration,
}

#[derive(Deserialize)]
struct Articles {
    // The answer is {} if there are none.
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
    /// Makes the client, or returns `None` if no service is configured.
    pub(super) fn new(context: &BuildContext<'_>, settings: &NewsSettings) -> Option<Self> {
        let base = settings.service_url.as_ref()?;
        let url = base.join("api/v2/doc/doc").ok()?;
        let queue = (!settings.pause.is_zero()).then(|| {
            // The service counts the requests of an address, so the turns belong to its host.
            let service = format!("news#{}", base.host_str().unwrap_or_default());
            let turns = Turns::new(context.sdk, context.table, service, settings.pause);
            TurnQueue::new(SharedTurns { turns, clock: Clock::system() })
        });
        let (months, patience) = (settings.months, settings.patience);
        Some(Self { http: context.http.for_service("gdelt"), url, months, queue, patience })
    }

    /// Returns the maximum time that a search waits for its turns.
    pub(super) fn patience(&self) -> Duration {
        if self.queue.is_some() { self.patience } else { Duration::ZERO }
    }

    /// Searches the news for the company. Each request, retries included, waits for its turn.
    ///
    /// # Errors
    /// Returns [`SourceError`] if no turn comes in time, or the service gives no usable answer.
    pub(super) async fn search(&self, request: &ReportRequest) -> Result<Vec<Story>, SourceError> {
        let query = query(&request.company_name);
        let timespan = format!("{}months", self.months);
        let max_records = ITEMS_MAX.to_string();
        let latest = Instant::now() + self.patience;
        let mut tries = 0;
        loop {
            self.turn(latest).await?;
            let request = self.http.client().get(self.url.clone()).query(&[
                ("query", query.as_str()),
                ("mode", "artlist"),
                ("format", "json"),
                ("sort", "datedesc"),
                ("maxrecords", &max_records),
                ("timespan", &timespan),
            ]);
            let answer = self.http.bytes_once(request, ANSWER_MAX).await.and_then(|bytes| stories(&bytes));
            tries += 1;
            match answer {
                Err(error) if error.is_temporary() && tries < TRIES => {
                    self.prepare_retry(&error, tries).await;
                }
                answer => return answer,
            }
        }
    }

    /// Waits for a turn, until `latest` at most. Gives up if the service fails meanwhile.
    async fn turn(&self, latest: Instant) -> Result<(), SourceError> {
        self.http.check_breaker()?;
        let Some(queue) = &self.queue else { return Ok(()) };
        let mut turn = pin!(queue.wait(latest.duration_since(Instant::now())));
        loop {
            tokio::select! {
                turn = &mut turn => return turn,
                () = sleep(BREAKER_INTERVAL) => self.http.check_breaker()?,
            }
        }
    }

    /// Lets no worker send a request for as long as the service asks for, or, without a queue, waits itself.
    async fn prepare_retry(&self, error: &SourceError, tries: u32) {
        let asked = match error {
            SourceError::Throttled { retry_after } => Some(retry_after.unwrap_or(THROTTLED_PAUSE)),
            _ => None,
        };
        match (&self.queue, asked) {
            (Some(queue), Some(wait)) => queue.hold(wait).await,
            // The wait for the next turn is the back-off.
            (Some(_), None) => {}
            (None, asked) => {
                let back_off = full_jitter(tries - 1, RETRY_BASE, RETRY_MAX);
                sleep(asked.unwrap_or_default().min(RETRY_MAX).max(back_off)).await;
            }
        }
    }
}

/// Returns the query for a name: a phrase in quotation marks. The service refuses a single short word in
/// quotation marks, so such a name is not quoted.
fn query(name: &str) -> String {
    let mut phrase = phrase(name);
    while phrase.chars().count() > QUERY_MAX {
        match phrase.rsplit_once(' ') {
            Some((rest, _)) => phrase.truncate(rest.len()),
            None => phrase = phrase.chars().take(QUERY_MAX).collect(),
        }
    }
    let one_short_word = !phrase.contains(' ') && phrase.is_ascii() && phrase.len() < 5;
    if one_short_word { phrase } else { format!("\"{phrase}\"") }
}

/// Parses the stories of an answer. The service reports errors as plain text with status 200.
fn stories(bytes: &[u8]) -> Result<Vec<Story>, SourceError> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if !text.starts_with('{') {
        let shown: String = text.chars().take(120).collect();
        return Err(if shown.to_lowercase().contains("limit requests") {
            SourceError::Throttled { retry_after: None }
        } else {
            SourceError::Refused(format!("it says {shown:?}"))
        });
    }
    let parsed: Result<Articles, _> =
        serde_json::from_str(text).or_else(|_| serde_json::from_str(&repaired(text)));
    let Articles { articles } = parsed.map_err(|error| invalid_json(&error))?;
    Ok(articles.into_iter().take(ITEMS_MAX).map(Story::from).collect())
}

/// Repairs the invalid JSON that the service writes for some headlines: replaces control characters by
/// spaces, and removes backslashes before characters that have no escape in JSON.
fn repaired(text: &str) -> String {
    let mut repaired = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some(escaped) if "\"\\/bfnrtu".contains(escaped) => repaired.extend(['\\', escaped]),
                Some(other) => repaired.push(other),
                None => {}
            },
            c if c.is_control() => repaired.push(' '),
            c => repaired.push(c),
        }
    }
    repaired
}

impl From<Article> for Story {
    fn from(article: Article) -> Self {
        let Article { url, title, seendate, domain, language, country } = article;
        let published_at = seen_at(&seendate);
        Self { title, outlet: domain, country, published_at, language, url: Some(url), snippet: None }
    }
}

/// Parses a date as GDELT writes it: 20260105T120000Z.
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
    fn an_error_in_plain_text_is_not_an_empty_answer() {
        assert!(matches!(stories(b"The specified phrase is too short."), Err(SourceError::Refused(_))));
        let limited = stories(b"Please limit requests to one every 5 seconds");
        assert!(matches!(limited, Err(SourceError::Throttled { retry_after: None })));
        assert_eq!(stories(b"{}").unwrap().len(), 0);
        assert_eq!(stories(b" ").unwrap().len(), 0);
        assert!(matches!(stories(b"{\"articles\": 7}"), Err(SourceError::Unreadable(_))));
    }

    #[test]
    fn broken_escapes_are_repaired() {
        let broken =
            "{\"articles\":[{\"url\":\"https://a.example\",\"title\":\"Quillmarsh\\'s \\\"plan\\\"\u{1}\"}]}";
        assert_eq!(stories(broken.as_bytes()).unwrap()[0].title, "Quillmarsh's \"plan\" ");
    }

    #[test]
    fn queries_stay_within_the_limits_of_the_service() {
        assert_eq!(query("Acme \"Foods\" (UK) Ltd."), "\"Acme Foods UK Ltd\"");
        assert_eq!(query("ABB"), "ABB");
        assert_eq!(query("星見川"), "\"星見川\"");
        assert!(query(&"Long Name ".repeat(40)).chars().count() <= QUERY_MAX + 2);
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_parser_panic(text in "\\PC{0,200}|\\{.{0,200}") {
            let _ = stories(text.as_bytes());
        }
    }
}
