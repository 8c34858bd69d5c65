//! Finds reports that nobody works on, and sends their message again or ends them: closes the gap
//! between the record and the message, and outlives lost messages and lost workers.

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

use crate::job::{JobRunner, given_up};

/// Reports of one partition that one sweep takes care of; the rest waits for the next.
const BATCH: usize = 25;
/// Reports that one sweep takes care of at the same time.
const AT_ONCE: usize = 4;

/// Sweeps about every `interval` until `stop`; the pauses are random, so that many workers spread
/// out.
pub async fn keep_sweeping(jobs: Arc<JobRunner>, interval: Duration, stop: CancellationToken) {
    // A worker that does not live long still gets to sweep.
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

/// Looks once at every partition of the index of due reports, beginning anywhere: however early
/// sweeps are cut short, no partition is always the last one. What fails is left to the next sweep
/// and holds up nothing else.
pub async fn sweep(jobs: &JobRunner) {
    let first = rand::random_range(0..DUE_SHARDS);
    let (mut longest, mut whole) = (Duration::ZERO, true);
    for shard in (0..DUE_SHARDS).map(|step| (first + step) % DUE_SHARDS) {
        let due = match jobs.aws.table.due(shard, jobs.clock.now(), BATCH).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(shard, error = %error, "a partition of due reports could not be read");
                whole = false;
                continue;
            }
        };
        let now = jobs.clock.now();
        longest = due.iter().map(|due| due.overdue(now)).fold(longest, Duration::max);
        stream::iter(due)
            .for_each_concurrent(AT_ONCE, async |due| {
                let span = info_span!("sweep", dossier.report = %due.report_id);
                let report = due.report_id;
                if let Err(error) = take_care(jobs, due).instrument(span).await {
                    tracing::warn!(%report, error = %error, "a due report could not be taken care of");
                }
            })
            .await;
    }
    // What could not be looked at is not known to be well.
    if whole || longest > Duration::ZERO {
        metrics().overdue(longest);
    }
}

/// Of many workers that see the same due report, one wins the conditional write and acts.
async fn take_care(jobs: &JobRunner, due: DueReport) -> Result<(), AwsError> {
    let DueReport { tenant, report_id, .. } = due;
    let now = jobs.clock.now();
    let table = &jobs.aws.table;
    let Some(report) = table.get(&tenant, report_id).await? else { return Ok(()) };
    if report.lifecycle.status.is_terminal() {
        if table.hold_webhook(&tenant, report_id, now, now.plus(WEBHOOK_GRACE)).await? {
            tracing::warn!(report = %report_id, %tenant, "a call-back was left behind: queueing it again");
            metrics().left_behind(LeftBehind::Webhook);
            jobs.aws.call_back(&report, current_traceparent()).await;
        }
        return Ok(());
    }
    let gone = given_up(&report);
    let given_up = table.execute(&tenant, report_id, &Command::GiveUp, &gone, now, &jobs.policy).await?;
    if let Executed::Done(report) = given_up {
        tracing::warn!(report = %report_id, %tenant, "report failed: its workers vanished and no attempt is left");
        metrics().left_behind(LeftBehind::GivenUp);
        metrics().report_ended(Status::Failed.as_str(), report.turnaround());
        jobs.aws.call_back(&report, current_traceparent()).await;
        return Ok(());
    }
    let details = Details::default();
    let taken = table.execute(&tenant, report_id, &Command::Redispatch, &details, now, &jobs.policy).await?;
    if let Executed::Done(report) = taken {
        tracing::warn!(report = %report_id, %tenant, status = %report.lifecycle.status, "report was left behind: sending it again");
        metrics().left_behind(LeftBehind::Redispatched);
        jobs.aws.queue.send(&ReportMessage::new(tenant, report_id), current_traceparent()).await?;
    }
    Ok(())
}
