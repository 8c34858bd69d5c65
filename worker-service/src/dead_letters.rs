//! The dead-letter queue: what cannot be worked on goes there with its reason, a report behind a
//! dead letter reads FAILED, and an operator brings dead letters back.

use std::{io::Write, sync::Arc, time::Duration};

use aws_adapters::{
    error::AwsError,
    queue::{Delivery, RECEIVE_MAX},
    table::{Details, Executed},
};
use domain::{
    lifecycle::{Command, Status},
    message::ReportMessage,
    report::{ReportError, Stage},
};
use telemetry::{metrics::metrics, propagation::current_traceparent};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::job::JobRunner;

/// How often the dead-letter queue is looked through.
const LOOK_EVERY: Duration = Duration::from_secs(300);
/// How long a look hides what it finds, so that no letter comes twice in it; it shows them again when
/// it ends.
const LOOK_HIDES: Duration = Duration::from_secs(60);
/// How soon after its start a worker looks for the first time.
const FIRST_LOOK: Duration = Duration::from_secs(1);

/// Looks through the dead-letter queue now and then until `stop`.
pub async fn keep_looking(jobs: Arc<JobRunner>, stop: CancellationToken) {
    let mut pause = FIRST_LOOK;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause.mul_f64(rand::random_range(0.5..=1.5))) => {}
        }
        pause = LOOK_EVERY;
        if let Err(error) = look(&jobs).await {
            tracing::warn!(error = %error, "the dead-letter queue could not be looked through");
        }
    }
}

/// Fails every open report whose message is a dead letter. The letters stay.
///
/// # Errors
/// [`AwsError`] when a service does not answer; the next look goes on.
pub async fn look(jobs: &JobRunner) -> Result<(), AwsError> {
    let mut seen = Vec::new();
    let looked = look_at_each(jobs, &mut seen).await;
    // An operator who brings letters back is not to find them hidden.
    for letter in seen {
        if let Err(error) = jobs.dead_letters.change_visibility(&letter.receipt, Duration::ZERO).await {
            tracing::debug!(error = %error, "a dead letter stays hidden for a moment");
        }
    }
    looked
}

async fn look_at_each(jobs: &JobRunner, seen: &mut Vec<Delivery>) -> Result<(), AwsError> {
    loop {
        let letters = jobs.dead_letters.receive(RECEIVE_MAX, Duration::ZERO, LOOK_HIDES).await?;
        if letters.is_empty() {
            return Ok(());
        }
        for letter in letters {
            let message = ReportMessage::from_body(&letter.body);
            seen.push(letter);
            if let (Ok(message), Some(letter)) = (message, seen.last()) {
                fail(jobs, &message, letter).await?;
            }
        }
    }
}

/// Fails the report behind `letter` if it is open and nobody asked for another go at it since.
async fn fail(jobs: &JobRunner, message: &ReportMessage, letter: &Delivery) -> Result<(), AwsError> {
    let Some(report) = jobs.aws.table.get(&message.tenant, message.report_id).await? else { return Ok(()) };
    let resubmitted = report.resubmitted_at;
    if resubmitted.is_some_and(|at| letter.sent_at.is_some_and(|sent_at| sent_at <= at)) {
        return Ok(());
    }
    let error = ReportError {
        code: "dead_lettered".to_owned(),
        message:
            "The report could not be worked on, however often it was tried. The operator can bring it back."
                .to_owned(),
        retryable: true,
    };
    let calls_back = report.request.callback_url.is_some();
    let details = Details { error: Some(error), calls_back, ..Details::default() };
    let (tenant, id, now) = (&message.tenant, message.report_id, jobs.clock.now());
    let buried =
        jobs.aws.table.execute(tenant, id, &Command::FailDeadLettered, &details, now, &jobs.policy).await?;
    if let Executed::Done(report) = buried {
        tracing::error!(report = %id, %tenant, "report failed: its message is in the dead-letter queue");
        metrics().report_ended(Status::Failed.as_str(), report.turnaround());
        jobs.aws.call_back(&report, current_traceparent()).await;
    }
    Ok(())
}

