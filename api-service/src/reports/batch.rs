//! `POST /v1/reports/batch`: up to a thousand requests, each with a result of its own.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use aws_adapters::table::{Created, Lookup};
use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    identity::{IdempotencyKey, ReportId, Tenant},
    message::ReportMessage,
    report::Report,
    request::ReportRequest,
};
use futures::{StreamExt, stream};
use serde::Serialize;
use telemetry::propagation::current_traceparent;
use utoipa::{
    ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

use super::{
    LOOK_AGAIN,
    resource::ReportResource,
    submit::{IDEMPOTENCY_REPLAYED, SubmitReport, idempotency_key, new_report, reused},
};
use crate::{
    application::App,
    auth::Writer,
    body::{self, BatchItem},
    limits,
    problem::{Kind, Problem, ProblemBody},
};

/// Conditional writes of one batch that are under way together.
const AT_A_TIME: usize = 32;

/// Requests for many reports.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SubmitBatch)]
pub(crate) struct SubmitBatch {
    /// The requests.
    #[schema(min_items = 1, max_items = 1000)]
    reports: Vec<SubmitBatchItem>,
}

/// A request of a batch: that of a report, and what the client calls it.
#[derive(Serialize)]
pub(crate) struct SubmitBatchItem;

impl utoipa::PartialSchema for SubmitBatchItem {
    /// [`SubmitReport`]'s fields and one more: composed by hand, since a closed schema takes no other beside it.
    fn schema() -> RefOr<Schema> {
        let mut report = <SubmitReport as utoipa::PartialSchema>::schema();
        let RefOr::T(Schema::Object(item)) = &mut report else { return report };
        let custom_id = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("What you call it: each request of a batch has one of its own"))
            .min_length(Some(1))
            .max_length(Some(body::CUSTOM_ID_MAX))
            .examples(["row-17"])
            .build();
        item.properties.insert("customId".to_owned(), custom_id.into());
        item.required.push("customId".to_owned());
        item.description = Some("A request of a batch".to_owned());
        report
    }
}

impl ToSchema for SubmitBatchItem {}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchResults {
    /// One for each request, in their order.
    results: Vec<BatchResult>,
}

/// What became of one request of a batch: its report, or what is wrong with it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchResult {
    /// The request's own customId; null where it had none that could be used.
    #[schema(required)]
    custom_id: Option<String>,
    /// The report.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<ReportResource>,
    /// What is wrong; its pointers are into the batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ProblemBody>,
}

/// Asks for many reports at once. What is wrong with one request does not refuse the others.
#[utoipa::path(
    post, operation_id = "submitBatch", path = "/v1/reports/batch", tag = "Reports",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
        description = "Makes repeating the batch, or a part of it, harmless: the same key and customId give the same report")),
    request_body = SubmitBatch,
    responses(
        (status = 202, description = "Each request has its result", body = BatchResults, headers(
            ("Retry-After" = u64, description = "Seconds after which to look again"),
            ("Idempotency-Replayed" = bool, description = "true when every report was there before"))),
        (status = 400, description = "The body is not JSON, or the Idempotency-Key is not valid",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body has more than 4 MiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The body is no batch of 1 to 1,000 requests", body = ProblemBody, content_type = "application/problem+json"))
)]
pub async fn batch(
    State(app): State<Arc<App>>,
    Writer(caller): Writer,
    request: Request,
) -> Result<Response, Problem> {
    let key = idempotency_key(request.headers())?;
    let items = body::batch(request).await?;
    let tenant = caller.tenant.clone();
    let mut ids: Vec<Option<String>> = Vec::with_capacity(items.len());
    let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(items.len());
    let mut wanted: Vec<(usize, Report)> = Vec::new();
    for (index, BatchItem { custom_id, request }) in items.into_iter().enumerate() {
        let report = request
            .map_err(Problem::invalid)
            .and_then(|request| report(&app, &tenant, key.as_ref(), custom_id.as_deref(), request));
        ids.push(custom_id);
        outcomes.push(match report {
            Ok(report) => {
                wanted.push((index, report));
                None
            }
            Err(problem) => Some(Err(problem)),
        });
    }
    let quota = limits::reserve_daily(&app, &tenant, wanted.len() as u64).await?;
    let fits = usize::try_from(quota.size()).unwrap_or(usize::MAX).min(wanted.len());
    let refused = wanted.split_off(fits);
    let mut replayed = 0;
    let known = if key.is_some() { known(&app, &refused).await? } else { HashMap::new() };
    for (index, report) in refused {
        outcomes[index] = Some(match known.get(&report.id) {
            // What was recorded before is no new report.
            Some(before) if before.request_sha256 == report.request_sha256 => {
                replayed += 1;
                caller.audit("report.submit.replayed", &before.id);
                Ok(before.clone())
            }
            Some(_) => Err(reused()),
            None => Err(quota.refusal()),
        });
    }
    let recorded =
        if key.is_some() { record_each(&app, wanted).await } else { record_all(&app, wanted).await };
    let new = recorded.iter().filter(|(_, outcome)| matches!(outcome, Ok((_, false)))).count();
    quota.commit(new as u64).await;
    for (index, outcome) in recorded {
        if let Ok((report, was_there)) = &outcome {
            replayed += usize::from(*was_there);
            caller.audit(if *was_there { "report.submit.replayed" } else { "report.submit" }, &report.id);
        }
        outcomes[index] = Some(outcome.map(|(report, _)| report));
    }
    tracing::info!(%tenant, requests = ids.len(), replayed, "batch submitted");

    let mut results = Vec::with_capacity(ids.len());
    for (custom_id, outcome) in ids.into_iter().zip(outcomes) {
        let (report, error) = match outcome {
            Some(Ok(report)) => (Some(ReportResource::new(report, &app, &caller).await?), None),
            Some(Err(problem)) => (None, Some(problem.body())),
            None => (None, Some(not_recorded().body())),
        };
        results.push(BatchResult { custom_id, report, error });
    }
    let mut headers = HeaderMap::new();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(LOOK_AGAIN.as_secs()));
    if replayed == results.len() {
        headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    Ok((StatusCode::ACCEPTED, headers, Json(BatchResults { results })).into_response())
}

