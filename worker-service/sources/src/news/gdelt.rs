//! The client of a service in the format of the GDELT DOC 2.0 API (article list).

mod articles;
mod loose_item;

use std::{pin::pin, time::Duration};

use aws_adapters::turns::Turns;
use domain::request::ReportRequest;
use reqwest::Url;
use service_runtime::{clock::Clock, retry::full_jitter};
use tokio::time::{Instant, sleep};

use super::{answer::Answer, phrase::Spellings, settings::NewsSettings};
use crate::{
    definition::BuildContext,
    error::SourceError,
    http::{ANSWER_MAX, Http},
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

    /// Searches the news for the company. Each request, retries included, waits for its turn. If the service
    /// refuses a query of several spellings, the name is asked for as it is given.
    ///
    /// # Errors
    /// Returns [`SourceError`] if no turn comes in time, or the service gives no usable answer.
    pub(super) async fn search(&self, request: &ReportRequest) -> Result<Answer, SourceError> {
        let latest = Instant::now() + self.patience;
        let spellings = Spellings::of(&request.company_name);
        let (given, all) = (term(&spellings.given), query(&spellings));
        match self.ask(&all, latest).await {
            Err(SourceError::Refused(_)) if all != given => {
                let answer = self.ask(&given, latest).await?;
                Ok(Answer { unanswered: spellings.others.len(), ..answer })
            }
            answer => answer,
        }
    }

    /// Sends a query, several times if the service is not available.
    async fn ask(&self, query: &str, latest: Instant) -> Result<Answer, SourceError> {
        let timespan = format!("{}months", self.months);
        let max_records = ITEMS_MAX.to_string();
        let mut tries = 0;
        loop {
            self.turn(latest).await?;
            let request = self.http.client().get(self.url.clone()).query(&[
                ("query", query),
                ("mode", "artlist"),
                ("format", "json"),
                ("sort", "datedesc"),
                ("maxrecords", &max_records),
                ("timespan", &timespan),
            ]);
            let answer = self.http.bytes_once(request, ANSWER_MAX).await;
            let answer = answer.and_then(|bytes| articles::parse(&bytes));
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

/// Returns the query for the spellings of a name: one of them must be in the story. Spellings that make the
/// query too long are left out, the last ones first.
fn query(spellings: &Spellings) -> String {
    let mut terms = vec![term(&spellings.given)];
    let mut length = terms[0].chars().count() + "()".len();
    for spelling in &spellings.others {
        let term = term(spelling);
        length += " OR ".len() + term.chars().count();
        if length > QUERY_MAX {
            break;
        }
        terms.push(term);
    }
    if terms.len() > 1 { format!("({})", terms.join(" OR ")) } else { terms.concat() }
}

/// Returns a spelling as a phrase in quotation marks. The service refuses a single short word in quotation
/// marks, so such a name is not quoted.
fn term(spelling: &str) -> String {
    let mut phrase = spelling.to_owned();
    while phrase.chars().count() > QUERY_MAX {
        match phrase.rsplit_once(' ') {
            Some((rest, _)) => phrase.truncate(rest.len()),
            None => phrase = phrase.chars().take(QUERY_MAX).collect(),
        }
    }
    let one_short_word = !phrase.contains(' ') && phrase.is_ascii() && phrase.len() < 5;
    if one_short_word { phrase } else { format!("\"{phrase}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query_for(name: &str) -> String {
        query(&Spellings::of(name))
    }

    #[test]
    fn one_of_the_spellings_must_be_in_the_story() {
        assert_eq!(query_for("Quillmarsh Foods Ltd."), "(\"Quillmarsh Foods Ltd\" OR \"Quillmarsh Foods\")");
        assert_eq!(query_for("Quillmarsh Foods"), "\"Quillmarsh Foods\"");
        assert_eq!(
            query_for("Kestrel \"Foods\" (Peru) Ltd."),
            "(\"Kestrel Foods Peru Ltd\" OR \"Kestrel Foods Peru\" OR \"Kestrel Foods\")"
        );
    }

    #[test]
    fn queries_stay_within_the_limits_of_the_service() {
        assert_eq!(query_for("ABB"), "ABB");
        assert_eq!(query_for("星見川"), "\"星見川\"");
        assert!(query_for(&"Long Name ".repeat(40)).chars().count() <= QUERY_MAX + 2);
        let long = format!("{} & Sons Ltd", "Kestrel ".repeat(10));
        assert!(query_for(&long).contains(" OR "));
        assert!(query_for(&long).chars().count() <= QUERY_MAX);
    }
}
