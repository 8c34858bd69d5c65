//! The report resource: one file per thing that can be done with it.

pub mod artifact;
pub mod batch;
pub mod control;
pub mod document;
pub mod duration_estimate;
pub mod events;
pub mod export;
pub mod list;
pub mod read;
pub mod resource;
pub mod submit;
pub mod watcher;
pub mod webhook;

use std::{sync::Arc, time::Duration};

use aws_adapters::error::AwsError;
use axum::http::{HeaderValue, header};
use domain::{
    identity::{ReportId, Tenant},
    message::ReportMessage,
    report::Report,
};
use telemetry::propagation::current_traceparent;

use crate::{
    application::App,
    problem::{Problem, seconds},
};

/// When a client should try again what the report's state did not allow.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The report `id` of `tenant`, where `id` is what stood in the path.
async fn find(app: &Arc<App>, tenant: &Tenant, id: &str) -> Result<Report, Problem> {
    // What is no UUID is the id of no report.
    let id: ReportId = id.parse().map_err(|_| Problem::report_not_found())?;
    let report = app.aws.table.get(tenant, id).await?.ok_or_else(Problem::report_not_found)?;
    app.pace.learn(&report);
    Ok(report)
}

/// Puts a report that is recorded into the queue. A failure here is no failure of the request: the
/// sweeper finds the report and sends it again.
async fn enqueue(app: &Arc<App>, report: &Report) {
    let message = ReportMessage::new(report.tenant.clone(), report.id);
    if let Err(AwsError { code, detail, .. }) = app.aws.queue.send(&message, current_traceparent()).await {
        tracing::warn!(report = %report.id, %code, %detail, "the report is recorded but not queued; the sweeper will queue it");
    }
}

fn retry_after(app: &App, report: &Report) -> Option<(header::HeaderName, HeaderValue)> {
    let after = app.pace.look_again(report, app.clock.now())?;
    Some((header::RETRY_AFTER, seconds(after)))
}