/// What was done with dead letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redriven {
    /// Reports that wait for a worker again.
    pub brought_back: u64,
    /// Letters that no longer matter: their report has ended otherwise, or is open.
    pub settled: u64,
    /// Letters that cannot be brought back: unreadable, or of no report. They stay.
    pub left: u64,
}

/// Brings up to `limit` dead letters back; with `dry_run` only tells what would be done. Says what
/// it does, line by line, to `say`.
///
/// # Errors
/// When a service does not answer, or nothing can be written.
pub async fn redrive(
    jobs: &JobRunner,
    limit: u64,
    dry_run: bool,
    say: &mut impl Write,
) -> Result<Redriven, Box<dyn std::error::Error>> {
    // Long enough that no letter comes twice in one run.
    let hidden = Duration::from_secs(600);
    let mut done = Redriven::default();
    let mut seen = 0;
    let mut held = Vec::new();
    while seen < limit {
        let most = usize::try_from(limit - seen).unwrap_or(RECEIVE_MAX).min(RECEIVE_MAX);
        let letters = jobs.dead_letters.receive(most, Duration::ZERO, hidden).await?;
        if letters.is_empty() {
            break;
        }
        for letter in letters {
            seen += 1;
            let (outcome, told) = bring_back(jobs, &letter, dry_run).await?;
            writeln!(say, "{seen}: {told}")?;
            match outcome {
                Letter::BroughtBack => done.brought_back += 1,
                Letter::Settled => done.settled += 1,
                Letter::Left => done.left += 1,
            }
            if dry_run || outcome == Letter::Left {
                held.push(letter);
            } else {
                jobs.dead_letters.delete(&letter.receipt).await?;
            }
        }
    }
    for letter in held {
        jobs.dead_letters.change_visibility(&letter.receipt, Duration::ZERO).await?;
    }
    Ok(done)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Letter {
    BroughtBack,
    Settled,
    Left,
}

async fn bring_back(
    jobs: &JobRunner,
    letter: &Delivery,
    dry_run: bool,
) -> Result<(Letter, String), AwsError> {
    let reason = letter.reason.as_deref().unwrap_or("received too often");
    let message = match ReportMessage::from_body(&letter.body) {
        Ok(message) => message,
        Err(error) => return Ok((Letter::Left, format!("left: {error} ({reason})"))),
    };
    let (tenant, id) = (&message.tenant, message.report_id);
    let Some(mut report) = jobs.aws.table.get(tenant, id).await? else {
        return Ok((Letter::Left, format!("left: there is no report {id} of {tenant} ({reason})")));
    };
    if !report.lifecycle.status.is_terminal() {
        // A worker has not looked yet: what is behind a dead letter is FAILED.
        if dry_run {
            return Ok((
                Letter::BroughtBack,
                format!("would bring back: report {id} of {tenant} ({reason})"),
            ));
        }
        fail(jobs, &message, letter).await?;
        match jobs.aws.table.get(tenant, id).await? {
            Some(now) => report = now,
            None => {
                return Ok((Letter::Left, format!("left: there is no report {id} of {tenant} ({reason})")));
            }
        }
    }
    let status = report.lifecycle.status;
    if status != Status::Failed {
        return Ok((Letter::Settled, format!("settled: report {id} of {tenant} is {status}")));
    }
    if dry_run {
        return Ok((Letter::BroughtBack, format!("would bring back: report {id} of {tenant} ({reason})")));
    }
    let details = Details { progress: Some(Stage::Queued.progress()), ..Details::default() };
    let now = jobs.clock.now();
    match jobs.aws.table.execute(tenant, id, &Command::Resubmit, &details, now, &jobs.policy).await? {
        Executed::Done(_) => {
            jobs.aws.queue.send(&message, letter.traceparent.clone()).await?;
            Ok((Letter::BroughtBack, format!("brought back: report {id} of {tenant} ({reason})")))
        }
        Executed::Rejected(_) => {
            Ok((Letter::Settled, format!("settled: report {id} of {tenant} changed meanwhile")))
        }
    }
}
