//! The clients: each report is submitted under a key of its own until an API has answered 202, whatever lies between.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use rand::RngExt as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Options;
use crate::stack::Stack;
use crate::stack::client::Client;

/// Clients that submit at the same time.
const AT_A_TIME: u32 = 16;
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// Every so many submissions are repeated after their 202, through another API.
const REPEAT_EVERY: u32 = 10;
const NAMES: [&str; 4] = [
    "Calder Vane Shipping Ltd",
    "Larch Hollow Instruments Ltd",
    "Penhallow Grain Ltd",
    "Ormesby Tooling Ltd",
];

/// A submission that was accepted.
#[derive(Debug, Clone)]
pub(super) struct Accepted {
    pub(super) number: u32,
    /// The id in every 202 that was seen for it.
    pub(super) ids: Vec<String>,
    /// Requests that it took, repetitions included.
    pub(super) requests: u32,
    /// Whether a repetition said that it was one.
    pub(super) replayed: bool,
}

/// What an API answered that no client should ever see.
#[derive(Debug, Clone)]
pub(super) struct Rejected {
    pub(super) number: u32,
    pub(super) answer: String,
}

/// What became of the submissions.
#[derive(Debug, Clone, Default)]
pub(super) struct Submissions {
    pub(super) accepted: Vec<Accepted>,
    pub(super) refused: Vec<Rejected>,
}

/// The key of the submission `number` in the soak with `seed`.
pub(super) fn key(seed: u64, number: u32) -> String {
    format!("soak-{seed}-{number}")
}

/// The corporate number of the submission `number`: it tells whose a model call was.
pub(super) fn corporate_number(number: u32) -> String {
    format!("{:08}", 90_000_000 + number)
}

fn request(number: u32) -> Value {
    let name = NAMES[number as usize % NAMES.len()];
    json!({ "companyName": name, "corporateNumber": corporate_number(number), "country": "GB" })
}

/// How many reports are open, as far as is known, and what was accepted so far.
#[derive(Debug)]
pub(super) struct Load {
    backlog: u64,
    open_at_look: AtomicU64,
    accepted: AtomicU64,
    accepted_at_look: AtomicU64,
    submissions: Mutex<Submissions>,
}

impl Load {
    pub(super) fn new(backlog: u32) -> Self {
        Self {
            backlog: backlog.into(),
            open_at_look: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            accepted_at_look: AtomicU64::new(0),
            submissions: Mutex::default(),
        }
    }

    /// Takes note of how many reports are open now.
    pub(super) fn looked(&self, open: u64) {
        self.open_at_look.store(open, Ordering::Relaxed);
        self.accepted_at_look.store(self.accepted(), Ordering::Relaxed);
    }

    /// How many submissions were accepted so far.
    pub(super) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// What became of the submissions so far.
    pub(super) fn take_accepted(&self) -> Submissions {
        std::mem::take(&mut *self.submissions.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn room(&self) {
        let since = || self.accepted().saturating_sub(self.accepted_at_look.load(Ordering::Relaxed));
        while self.open_at_look.load(Ordering::Relaxed) + since() >= self.backlog {
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn done(&self, outcome: Result<Accepted, Rejected>) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        let mut submissions = self.submissions.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(accepted) => submissions.accepted.push(accepted),
            Err(refused) => submissions.refused.push(refused),
        }
    }
}

/// All clients.
pub(super) struct Clients {
    apis: Vec<Client>,
    seed: u64,
    reports: u32,
    load: Arc<Load>,
}

impl Clients {
    pub(super) fn new(
        options: &Options,
        stack: &Stack,
        api_urls: &[String],
        load: Arc<Load>,
    ) -> anyhow::Result<Self> {
        let apis = api_urls.iter().map(|url| Client::new(url, stack.keys().dev.clone()));
        let apis = apis.collect::<anyhow::Result<_>>()?;
        Ok(Self { apis, seed: options.stack.seed, reports: options.reports, load })
    }

    /// Submits every report.
    pub(super) async fn submit_all(self) -> anyhow::Result<Submissions> {
        let clients = Arc::new(self);
        let mut working = JoinSet::new();
        for first in 0..AT_A_TIME {
            let clients = Arc::clone(&clients);
            working.spawn(async move {
                for number in (first..clients.reports).step_by(AT_A_TIME as usize) {
                    clients.load.room().await;
                    let outcome = clients.submit(number).await;
                    clients.load.done(outcome);
                }
            });
        }
        while let Some(done) = working.join_next().await {
            done.context("a client panicked")?;
        }
        Ok(clients.load.take_accepted())
    }

    async fn submit(&self, number: u32) -> Result<Accepted, Rejected> {
        let mut accepted = Accepted { number, ids: Vec::new(), requests: 0, replayed: false };
        self.until_accepted(&mut accepted).await?;
        if number.is_multiple_of(REPEAT_EVERY) {
            self.until_accepted(&mut accepted).await?;
        }
        Ok(accepted)
    }

    /// Asks the APIs in turn until one says 202.
    async fn until_accepted(&self, accepted: &mut Accepted) -> Result<(), Rejected> {
        let number = accepted.number;
        loop {
            let api = &self.apis[(number + accepted.requests) as usize % self.apis.len()];
            accepted.requests += 1;
            let answer = api
                .request(Method::POST, "/v1/reports")
                .header("idempotency-key", key(self.seed, number))
                .timeout(ANSWER_WITHIN)
                .json(&request(number))
                .send()
                .await;
            // No answer is no answer: whether the report was recorded is not known, and need not be.
            if let Ok(answer) = answer {
                let status = answer.status();
                let replayed = answer.headers().contains_key("idempotency-replayed");
                let passes = status.is_server_error()
                    || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
                match answer.text().await {
                    Ok(text) if status == StatusCode::ACCEPTED => {
                        let report: Value = serde_json::from_str(&text).unwrap_or_default();
                        accepted.replayed |= replayed;
                        accepted.ids.push(report["reportId"].as_str().unwrap_or_default().to_owned());
                        return Ok(());
                    }
                    Ok(text) if !passes => {
                        return Err(Rejected { number, answer: format!("{status}: {text}") });
                    }
                    _ => {}
                }
            }
            let most = 100 * 2_u64.pow(accepted.requests.min(4));
            let wait = rand::rng().random_range(50..=most);
            sleep(Duration::from_millis(wait)).await;
        }
    }
}
