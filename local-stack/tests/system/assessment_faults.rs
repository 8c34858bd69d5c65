//! The effect of each model fault on a report, as in the table of docs/ASSESSMENT.md. No unproven claim is
//! ever published.
use crate::support::{sanctioned_company, text_at, with_fields};
use anyhow::{Context as _, Result};
use local_stack::TestStack;
use local_stack::faults::Faults;
use serde_json::{Value, json};

/// Returns a request for a company of the invented world whose news contains a prompt injection.
fn injected() -> Value {
    json!({"companyName": "Larkmere Brokerage Ltd", "corporateNumber": "99407731", "country": "GB"})
}

/// Requests a report, waits for its end, and returns its JSON artifact.
async fn document(stack: &TestStack, request: &Value) -> Result<Value> {
    let id = stack.dev().submit_accepted(request).await?;
    let resource = stack.dev().wait_for_end(&id).await?;
    assert_eq!(resource["status"], "COMPLETED", "{resource}");
    let bytes = stack.dev().download(text_at(&resource, "/links/json")).await?;
    serde_json::from_slice(&bytes).context("the artifact is not JSON")
}

/// Asserts that every claim of the report cites evidence that contains its quote.
fn assert_proven(document: &Value) {
    let evidence = document["evidence"].as_array().unwrap();
    let text_of = |id: &Value| {
        let piece = evidence.iter().find(|piece| piece["id"] == *id);
        let piece = piece.unwrap_or_else(|| panic!("{id} is not in the evidence"));
        format!("{} {}", piece["text"].as_str().unwrap(), piece["title"].as_str().unwrap())
    };
    for finding in document["findings"].as_array().unwrap() {
        let citations = finding["citations"].as_array().unwrap();
        assert!(!citations.is_empty(), "uncited: {finding}");
        for citation in citations {
            assert!(
                text_of(&citation["evidenceId"]).contains(citation["quote"].as_str().unwrap()),
                "{citation}"
            );
        }
    }
    for id in document["summary"]["citations"].as_array().unwrap() {
        text_of(id);
    }
    assert!(!document["summary"]["citations"].as_array().unwrap().is_empty());
}

/// A fault and the expected report: its level, the number of findings kept and claims dropped, and whether
/// the model wrote the summary.
struct Row {
    fault: &'static str,
    faults: Value,
    request: fn() -> Value,
    level: &'static str,
    findings: usize,
    dropped: usize,
    by_model: bool,
    reason: &'static str,
}

