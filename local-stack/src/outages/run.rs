//! Runs one cell: starts a stack, submits reports before and during the outage, waits until all have ended,
//! and counts.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::lifecycle::Status;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::Options;
use super::cell::{Cell, Scenario, duration_text};
use super::outcome::CellOutcome;
use super::traffic::Traffic;
use crate::answer_counter::AnswerCounter;
use crate::fault_proxy::{self, Observer};
use crate::faults::Faults;
use crate::inspect::{Inspector, ReportItem};
use crate::stack::client::Client;
use crate::stack::{Options as StackOptions, Stack, environment};

/// Interval between two looks at the table.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Pause before a submission that failed is repeated.
const SUBMIT_PAUSE: Duration = Duration::from_secs(1);
/// Latency of the model's answers, so that reports are at different stages when an outage begins.
const MODEL_LATENCY: Duration = Duration::from_millis(200);
/// Time after the last deadline until open reports count as stuck.
const OPEN_GRACE: Duration = Duration::from_secs(60);

/// What passes the fault proxy.
#[derive(Debug, Default)]
struct Observed {
    answers: AnswerCounter,
    traffic: Traffic,
}

impl Observed {
    fn observer(self: &Arc<Self>) -> Observer {
        let observed = Arc::clone(self);
        Observer::new(move |exchange| {
            observed.answers.record(exchange);
            observed.traffic.record(exchange);
        })
    }
}

/// Runs `cell` on a stack of its own.
///
/// # Errors
/// Returns an error if the stack does not start, a request is rejected for another reason than the outage, or
/// the state cannot be read.
pub(super) async fn run(cell: &Cell, options: &Options) -> anyhow::Result<CellOutcome> {
    let observed = Arc::new(Observed::default());
    let stack_options = stack_options(cell, options, &observed)?;
    let deadline = environment::deadline(&stack_options.settings)?;
    let stack = Stack::start(stack_options).await?;
    // Two workers: one must not take the messages for lost that the other one hides.
    let second = stack.start_worker(&[])?;
    let outcome = CellRun { cell, options, stack: &stack, observed: &observed, deadline }.run().await;
    let stopped = second.stop().await.and(stack.stop().await);
    let outcome = outcome?;
    stopped?;
    Ok(outcome)
}

fn stack_options(cell: &Cell, options: &Options, observed: &Arc<Observed>) -> anyhow::Result<StackOptions> {
    let mut stack = options.stack.clone();
    stack.settings = options.compression.settings(&stack.settings)?;
    if cell.scenario == Scenario::TenantShare {
        let model_seconds = options.compression.duration(cell.duration).as_secs() + 60;
        stack.settings.insert("DOSSIER_TENANT_MAX_IN_PROGRESS".to_owned(), "1".to_owned());
        for timeout in ["DOSSIER_MODEL_SECONDS", "DOSSIER_MODEL_FIRST_SECONDS"] {
            stack.settings.insert(timeout.to_owned(), model_seconds.to_string());
        }
    }
    stack.port = 0;
    stack.fault_proxy = Some(fault_proxy::Options { rules: Vec::new(), observer: Some(observed.observer()) });
    Ok(stack)
}

struct CellRun<'a> {
    cell: &'a Cell,
    options: &'a Options,
    stack: &'a Stack,
    observed: &'a Observed,
    /// Time after the submission of a report until it may fail.
    deadline: Duration,
}

