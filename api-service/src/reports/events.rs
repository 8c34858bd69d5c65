//! `GET /v1/reports/{id}/events`: the changes of a report as server-sent events.

use std::{convert::Infallible, sync::Arc, time::Duration};

use aws_adapters::error::AwsError;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use domain::report::Report;
use futures::stream::{self, Stream};
use serde::Serialize;
use utoipa::ToSchema;

use super::{path::ReportPath, store::Reports, watcher::ReportWatcher};
use crate::{
    auth::{Authenticator, Caller, Reader},
    limits::{FollowerLimit, FollowerPermit},
    problem::{Problem, ProblemBody},
};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The time between two SSE comments. They keep idle connections open, which many proxies close after 60
/// seconds.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The time after which browsers reconnect when a stream breaks off.
const RECONNECT: Duration = Duration::from_secs(3);

/// Maximum duration of one wait for a change. The caller's key is checked again after each.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// The fields of an event, as the stream contains them.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReportEvent {
    /// `report`.
    #[schema(example = "report")]
    event: String,
    /// The revision of the report. Send it as Last-Event-ID when you reconnect.
    #[schema(example = "5")]
    id: String,
    /// The milliseconds after which to reconnect if the stream breaks off.
    #[schema(example = 3000)]
    retry: u32,
    /// The report resource, as JSON.
    data: String,
}

/// Streams the report whenever it changes, until it has ended. The events have the name `report`, the report resource as
/// data, and the report's revision as id. The last event is the one whose `status` is `COMPLETED`, `FAILED` or `CANCELLED`. A
/// client that has it and connects again is told with 204 to stop, as the EventSource of browsers does.
#[utoipa::path(
    get, operation_id = "followReport", path = "/v1/reports/{id}/events", tag = "Reports",
    params(
        ("id" = String, Path, description = "The id of the report"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that the client received: that state is not sent again")),
    responses(
        (status = 200, description = "Server-sent events", body = ReportEvent, content_type = "text/event-stream"),
        (status = 204, description = "The report has ended, and Last-Event-ID is its last event: there is nothing left to follow"),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn events(
    State(reports): State<Arc<Reports>>,
    State(watcher): State<Arc<ReportWatcher>>,
    State(authenticator): State<Arc<Authenticator>>,
    State(followers): State<Arc<FollowerLimit>>,
    Reader(caller): Reader,
    ReportPath(id): ReportPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let report = reports.find(&caller.tenant, &id).await?;
    let last_seen =
        headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok()).and_then(|id| id.parse().ok());
    if report.lifecycle.status.is_terminal() && last_seen == Some(report.revision) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let permit = followers.acquire(&caller.tenant)?;
    let subscription = Subscription { reports, watcher, authenticator, caller, _permit: permit };
    let events = Sse::new(subscription.events(Step::Send { report, last_seen }))
        .keep_alive(KeepAlive::new().interval(HEARTBEAT));
    // A proxy that buffers would delay events.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(([unbuffered, (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], events).into_response())
}

/// The event stream of one client. It is dropped, with its permit, when the stream ends or the client
/// disconnects.
struct Subscription {
    reports: Arc<Reports>,
    watcher: Arc<ReportWatcher>,
    authenticator: Arc<Authenticator>,
    caller: Caller,
    _permit: FollowerPermit,
}

/// What a stream does next.
enum Step {
    /// Send the report, unless the client has seen this revision.
    Send { report: Report, last_seen: Option<u64> },
    /// Wait until the report differs from this state.
    Wait(Report),
    /// End the stream. Clients reconnect by themselves unless the report has ended.
    End,
}

impl Subscription {
    fn events(self, first: Step) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold((self, first), async |(this, step)| {
            let (event, step) = this.next(step).await?;
            Some((Ok(event), (this, step)))
        })
    }

    /// Returns the next event and the step after it, or `None` at the end of the stream.
    async fn next(&self, mut step: Step) -> Option<(Event, Step)> {
        loop {
            step = match step {
                Step::End => return None,
                Step::Send { report, last_seen } if last_seen == Some(report.revision) => after(report),
                // The key may have been revoked since the stream began. The stream then ends, and the client
                // sees the error when it reconnects.
                Step::Send { .. } | Step::Wait(_)
                    if !self.authenticator.is_still_active(&self.caller).await =>
                {
                    Step::End
                }
                Step::Send { report, .. } => {
                    let next = after(report.clone());
                    match self.event(report).await {
                        Ok(event) => return Some((event, next)),
                        Err(error) => {
                            // The client reconnects with the last id that it received, and sees the error if
                            // it persists.
                            tracing::warn!(error = %error, "an event stream ends early because the report cannot be shown");
                            Step::End
                        }
                    }
                }
                Step::Wait(_) if self.watcher.is_stopping() => Step::End,
                Step::Wait(report) => {
                    let last_seen = Some(report.revision);
                    match self.watcher.changed(report, MAX_WAIT).await {
                        Some(report) => Step::Send { report, last_seen },
                        None => Step::End,
                    }
                }
            }
        }
    }

    async fn event(&self, report: Report) -> Result<Event, AwsError> {
        let revision = report.revision.to_string();
        let resource = self.reports.resource(report, &self.caller).await?;
        let event = Event::default().event("report").id(revision).retry(RECONNECT).json_data(resource);
        event.map_err(|error| AwsError::unusable("events", "Serialize", error))
    }
}

/// Returns the step after `report` was sent.
fn after(report: Report) -> Step {
    if report.lifecycle.status.is_terminal() { Step::End } else { Step::Wait(report) }
}