/// Those of `reports` that are recorded already, by their ids.
async fn known(app: &App, reports: &[(usize, Report)]) -> Result<HashMap<ReportId, Report>, Problem> {
    let ids: Vec<_> = reports.iter().map(|(_, report)| (report.tenant.clone(), report.id)).collect();
    let found = app.aws.table.get_all(&ids).await?;
    Ok(found.into_iter().filter_map(Lookup::found).map(|report| (report.id, report)).collect())
}

type Outcome = Result<Report, Problem>;
/// The report, and whether it was there before.
type Recorded = (usize, Result<(Report, bool), Problem>);

fn report(
    app: &App,
    tenant: &Tenant,
    key: Option<&IdempotencyKey>,
    custom_id: Option<&str>,
    request: ReportRequest,
) -> Result<Report, Problem> {
    let id = match key.zip(custom_id) {
        Some((key, custom_id)) => ReportId::for_batch_item(tenant, key, custom_id),
        None => ReportId::from(uuid::Uuid::now_v7()),
    };
    new_report(app, tenant.clone(), id, request)
}

/// Records reports whose ids are new: many with each request.
async fn record_all(app: &App, wanted: Vec<(usize, Report)>) -> Vec<Recorded> {
    let reports: Vec<Report> = wanted.iter().map(|(_, report)| report.clone()).collect();
    let lost: HashSet<ReportId> = app.aws.table.create_all(&reports).await.into_iter().collect();
    let recorded: Vec<&Report> = reports.iter().filter(|report| !lost.contains(&report.id)).collect();
    enqueue_all(app, &recorded).await;
    let outcome = |(index, report): (usize, Report)| {
        if lost.contains(&report.id) { (index, Err(not_recorded())) } else { (index, Ok((report, false))) }
    };
    wanted.into_iter().map(outcome).collect()
}

/// Records reports whose ids may be there already: each by a conditional write.
async fn record_each(app: &App, wanted: Vec<(usize, Report)>) -> Vec<Recorded> {
    let writes = wanted.into_iter().map(|(index, report)| async move {
        match app.aws.table.create(&report).await {
            Ok(Created::New) => (index, Ok((report, false))),
            Ok(Created::Existing(existing)) if existing.request_sha256 == report.request_sha256 => {
                (index, Ok((*existing, true)))
            }
            Ok(Created::Existing(_)) => (index, Err(reused())),
            Err(error) => (index, Err(error.into())),
        }
    });
    let recorded: Vec<Recorded> = stream::iter(writes).buffer_unordered(AT_A_TIME).collect().await;
    let new = recorded.iter().filter_map(|(_, outcome)| match outcome {
        Ok((report, false)) => Some(report),
        _ => None,
    });
    enqueue_all(app, &new.collect::<Vec<_>>()).await;
    recorded
}

/// Puts reports that are recorded into the queue. What SQS does not take is found by a sweeper.
async fn enqueue_all(app: &App, reports: &[&Report]) {
    let messages =
        reports.iter().map(|report| ReportMessage::new(report.tenant.clone(), report.id)).collect();
    let left = app.aws.queue.send_all(messages, current_traceparent().as_deref()).await;
    if !left.is_empty() {
        tracing::warn!(
            reports = left.len(),
            "reports are recorded but not queued; the sweeper will queue them"
        );
    }
}

fn not_recorded() -> Problem {
    Problem::new(Kind::Unavailable, "the report could not be recorded: send this request again")
}