impl CellRun<'_> {
    async fn run(&self) -> anyhow::Result<CellOutcome> {
        let duration = self.options.compression.duration(self.cell.duration);
        let wire = self.stack.fault_proxy().context("an outage has a fault proxy")?.plan();
        let inspector = Inspector::new(self.stack);
        let client = self.stack.client()?;

        let before = self.begin(&client, &inspector, duration).await?;
        let began = Instant::now();
        wire.set(self.cell.rule().into_iter().collect());
        let during = self.options.reports - before;
        let mut submissions = JoinSet::new();
        for number in 0..during {
            let client = client.clone();
            let at = began + duration * number / during;
            submissions.spawn(async move {
                sleep_until(at).await;
                submit(&client, before + number).await
            });
        }
        let ends = began + duration;
        sleep_until(ends).await;
        wire.set(Vec::new());
        while let Some(submitted) = submissions.join_next().await {
            submitted.context("a client panicked")??;
        }
        let give_up = Instant::now() + self.deadline + OPEN_GRACE;
        while open_reports(&inspector).await? > 0 && Instant::now() < give_up {
            sleep(POLL_INTERVAL).await;
        }
        self.outcome(&inspector, ends.elapsed()).await
    }

    /// Submits the reports that exist when the outage begins, and waits until a worker has begun to work on
    /// them. Returns their number.
    async fn begin(&self, client: &Client, inspector: &Inspector, duration: Duration) -> anyhow::Result<u32> {
        let model = self.stack.bedrock();
        let slow = |latency| drop(model.faults().set(Faults { latency, ..Faults::default() }));
        if self.cell.scenario == Scenario::TenantShare {
            // The first report takes the tenant's only place until the end of the scenario.
            slow(duration);
            submit(client, 0).await?;
            while model.in_flight() == 0 {
                sleep(POLL_INTERVAL).await;
            }
            slow(Duration::ZERO);
            return Ok(1);
        }
        slow(MODEL_LATENCY);
        let before = self.options.reports.div_ceil(2);
        for number in 0..before {
            submit(client, number).await?;
        }
        while inspector.look().await?.iter().all(|report| report.status == Status::Pending) {
            sleep(POLL_INTERVAL).await;
        }
        Ok(before)
    }

    async fn outcome(&self, inspector: &Inspector, after: Duration) -> anyhow::Result<CellOutcome> {
        let reports = inspector.reports().await?;
        let count = |counts: &dyn Fn(&ReportItem) -> bool| {
            reports.iter().filter(|report| counts(report)).count() as u64
        };
        let journal = inspector.journal().await?;
        let queue = &self.stack.infrastructure().queues().queue_url;
        let messages = self.observed.traffic.of_queue(queue);
        let messages: Vec<_> = reports
            .iter()
            .map(|report| messages.get(&report.report_id).copied().unwrap_or_default())
            .collect();
        let answers = self.observed.answers.snapshot();
        let (service, failure) = self.cell.scenario.names();
        Ok(CellOutcome {
            service,
            failure,
            duration: duration_text(self.cell.duration),
            reports: reports.len() as u64,
            completed: count(&|report| report.status == Status::Completed),
            failed: count(&|report| report.status == Status::Failed),
            failed_early: count(&|report| report.failed_before(self.deadline)),
            open: count(&|report| !report.status.is_terminal()),
            paid_calls: answers.values().map(|answers| answers.answered).sum(),
            answers_lost: answers.values().map(|answers| answers.lost).sum(),
            answers_needed: journal.values().map(|answers| answers.len() as u64).sum(),
            interruptions: reports.iter().map(ReportItem::interrupted_attempts).sum(),
            messages_sent: messages.iter().map(|messages| messages.sent).sum(),
            messages_beyond_one: messages.iter().map(|messages| messages.sent.saturating_sub(1)).sum(),
            messages_sent_twice: messages.iter().map(|messages| messages.sent_twice).sum(),
            sent_twice_max: messages.iter().map(|messages| messages.sent_twice).max().unwrap_or(0),
            dead_letters: inspector.dead_letters().await?.total(),
            seconds_after: after.as_secs_f64(),
        })
    }
}

async fn open_reports(inspector: &Inspector) -> anyhow::Result<usize> {
    Ok(inspector.look().await?.iter().filter(|report| !report.status.is_terminal()).count())
}

/// Submits a report under its own idempotency key until the API accepts it.
async fn submit(client: &Client, number: u32) -> anyhow::Result<()> {
    loop {
        let request = client.request(Method::POST, "/v1/reports");
        let request =
            request.header("idempotency-key", format!("outage-{number}")).json(&request_body(number));
        if let Ok(answer) = request.send().await {
            let status = answer.status();
            if status == StatusCode::ACCEPTED {
                return Ok(());
            }
            let retryable = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
            if status.is_client_error() && !retryable {
                bail!("report {number} was refused: {status}: {}", answer.text().await.unwrap_or_default());
            }
        }
        sleep(SUBMIT_PAUSE).await;
    }
}

fn request_body(number: u32) -> Value {
    let corporate_number = format!("{:08}", 91_000_000 + number);
    json!({ "companyName": "Larch Hollow Instruments Ltd", "corporateNumber": corporate_number, "country": "GB" })
}
