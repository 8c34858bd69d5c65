//! `POST /v1/reports`: one PutItem, one SendMessage, and the answer.

use std::sync::Arc;

use aws_adapters::{error::ErrorClass, table::Created};
use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use country::Country;
use domain::{
    identity::{IdempotencyKey, ReportId, Tenant},
    language::Language,
    lifecycle::{Command, apply},
    report::Report,
    request::{FieldError, ReportRequest},
};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, SchemaType, Type},
};

use super::{enqueue, resource, resource::ReportResource, retry_after};
use crate::{
    application::App,
    auth::Writer,
    body, limits,
    problem::{Kind, Problem, ProblemBody},
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(super) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A request for a report.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SubmitReport)]
pub(crate) struct SubmitReport {
    /// The company's name as its registry writes it, in any script, without markup, control or
    /// invisible characters.
    #[schema(example = "Sakura Precision Works K.K.", min_length = 1, max_length = 200)]
    company_name: String,
    /// The company's number in the registry of its country or with its tax authority, checked by the
    /// scheme of that country, or its LEI. A country without a known scheme takes 1 to 40 letters,
    /// digits and dashes.
    #[schema(example = "2503947854819", min_length = 1, max_length = 80)]
    corporate_number: String,
    /// The country of that registry: ISO 3166-1 alpha-2.
    country: Country,
    /// The language of the report.
    #[schema(schema_with = language)]
    language: Option<String>,
    /// Why the report is wanted, for the audit trail.
    #[schema(example = "supplier onboarding", min_length = 1, max_length = 500)]
    purpose: Option<String>,
    /// An https URL of a public host, to which a signed call-back is posted when the report has ended
    /// (Standard Webhooks).
    #[schema(
        example = "https://hooks.example.com/dossier",
        format = "uri",
        pattern = "^https://",
        max_length = 2000
    )]
    callback_url: Option<String>,
}

/// The tags of every language that reports are written in, in any letter case.
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

/// Asks for a report. The answer comes at once; the report follows in its own time.
#[utoipa::path(
    post, operation_id = "submitReport", path = "/v1/reports", tag = "Reports",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
        description = "Makes repeating the request harmless: the same key gives the same report")),
    request_body = SubmitReport,
    responses(
        (status = 202, description = "The report is recorded and will be written", body = ReportResource, headers(
            ("Location" = String, description = "The report"),
            ("Retry-After" = u64, description = "Seconds after which to look again"),
            ("Idempotency-Replayed" = bool, description = "true when the key was used before: this is the report it gave"))),
        (status = 400, description = "The body is not JSON, or the Idempotency-Key is not valid",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body has more than 64 KiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The request is not valid: `errors` names everything; or the key was used with another body",
            body = ProblemBody, content_type = "application/problem+json"))
)]
pub async fn submit(
    State(app): State<Arc<App>>,
    Writer(caller): Writer,
    request: Request,
) -> Result<Response, Problem> {
    let key = idempotency_key(request.headers())?;
    let wanted = body::report_request(request).await?;
    let (report, replayed) = record(&app, caller.tenant.clone(), key, wanted).await?;
    caller.audit(if replayed { "report.submit.replayed" } else { "report.submit" }, &report.id);

    let mut headers = HeaderMap::new();
    if let Ok(location) = HeaderValue::from_str(&resource::path(report.id)) {
        headers.insert(header::LOCATION, location);
    }
    headers.extend(retry_after(&app, &report));
    if replayed {
        headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    let resource = ReportResource::new(report, &app, &caller).await?;
    Ok((StatusCode::ACCEPTED, headers, Json(resource)).into_response())
}

/// Records and queues a new report, or finds the one that the key gave before.
async fn record(
    app: &Arc<App>,
    tenant: Tenant,
    key: Option<IdempotencyKey>,
    wanted: ReportRequest,
) -> Result<(Report, bool), Problem> {
    let id = key.as_ref().map_or_else(
        || ReportId::from(uuid::Uuid::now_v7()),
        |key| ReportId::for_idempotency_key(&tenant, key),
    );
    let report = new_report(app, tenant, id, wanted)?;
    let quota = limits::reserve_daily(app, &report.tenant, 1).await?;
    if quota.size() == 0 {
        // What was recorded before is no new report.
        let known = if key.is_some() { app.aws.table.get(&report.tenant, report.id).await? } else { None };
        return match known {
            Some(known) if known.request_sha256 == report.request_sha256 => Ok((known, true)),
            Some(_) => Err(reused()),
            None => Err(quota.refusal()),
        };
    }
    let created = match app.aws.table.create(&report).await {
        Ok(created) => created,
        Err(error) => {
            // What AWS refused is not recorded; of what got no answer nobody knows.
            quota.commit(u64::from(error.class == ErrorClass::Transient)).await;
            return Err(error.into());
        }
    };
    quota.commit(u64::from(matches!(created, Created::New))).await;
    match created {
        Created::New => {
            enqueue(app, &report).await;
            Ok((report, false))
        }
        Created::Existing(existing) if existing.request_sha256 == report.request_sha256 => {
            Ok((*existing, true))
        }
        Created::Existing(_) => Err(reused()),
    }
}

/// A report that was just submitted, not recorded yet.
pub(super) fn new_report(
    app: &App,
    tenant: Tenant,
    id: ReportId,
    wanted: ReportRequest,
) -> Result<Report, Problem> {
    let now = app.clock.now();
    let lifecycle = apply(None, &Command::Submit, now, &app.policy).map_err(|refused| {
        tracing::error!(error = %refused, "a new report cannot be submitted");
        Problem::new(Kind::Internal, "the request could not be carried out: tell the operator the instance")
    })?;
    Ok(Report::submitted(tenant, id, wanted, lifecycle, uuid::Uuid::now_v7(), now))
}

pub(super) fn reused() -> Problem {
    Problem::new(
        Kind::IdempotencyKeyReused,
        "this Idempotency-Key was used for a request with another body: send the same body, or another key",
    )
}

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
    text.parse()
        .map(Some)
        .map_err(|error: domain::identity::InvalidIdempotencyKey| invalid(error.to_string()))
}
