//! `GET /v1/reports.csv`: the reports of a tenant as a CSV file that is safe to open in a spreadsheet.

use std::{io, sync::Arc};

use aws_adapters::table::{Filter, PageToken};
use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::header,
    response::{IntoResponse, Response},
};
use country::Country;
use domain::{
    identity::Tenant, lifecycle::Status, report::Report, risk::RiskLevel, time::UtcTime, usage::Day,
};
use futures::stream::{self, Stream};

use super::{filter, store::Reports};
use crate::{
    auth::Reader,
    limits::FollowerLimit,
    problem::{Problem, ProblemBody},
    query,
};

/// Maximum number of reports that one query of the table returns.
const PAGE_SIZE: usize = 100;

const COLUMNS: [&str; 23] = [
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
    "formats",
    "customId",
];

/// Exports reports as CSV (RFC 4180, UTF-8), newest first. Values that a spreadsheet would interpret as formulas are prefixed
/// with an apostrophe.
#[utoipa::path(
    get, operation_id = "exportReports", path = "/v1/reports.csv", tag = "Reports",
    params(
        ("status" = Option<Status>, Query, description = "Only reports with this status"),
        ("country" = Option<Country>, Query, description = "Only reports on companies of this country"),
        ("riskLevel" = Option<RiskLevel>, Query, description = "Only reports with this risk level"),
        ("corporateNumber" = Option<String>, Query, min_length = 1, max_length = 80, description = "Only reports on the company with this registration number, as in `request.corporateNumber`; spaces, punctuation and case do not matter. With `country`, in any form in which a report can be requested"),
        ("name" = Option<String>, Query, min_length = 1, max_length = 200, description = "Only reports on companies whose names begin like this; case does not matter"),
        ("review" = Option<bool>, Query, description = "Only completed reports that a person must review, with `true`; with `false`, only those that need no review"),
        ("from" = Option<Day>, Query, description = "Only reports submitted on or after this day (UTC)"),
        ("to" = Option<Day>, Query, description = "Only reports submitted on or before this day (UTC)")),
    responses(
        (status = 200, description = "The reports; a response that is cut off is incomplete", body = String, content_type = "text/csv"),
        (status = 400, description = "A parameter is invalid", body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn export(
    State(reports): State<Arc<Reports>>,
    State(followers): State<Arc<FollowerLimit>>,
    Reader(caller): Reader,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let mut filter = Filter::default();
    let mut errors = query::read(query.as_deref(), |name, value| filter::set(&mut filter, name, value));
    errors.extend(query::out_of_order(filter.from, filter.to));
    query::finish(errors)?;
    filter::normalize_number(&mut filter);
    // The first page is read before the response begins, so that a failure sets its status.
    let first = page(&reports, &caller.tenant, &filter, None).await?;
    let permit = followers.acquire(&caller.tenant)?;
    caller.audit("report.export", &caller.tenant);
    let header = Page { text: line(COLUMNS.map(str::to_owned)), next: None };
    let pages = stream::unfold(Next::Page(header, Some(first)), move |next| {
        // Held until the last page is sent or the client disconnects.
        let _ = &permit;
        let (reports, tenant, filter) = (Arc::clone(&reports), caller.tenant.clone(), filter.clone());
        async move { advance(next, &reports, &tenant, &filter).await }
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

/// Some lines of the CSV file.
struct Page {
    text: String,
    /// Where the following page begins; `None` on the last page.
    next: Option<PageToken>,
}

/// What an export does next.
enum Next {
    /// Send this page, then the following one if it has already been read.
    Page(Page, Option<Page>),
    /// Read the page that begins here, and send it.
    Read(PageToken),
    /// End the response.
    End,
}

/// Returns the next text to send and what to do after it, or `None` at the end.
async fn advance(
    next: Next,
    reports: &Reports,
    tenant: &Tenant,
    filter: &Filter,
) -> Option<(Result<String, io::Error>, Next)> {
    let after = |next: Option<PageToken>| next.map_or(Next::End, Next::Read);
    match next {
        Next::End => None,
        Next::Page(page, Some(following)) => Some((Ok(page.text), Next::Page(following, None))),
        Next::Page(page, None) => Some((Ok(page.text), after(page.next))),
        Next::Read(from) => match page(reports, tenant, filter, Some(from)).await {
            Ok(Page { text, next }) => Some((Ok(text), after(next))),
            // The error closes the connection, so that an incomplete file does not look complete.
            Err(_) => Some((Err(io::Error::other("the reports could not be read")), Next::End)),
        },
    }
}

async fn page(
    reports: &Reports,
    tenant: &Tenant,
    filter: &Filter,
    from: Option<PageToken>,
) -> Result<Page, Problem> {
    let page = reports.aws.table.list(tenant, filter, PAGE_SIZE, from).await?;
    let text = page.reports.into_iter().map(|report| line(cells(report))).collect();
    Ok(Page { text, next: page.next })
}

fn cells(report: Report) -> [String; COLUMNS.len()] {
    let time = |time: Option<UtcTime>| time.map(|time| time.to_string()).unwrap_or_default();
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
    let formats: Vec<&str> = request.formats.iter().flatten().map(|format| format.as_str()).collect();
    [
        report.id.to_string(),
        report.lifecycle.status.to_string(),
        request.company_name,
        request.corporate_number.unwrap_or_default(),
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
        formats.join(" "),
        report.labels.custom_id.unwrap_or_default(),
    ]
}

fn line<const N: usize>(cells: [String; N]) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let cells = cells.map(|cell| escaped(&cell));
    // Writing to memory does not fail, and all lines have the same number of cells.
    let _ = writer.write_record(&cells);
    writer.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// Returns `cell`, with an apostrophe before it if a spreadsheet could interpret it as a formula ("CSV
/// Injection", OWASP). Formulas can also begin with full-width signs, which some input methods and
/// spreadsheets convert to the ASCII ones.
fn escaped(cell: &str) -> String {
    let first = cell.trim_start_matches([' ', '\u{a0}', '\u{3000}']).chars().next();
    let is_formula = first.is_some_and(|c| "=+-@\t\r\n|%＝＋－＠".contains(c));
    if is_formula { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_like_a_formula() {
        for formula in [
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
            assert_eq!(escaped(formula), format!("'{formula}"));
        }
        for plain in ["Calder Vane", "a=b", "星見川精機株式会社", "2026-01-05", "0.000012", ""] {
            assert_eq!(escaped(plain), plain);
        }
    }

    #[test]
    fn quotes_commas_and_line_breaks_stay_in_their_cell() {
        let text = line(["a\"b".to_owned(), "c,d".to_owned(), "e\nf".to_owned()]);
        assert_eq!(text, "\"a\"\"b\",\"c,d\",\"e\nf\"\r\n");
    }
}
