//! `GET /v1/reports.csv`: a tenant's reports as a table for a spreadsheet, which executes nothing of it.

use std::{io, sync::Arc};

use aws_adapters::table::{Filter, PageToken};
use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::header,
    response::{IntoResponse, Response},
};
use country::Country;
use domain::{identity::Tenant, lifecycle::Status, report::Report, risk::RiskLevel, usage::Day};
use futures::stream::{self, Stream};

use super::list::take_filter;
use crate::{
    application::App,
    auth::Reader,
    problem::{Problem, ProblemBody},
    query,
};

/// Reports that one read of the table brings.
const PAGE: usize = 100;

const COLUMNS: [&str; 21] = [
    "reportId",
    "status",
    "companyName",
    "corporateNumber",
    "country",
    "language",
    "purpose",
    "riskLevel",
    "riskScore",
    "summary",
    "reviewRequired",
    "reviewReasons",
    "attempt",
    "inputTokens",
    "outputTokens",
    "costUsd",
    "modelCalls",
    "errorCode",
    "createdAt",
    "startedAt",
    "endedAt",
];

/// Exports reports as CSV (RFC 4180, UTF-8), newest first. A value that a spreadsheet would take for a formula begins with
/// an apostrophe.
#[utoipa::path(
    get, operation_id = "exportReports", path = "/v1/reports.csv", tag = "Reports",
    params(
        ("status" = Option<Status>, Query, description = "Only reports with this status"),
        ("country" = Option<Country>, Query, description = "Only reports on companies of this country"),
        ("riskLevel" = Option<RiskLevel>, Query, description = "Only reports with this verdict"),
        ("from" = Option<Day>, Query, description = "Only reports submitted on this day, in UTC, or later"),
        ("to" = Option<Day>, Query, description = "Only reports submitted on this day, in UTC, or earlier")),
    responses(
        (status = 200, description = "The reports; an answer that breaks off is not complete", body = String, content_type = "text/csv"),
        (status = 400, description = "A parameter is not valid", body = ProblemBody, content_type = "application/problem+json"))
)]
pub async fn export(
    State(app): State<Arc<App>>,
    Reader(caller): Reader,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut filter = Filter::default();
    query::read(query.as_deref(), |name, value| take_filter(&mut filter, name, value))?;
    query::in_order(filter.from, filter.to)?;
    // The first page is read before the answer begins, so that a failure is told by its status.
    let first = page(&app, &caller.tenant, &filter, None).await?;
    let open = app.limits.follow(&caller.tenant)?;
    let head = Page { text: line(COLUMNS.map(str::to_owned)), next: None };
    let pages = stream::unfold(Next::Page(head, Some(first)), move |next| {
        // Held until the last page is written or the client is gone.
        let _ = &open;
        let (app, tenant) = (Arc::clone(&app), caller.tenant.clone());
        async move { more(next, &app, &tenant, &filter).await }
    });
    Ok(answer(pages))
}

fn answer(pages: impl Stream<Item = Result<String, io::Error>> + Send + 'static) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"reports.csv\""),
    ];
    (headers, Body::from_stream(pages)).into_response()
}

struct Page {
    text: String,
    next: Option<PageToken>,
}

enum Next {
    /// Write this page, then the one behind it if it was read already.
    Page(Page, Option<Page>),
    /// Read what follows.
    Read(PageToken),
    End,
}

async fn more(
    next: Next,
    app: &App,
    tenant: &Tenant,
    filter: &Filter,
) -> Option<(Result<String, io::Error>, Next)> {
    let then = |next: Option<PageToken>| next.map_or(Next::End, Next::Read);
    match next {
        Next::End => None,
        Next::Page(page, Some(behind)) => Some((Ok(page.text), Next::Page(behind, None))),
        Next::Page(page, None) => Some((Ok(page.text), then(page.next))),
        Next::Read(from) => match page(app, tenant, filter, Some(from)).await {
            Ok(Page { text, next }) => Some((Ok(text), then(next))),
            // The connection is cut off: half a table must not look like a whole one.
            Err(_) => Some((Err(io::Error::other("the reports could not be read")), Next::End)),
        },
    }
}

async fn page(app: &App, tenant: &Tenant, filter: &Filter, from: Option<PageToken>) -> Result<Page, Problem> {
    let page = app.aws.table.list(tenant, filter, PAGE, from).await?;
    let text = page.reports.into_iter().map(|report| line(cells(report))).collect();
    Ok(Page { text, next: page.next })
}

fn cells(report: Report) -> [String; COLUMNS.len()] {
    let time = |time: Option<domain::time::UtcTime>| time.map(|time| time.to_string()).unwrap_or_default();
    let (outcome, request, usage) = (report.outcome, report.request, report.usage);
    let (level, score, summary, review) = match outcome {
        None => Default::default(),
        Some(outcome) => (
            outcome.risk_level.as_str().to_owned(),
            outcome.risk_score.to_string(),
            outcome.summary,
            Some(outcome.review),
        ),
    };
    [
        report.id.to_string(),
        report.lifecycle.status.to_string(),
        request.company_name,
        request.corporate_number,
        request.country.code().to_owned(),
        request.language.tag().to_owned(),
        request.purpose.unwrap_or_default(),
        level,
        score,
        summary,
        review.as_ref().map(|review| review.required.to_string()).unwrap_or_default(),
        review.map(|review| review.reasons.join("; ")).unwrap_or_default(),
        report.lifecycle.attempt.to_string(),
        usage.input_tokens.to_string(),
        usage.output_tokens.to_string(),
        usage.cost_usd.to_string(),
        usage.model_calls.to_string(),
        report.error.map(|error| error.code).unwrap_or_default(),
        report.created_at.to_string(),
        time(report.started_at),
        time(report.ended_at),
    ]
}

fn line<const N: usize>(cells: [String; N]) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let cells = cells.map(|cell| harmless(&cell));
    // Nothing can fail in memory, and every line has as many cells.
    let _ = writer.write_record(&cells);
    writer.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// `cell` so that no spreadsheet takes it for a formula ("CSV Injection", OWASP): the full-width signs count too, which
/// some input methods and spreadsheets turn into the others.
fn harmless(cell: &str) -> String {
    let begins = cell.trim_start_matches([' ', '\u{a0}', '\u{3000}']).chars().next();
    let is_formula = begins.is_some_and(|c| "=+-@\t\r\n|%＝＋－＠".contains(c));
    if is_formula { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_as_a_formula_does() {
        for bad in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            " =1",
            "\u{3000}＝1",
            "＋1",
            "－1",
            "＠x",
            "|x",
            "%x",
        ] {
            assert_eq!(harmless(bad), format!("'{bad}"));
        }
        for good in ["Calder Vane", "a=b", "星見川精機株式会社", "2026-01-05", "0.000012", ""] {
            assert_eq!(harmless(good), good);
        }
    }

    #[test]
    fn quotes_commas_and_line_breaks_stay_in_their_cell() {
        let text = line(["a\"b".to_owned(), "c,d".to_owned(), "e\nf".to_owned()]);
        assert_eq!(text, "\"a\"\"b\",\"c,d\",\"e\nf\"\r\n");
    }
}
