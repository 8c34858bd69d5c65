//! `GET /v1/reports`: a tenant's reports, newest first.

use std::sync::Arc;

use aws_adapters::table::{Filter, PageToken};
use axum::{
    Json,
    extract::{RawQuery, State},
};
use country::Country;
use domain::{lifecycle::Status, risk::RiskLevel, usage::Day};
use serde::Serialize;
use utoipa::ToSchema;

use super::resource::ReportResource;
use crate::{
    application::App,
    auth::Reader,
    problem::{Problem, ProblemBody},
    query::{self, Rejected},
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
    get, operation_id = "listReports", path = "/v1/reports", tag = "Reports",
    params(
        ("status" = Option<Status>, Query, description = "Only reports with this status"),
        ("country" = Option<Country>, Query, description = "Only reports on companies of this country"),
        ("riskLevel" = Option<RiskLevel>, Query, description = "Only reports with this verdict"),
        ("from" = Option<Day>, Query, description = "Only reports submitted on this day, in UTC, or later"),
        ("to" = Option<Day>, Query, description = "Only reports submitted on this day, in UTC, or earlier"),
        ("pageSize" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Reports on a page, 20 unless told"),
        ("pageToken" = Option<String>, Query, pattern = "^[0-9]{13}[0-9a-f]{32}$", description = "nextPageToken of the page before")),
    responses(
        (status = 200, description = "A page of reports", body = ReportList),
        (status = 400, description = "A parameter is not valid", body = ProblemBody, content_type = "application/problem+json"))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Reader(caller): Reader,
    RawQuery(query): RawQuery,
) -> Result<Json<ReportList>, Problem> {
    let Parameters { filter, size, after } = parameters(query.as_deref())?;
    let page = app.aws.table.list(&caller.tenant, &filter, size, after).await?;
    let mut reports = Vec::with_capacity(page.reports.len());
    for report in page.reports {
        reports.push(ReportResource::new(report, &app, &caller).await?);
    }
    Ok(Json(ReportList { reports, next_page_token: page.next.map(|token| token.to_string()) }))
}

#[derive(Debug)]
struct Parameters {
    filter: Filter,
    size: usize,
    after: Option<PageToken>,
}

fn parameters(query: Option<&str>) -> Result<Parameters, Problem> {
    let mut wanted = Parameters { filter: Filter::default(), size: PAGE_SIZE, after: None };
    query::read(query, |name, value| {
        match name {
            "pageSize" => match value.parse() {
                Ok(size) if (1..=PAGE_SIZE_MAX).contains(&size) => wanted.size = size,
                _ => {
                    let message = format!("pageSize is not a whole number from 1 to {PAGE_SIZE_MAX}");
                    return Err(Rejected::Value("page_size_invalid", message));
                }
            },
            "pageToken" => match value.parse() {
                Ok(token) => wanted.after = Some(token),
                Err(error) => {
                    return Err(Rejected::Value("page_token_invalid", format!("pageToken {error}")));
                }
            },
            _ => take_filter(&mut wanted.filter, name, value)?,
        }
        Ok(())
    })?;
    query::in_order(wanted.filter.from, wanted.filter.to)?;
    Ok(wanted)
}

/// Takes a parameter that chooses reports.
pub(super) fn take_filter(filter: &mut Filter, name: &str, value: &str) -> Result<(), Rejected> {
    match name {
        "status" => {
            filter.status = Some(named(name, value, &Status::ALL, Status::as_str, "status_unknown")?);
        }
        "riskLevel" => {
            let level = named(name, value, &RiskLevel::ALL, RiskLevel::as_str, "risk_level_unknown")?;
            filter.risk_level = Some(level);
        }
        "country" => {
            let country: Result<Country, _> = value.parse();
            let unknown = |error| Rejected::Value("country_unknown", format!("country {error}"));
            filter.country = Some(country.map_err(unknown)?);
        }
        "from" | "to" => {
            let bound = if name == "from" { &mut filter.from } else { &mut filter.to };
            *bound = Some(query::day(name, value)?);
        }
        _ => return Err(Rejected::Unknown),
    }
    Ok(())
}

/// The one of `all` that is called `value`.
fn named<T: Copy>(
    parameter: &str,
    value: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
    code: &'static str,
) -> Result<T, Rejected> {
    all.iter().copied().find(|one| name(*one) == value).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        Rejected::Value(code, format!("{parameter} is none of {}", known.join(", ")))
    })
}
