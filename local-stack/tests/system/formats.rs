//! The formats that a request chooses: which files are written, how the others are refused, and which requests
//! are the same.
use anyhow::Result;
use local_stack::TestStack;
use local_stack::stack::{Component, Options};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{clean_company, sanctioned_company, text_at, with_fields};

/// Starts a stack without a worker.
async fn without_worker() -> Result<TestStack> {
    TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await
}

/// Returns the kinds of files that `report` links to.
fn linked(report: &Value) -> Vec<&'static str> {
    let kinds = ["html", "pdf", "md", "json", "evidence"];
    kinds.into_iter().filter(|kind| report["links"][kind].is_string()).collect()
}

async fn submit_with_key(stack: &TestStack, key: &str, body: &Value) -> Result<Response> {
    let request = stack.dev().request(Method::POST, "/v1/reports").header("idempotency-key", key);
    Ok(request.json(body).send().await?)
}

async fn detail_of(stack: &TestStack, id: &str, kind: &str) -> Result<String> {
    let answer = stack.dev().get(&format!("/v1/reports/{id}/artifacts/{kind}")).await?;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{kind}");
    let problem: Value = answer.json().await?;
    assert_eq!(problem["code"], "artifact_not_found");
    Ok(text_at(&problem, "/detail").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_formats_of_the_request_are_written() -> Result<()> {
    let stack = without_worker().await?;
    let pdf_only = with_fields(sanctioned_company(), json!({"formats": ["pdf"]}));
    let id = stack.dev().submit_accepted(&pdf_only).await?;
    // A format that will never exist is refused at once, the others once they can exist.
    assert!(detail_of(&stack, &id, "html").await?.contains("without the format html"));
    let early = stack.dev().get(&format!("/v1/reports/{id}/artifacts/pdf")).await?;
    assert_eq!(early.status(), StatusCode::CONFLICT);

    // A resubmission keeps the formats.
    let cancelled = stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    assert_eq!(cancelled.status(), StatusCode::OK);
    let again = stack.dev().post(&format!("/v1/reports/{id}/resubmit")).await?;
    assert_eq!(again.json::<Value>().await?["request"]["formats"], json!(["pdf"]));
    let worker = stack.start_worker(&[])?;
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!(report["status"], "COMPLETED", "{report}");
    assert_eq!(linked(&report), ["pdf", "json", "evidence"]);
    assert!(stack.dev().download(text_at(&report, "/links/pdf")).await?.starts_with(b"%PDF-"));
    let bundle = stack.dev().download(text_at(&report, "/links/evidence")).await?;
    let bundle: Value = serde_json::from_slice(&bundle)?;
    assert_eq!(bundle["parts"]["subject"]["formats"], json!(["pdf"]));
    assert!(bundle["manifest"].get("report.html").is_none());
    let detail = detail_of(&stack, &id, "md").await?;
    assert!(
        detail.contains("did not name it in formats") && detail.contains("\"md\" in formats"),
        "{detail}"
    );
    let csv = stack.dev().get("/v1/reports.csv").await?.text().await?;
    // The customId follows them.
    let formats: Vec<&str> = csv.lines().filter_map(|line| line.rsplit(',').nth(1)).collect();
    assert_eq!(formats, ["formats", "pdf"]);
    worker.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_chooses_the_formats_of_a_request_that_names_none() -> Result<()> {
    let stack = without_worker().await?;
    let none = stack.dev().submit_accepted(&clean_company()).await?;
    let named = with_fields(clean_company(), json!({"formats": ["html", "md"]}));
    let named = stack.dev().submit_accepted(&named).await?;
    let worker = stack.start_worker(&[("DOSSIER_REPORT_FORMATS", "md")])?;
    let report = stack.dev().wait_for_end(&none).await?;
    assert_eq!(report["request"]["formats"], Value::Null);
    assert_eq!(linked(&report), ["md", "json", "evidence"]);
    let detail = detail_of(&stack, &none, "pdf").await?;
    assert!(detail.contains("named no formats") && detail.contains("\"pdf\" in formats"), "{detail}");
    assert_eq!(linked(&stack.dev().wait_for_end(&named).await?), ["html", "md", "json", "evidence"]);
    worker.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_with_different_formats_are_different_requests() -> Result<()> {
    let stack = without_worker().await?;
    let body = |formats: Value| with_fields(clean_company(), json!({"formats": formats}));
    let first = submit_with_key(&stack, "k1", &body(json!(["pdf", "md"]))).await?;
    assert_eq!(first.status(), StatusCode::ACCEPTED);
    let first: Value = first.json().await?;
    assert_eq!(first["request"]["formats"], json!(["pdf", "md"]));
    let same = submit_with_key(&stack, "k1", &body(json!(["md", "pdf"]))).await?;
    assert_eq!(same.headers()["idempotency-replayed"], "true", "the order of formats has no meaning");
    assert_eq!(same.json::<Value>().await?["reportId"], first["reportId"]);
    for other in [clean_company(), body(json!(["pdf"])), body(json!(["html", "pdf", "md"]))] {
        let answer = submit_with_key(&stack, "k1", &other).await?;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{other}");
        assert_eq!(answer.json::<Value>().await?["code"], "idempotency_key_reused");
    }

    // In a batch, an invalid list refuses its request only.
    let item = |id: &str, formats: Value| with_fields(body(formats), json!({"customId": id}));
    let batch = json!({"reports": [item("a", json!(["md"])), item("b", json!(["docx", "md", "md"])), item("c", json!(null))]});
    let answer = stack.dev().request(Method::POST, "/v1/reports/batch").json(&batch).send().await?;
    let results = answer.json::<Value>().await?;
    assert_eq!(results["results"][0]["report"]["request"]["formats"], json!(["md"]));
    let errors = results["results"][1]["error"]["errors"].as_array().cloned().unwrap_or_default();
    let errors: Vec<(&str, &str)> =
        errors.iter().map(|error| (text_at(error, "/pointer"), text_at(error, "/code"))).collect();
    assert_eq!(
        errors,
        [("/reports/1/formats/0", "format_unknown"), ("/reports/1/formats/2", "format_repeated")]
    );
    assert_eq!(results["results"][2]["report"]["request"]["formats"], Value::Null);
    stack.stop().await
}
