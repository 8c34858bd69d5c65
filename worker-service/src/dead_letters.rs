//! The dead-letter queue of reports. A regular scan takes care of the reports whose messages are in it, and an
//! operator can redrive the messages.
//!
//! SQS moves a message there that was received too often. That says nothing about its report: before the
//! report's deadline it is queued again, and only after it the report is marked as FAILED.

use std::{io::Write, sync::Arc, time::Duration};

use aws_adapters::{
    error::{AwsError, UNREADABLE_ITEM},
    queue::{Delivery, RECEIVE_MAX},
    table::{Details, Executed},
};
use domain::{
    lifecycle::{Command, Status},
    message::ReportMessage,
    report::{Report, ReportError, Stage},
    time::UtcTime,
};
use futures::{StreamExt as _, TryStreamExt as _, future::join_all, stream};
use telemetry::{
    metrics::{Wait, metrics},
    propagation::current_traceparent,
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::job::JobRunner;

/// Average time between two scans of the dead-letter queue.
const SCAN_INTERVAL: Duration = Duration::from_secs(300);
/// Visibility timeout of a dead letter during a scan.
const SCAN_VISIBILITY: Duration = Duration::from_secs(60);
/// Maximum duration of a scan: shorter than the visibility timeout, so that no letter is received twice. The
/// next scan sees the rest.
const SCAN_MAX: Duration = Duration::from_secs(45);
/// Average time from the start of a worker to its first scan.
const FIRST_SCAN: Duration = Duration::from_secs(1);
/// Visibility timeout of a dead letter during a redrive.
const REDRIVE_VISIBILITY: Duration = Duration::from_secs(600);
/// Maximum duration of a redrive: shorter than the visibility timeout, so that no letter is received twice.
const REDRIVE_MAX: Duration = Duration::from_secs(540);
/// Time that a redrive waits for letters that are hidden by a scan.
const REDRIVE_PATIENCE: Duration = Duration::from_secs(90);
/// Wait time of one receive. Only a receive that waits asks all servers of SQS, so that an empty answer means
/// something ("Amazon SQS short and long polling").
const LONG_POLL: Duration = Duration::from_secs(2);

/// Scans the dead-letter queue at random intervals until `stop` is cancelled.
pub(crate) async fn keep_scanning(jobs: Arc<JobRunner>, stop: CancellationToken) {
    let mut pause = FIRST_SCAN;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause.mul_f64(rand::random_range(0.5..=1.5))) => {}
        }
        pause = SCAN_INTERVAL;
        if let Err(error) = scan(&jobs).await {
            tracing::warn!(error = %error, "the dead-letter queue could not be scanned; retrying at the next scan");
        }
    }
}

/// Takes care of the open reports whose messages are in the dead-letter queue, for a limited time. A letter is
/// deleted if its report is queued again. Others stay hidden until their visibility timeout ends.
pub(crate) async fn scan(jobs: &JobRunner) -> Result<(), AwsError> {
    let ends = Instant::now() + SCAN_MAX;
    while Instant::now() < ends {
        let letters = jobs.dead_letters.receive(RECEIVE_MAX, LONG_POLL, SCAN_VISIBILITY).await?;
        if letters.is_empty() {
            return Ok(());
        }
        for result in join_all(letters.iter().map(|letter| look_at(jobs, letter))).await {
            result?;
        }
    }
    Ok(())
}

