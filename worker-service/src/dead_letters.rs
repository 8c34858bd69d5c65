//! The dead-letter queue of reports. A regular scan marks the reports whose messages are in it as FAILED, and
//! an operator can redrive the messages.

use std::{io::Write, sync::Arc, time::Duration};

use aws_adapters::{
    error::{AwsError, UNREADABLE_ITEM},
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

/// Average time between two scans of the dead-letter queue.
const SCAN_INTERVAL: Duration = Duration::from_secs(300);
/// Visibility timeout of a dead letter during a scan, so that none is received twice. The scan makes all dead
/// letters visible again when it ends.
const SCAN_VISIBILITY: Duration = Duration::from_secs(60);
/// Average time from the start of a worker to its first scan.
const FIRST_SCAN: Duration = Duration::from_secs(1);
/// Visibility timeout of a dead letter during a redrive, long enough that none is received twice.
const REDRIVE_VISIBILITY: Duration = Duration::from_secs(600);

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

/// Marks every open report whose message is in the dead-letter queue as FAILED. The messages stay in the
/// queue.
async fn scan(jobs: &JobRunner) -> Result<(), AwsError> {
    let mut received = Vec::new();
    let result = fail_reports(jobs, &mut received).await;
    // The messages must be visible for an operator's redrive.
    for letter in received {
        if let Err(error) = jobs.dead_letters.change_visibility(&letter.receipt, Duration::ZERO).await {
            tracing::debug!(error = %error, "a dead letter could not be made visible; it stays hidden for a minute");
        }
    }
    result
}

async fn fail_reports(jobs: &JobRunner, received: &mut Vec<Delivery>) -> Result<(), AwsError> {
    loop {
        let letters = jobs.dead_letters.receive(RECEIVE_MAX, Duration::ZERO, SCAN_VISIBILITY).await?;
        if letters.is_empty() {
            return Ok(());
        }
        for letter in letters {
            let message = ReportMessage::from_body(&letter.body);
            received.push(letter);
            let (Ok(message), Some(letter)) = (message, received.last()) else { continue };
            match fail(jobs, &message, letter).await {
                // A report that only a later version can read must not hide the letters behind it.
                Err(error) if error.code == UNREADABLE_ITEM => {
                    tracing::warn!(report = %message.report_id, error = %error, "the report of a dead letter is left to a worker of a later version");
                }
                failed => failed?,
            }
        }
    }
}

/// Marks the report of `letter` as FAILED if it is open and has not been resubmitted since the letter was
/// sent.
async fn fail(jobs: &JobRunner, message: &ReportMessage, letter: &Delivery) -> Result<(), AwsError> {
    let Some(report) = jobs.aws.table.get(&message.tenant, message.report_id).await? else { return Ok(()) };
    let resubmitted_at = report.resubmitted_at;
    if resubmitted_at.is_some_and(|at| letter.sent_at.is_some_and(|sent_at| sent_at <= at)) {
        return Ok(());
    }
    let error = ReportError {
        code: "dead_lettered".to_owned(),
        message: "The report could not be processed despite several attempts. The operator can redrive it."
            .to_owned(),
        retryable: true,
    };
    let calls_back = report.request.callback_url.is_some();
    let details = Details { error: Some(error), calls_back, ..Details::default() };
    let (tenant, id, now) = (&message.tenant, message.report_id, jobs.clock.now());
    let failed =
        jobs.aws.table.execute(tenant, id, &Command::FailDeadLettered, &details, now, &jobs.policy).await?;
    if let Executed::Done(report) = failed {
        tracing::error!(report = %id, %tenant, "report failed: its message is in the dead-letter queue");
        metrics().report_ended(Status::Failed.as_str(), report.turnaround());
        jobs.aws.call_back(&report, current_traceparent()).await;
    }
    Ok(())
}

/// The number of dead letters by what a redrive did with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redriven {
    /// Letters whose report was resubmitted.
    pub resubmitted: u64,
    /// Letters that no longer matter, because their report is not FAILED: it is open again, or has ended in
    /// another state.
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
    let mut counts = Redriven::default();
    let mut received = 0;
    let mut returned = Vec::new();
    while received < limit {
        let max = usize::try_from(limit - received).unwrap_or(RECEIVE_MAX).min(RECEIVE_MAX);
        let letters = jobs.dead_letters.receive(max, Duration::ZERO, REDRIVE_VISIBILITY).await?;
        if letters.is_empty() {
            break;
        }
        for letter in letters {
            received += 1;
            let (disposition, line) = redrive_one(jobs, &letter, dry_run).await?;
            writeln!(out, "{received}: {line}")?;
            match disposition {
                Disposition::Resubmitted => counts.resubmitted += 1,
                Disposition::Settled => counts.settled += 1,
                Disposition::Left => counts.left += 1,
            }
            if dry_run || disposition == Disposition::Left {
                returned.push(letter);
            } else {
                jobs.dead_letters.delete(&letter.receipt).await?;
            }
        }
    }
    for letter in returned {
        jobs.dead_letters.change_visibility(&letter.receipt, Duration::ZERO).await?;
    }
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
    let planned =
        || (Disposition::Resubmitted, format!("would resubmit: report {id} of {tenant} ({reason})"));
    let mut report = match jobs.aws.table.get(tenant, id).await {
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
    if !report.lifecycle.status.is_terminal() {
        // No scan has processed this letter yet. Only a FAILED report can be resubmitted.
        if dry_run {
            return Ok(planned());
        }
        fail(jobs, &message, letter).await?;
        match jobs.aws.table.get(tenant, id).await? {
            Some(current) => report = current,
            None => return Ok(unknown()),
        }
    }
    let status = report.lifecycle.status;
    if status != Status::Failed {
        return Ok((Disposition::Settled, format!("settled: report {id} of {tenant} is {status}")));
    }
    if dry_run {
        return Ok(planned());
    }
    let details = Details { progress: Some(Stage::Queued.progress()), ..Details::default() };
    let now = jobs.clock.now();
    match jobs.aws.table.execute(tenant, id, &Command::Resubmit, &details, now, &jobs.policy).await? {
        Executed::Done(_) => {
            jobs.aws.queue.send(&message, letter.traceparent.clone()).await?;
            Ok((Disposition::Resubmitted, format!("resubmitted: report {id} of {tenant} ({reason})")))
        }
        Executed::Rejected(_) => {
            Ok((Disposition::Settled, format!("settled: report {id} of {tenant} has changed meanwhile")))
        }
    }
}
