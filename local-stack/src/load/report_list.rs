//! Follows reports by the API's list of reports: one page tells the states of a hundred reports.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::lifecycle::Status;
use domain::report::{ReportError, Usage};
use domain::time::UtcTime;
use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;
use serde::Deserialize;
use tokio::time::Instant;

use super::client::LoadClient;
use super::report_state::ReportState;

/// Reports of a page. The API allows no more.
const PAGE_SIZE: &str = "100";
/// Difference between the clocks of the deployment and of this machine that is allowed for.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(300);
/// Wait after a failed request, if the API states none.
const RETRY_WAIT: Duration = Duration::from_secs(5);
/// Time without a success after which the list counts as unreadable.
const PATIENCE: Duration = Duration::from_secs(60);
/// Maximum length of a quoted error body, in characters.
const MAX_ERROR_CHARS: usize = 300;

/// A report that is followed.
#[derive(Debug, Clone)]
pub(super) struct Followed {
    pub(super) tenant: usize,
    pub(super) id: String,
}

/// A reader of the lists of all tenants.
#[derive(Debug)]
pub(super) struct ReportList {
    client: LoadClient,
    /// No report of the test is older.
    since: UtcTime,
    states: HashMap<String, ReportState>,
    last_success: Instant,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    reports: Vec<ListedReport>,
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedReport {
    report_id: String,
    status: Status,
    attempt: u32,
    usage: Usage,
    error: Option<ReportError>,
    created_at: UtcTime,
    started_at: Option<UtcTime>,
    ended_at: Option<UtcTime>,
}

/// A page, or how long to wait before the next request.
enum Answer {
    Page(Page),
    Wait { wait: Duration, reason: String },
}

impl ReportList {
    /// Returns a reader of the reports that were submitted since `now`.
    pub(super) fn new(client: LoadClient, now: UtcTime) -> Self {
        let since = now.minus(CLOCK_DIFFERENCE);
        Self { client, since, states: HashMap::new(), last_success: Instant::now() }
    }

    /// Returns whether the report has ended, as far as is known.
    pub(super) fn has_ended(&self, id: &str) -> bool {
        self.states.get(id).is_some_and(|state| state.status.is_terminal())
    }

    /// Returns the states of all listed reports.
    pub(super) fn states(&self) -> impl Iterator<Item = &ReportState> {
        self.states.values()
    }

    /// Reads the states of the reports in `open`. Each list is read from the newest report to the last of
    /// them. Returns how long the API asks to wait before the next look, if it does.
    ///
    /// # Errors
    /// Returns an error if the API refuses the list, answers with something else, or does not answer for
    /// [`PATIENCE`].
    pub(super) async fn look(&mut self, open: &[Followed]) -> anyhow::Result<Option<Duration>> {
        for tenant in 0..self.client.tenants() {
            let mut missing: HashSet<&str> = open
                .iter()
                .filter(|report| report.tenant == tenant)
                .map(|report| report.id.as_str())
                .collect();
            let mut token: Option<String> = None;
            while !missing.is_empty() {
                let page = match self.page(tenant, token.as_deref()).await? {
                    Answer::Page(page) => page,
                    Answer::Wait { wait, reason } if self.last_success.elapsed() < PATIENCE => {
                        tracing::debug!(reason, "the list of reports is read again later");
                        return Ok(Some(wait));
                    }
                    Answer::Wait { reason, .. } => {
                        bail!("the reports could not be listed for {} s: {reason}", PATIENCE.as_secs())
                    }
                };
                self.last_success = Instant::now();
                let is_over = page.reports.last().is_some_and(|oldest| oldest.created_at < self.since);
                for report in page.reports {
                    missing.remove(report.report_id.as_str());
                    let state = ReportState::from(report);
                    self.states.insert(state.id.clone(), state);
                }
                token = page.next_page_token;
                // The list lags behind, so the newest reports can still be missing.
                if is_over || token.is_none() {
                    break;
                }
            }
        }
        Ok(None)
    }

    async fn page(&self, tenant: usize, token: Option<&str>) -> anyhow::Result<Answer> {
        let mut query = vec![("pageSize", PAGE_SIZE)];
        query.extend(token.map(|token| ("pageToken", token)));
        let response = match self.client.get(tenant, "v1/reports", &query).await {
            Ok(response) => response,
            Err(error) => return Ok(Answer::Wait { wait: RETRY_WAIT, reason: format!("{error:#}") }),
        };
        let status = response.status();
        let wait = response.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
        let body = match response.bytes().await {
            Ok(body) => body,
            Err(error) => {
                return Ok(Answer::Wait { wait: RETRY_WAIT, reason: error.without_url().to_string() });
            }
        };
        if status == StatusCode::OK {
            let page = serde_json::from_slice(&body).context("the list of reports cannot be read")?;
            return Ok(Answer::Page(page));
        }
        let text: String = String::from_utf8_lossy(&body).chars().take(MAX_ERROR_CHARS).collect();
        let reason = format!("the API answered {status}: {text}");
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            return Ok(Answer::Wait { wait: wait.map_or(RETRY_WAIT, Duration::from_secs), reason });
        }
        bail!("the reports cannot be listed, which needs a key with the scope reports:read: {reason}")
    }
}

impl From<ListedReport> for ReportState {
    fn from(report: ListedReport) -> Self {
        Self {
            id: report.report_id,
            status: report.status,
            attempt: report.attempt,
            model_calls: report.usage.model_calls,
            error: report.error.map(|error| error.code),
            created_at: report.created_at,
            started_at: report.started_at,
            ended_at: report.ended_at,
        }
    }
}
