//! `POST /v1/reports/batch`: up to a thousand requests, each with its own result.

use std::{collections::HashMap, sync::Arc};

use aws_adapters::{
    error::{AwsError, ErrorClass},
    table::{Created, Lookup},
};
use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    identity::{IdempotencyKey, ReportId},
    report::Report,
};
use futures::{StreamExt, stream};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

use super::{
    resource::{Detail, ReportResource},
    store::{RETRY_AFTER, Reports},
    submit::{IDEMPOTENCY_REPLAYED, SubmitReport, being_erased, idempotency_key, replayed},
};
use crate::{
    auth::{Caller, Writer},
    body::{self, BatchItem, BodyMemory, Submission},
    limits::{DailyQuota, InFlightPlace},
    problem::{Kind, Problem, ProblemBody},
    writes::Writes,
};

/// Maximum number of concurrent conditional writes of one batch.
const CONCURRENT_WRITES: usize = 32;

/// A batch of requests for reports.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SubmitBatch)]
pub(crate) struct SubmitBatch {
    /// The requests.
    #[schema(min_items = 1, max_items = 1000)]
    reports: Vec<SubmitBatchItem>,
}

/// A request of a batch: a request for a report, and the client's id of it.
#[derive(Serialize)]
pub(crate) struct SubmitBatchItem;

impl utoipa::PartialSchema for SubmitBatchItem {
    /// Returns the schema of [`SubmitReport`] with one more field. A schema without additional properties
    /// cannot be extended by composition.
    fn schema() -> RefOr<Schema> {
        let mut report = <SubmitReport as utoipa::PartialSchema>::schema();
        let RefOr::T(Schema::Object(item)) = &mut report else { return report };
        let custom_id = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Your id of the request, unique within the batch"))
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

/// The results of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchResults {
    /// One result for each request, in the order of the requests.
    results: Vec<BatchResult>,
}

/// The result of one request of a batch: its report, or an error.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchResult {
    /// The customId of the request; null if it was missing or invalid.
    #[schema(required)]
    custom_id: Option<String>,
    /// The report.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<ReportResource>,
    /// The error. Its pointers refer to the whole batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ProblemBody>,
}

