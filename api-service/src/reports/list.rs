//! `GET /v1/reports`: the reports of a tenant, newest first.

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

use super::{
    filter,
    resource::{Detail, ReportResource},
    store::Reports,
};
use crate::{
    auth::Reader,
    problem::{Problem, ProblemBody},
    query::{self, Rejected},
};

const PAGE_SIZE_DEFAULT: usize = 20;
/// Maximum number of reports on a page.
pub(super) const PAGE_SIZE_MAX: usize = 100;

/// A page of reports.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReportList {
    /// Newest first. With filters, a page can be short or empty although more pages follow. The last page can be empty.
    reports: Vec<ReportResource>,
    /// The pageToken of the next page; null on the last page.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// Lists reports, newest first, without links to their files: read a report to get them.
#[utoipa::path(
    get, operation_id = "listReports", path = "/v1/reports", tag = "Reports",
    params(
        ("status" = Option<Status>, Query, description = "Only reports with this status"),
        ("country" = Option<Country>, Query, description = "Only reports on companies of this country"),
        ("riskLevel" = Option<RiskLevel>, Query, description = "Only reports with this risk level"),
        ("corporateNumber" = Option<String>, Query, min_length = 1, max_length = 80, description = "Only reports on the company with this registration number, as in `request.corporateNumber`; spaces, punctuation and case do not matter. With `country`, in any form in which a report can be requested"),
        ("name" = Option<String>, Query, min_length = 1, max_length = 200, description = "Only reports on companies whose names begin like this; case does not matter"),
        ("review" = Option<bool>, Query, description = "Only completed reports that a person must review, with `true`; with `false`, only those that need no review"),
        ("from" = Option<Day>, Query, description = "Only reports submitted on or after this day (UTC)"),
        ("to" = Option<Day>, Query, description = "Only reports submitted on or before this day (UTC)"),
        ("pageSize" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Maximum number of reports on the page, 20 by default"),
        ("pageToken" = Option<String>, Query, pattern = "^[0-9]{13}[0-9a-f]{32}$", description = "The nextPageToken of the previous page")),
    responses(
        (status = 200, description = "A page of reports", body = ReportList),
        (status = 400, description = "A parameter is invalid", body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn list(
    State(reports): State<Arc<Reports>>,
    Reader(caller): Reader,
    RawQuery(query): RawQuery,
) -> Result<Json<ReportList>, Problem> {
    let Parameters { filter, page_size, page_token } = Parameters::read(query.as_deref())?;
    let page = reports.aws.table.list(&caller.tenant, &filter, page_size, page_token).await?;
    let resource = |report| ReportResource::new(report, Detail::allowed(&caller));
    Ok(Json(ReportList {
        reports: page.reports.into_iter().map(resource).collect(),
        next_page_token: page.next.map(|token| token.to_string()),
    }))
}

/// Parses the parameter `pageSize`.
///
/// # Errors
/// Returns [`Rejected::Value`] if it is not a size that a page may have.
pub(super) fn page_size(value: &str) -> Result<usize, Rejected> {
    let size = value.parse().ok().filter(|size| (1..=PAGE_SIZE_MAX).contains(size));
    let message = || format!("pageSize must be a whole number from 1 to {PAGE_SIZE_MAX}");
    size.ok_or_else(|| Rejected::Value("page_size_invalid", message()))
}

/// Parses the parameter `pageToken`.
///
/// # Errors
/// Returns [`Rejected::Value`] if it is not the token of a page.
pub(super) fn page_token(value: &str) -> Result<PageToken, Rejected> {
    let token = value.parse::<PageToken>();
    token.map_err(|error| Rejected::Value("page_token_invalid", format!("pageToken {error}")))
}

#[derive(Debug)]
struct Parameters {
    filter: Filter,
    page_size: usize,
    page_token: Option<PageToken>,
}

impl Parameters {
    fn read(query: Option<&str>) -> Result<Self, Problem> {
        let mut parameters =
            Self { filter: Filter::default(), page_size: PAGE_SIZE_DEFAULT, page_token: None };
        let mut errors = query::read(query, |name, value| {
            match name {
                "pageSize" => parameters.page_size = page_size(value)?,
                "pageToken" => parameters.page_token = Some(page_token(value)?),
                _ => filter::set(&mut parameters.filter, name, value)?,
            }
            Ok(())
        });
        errors.extend(query::out_of_order(parameters.filter.from, parameters.filter.to));
        query::finish(errors)?;
        filter::normalize_number(&mut parameters.filter);
        Ok(parameters)
    }
}
