//! The clients of the soak. They submit each report under its own idempotency key, and repeat the request
//! until an API answers 202, whatever fails in between.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use rand::RngExt as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::options::Options;
use crate::company_names::NAMES;
use crate::stack::Stack;
use crate::stack::client::Client;

/// Number of clients that submit concurrently.
const CONCURRENCY: u32 = 16;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// Interval of deliberate repetitions: every tenth submission is repeated after its 202, through another API.
const REPEAT_EVERY: u32 = 10;
/// Interval of deliberate conflicts: every twentieth submission is followed by another request under its key.
const CONFLICT_EVERY: u32 = 20;

/// A submission that an API accepted.
#[derive(Debug, Clone)]
pub(super) struct AcceptedSubmission {
    pub(super) number: u32,
    /// The report id of every 202 for this submission.
    pub(super) ids: Vec<String>,
    /// Number of requests, including repetitions.
    pub(super) requests: u32,
    /// Whether a response was marked as a replay.
    pub(super) replayed: bool,
    /// The answer to another request under the same key, if one was sent and answered for good.
    pub(super) conflict: Option<StatusCode>,
}

/// A submission to which an API gave an answer other than 202 that is not worth a retry. No client should
/// ever see one.
#[derive(Debug, Clone)]
pub(super) struct RejectedSubmission {
    pub(super) number: u32,
    pub(super) answer: String,
}

/// The results of all submissions.
#[derive(Debug, Clone, Default)]
pub(super) struct Submissions {
    pub(super) accepted: Vec<AcceptedSubmission>,
    pub(super) rejected: Vec<RejectedSubmission>,
}

/// Returns the idempotency key of the submission `number` in the soak with `seed`.
pub(super) fn idempotency_key(seed: u64, number: u32) -> String {
    format!("soak-{seed}-{number}")
}

/// Returns the corporate number of the submission `number`, which attributes a model call to its report.
pub(super) fn corporate_number(number: u32) -> String {
    format!("{:08}", 90_000_000 + number)
}

fn request(number: u32) -> Value {
    let name = NAMES[number as usize % NAMES.len()];
    json!({ "companyName": name, "corporateNumber": corporate_number(number), "country": "GB" })
}

/// Returns a valid request that differs from [`request`].
fn other_request(number: u32) -> Value {
    let name = NAMES[(number as usize + 1) % NAMES.len()];
    json!({ "companyName": name, "corporateNumber": corporate_number(number), "country": "GB" })
}

/// The state of the load: the number of open reports at the last poll, the number of submissions with a final
/// answer, and their results.
#[derive(Debug)]
pub(super) struct LoadState {
    backlog: u64,
    open_at_poll: AtomicU64,
    answered: AtomicU64,
    answered_at_poll: AtomicU64,
    submissions: Mutex<Submissions>,
}

impl LoadState {
    pub(super) fn new(backlog: u32) -> Self {
        Self {
            backlog: backlog.into(),
            open_at_poll: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            answered_at_poll: AtomicU64::new(0),
            submissions: Mutex::default(),
        }
    }

    /// Records how many reports a poll found open.
    pub(super) fn record_open(&self, open: u64) {
        self.open_at_poll.store(open, Ordering::Relaxed);
        self.answered_at_poll.store(self.answered(), Ordering::Relaxed);
    }