/// Submits many requests for reports at once. An invalid request does not affect the others.
#[utoipa::path(
    post, operation_id = "submitBatch", path = "/v1/reports/batch", tag = "Reports",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
        description = "Makes it safe to repeat the batch, or a part of it: the same key and customId return the same report")),
    request_body = SubmitBatch,
    responses(
        (status = 202, description = "The result of each request", body = BatchResults, headers(
            ("Retry-After" = u64, description = "Seconds after which to read the reports"),
            ("Idempotency-Replayed" = bool, description = "`true` if all reports existed before"))),
        (status = 400, description = "The body is not JSON, or the Idempotency-Key is invalid",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 4 MiB or has more than 60,000 JSON values", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON, or is compressed", body = ProblemBody, content_type = "application/problem+json",
            headers(("Accept-Encoding" = String, description = "`identity`, if the body is compressed"))),
        (status = 422, description = "The body is not a batch of 1 to 1,000 requests", body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn batch(
    State(reports): State<Arc<Reports>>,
    State(daily_quota): State<Arc<DailyQuota>>,
    State(memory): State<BodyMemory>,
    State(writes): State<Writes>,
    Writer(caller): Writer,
    place: InFlightPlace,
    request: Request,
) -> Result<Response, Problem> {
    let key = idempotency_key(request.headers())?;
    let (items, held) = body::batch(&memory, request).await?;
    // Held until the response is complete as well as until the reports are recorded.
    let held = Arc::new(held);
    let mut ids: Vec<Option<String>> = Vec::with_capacity(items.len());
    let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(items.len());
    let mut new: Vec<Indexed<Report>> = Vec::new();
    for (index, BatchItem { custom_id, request }) in items.into_iter().enumerate() {
        let report = request
            .map_err(Problem::invalid)
            .and_then(|request| report(&reports, &caller, key.as_ref(), custom_id.clone(), request));
        ids.push(custom_id);
        outcomes.push(match report {
            Ok(report) => {
                new.push((index, report));
                None
            }
            Err(problem) => Some(Err(problem)),
        });
    }
    let submission = {
        let (reports, caller) = (Arc::clone(&reports), caller.clone());
        async move { submit(&reports, &daily_quota, &caller, new, key.is_some()).await }
    };
    for (index, outcome) in writes.run((place, Arc::clone(&held)), submission).await? {
        outcomes[index] = Some(outcome);
    }
    let replayed = outcomes.iter().flatten().flatten().filter(|accepted| accepted.replayed).count();
    tracing::info!(tenant = %caller.tenant, requests = ids.len(), replayed, "batch submitted");

    let detail = Detail::allowed(&caller);
    let result = |(custom_id, outcome): (Option<String>, Option<Outcome>)| {
        let (report, error) = match outcome.unwrap_or_else(|| Err(not_recorded())) {
            Ok(Accepted { report, .. }) => (Some(ReportResource::new(report, detail)), None),
            Err(problem) => (None, Some(problem.body())),
        };
        BatchResult { custom_id, report, error }
    };
    let results: Vec<BatchResult> = ids.into_iter().zip(outcomes).map(result).collect();
    let mut headers = HeaderMap::new();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER.as_secs()));
    if replayed == results.len() {
        headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    Ok((StatusCode::ACCEPTED, headers, Json(BatchResults { results })).into_response())
}

/// A report that was recorded by this batch, or earlier by a request with the same idempotency key.
struct Accepted {
    report: Report,
    replayed: bool,
}

type Outcome = Result<Accepted, Problem>;
/// A value with its index in the batch.
type Indexed<T> = (usize, T);

/// Creates a report for an item of the batch, without recording it.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the lifecycle does not allow it, which would be a bug.
fn report(
    reports: &Reports,
    caller: &Caller,
    key: Option<&IdempotencyKey>,
    custom_id: Option<String>,
    submission: Submission,
) -> Result<Report, Problem> {
    let id = match key.zip(custom_id.as_deref()) {
        Some((key, custom_id)) => ReportId::for_batch_item(&caller.tenant, key, custom_id),
        None => ReportId::from(uuid::Uuid::now_v7()),
    };
    reports.new_report(caller.tenant.clone(), id, custom_id, submission)
}

/// Records, queues and audits as many of the `new` reports as the daily quota allows. With an idempotency
/// key, some of them may exist already.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the quota, the existing reports or the webhook secret cannot be
/// read. The failure of one report is part of its outcome.
async fn submit(
    reports: &Reports,
    daily_quota: &DailyQuota,
    caller: &Caller,
    new: Vec<Indexed<Report>>,
    has_key: bool,
) -> Result<Vec<Indexed<Outcome>>, Problem> {
    if new.iter().any(|(_, report)| report.request.callback_url.is_some()) {
        reports.ensure_webhook_secret(&caller.tenant).await?;
    }
    // Replays are not new reports, so they must not take places of the daily quota, which the new ones of the
    // batch need. Without a quota, conditional writes find them.
    let (mut outcomes, new) = match has_key && daily_quota.is_limited() {
        true => split_replays(reports, new).await?,
        false => (Vec::new(), new),
    };
    outcomes.extend(record(reports, daily_quota, caller, new, has_key).await?);
    for accepted in outcomes.iter().flat_map(|(_, outcome)| outcome) {
        let action = if accepted.replayed { "report.submit.replayed" } else { "report.submit" };
        caller.audit(action, &accepted.report.id);
    }
    Ok(outcomes)
}

/// Records and queues as many of the `new` reports as the daily quota allows.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the quota cannot be read.
async fn record(
    reports: &Reports,
    daily_quota: &DailyQuota,
    caller: &Caller,
    mut new: Vec<Indexed<Report>>,
    has_key: bool,
) -> Result<Vec<Indexed<Outcome>>, Problem> {
    let reservation = daily_quota.reserve(&caller.tenant, new.len() as u64).await?;
    let granted = usize::try_from(reservation.granted()).unwrap_or(usize::MAX).min(new.len());
    let over_quota = new.split_off(granted);
    let exceeded = reservation.exceeded();
    let Written { mut outcomes, used } =
        if has_key { record_each(reports, new).await } else { record_all(reports, new).await };
    reservation.commit(used).await;
    // The same batch may have taken the last places in the meantime. What is recorded must be audited, so a
    // failure to find that out refuses only the others.
    let mut existing = match has_key {
        true => existing(reports, &over_quota).await,
        false => Ok(HashMap::new()),
    };
    outcomes.extend(over_quota.into_iter().map(|(index, report)| {
        let outcome = match existing.as_mut().map(|existing| existing.remove(&report.id)) {
            Ok(Some(existing)) => replay(&report, existing),
            Ok(None) => Err(exceeded.clone()),
            Err(problem) => Err(problem.clone()),
        };
        (index, outcome)
    }));
    Ok(outcomes)
}

/// Returns the outcomes of the reports that are recorded already, and the others.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the table cannot be read.
async fn split_replays(
    reports: &Reports,
    submitted: Vec<Indexed<Report>>,
) -> Result<(Vec<Indexed<Outcome>>, Vec<Indexed<Report>>), Problem> {
    let mut existing = existing(reports, &submitted).await?;
    let (mut replays, mut others) = (Vec::new(), Vec::new());
    for (index, report) in submitted {
        match existing.remove(&report.id) {
            Some(existing) => replays.push((index, replay(&report, existing))),
            None => others.push((index, report)),
        }
    }
    Ok((replays, others))
}

fn replay(report: &Report, existing: Report) -> Outcome {
    replayed(report, existing).map(|report| Accepted { report, replayed: true })
}

/// Returns the reports of `submitted` that are already recorded, by their ids.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the table cannot be read.
async fn existing(
    reports: &Reports,
    submitted: &[Indexed<Report>],
) -> Result<HashMap<ReportId, Report>, Problem> {
    let keys: Vec<_> = submitted.iter().map(|(_, report)| (report.tenant.clone(), report.id)).collect();
    let lookups = reports.aws.table.get_all(&keys).await?;
    Ok(lookups.into_iter().filter_map(Lookup::found).map(|report| (report.id, report)).collect())
}

/// What the writes of a batch did.
struct Written {
    outcomes: Vec<Indexed<Outcome>>,
    /// The number of places of the daily quota that are used.
    used: u64,
}

/// Records reports whose ids are new, many with each request to the table.
async fn record_all(reports: &Reports, new: Vec<Indexed<Report>>) -> Written {
    let (indices, to_write): (Vec<usize>, Vec<Report>) = new.into_iter().unzip();
    let results = reports.aws.table.create_all(&to_write).await;
    let recorded =
        to_write.iter().zip(&results).filter(|(_, result)| result.is_ok()).map(|(report, _)| report);
    reports.enqueue_all(&recorded.collect::<Vec<_>>()).await;
    let used =
        results.iter().filter(|result| result.as_ref().map_or_else(may_be_recorded, |()| true)).count();
    let outcome = |(report, result): (Report, Result<(), AwsError>)| match result {
        Ok(()) => Ok(Accepted { report, replayed: false }),
        Err(_) => Err(not_recorded()),
    };
    let outcomes = indices.into_iter().zip(to_write.into_iter().zip(results).map(outcome));
    Written { outcomes: outcomes.collect(), used: used as u64 }
}

/// Returns whether a report may be recorded although its write failed with `error`.
fn may_be_recorded(error: &AwsError) -> bool {
    error.class == ErrorClass::Transient
}

/// Records reports whose ids may exist already, each with a conditional write.
async fn record_each(reports: &Reports, new: Vec<Indexed<Report>>) -> Written {
    let writes = new.into_iter().map(|(index, report)| async move {
        match reports.aws.table.create(&report).await {
            Ok(Created::New) => ((index, Ok(Accepted { report, replayed: false })), 1),
            Ok(Created::Existing(existing)) => ((index, replay(&report, *existing)), 0),
            Ok(Created::BeingErased) => ((index, Err(being_erased())), 0),
            Err(error) => {
                let used = u64::from(may_be_recorded(&error));
                ((index, Err(error.into())), used)
            }
        }
    });
    let written: Vec<(Indexed<Outcome>, u64)> =
        stream::iter(writes).buffer_unordered(CONCURRENT_WRITES).collect().await;
    let used = written.iter().map(|(_, used)| used).sum();
    let outcomes: Vec<Indexed<Outcome>> = written.into_iter().map(|(outcome, _)| outcome).collect();
    let recorded = outcomes.iter().filter_map(|(_, outcome)| match outcome {
        Ok(Accepted { report, replayed: false }) => Some(report),
        _ => None,
    });
    reports.enqueue_all(&recorded.collect::<Vec<_>>()).await;
    Written { outcomes, used }
}

fn not_recorded() -> Problem {
    Problem::new(Kind::Unavailable, "the report could not be recorded: send this request again")
}