/// Takes care of the report of one letter.
async fn look_at(jobs: &JobRunner, letter: &Delivery) -> Result<(), AwsError> {
    let Ok(message) = ReportMessage::from_body(&letter.body) else { return Ok(()) };
    let report = match jobs.aws.table.get(&message.tenant, message.report_id).await {
        Ok(Some(report)) => report,
        Ok(None) => return Ok(()),
        // A report that only a later version can read must not hide the letters behind it.
        Err(error) if error.code == UNREADABLE_ITEM => {
            tracing::warn!(report = %message.report_id, error = %error, "the report of a dead letter is left to a worker of a later version");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if report.lifecycle.status.is_terminal() || report.unknown_value().is_some() {
        return Ok(());
    }
    match settle_open(jobs, &report, letter).await? {
        Settled::QueuedAgain => jobs.dead_letters.delete(&letter.receipt).await,
        Settled::Failed | Settled::Unchanged => Ok(()),
    }
}

/// What happened to an open report with a dead letter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Settled {
    /// The table says when the sweeper looks at it: the letter is not needed any more.
    QueuedAgain,
    /// It was marked as FAILED.
    Failed,
    /// Another process has changed it in the meantime.
    Unchanged,
}

/// Queues the open `report` of `letter` again, or marks it as FAILED if its deadline has passed.
async fn settle_open(jobs: &JobRunner, report: &Report, letter: &Delivery) -> Result<Settled, AwsError> {
    let (now, lifecycle) = (jobs.clock.now(), &report.lifecycle);
    let Report { tenant, id, .. } = report;
    let is_held = lifecycle.lease.as_ref().is_some_and(|lease| lease.expires_at >= now);
    // A letter from before the submission is about an earlier one.
    let is_current = letter.sent_at.is_none_or(|sent_at| sent_at > lifecycle.submitted_at);
    // A report that waits outside the queue, for example for its tenant's share, needs no message.
    if is_held || lifecycle.waits_outside_queue() || !is_current {
        tracing::info!(report = %id, %tenant, "deleting the dead letter of a report that is being taken care of");
        return Ok(Settled::QueuedAgain);
    }
    if now >= lifecycle.deadline(&jobs.policy) {
        return fail(jobs, report, now).await;
    }
    match jobs.aws.wait_outside_queue(report, Wait::DeadLetter, now, &jobs.policy).await? {
        Executed::Done(_) => {
            tracing::warn!(report = %id, %tenant, "the message of an open report is in the dead-letter queue; queueing the report again");
            Ok(Settled::QueuedAgain)
        }
        Executed::Rejected(_) => Ok(Settled::Unchanged),
    }
}

/// Marks `report` as FAILED, whose deadline has passed.
async fn fail(jobs: &JobRunner, report: &Report, now: UtcTime) -> Result<Settled, AwsError> {
    let error = ReportError {
        code: "dead_lettered".to_owned(),
        message: "The report could not be processed before its deadline. The operator can redrive it."
            .to_owned(),
        retryable: true,
    };
    let has_webhook = report.request.callback_url.is_some();
    let details = Details { error: Some(error), has_webhook, ..Details::default() };
    let Report { tenant, id, .. } = report;
    let command = Command::FailDeadLettered;
    match jobs.aws.table.execute(tenant, *id, &command, &details, now, &jobs.policy).await? {
        Executed::Done(report) => {
            tracing::error!(report = %id, %tenant, "report failed: its deadline has passed, and its message is in the dead-letter queue");
            metrics().report_ended(Status::Failed.as_str(), report.turnaround());
            jobs.aws.queue_webhook(&report, current_traceparent()).await;
            Ok(Settled::Failed)
        }
        Executed::Rejected(_) => Ok(Settled::Unchanged),
    }
}

/// The number of dead letters by what a redrive did with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redriven {
    /// Letters whose report was resubmitted.
    pub resubmitted: u64,
    /// Letters that no longer matter, because their report is not FAILED: it is open and was queued again, or
    /// has ended in another state.
    pub settled: u64,
    /// Letters that cannot be redriven, because they are unreadable or belong to no report. They stay in the
    /// queue.
    pub left: u64,
}

/// What a redrive does with one dead letter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Disposition {
    Resubmitted,
    Settled,
    Left,
}

