//! Lists: filters by day, pages that stay stable while new reports arrive, and CSV exports for spreadsheets.
use crate::support::{clean_company, sanctioned_company, text_at, with_fields};
use anyhow::Result;
use domain::usage::Day;
use local_stack::TestStack;
use local_stack::stack::{Component, Options};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn list(stack: &TestStack, query: &str) -> Result<(Vec<String>, Option<String>)> {
    let answer = stack.dev().get(&format!("/v1/reports?{query}")).await?;
    assert_eq!(answer.status(), StatusCode::OK, "{query}");
    let page: Value = answer.json().await?;
    let ids =
        page["reports"].as_array().unwrap().iter().map(|report| text_at(report, "/reportId").to_owned());
    Ok((ids.collect(), page["nextPageToken"].as_str().map(str::to_owned)))
}

#[tokio::test(flavor = "multi_thread")]
async fn days_filter_reports_and_pages_stay_stable_while_new_reports_arrive() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let mut ids = Vec::new();
    for company in [clean_company(), sanctioned_company(), clean_company()] {
        ids.insert(0, stack.dev().submit_accepted(&company).await?);
    }
    let today = Day::of(service_runtime::clock::now());
    let (yesterday, tomorrow) = (today.before(1), today.next());
    // The test may cross midnight.
    assert_eq!(list(&stack, &format!("from={yesterday}&to={tomorrow}")).await?.0, ids);
    assert_eq!(list(&stack, &format!("from={yesterday}&country=GB")).await?.0, [ids[1].clone()]);
    assert!(list(&stack, &format!("from={}", tomorrow.next())).await?.0.is_empty());
    assert!(list(&stack, &format!("to={}", today.before(2))).await?.0.is_empty());

    let (first, token) = list(&stack, "pageSize=2").await?;
    let token = token.unwrap();
    let newest = stack.dev().submit_accepted(&clean_company()).await?;
    let (second, end) = list(&stack, &format!("pageSize=2&pageToken={token}")).await?;
    assert_eq!(([first, second].concat(), end), (ids, None));
    assert_eq!(list(&stack, "pageSize=1").await?.0, [newest]);
    // A page token of another list is harmless.
    assert!(list(&stack, &format!("from={}&pageToken={token}", tomorrow.next())).await?.0.is_empty());
    assert!(list(&stack, &format!("to={}&pageToken={token}", today.before(2))).await?.0.is_empty());

    let refused = stack.dev().get("/v1/reports?from=2026-02-30&to=x&status=DONE").await?;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let problem: Value = refused.json().await?;
    assert_eq!(problem["errors"].as_array().unwrap().len(), 3, "{problem}");
    let refused = stack.dev().get("/v1/reports.csv?from=2026-02-02&to=2026-02-01").await?;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let refused = stack.dev().get("/v1/reports?status=DONE&from=2026-02-02&to=2026-02-01").await?;
    let problem: Value = refused.json().await?;
    let codes: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| text_at(error, "/code")).collect();
    assert_eq!(codes, ["status_unknown", "range_reversed"], "everything is told at once");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_contains_every_report_and_no_formula() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let formula = with_fields(
        clean_company(),
        json!({"companyName": "@SUM(1,2) Holding", "purpose": "=HYPERLINK(\"https://evil.example\",\"pay\")"}),
    );
    let reports: Vec<Value> = (0..120)
        .map(|index| {
            with_fields(
                if index == 60 { formula.clone() } else { clean_company() },
                json!({"customId": index.to_string()}),
            )
        })
        .collect();
    let sent =
        stack.dev().request(reqwest::Method::POST, "/v1/reports/batch").json(&json!({"reports": reports}));
    assert_eq!(sent.send().await?.status(), StatusCode::ACCEPTED);
    let answer = stack.dev().get("/v1/reports.csv?country=JP&status=PENDING").await?;
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"reports.csv\"");
    let table = answer.text().await?;
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let names = rows.headers()?.clone();
    let rows: Vec<csv::StringRecord> = rows.records().collect::<Result<_, _>>()?;
    assert_eq!((rows.len(), &names[0], names.len()), (120, "reportId", 21));
    let cells = || rows.iter().flatten();
    assert!(cells().all(|cell| !cell.starts_with(['=', '+', '-', '@'])));
    assert!(cells().any(|cell| cell == "'=HYPERLINK(\"https://evil.example\",\"pay\")"));
    assert!(cells().any(|cell| cell == "'@SUM(1,2) Holding"));
    // The export of another tenant has only the header row.
    let acme = stack.acme_client()?.get("/v1/reports.csv").await?.text().await?;
    assert_eq!(acme.lines().count(), 1);
    stack.stop().await
}
