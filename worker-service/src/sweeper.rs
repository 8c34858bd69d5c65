//! Finds overdue reports, which no worker processes, and sends their messages again or marks them as FAILED.
//! A report's record and its message are not written atomically, and messages, workers and webhooks can get
//! lost; the sweeper recovers from all of these.

use std::{sync::Arc, time::Duration};

use aws_adapters::{
    error::AwsError,
    table::{DUE_SHARDS, Details, DueReport, Executed},
};
use domain::{
    lifecycle::{Command, Status},
    message::ReportMessage,
    webhook::WEBHOOK_GRACE,
};
use futures::{StreamExt as _, stream};
use telemetry::{
    metrics::{LeftBehind, metrics},
    propagation::current_traceparent,
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};

use crate::{claim::abandoned, job::JobRunner};

/// Maximum number of reports of one partition in a sweep. The rest waits for the next sweep.
const BATCH: usize = 25;
/// Number of reports that a sweep recovers concurrently.
const CONCURRENCY: usize = 4;

/// Sweeps about every `interval` until `stop` is cancelled. The pauses are random, so that the sweeps of many
/// workers spread out.
pub(crate) async fn keep_sweeping(jobs: Arc<JobRunner>, interval: Duration, stop: CancellationToken) {
    // The first pause is short, so that a short-lived worker sweeps as well.
    let mut pause = interval.mul_f64(rand::random_range(0.0..=0.5));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sweep(&jobs) => {}
        }
        pause = interval.mul_f64(rand::random_range(0.5..=1.5));
    }
}

/// Sweeps every partition of the index of due reports once. It begins at a random partition, so that sweeps
/// that are interrupted do not always miss the same ones. An error affects no other report, and is retried by
/// the next sweep.
pub(crate) async fn sweep(jobs: &JobRunner) {
    let first = rand::random_range(0..DUE_SHARDS);
    let (mut longest_overdue, mut is_complete) = (Duration::ZERO, true);
    for shard in (0..DUE_SHARDS).map(|step| (first + step) % DUE_SHARDS) {
        let due = match jobs.aws.table.due(shard, jobs.clock.now(), BATCH).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(shard, error = %error, "a partition of the due reports could not be read");
                is_complete = false;
                continue;
            }
        };
        let now = jobs.clock.now();
        longest_overdue = due.iter().map(|due| due.overdue(now)).fold(longest_overdue, Duration::max);
        stream::iter(due)
            .for_each_concurrent(CONCURRENCY, async |due| {
                let span = info_span!("sweep", dossier.report = %due.report_id);
                let report = due.report_id;
                if let Err(error) = recover(jobs, due).instrument(span).await {
                    tracing::warn!(%report, error = %error, "a due report could not be recovered");
                }
            })
            .await;
    }
    // An incomplete sweep does not prove that nothing is overdue.
    if is_complete || longest_overdue > Duration::ZERO {
        metrics().overdue(longest_overdue);
    }
}

/// Recovers a due report: queues its webhook again if it has ended, marks it as FAILED if it has no attempt
/// left, and otherwise sends its message again. If several workers see the same report, a conditional write
/// lets only one of them act.
async fn recover(jobs: &JobRunner, due: DueReport) -> Result<(), AwsError> {
    let DueReport { tenant, report_id, .. } = due;
    let now = jobs.clock.now();
    let table = &jobs.aws.table;
    let Some(report) = table.get(&tenant, report_id).await? else { return Ok(()) };
    if report.lifecycle.status.is_terminal() {
        if table.hold_webhook(&tenant, report_id, now, now.plus(WEBHOOK_GRACE)).await? {
            tracing::warn!(report = %report_id, %tenant, "a webhook is overdue; queueing it again");
            metrics().left_behind(LeftBehind::Webhook);
            jobs.aws.call_back(&report, current_traceparent()).await;
        }
        return Ok(());
    }
    let details = abandoned(&report);
    let given_up = table.execute(&tenant, report_id, &Command::GiveUp, &details, now, &jobs.policy).await?;
    if let Executed::Done(report) = given_up {
        tracing::warn!(report = %report_id, %tenant, "report failed: its workers vanished and no attempt is left");
        metrics().left_behind(LeftBehind::GivenUp);
        metrics().report_ended(Status::Failed.as_str(), report.turnaround());
        jobs.aws.call_back(&report, current_traceparent()).await;
        return Ok(());
    }
    let details = Details::default();
    let redispatched =
        table.execute(&tenant, report_id, &Command::Redispatch, &details, now, &jobs.policy).await?;
    if let Executed::Done(report) = redispatched {
        tracing::warn!(report = %report_id, %tenant, status = %report.lifecycle.status, "a report is overdue; sending its message again");
        metrics().left_behind(LeftBehind::Redispatched);
        jobs.aws.queue.send(&ReportMessage::new(tenant, report_id), current_traceparent()).await?;
    }
    Ok(())
}