/// Redrives up to `limit` dead letters. With `dry_run` it only reports what it would do. Writes a line for
/// each letter to `out`.
///
/// # Errors
/// Returns an error if an AWS service does not respond, or if `out` cannot be written.
pub(crate) async fn redrive(
    jobs: &JobRunner,
    limit: u64,
    dry_run: bool,
    out: &mut impl Write,
) -> Result<Redriven, Box<dyn std::error::Error>> {
    let (started, mut last_letter) = (Instant::now(), Instant::now());
    let mut counts = Redriven::default();
    let mut received = 0;
    let mut kept = Vec::new();
    while received < limit && started.elapsed() < REDRIVE_MAX {
        let max = usize::try_from(limit - received).unwrap_or(RECEIVE_MAX).min(RECEIVE_MAX);
        let letters = jobs.dead_letters.receive(max, LONG_POLL, REDRIVE_VISIBILITY).await?;
        if letters.is_empty() {
            let depth = jobs.dead_letters.depth().await?;
            let hidden = depth.in_flight.saturating_sub(kept.len() as u64);
            if depth.visible + hidden == 0 {
                break;
            }
            if last_letter.elapsed() >= REDRIVE_PATIENCE {
                writeln!(
                    out,
                    "{hidden} letters are hidden by a worker that inspects them: run the command again"
                )?;
                break;
            }
            continue;
        }
        last_letter = Instant::now();
        let redriven = join_all(letters.iter().map(|letter| redrive_one(jobs, letter, dry_run))).await;
        for (letter, redriven) in letters.into_iter().zip(redriven) {
            received += 1;
            let (disposition, line) = redriven?;
            writeln!(out, "{received}: {line}")?;
            match disposition {
                Disposition::Resubmitted => counts.resubmitted += 1,
                Disposition::Settled => counts.settled += 1,
                Disposition::Left => counts.left += 1,
            }
            if dry_run || disposition == Disposition::Left {
                kept.push(letter.receipt);
            } else {
                jobs.dead_letters.delete(&letter.receipt).await?;
            }
        }
    }
    if started.elapsed() >= REDRIVE_MAX {
        writeln!(
            out,
            "stopped after {received} letters, because the first ones reappear soon: run the command again"
        )?;
    }
    let put_back = kept.iter().map(|receipt| jobs.dead_letters.put_back(receipt));
    stream::iter(put_back).buffer_unordered(RECEIVE_MAX).try_collect::<()>().await?;
    Ok(counts)
}

/// Redrives one dead letter, and returns what was done with a description of it.
async fn redrive_one(
    jobs: &JobRunner,
    letter: &Delivery,
    dry_run: bool,
) -> Result<(Disposition, String), AwsError> {
    let reason = letter.reason.as_deref().unwrap_or("received too often");
    let message = match ReportMessage::from_body(&letter.body) {
        Ok(message) => message,
        Err(error) => return Ok((Disposition::Left, format!("left: {error} ({reason})"))),
    };
    let (tenant, id) = (&message.tenant, message.report_id);
    let unknown = || (Disposition::Left, format!("left: there is no report {id} of {tenant} ({reason})"));
    let report = match jobs.aws.table.get(tenant, id).await {
        Ok(Some(report)) => report,
        Ok(None) => return Ok(unknown()),
        Err(error) if error.code == UNREADABLE_ITEM => {
            return Ok((
                Disposition::Left,
                format!("left: report {id} of {tenant} was written by a later version ({reason})"),
            ));
        }
        Err(error) => return Err(error),
    };
    let status = report.lifecycle.status;
    if !status.is_terminal() {
        // No scan has processed this letter yet.
        let queued = || {
            (Disposition::Settled, format!("queued again: report {id} of {tenant} is {status} ({reason})"))
        };
        if dry_run {
            return Ok(queued());
        }
        match settle_open(jobs, &report, letter).await? {
            Settled::QueuedAgain => return Ok(queued()),
            Settled::Unchanged => {
                return Ok((
                    Disposition::Left,
                    format!("left: report {id} of {tenant} has changed meanwhile"),
                ));
            }
            // Only a FAILED report can be resubmitted.
            Settled::Failed => {}
        }
    } else if status != Status::Failed {
        return Ok((Disposition::Settled, format!("settled: report {id} of {tenant} is {status}")));
    }
    if dry_run {
        return Ok((Disposition::Resubmitted, format!("would resubmit: report {id} of {tenant} ({reason})")));
    }
    let details = Details { progress: Some(Stage::Queued.progress()), ..Details::default() };
    let now = jobs.clock.now();
    match jobs.aws.table.execute(tenant, id, &Command::Resubmit, &details, now, &jobs.policy).await? {
        Executed::Done(report) => {
            jobs.aws
                .queue_report(&report, letter.traceparent.clone(), jobs.clock.now(), &jobs.policy)
                .await?;
            Ok((Disposition::Resubmitted, format!("resubmitted: report {id} of {tenant} ({reason})")))
        }
        Executed::Rejected(_) => {
            Ok((Disposition::Settled, format!("settled: report {id} of {tenant} has changed meanwhile")))
        }
    }
}
