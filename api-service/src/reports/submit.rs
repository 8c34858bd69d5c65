//! `POST /v1/reports`: records a report with one write and queues it with one message. Requests that arrive at the
//! same time share the requests to AWS.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aws_adapters::{error::ErrorClass, table::Created};
use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use country::Country;
use domain::{
    format::Format,
    identity::{IdempotencyKey, InvalidIdempotencyKey, ReportId},
    labels::{METADATA_MAX, METADATA_NAME_MAX, METADATA_VALUE_MAX},
    language::Language,
    report::Report,
    request::FieldError,
};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, SchemaType, Type},
};

use super::{
    resource::{self, ReportResource},
    store::Reports,
};
use crate::{
    auth::Writer,
    body::{self, BodyMemory},
    limits::{DailyQuota, InFlightPlace},
    problem::{Kind, Problem, ProblemBody},
    writes::Writes,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The time after which a client should repeat a submission whose key belongs to a report that is being erased.
const ERASURE_RETRY: Duration = Duration::from_secs(60);
pub(super) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A request for a report.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SubmitReport)]
pub(crate) struct SubmitReport {
    /// The name of the company as in its registry, in any script, without markup, control characters or invisible characters.
    #[schema(example = "Sakura Precision Works K.K.", min_length = 1, max_length = 200)]
    company_name: String,
    /// The number of the company in the registry of its country or with its tax authority, validated by the scheme of that
    /// country; or its LEI or EUID. A number that follows no known scheme is accepted as not verified (`numberCheck`) if it has
    /// 1 to 40 letters and digits with single separators between them; one with a wrong check digit is refused. It may be left
    /// out only for countries whose companies have no public number.
    #[schema(example = "2503947854819", min_length = 1, max_length = 80)]
    corporate_number: Option<String>,
    /// The country of that registry (ISO 3166-1 alpha-2).
    country: Country,
    /// The language of the report.
    #[schema(schema_with = language)]
    language: Option<String>,
    /// The purpose of the report, for the audit trail.
    #[schema(example = "supplier onboarding", min_length = 1, max_length = 500)]
    purpose: Option<String>,
    /// An https URL of a public host, to which a signed webhook is posted when the report has ended (Standard Webhooks).
    #[schema(
        example = "https://hooks.example.com/dossier",
        format = "uri",
        pattern = "^https://",
        max_length = 2000
    )]
    callback_url: Option<String>,
    /// The formats that the report is rendered in.
    #[schema(schema_with = formats)]
    formats: Option<Vec<Format>>,
    /// Names and values of your own, which are stored with the report and returned with it.
    #[schema(schema_with = metadata)]
    metadata: Option<BTreeMap<String, String>>,
}

/// Returns the schema of the language: the tags of all report languages, in any letter case.
fn language() -> Object {
    let any_case = |tag: &str| -> String {
        let letter = |c: char| match c {
            c if c.is_ascii_alphabetic() => format!("[{}{}]", c.to_ascii_uppercase(), c.to_ascii_lowercase()),
            c => c.to_string(),
        };
        tag.chars().map(letter).collect()
    };
    let tags: Vec<&str> = Language::all().map(Language::tag).collect();
    let pattern: Vec<String> = tags.iter().map(|tag| any_case(tag)).collect();
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some(format!("The language of the report (BCP 47): {}", tags.join(", "))))
        .pattern(Some(format!("^({})$", pattern.join("|"))))
        .examples(["en"])
        .build()
}

/// Returns the schema of the formats. The derived one cannot require that they differ.
fn formats() -> Array {
    let item =
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(Format::ALL.map(Format::as_str)));
    ArrayBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .items(item)
        .description(Some(
            "The formats that the report is rendered in. If there are none, the installation chooses them: all, unless its \
             operator has set others. The JSON document and the evidence bundle are always written",
        ))
        .min_items(Some(1))
        .max_items(Some(Format::ALL.len()))
        .unique_items(true)
        .examples([["pdf"]])
        .build()
}

/// Returns the schema of the metadata. The derived one cannot limit the names.
fn metadata() -> Object {
    let name = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!("^[A-Za-z0-9_.-]{{1,{METADATA_NAME_MAX}}}$")))
        .build();
    let value = ObjectBuilder::new().schema_type(Type::String).max_length(Some(METADATA_VALUE_MAX));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Object, Type::Null]))
        .description(Some(
            "Names and values of your own, which are stored with the report and returned with it. Neither workers nor models \
             read them, and they are no part of the report's files",
        ))
        .property_names(Some(name))
        .additional_properties(Some(value))
        .max_properties(Some(METADATA_MAX))
        .examples([serde_json::json!({"caseId": "K-17"})])
        .build()
}

