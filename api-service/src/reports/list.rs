//! `GET /v1/reports`: a tenant's reports, newest first.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
};
use serde::Serialize;
use shared::{
    aws::table::{Filter, PageToken},
    domain::{country::Country, lifecycle::Status, request::FieldError, risk::RiskLevel},
};
use utoipa::ToSchema;

use super::resource::ReportResource;
use crate::{
    application::App,
    auth::Caller,
    problem::{Problem, ProblemBody},
};

const PAGE_SIZE: usize = 20;
const PAGE_SIZE_MAX: usize = 100;

/// A page of reports.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportList {
    /// Newest first. With filters a page can be short, or empty, although more follow.
    reports: Vec<ReportResource>,
    /// Where the next page begins; null after the last report.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// Lists reports, newest first.
#[utoipa::path(
    get, path = "/v1/reports", tag = "Reports",
    params(
        ("status" = Option<Status>, Query, description = "Only reports with this status"),
        ("country" = Option<Country>, Query, description = "Only reports on companies of this country"),
        ("riskLevel" = Option<RiskLevel>, Query, description = "Only reports with this verdict"),
        ("pageSize" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Reports on a page, 20 unless told"),
        ("pageToken" = Option<String>, Query, pattern = "^[0-9]{13}[0-9a-f]{32}$", description = "nextPageToken of the page before")),
    responses(
        (status = 200, description = "A page of reports", body = ReportList),
        (status = 400, description = "A parameter is not valid", body = ProblemBody, content_type = "application/problem+json"))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<ReportList>, Problem> {
    let Parameters { filter, size, after } = parameters(query.as_deref().unwrap_or_default())?;
    let page = app.aws.table.list(&caller.tenant, &filter, size, after).await?;
    let now = app.clock.now();
    let mut reports = Vec::with_capacity(page.reports.len());
    for report in page.reports {
        reports.push(ReportResource::new(report, &app.aws.bucket, now).await?);
    }
    Ok(Json(ReportList { reports, next_page_token: page.next.map(|token| token.to_string()) }))
}

#[derive(Debug)]
struct Parameters {
    filter: Filter,
    size: usize,
    after: Option<PageToken>,
}

fn parameters(query: &str) -> Result<Parameters, Problem> {
    let mut wanted = Parameters { filter: Filter::default(), size: PAGE_SIZE, after: None };
    let mut errors = Vec::new();
    let mut seen = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let mut wrong = |code: &str, message: String| {
            errors.push(FieldError::new(format!("/query/{}", clip(&name)), code, message));
        };
        if seen.contains(&name) {
            wrong("repeated", format!("{} is there twice: send it once", clip(&name)));
            continue;
        }
        match name.as_ref() {
            "status" => match Status::ALL.into_iter().find(|status| status.as_str() == value) {
                Some(status) => wanted.filter.status = Some(status),
                None => wrong(
                    "status_unknown",
                    format!("status is none of {}", names(&Status::ALL.map(Status::as_str))),
                ),
            },
            "riskLevel" => match RiskLevel::ALL.into_iter().find(|level| level.as_str() == value) {
                Some(level) => wanted.filter.risk_level = Some(level),
                None => {
                    let known = names(&RiskLevel::ALL.map(RiskLevel::as_str));
                    wrong("risk_level_unknown", format!("riskLevel is none of {known}"));
                }
            },
            "country" => match value.parse() {
                Ok(country) => wanted.filter.country = Some(country),
                Err(error) => wrong("country_unknown", format!("country {error}")),
            },
            "pageSize" => match value.parse() {
                Ok(size) if (1..=PAGE_SIZE_MAX).contains(&size) => wanted.size = size,
                _ => wrong(
                    "page_size_invalid",
                    format!("pageSize is not a whole number from 1 to {PAGE_SIZE_MAX}"),
                ),
            },
            "pageToken" => match value.parse() {
                Ok(token) => wanted.after = Some(token),
                Err(error) => wrong("page_token_invalid", format!("pageToken {error}")),
            },
            _ => {
                wrong("unknown_parameter", format!("there is no parameter named {}: remove it", clip(&name)));
            }
        }
        seen.push(name);
    }
    if errors.is_empty() { Ok(wanted) } else { Err(Problem::parameter(errors)) }
}

fn names(known: &[&str]) -> String {
    known.join(", ")
}

fn clip(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(60).collect()
}