fn rows() -> Vec<Row> {
    let row = |fault, faults, level, findings, dropped, by_model, reason| Row {
        fault,
        faults,
        request: sanctioned_company,
        level,
        findings,
        dropped,
        by_model,
        reason,
    };
    vec![
        row("none", json!({}), "HIGH", 2, 0, true, ""),
        row("malformed", json!({"malformed": 1}), "HIGH", 0, 0, false, "does not follow the schema"),
        row("uncited", json!({"uncited": 1}), "HIGH", 0, 2, true, "it cites no evidence"),
        row("hallucinated", json!({"hallucinated": 1}), "HIGH", 0, 2, true, "its quote does not stand in"),
        row(
            "wrongNumbers",
            json!({"wrongNumbers": 1}),
            "HIGH",
            0,
            2,
            true,
            "which stands in nothing that it cites",
        ),
        row("underFloor", json!({"underFloor": 1}), "HIGH", 2, 0, true, ""),
        row(
            "otherLanguage",
            json!({"otherLanguage": 1}),
            "HIGH",
            0,
            2,
            false,
            "it is not written in English",
        ),
        row("refusal", json!({"refusal": 1}), "HIGH", 0, 0, false, "content_filtered"),
        Row {
            request: injected,
            ..row(
                "obedient",
                json!({"obedient": 1}),
                "MEDIUM",
                0,
                1,
                false,
                "it repeats instructions that stand in",
            )
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn with_every_model_fault_a_report_contains_only_proven_claims() -> Result<()> {
    let stack = TestStack::start().await?;
    let documented = include_str!("../../../docs/ASSESSMENT.md");
    for Row { fault, faults, request, level, findings, dropped, by_model, reason } in rows() {
        stack.bedrock().faults().set(Faults::from_json(&faults)?);
        // The purpose distinguishes the requests; the evidence is the same.
        let document = document(&stack, &with_fields(request(), json!({"purpose": fault}))).await?;
        assert_proven(&document);
        let count = |member: &str| document[member].as_array().unwrap().len();
        let summary = text_at(&document, "/summary/text");
        let json = document.to_string();
        assert_eq!(
            (text_at(&document, "/riskLevel"), count("findings"), count("dropped")),
            (level, findings, dropped),
            "{fault}: {json}"
        );
        assert_eq!(summary.contains("offline stand-in"), by_model, "{fault}: {summary}");
        assert_eq!(summary.contains("composed from the rules alone"), !by_model, "{fault}: {summary}");
        assert!(json.contains(reason), "{fault}: {json}");
        if fault != "none" {
            assert_eq!(document["review"]["required"], true, "{fault}");
        }
        let summary_by = if by_model { "the model's" } else { "the rules'" };
        let row = format!("| `{fault}` | {level} | {findings} | {dropped} | {summary_by} |");
        assert!(documented.contains(&row), "docs/ASSESSMENT.md lacks the row {row}");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_injection_is_reported_for_review_and_not_followed() -> Result<()> {
    let stack = TestStack::start().await?;
    stack.bedrock().faults().set(Faults::from_json(&json!({"obedient": 1}))?);
    let document = document(&stack, &injected()).await?;
    assert_ne!(document["riskLevel"], "LOW");
    let reasons = document["review"]["reasons"].to_string();
    assert!(reasons.contains("written to direct whoever assesses it"), "{reasons}");
    let claims = format!("{} {}", document["summary"]["text"], document["findings"]);
    assert!(!claims.contains("fully trusted"), "{claims}");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_model_answers_if_the_first_one_refuses() -> Result<()> {
    let mut options = TestStack::options();
    options.settings.extend([
        ("DOSSIER_MODEL_ID".to_owned(), "dossier.first-v1, dossier.second-v1".to_owned()),
        (
            "DOSSIER_MODELS".to_owned(),
            "model=[{id=\"dossier.first-v1\",structured_output=\"native\",price=[{input=3,output=15}]},\
             {id=\"dossier.second-v1\",price=[{input=1,output=5}]}]"
                .to_owned(),
        ),
    ]);
    let stack = TestStack::with(options).await?;
    let first = document(&stack, &sanctioned_company()).await?;
    assert_eq!(first["versions"]["model"], "dossier.first-v1");
    assert_eq!(first["versions"]["modelParameters"]["structuredOutput"], "native");
    assert_eq!(first["versions"].get("passedOver"), None);

    // If every model refuses, the rules write the summary and both models are recorded.
    stack.bedrock().faults().set(Faults { refusal: 1.0, ..Faults::default() });
    let declined =
        document(&stack, &with_fields(sanctioned_company(), json!({"purpose": "refusal"}))).await?;
    let passed = json!([
        {"model": "dossier.first-v1", "because": "refusal"},
        {"model": "dossier.second-v1", "because": "refusal"},
    ]);
    assert_eq!((&declined["versions"]["passedOver"], &declined["findings"]), (&passed, &json!([])));

    // If models refuse half of the time, the second model writes at least one report, which records this.
    stack.bedrock().faults().set(Faults { refusal: 0.5, ..Faults::default() });
    for number in 0.. {
        assert!(number < 30, "the second model wrote none of thirty reports");
        let document = document(
            &stack,
            &with_fields(sanctioned_company(), json!({"purpose": format!("attempt {number}")})),
        )
        .await?;
        if document["versions"]["model"] == "dossier.second-v1"
            && !document["findings"].as_array().unwrap().is_empty()
        {
            assert_eq!(
                document["versions"]["passedOver"],
                json!([{"model": "dossier.first-v1", "because": "refusal"}])
            );
            assert_eq!(document["versions"]["modelParameters"]["structuredOutput"], "tool");
            break;
        }
    }
    stack.stop().await
}
