//! Reports pass through the whole system: both services run as in production, on the embedded AWS and the
//! stand-ins.
use crate::support::{clean_company, sanctioned_company, text_at, with_fields};
use anyhow::Result;
use domain::{artifact::sha256_hex, document::Document};
use local_stack::TestStack;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

async fn json_artifact(stack: &TestStack, report: &Value) -> Result<Document> {
    Ok(serde_json::from_slice(&stack.dev().download(text_at(report, "/links/json")).await?)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_goes_from_202_to_completed_with_all_its_files() -> Result<()> {
    let stack = TestStack::start().await?;
    let answer = stack.dev().submit(&sanctioned_company()).await?;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let location = answer.headers()[header::LOCATION].to_str()?.to_owned();
    assert!(answer.headers().contains_key(header::RETRY_AFTER));
    let pending: Value = answer.json().await?;
    assert_eq!(pending["status"], "PENDING");
    assert_eq!(location, text_at(&pending, "/links/self"));
    assert_eq!(pending["links"]["html"], Value::Null);

    let id = text_at(&pending, "/reportId");
    let report = stack.dev().wait_for_end(id).await?;
    assert_eq!(report["status"], "COMPLETED", "{report}");
    assert_eq!(report["riskLevel"], "HIGH");
    assert_eq!(report["attempt"], 1);
    assert_eq!(
        report["progress"],
        json!({"stage": "done", "percent": 100, "message": "The report is ready"})
    );
    assert_eq!(report["usage"]["modelCalls"], 2, "the assessment, and the verification of its claims");
    assert!(report["usage"]["costUsd"].as_f64() > Some(0.0));
    for source in report["sources"].as_array().unwrap() {
        assert_eq!(source["status"], "ok");
    }

    // The resource agrees with the stored document, and each claim with its evidence.
    let document = json_artifact(&stack, &report).await?;
    assert_eq!(report["riskScore"], document.risk_score);
    assert_eq!(report["summary"], document.summary.text);
    assert!(!document.findings.is_empty());
    for finding in &document.findings {
        assert!(!finding.citations.is_empty());
        for citation in &finding.citations {
            let piece = document.evidence.iter().find(|piece| piece.id == citation.evidence_id).unwrap();
            assert!(piece.text.contains(&citation.quote), "{citation:?}");
        }
    }
    for piece in &document.evidence {
        assert_eq!(piece.sha256, sha256_hex(piece.text.as_bytes()));
    }
    let html = String::from_utf8(stack.dev().download(text_at(&report, "/links/html")).await?)?;
    assert!(html.contains("Calder Vane Shipping Ltd") && html.contains("HIGH"));
    let markdown = String::from_utf8(stack.dev().download(text_at(&report, "/links/md")).await?)?;
    assert!(markdown.contains("# Risk report: Calder Vane Shipping Ltd"));
    let bundle: Value =
        serde_json::from_slice(&stack.dev().download(text_at(&report, "/links/evidence")).await?)?;
    assert_eq!(bundle["parts"]["answers"].as_array().unwrap().len(), 1);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_risk_level_follows_from_a_rule() -> Result<()> {
    let stack = TestStack::start().await?;
    let cases = [
        (clean_company(), "LOW", None),
        (sanctioned_company(), "HIGH", Some("sanctions.match")),
        (
            json!({"companyName": "Valmorec Textiles", "corporateNumber": "984417022", "country": "FR"}),
            "MEDIUM",
            Some("registry.inactive"),
        ),
        (
            json!({"companyName": "Brückhofer Anlagenbau GmbH", "corporateNumber": "HRB 918273", "country": "DE"}),
            "MEDIUM",
            Some("news.adverse"),
        ),
        (
            json!({"companyName": "Calder Vane Pottery Ltd", "corporateNumber": "99230516", "country": "GB"}),
            "LOW",
            None,
        ),
    ];
    for (request, level, rule) in cases {
        let id = stack.dev().submit_accepted(&request).await?;
        let report = stack.dev().wait_for_end(&id).await?;
        let document = json_artifact(&stack, &report).await?;
        assert_eq!(report["riskLevel"], level, "{request}: {document:#?}");
        let rules: Vec<&str> = document.rules.iter().map(|rule| rule.rule.as_str()).collect();
        assert_eq!(rules.first().copied(), rule, "{request}");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn artifacts_are_reached_through_a_link_signed_on_request_and_only_by_their_tenant() -> Result<()> {
    let stack = TestStack::start().await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    stack.dev().wait_for_end(&id).await?;

    let answer = stack.dev().get(&format!("/v1/reports/{id}/artifacts/html")).await?;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    let link = answer.headers()[header::LOCATION].to_str()?;
    assert!(link.contains("X-Amz-Expires=600"));
    assert!(stack.dev().download(link).await?.starts_with(b"<!doctype html>"));
    // The bucket is private, so a link without its signature is rejected.
    let bare = link.split('?').next().unwrap();
    assert!(stack.dev().download(bare).await.is_err());

    let pdf = stack.dev().get(&format!("/v1/reports/{id}/artifacts/pdf")).await?;
    let link = pdf.headers()[header::LOCATION].to_str()?;
    assert!(stack.dev().download(link).await?.starts_with(b"%PDF-"));
    let missing = stack.dev().get(&format!("/v1/reports/{id}/artifacts/docx")).await?;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    for path in ["", "/artifacts/html", "/events"] {
        let foreign = stack.acme_client()?.get(&format!("/v1/reports/{id}{path}")).await?;
        assert_eq!(foreign.status(), StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["cancel", "resubmit"] {
        let foreign = stack.acme_client()?.post(&format!("/v1/reports/{id}/{path}")).await?;
        assert_eq!(foreign.status(), StatusCode::NOT_FOUND, "{path}");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_gives_one_report_and_rejects_a_different_body() -> Result<()> {
    let stack = TestStack::start().await?;
    let send = |body: Value, client: local_stack::stack::client::Client| async move {
        client
            .request(Method::POST, "/v1/reports")
            .header("idempotency-key", "order-7")
            .json(&body)
            .send()
            .await
    };
    let first = send(clean_company(), stack.dev().clone()).await?;
    assert!(!first.headers().contains_key("idempotency-replayed"));
    let first: Value = first.json().await?;
    let again = send(clean_company(), stack.dev().clone()).await?;
    assert_eq!(again.status(), StatusCode::ACCEPTED);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    let again: Value = again.json().await?;
    assert_eq!(first["reportId"], again["reportId"]);

    let other = send(sanctioned_company(), stack.dev().clone()).await?;
    assert_eq!(other.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let other: Value = other.json().await?;
    assert_eq!(other["code"], "idempotency_key_reused");
    // Idempotency keys are per tenant.
    let foreign = send(sanctioned_company(), stack.acme_client()?).await?;
    assert_eq!(foreign.status(), StatusCode::ACCEPTED);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_state_is_not_sent_again_and_a_poll_waits_for_a_change() -> Result<()> {
    let stack = TestStack::start().await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    stack.dev().wait_for_end(&id).await?;
    let path = format!("/v1/reports/{id}");
    let tag = stack.dev().get(&path).await?.headers()[header::ETAG].clone();
    let known = stack.dev().request(Method::GET, &path).header(header::IF_NONE_MATCH, &tag).send().await?;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(known.headers()[header::ETAG], tag);

    let mut stack = stack;
    stack.stop_worker().await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let snapshot = stack.dev().poll(&id, None).await?;
    // No worker runs, so only the cancellation changes the report while the poll waits.
    let cancel = format!("/v1/reports/{id}/cancel");
    let (changed, cancelled) = tokio::join!(stack.dev().poll(&id, Some(snapshot)), stack.dev().post(&cancel));
    assert_eq!(cancelled?.status(), StatusCode::OK);
    assert_eq!(changed?.status(), "CANCELLED");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn events_show_the_states_until_the_end_and_resume_after_the_last_event() -> Result<()> {
    let stack = TestStack::start().await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    let path = format!("/v1/reports/{id}/events");
    let stream = stack.dev().get(&path).await?;
    assert_eq!(stream.headers()[header::CONTENT_TYPE], "text/event-stream");
    // The stream ends when the report has ended.
    let events = stream.text().await?;
    let last = events.lines().rfind(|line| line.starts_with("data: ")).unwrap();
    let last: Value = serde_json::from_str(last.trim_start_matches("data: "))?;
    assert_eq!((&last["reportId"], &last["status"]), (&json!(id), &json!("COMPLETED")));
    let last_event_id =
        events.lines().rfind(|line| line.starts_with("id: ")).unwrap().trim_start_matches("id: ");

    let resumed =
        stack.dev().request(Method::GET, &path).header("last-event-id", last_event_id).send().await?;
    assert!(!resumed.text().await?.contains("data: "), "the last event is not sent again");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_newest_first_with_stable_pages_and_filters() -> Result<()> {
    let mut stack = TestStack::start().await?;
    let finished = stack.dev().submit_accepted(&sanctioned_company()).await?;
    stack.dev().wait_for_end(&finished).await?;
    stack.stop_worker().await?;
    let mut ids = vec![finished.clone()];
    for _ in 0..6 {
        ids.insert(0, stack.dev().submit_accepted(&clean_company()).await?);
    }
    stack.acme_client()?.submit_accepted(&clean_company()).await?;

    let mut listed = Vec::new();
    let mut path = "/v1/reports?pageSize=3".to_owned();
    loop {
        let page: Value = stack.dev().get(&path).await?.json().await?;
        let reports = page["reports"].as_array().unwrap();
        assert!(reports.len() <= 3);
        listed.extend(reports.iter().map(|report| text_at(report, "/reportId").to_owned()));
        // A report that is submitted meanwhile must not shift the following pages.
        stack.dev().submit_accepted(&clean_company()).await?;
        match page["nextPageToken"].as_str() {
            Some(token) => path = format!("/v1/reports?pageSize=3&pageToken={token}"),
            None => break,
        }
    }
    assert_eq!(listed, ids);

    for (filter, expected) in
        [("riskLevel=HIGH", 1), ("status=COMPLETED&country=GB", 1), ("country=GB&status=PENDING", 0)]
    {
        let page: Value = stack.dev().get(&format!("/v1/reports?pageSize=50&{filter}")).await?.json().await?;
        assert_eq!(page["reports"].as_array().unwrap().len(), expected, "{filter}");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_and_resubmit_are_repeatable() -> Result<()> {
    let mut stack = TestStack::start().await?;
    let done = stack.dev().submit_accepted(&clean_company()).await?;
    stack.dev().wait_for_end(&done).await?;
    for action in ["cancel", "resubmit"] {
        let rejected = stack.dev().post(&format!("/v1/reports/{done}/{action}")).await?;
        assert_eq!(rejected.status(), StatusCode::CONFLICT);
        assert_eq!(rejected.json::<Value>().await?["code"], "transition_not_allowed");
    }
    stack.stop_worker().await?;
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    for _ in 0..2 {
        let cancelled: Value = stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?.json().await?;
        assert_eq!(cancelled["status"], "CANCELLED");
        assert_ne!(cancelled["endedAt"], Value::Null);
    }
    for _ in 0..2 {
        let pending: Value = stack.dev().post(&format!("/v1/reports/{id}/resubmit")).await?.json().await?;
        assert_eq!((&pending["status"], &pending["endedAt"]), (&json!("PENDING"), &Value::Null));
    }
    let worker = stack.start_worker(&[])?;
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "COMPLETED");
    worker.stop().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_written_in_the_requested_language() -> Result<()> {
    let stack = TestStack::start().await?;
    let id =
        stack.dev().submit_accepted(&with_fields(sanctioned_company(), json!({"language": "JA"}))).await?;
    let report = stack.dev().wait_for_end(&id).await?;
    assert_eq!((text_at(&report, "/riskLevel"), text_at(&report, "/request/language")), ("HIGH", "ja"));
    assert!(text_at(&report, "/summary").contains("言語モデルによるものではなく"), "{report}");
    let html = stack.dev().download(text_at(&report, "/links/html")).await?;
    let html = String::from_utf8(html)?;
    for expected in ["<html lang=\"ja\"", "リスク報告書", "制裁リストの記載と一致しています", "英国（GB）"]
    {
        assert!(html.contains(expected), "{expected}");
    }
    let rejected = stack.dev().submit(&with_fields(sanctioned_company(), json!({"language": "xx"}))).await?;
    assert_eq!(rejected.status(), StatusCode::UNPROCESSABLE_ENTITY);
    stack.stop().await
}