    /// Returns how many submissions have a final answer so far, including rejections.
    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Returns the results so far and removes them from the state.
    pub(super) fn take_submissions(&self) -> Submissions {
        std::mem::take(&mut *self.submissions.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until the number of open reports is below the backlog. Counts every submission since the last
    /// poll as open.
    async fn wait_for_capacity(&self) {
        let since_poll = || self.answered().saturating_sub(self.answered_at_poll.load(Ordering::Relaxed));
        while self.open_at_poll.load(Ordering::Relaxed) + since_poll() >= self.backlog {
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Records the final answer to a submission.
    fn record(&self, outcome: Result<AcceptedSubmission, RejectedSubmission>) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        let mut submissions = self.submissions.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(accepted) => submissions.accepted.push(accepted),
            Err(rejection) => submissions.rejected.push(rejection),
        }
    }
}

/// All clients of the soak.
pub(super) struct LoadGenerator {
    apis: Vec<Client>,
    seed: u64,
    reports: u32,
    load: Arc<LoadState>,
}

impl LoadGenerator {
    pub(super) fn new(
        options: &Options,
        stack: &Stack,
        api_urls: &[String],
        load: Arc<LoadState>,
    ) -> anyhow::Result<Self> {
        let apis = api_urls.iter().map(|url| Client::new(url, stack.keys().dev.clone()));
        let apis = apis.collect::<anyhow::Result<_>>()?;
        Ok(Self { apis, seed: options.stack.seed, reports: options.reports, load })
    }

    /// Submits every report.
    pub(super) async fn submit_all(self) -> anyhow::Result<Submissions> {
        let clients = Arc::new(self);
        let mut working = JoinSet::new();
        for first in 0..CONCURRENCY {
            let clients = Arc::clone(&clients);
            working.spawn(async move {
                for number in (first..clients.reports).step_by(CONCURRENCY as usize) {
                    clients.load.wait_for_capacity().await;
                    let outcome = clients.submit(number).await;
                    clients.load.record(outcome);
                }
            });
        }
        while let Some(done) = working.join_next().await {
            done.context("a client panicked")?;
        }
        Ok(clients.load.take_submissions())
    }

    /// Submits a report until it is accepted. Some submissions are repeated, and some are followed by a
    /// conflicting one.
    async fn submit(&self, number: u32) -> Result<AcceptedSubmission, RejectedSubmission> {
        let mut accepted =
            AcceptedSubmission { number, ids: Vec::new(), requests: 0, replayed: false, conflict: None };
        self.until_accepted(&mut accepted).await?;
        if number.is_multiple_of(REPEAT_EVERY) {
            self.until_accepted(&mut accepted).await?;
        }
        if number.is_multiple_of(CONFLICT_EVERY) {
            let (status, ..) = self.until_answered(&mut accepted, &other_request(number)).await;
            accepted.conflict = Some(status);
        }
        Ok(accepted)
    }

    async fn until_accepted(&self, accepted: &mut AcceptedSubmission) -> Result<(), RejectedSubmission> {
        let number = accepted.number;
        let (status, replayed, text) = self.until_answered(accepted, &request(number)).await;
        if status != StatusCode::ACCEPTED {
            return Err(RejectedSubmission { number, answer: format!("{status}: {text}") });
        }
        let report: Value = serde_json::from_str(&text).unwrap_or_default();
        accepted.replayed |= replayed;
        accepted.ids.push(report["reportId"].as_str().unwrap_or_default().to_owned());
        Ok(())
    }

    /// Sends `request` to the APIs in turn until one gives an answer that is not worth a retry. Returns its
    /// status, whether it is marked as a replay, and its body.
    async fn until_answered(
        &self,
        accepted: &mut AcceptedSubmission,
        request: &Value,
    ) -> (StatusCode, bool, String) {
        let number = accepted.number;
        loop {
            let api = &self.apis[(number + accepted.requests) as usize % self.apis.len()];
            accepted.requests += 1;
            let answer = api
                .request(Method::POST, "/v1/reports")
                .header("idempotency-key", idempotency_key(self.seed, number))
                .timeout(REQUEST_TIMEOUT)
                .json(request)
                .send()
                .await;
            // Without an answer, it is unknown whether the report was recorded. The idempotency key makes a
            // repetition safe.
            if let Ok(answer) = answer {
                let status = answer.status();
                let replayed = answer.headers().contains_key("idempotency-replayed");
                let retryable = status.is_server_error()
                    || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
                match answer.text().await {
                    Ok(text) if !retryable => return (status, replayed, text),
                    _ => {}
                }
            }
            let max_backoff = 100 * 2_u64.pow(accepted.requests.min(4));
            let backoff = rand::rng().random_range(50..=max_backoff);
            sleep(Duration::from_millis(backoff)).await;
        }
    }
}