/// Submits a request for a report. The response comes at once; the report is written in the background.
#[utoipa::path(
    post, operation_id = "submitReport", path = "/v1/reports", tag = "Reports",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
        description = "Makes it safe to repeat the request: the same key returns the same report")),
    request_body = SubmitReport,
    responses(
        (status = 202, description = "The request is recorded and the report will be written", body = ReportResource, headers(
            ("Location" = String, description = "The path of the report"),
            ("Retry-After" = u64, description = "Seconds after which to read the report"),
            ("Idempotency-Replayed" = bool, description = "`true` if the key was used before: the response is the report of that request"))),
        (status = 400, description = "The body is not JSON, or the Idempotency-Key is invalid",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 64 KiB or has more than 2,000 JSON values", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON, or is compressed", body = ProblemBody, content_type = "application/problem+json",
            headers(("Accept-Encoding" = String, description = "`identity`, if the body is compressed"))),
        (status = 422, description = "The request is invalid, and `errors` lists everything that is wrong; or the key was used with another body",
            body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn submit(
    State(reports): State<Arc<Reports>>,
    State(daily_quota): State<Arc<DailyQuota>>,
    State(memory): State<BodyMemory>,
    State(writes): State<Writes>,
    Writer(caller): Writer,
    place: InFlightPlace,
    request: Request,
) -> Result<Response, Problem> {
    let key = idempotency_key(request.headers())?;
    let (submission, held) = body::report_request(&memory, request).await?;
    let id = key.as_ref().map_or_else(
        || ReportId::from(uuid::Uuid::now_v7()),
        |key| ReportId::for_idempotency_key(&caller.tenant, key),
    );
    let report = reports.new_report(caller.tenant.clone(), id, None, submission)?;
    let submission = {
        let (reports, caller) = (Arc::clone(&reports), caller.clone());
        async move {
            if report.request.callback_url.is_some() {
                reports.ensure_webhook_secret(&caller.tenant).await?;
            }
            let (report, replayed) = record(&reports, &daily_quota, report, key.is_some()).await?;
            let action = if replayed { "report.submit.replayed" } else { "report.submit" };
            caller.audit(action, &report.id);
            Ok::<_, Problem>((report, replayed))
        }
    };
    let (report, replayed) = writes.run((place, held), submission).await?;

    let mut headers = HeaderMap::new();
    if let Ok(location) = HeaderValue::from_str(&resource::path(report.id)) {
        headers.insert(header::LOCATION, location);
    }
    headers.extend(reports.retry_after(&report));
    if replayed {
        headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    let resource = reports.resource(report, &caller).await?;
    Ok((StatusCode::ACCEPTED, headers, Json(resource)).into_response())
}

/// Records and queues `report`, and returns it with `false`. If a report was recorded under its id before,
/// returns that one with `true`; it takes no place in the daily quota.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the quota is exceeded, if the idempotency key was used for
/// another request, or if the table cannot be read or written.
async fn record(
    reports: &Reports,
    daily_quota: &DailyQuota,
    report: Report,
    has_key: bool,
) -> Result<(Report, bool), Problem> {
    let replay = |existing| replayed(&report, existing).map(|existing| (existing, true));
    let existing = async || match has_key {
        true => reports.aws.table.get(&report.tenant, report.id).await,
        false => Ok(None),
    };
    // Without a quota, the conditional write finds the existing report by itself.
    if daily_quota.is_limited()
        && let Some(existing) = existing().await?
    {
        return replay(existing);
    }
    let reservation = daily_quota.reserve(&report.tenant, 1).await?;
    if reservation.granted() == 0 {
        // The same request may have taken the last place in the meantime.
        return replay(existing().await?.ok_or_else(|| reservation.exceeded())?);
    }
    // An id without a key is new, so its write needs no condition.
    let created = match has_key {
        true => reports.aws.table.create(&report).await,
        false => reports.aws.table.create_new(&report).await.map(|()| Created::New),
    };
    let created = match created {
        Ok(created) => created,
        Err(error) => {
            // A request that AWS rejected recorded nothing; one without an answer may have recorded the
            // report.
            reservation.commit(u64::from(error.class == ErrorClass::Transient)).await;
            return Err(error.into());
        }
    };
    reservation.commit(u64::from(matches!(created, Created::New))).await;
    match created {
        Created::New => {
            reports.enqueue(&report).await;
            Ok((report, false))
        }
        Created::Existing(existing) => replay(*existing),
        Created::BeingErased => Err(being_erased()),
    }
}

/// Returns `existing`, the report with the same id as `report`, if both have the same request.
///
/// # Errors
/// Returns the [`Problem`] to answer with if the requests differ, because the idempotency key was used for
/// another request.
pub(super) fn replayed(report: &Report, existing: Report) -> Result<Report, Problem> {
    // An earlier version did not store the customId, of which the report's id is made.
    if existing.request_sha256 == report.request_sha256 && existing.labels.metadata == report.labels.metadata
    {
        return Ok(existing);
    }
    Err(Problem::new(
        Kind::IdempotencyKeyReused,
        "this Idempotency-Key was used for a request with another body: send the same body, or use another key",
    ))
}

/// Returns the problem of a submission whose idempotency key belongs to a report that is being erased.
pub(super) fn being_erased() -> Problem {
    let detail = "the report of this Idempotency-Key is being erased: send the request again in some minutes, or use another key";
    Problem::new(Kind::Unavailable, detail).retry_after(ERASURE_RETRY)
}

/// Returns the idempotency key in `headers`.
///
/// # Errors
/// Returns the [`Problem`] to answer with if it is invalid, or if there are several.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let invalid = |message: String| {
        Problem::parameter(vec![FieldError::new(
            "/headers/idempotency-key",
            "idempotency_key_invalid",
            message,
        )])
    };
    if values.next().is_some() {
        return Err(invalid("there is more than one Idempotency-Key header: send one".to_owned()));
    }
    let text = value.to_str().unwrap_or_default();
    text.parse().map(Some).map_err(|error: InvalidIdempotencyKey| invalid(error.to_string()))
}
