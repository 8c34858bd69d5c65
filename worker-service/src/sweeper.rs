//! Finds reports that nobody works on, and sends their message again or ends them: closes the gap
//! between the record and the message, and outlives lost messages and lost workers.

use std::{sync::Arc, time::Duration};

use shared::{
    aws::{
        error::AwsError,
        table::{DUE_SHARDS, Details, DueReport, Executed},
    },
    contract::ReportMessage,
    domain::lifecycle::{Command, Status},
    telemetry::{metrics::metrics, propagation::current_traceparent},
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};

use crate::job::{Jobs, workers_vanished};

/// Reports of one partition that one sweep takes care of; the rest waits for the next.
const BATCH: usize = 25;

/// Sweeps every `interval`, give or take half of it so that many workers spread out, until `stop`.
pub async fn keep_sweeping(jobs: Arc<Jobs>, interval: Duration, stop: CancellationToken) {
    loop {
        let pause = interval.mul_f64(rand::random_range(0.5..=1.5));
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => {}
        }
        if let Err(error) = sweep(&jobs).await {
            tracing::warn!(error = %error, "a sweep was cut short; the next one goes on");
        }
    }
}

/// Looks once at every partition of the index of due reports.
///
/// # Errors
/// [`AwsError`] when a service does not answer; what is left is left to the next sweep.
pub async fn sweep(jobs: &Jobs) -> Result<(), AwsError> {
    for shard in 0..DUE_SHARDS {
        for due in jobs.aws.table.due(shard, jobs.clock.now(), BATCH).await? {
            let span = info_span!("sweep", dossier.report = %due.report_id);
            take_care(jobs, due).instrument(span).await?;
        }
    }
    Ok(())
}

/// Of many workers that see the same due report, one wins the conditional write and acts.
async fn take_care(jobs: &Jobs, due: DueReport) -> Result<(), AwsError> {
    let DueReport { tenant, report_id } = due;
    let now = jobs.clock.now();
    let gone = Details { error: Some(workers_vanished()), ..Details::default() };
    let table = &jobs.aws.table;
    let given_up = table.execute(&tenant, report_id, &Command::GiveUp, &gone, now, &jobs.policy).await?;
    if let Executed::Done(_) = given_up {
        tracing::warn!(report = %report_id, %tenant, "report failed: its workers vanished and no attempt is left");
        metrics().report_ended(Status::Failed);
        return Ok(());
    }
    let details = Details::default();
    let taken = table.execute(&tenant, report_id, &Command::Redispatch, &details, now, &jobs.policy).await?;
    if let Executed::Done(report) = taken {
        tracing::warn!(report = %report_id, %tenant, status = %report.lifecycle.status, "report was left behind: sending it again");
        jobs.aws.queue.send(&ReportMessage::new(tenant, report_id), current_traceparent()).await?;
    }
    Ok(())
}
