//! `GET /v1/reports/{id}/events`: a report's changes as server-sent events.

use std::{convert::Infallible, sync::Arc, time::Duration};

use aws_adapters::error::AwsError;
use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use domain::report::Report;
use futures::stream::{self, Stream};
use serde::Serialize;

use utoipa::ToSchema;

use super::{find, resource::ReportResource, watcher};
use crate::{
    application::App,
    auth::{Caller, Reader},
    limits::Follower,
    problem::{Problem, ProblemBody},
};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Comments keep idle connections open through proxies, many of which cut after 60 seconds.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long one wait for a change lasts before it is begun anew.
const PATIENCE: Duration = Duration::from_secs(30);

/// The fields of one event, as the stream writes them.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReportEvent {
    /// `report`.
    #[schema(example = "report")]
    event: String,
    /// The report's revision: to be sent back as Last-Event-ID.
    #[schema(example = "5")]
    id: String,
    /// The report resource, as JSON.
    data: String,
}

/// Sends the report whenever it changes, until it has ended: events named `report`, whose data is
/// the report resource and whose id is the report's revision.
#[utoipa::path(
    get, operation_id = "followReport", path = "/v1/reports/{id}/events", tag = "Reports",
    params(
        ("id" = String, Path, description = "The report's id"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event seen: what was seen is not sent again")),
    responses(
        (status = 200, description = "Server-sent events", body = ReportEvent, content_type = "text/event-stream"),
        (status = 404, description = "There is no such report", body = ProblemBody, content_type = "application/problem+json"))
)]
pub async fn events(
    State(app): State<Arc<App>>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let report = find(&app, &caller.tenant, &id).await?;
    let seen =
        headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok()).and_then(|id| id.parse().ok());
    let follower = app.limits.follow(&caller.tenant)?;
    let events = Sse::new(changes(app, Arc::new(caller), report, seen, follower))
        .keep_alive(KeepAlive::new().interval(HEARTBEAT));
    // A buffering proxy would hold events back.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(([unbuffered, (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], events).into_response())
}

enum Next {
    /// Send this state unless its revision was seen.
    Show(Report, Option<u64>),
    /// Wait for a change of this state.
    Wait(Report),
    /// The report has ended, or the API stops: clients come back by themselves.
    End,
}

fn changes(
    app: Arc<App>,
    caller: Arc<Caller>,
    report: Report,
    seen: Option<u64>,
    follower: Follower,
) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(Next::Show(report, seen), move |mut next| {
        // Held until the stream ends or the client is gone.
        let _ = &follower;
        let (app, caller) = (Arc::clone(&app), Arc::clone(&caller));
        async move {
            loop {
                next = match next {
                    Next::End => return None,
                    Next::Show(report, seen) if seen == Some(report.revision) => after(report),
                    // A key that was revoked since opens nothing any more: the client meets that when it reconnects.
                    Next::Show(..) | Next::Wait(_) if !caller.is_still_active(&app).await => Next::End,
                    Next::Show(report, _) => {
                        let after = after(report.clone());
                        match event(&app, &caller, report).await {
                            Ok(event) => return Some((Ok(event), after)),
                            Err(error) => stop_for(&error),
                        }
                    }
                    Next::Wait(_) if app.stop.is_cancelled() => Next::End,
                    Next::Wait(report) => {
                        let known = report.revision;
                        match watcher::until_changed(&app, report, PATIENCE).await {
                            Some(report) => Next::Show(report, Some(known)),
                            None => Next::End,
                        }
                    }
                }
            }
        }
    })
}

fn after(report: Report) -> Next {
    if report.lifecycle.status.is_terminal() { Next::End } else { Next::Wait(report) }
}

/// The stream just ends: the client reconnects with the last id that it saw, and meets the error
/// as an answer if it lasts.
fn stop_for(error: &AwsError) -> Next {
    tracing::warn!(error = %error, "an event stream ends, for the report cannot be shown");
    Next::End
}

async fn event(app: &Arc<App>, caller: &Caller, report: Report) -> Result<Event, AwsError> {
    let revision = report.revision.to_string();
    let resource = ReportResource::new(report, app, caller).await?;
    let data = Event::default().event("report").id(revision).json_data(resource);
    data.map_err(|error| AwsError::unusable("events", "Serialize", error))
}
