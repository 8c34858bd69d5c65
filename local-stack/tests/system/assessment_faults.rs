//! What each way in which a model can fail makes of a report: the table of docs/ASSESSMENT.md, and that no claim without
//! proof is ever published.
use crate::support::{sanctioned, text, with};
use anyhow::{Context as _, Result};
use local_stack::faults::Faults;
use local_stack::stack::TestStack;
use serde_json::{Value, json};

/// A company of the invented world in whose news somebody speaks to the assessor.
fn injected() -> Value {
    json!({"companyName": "Larkmere Brokerage Ltd", "corporateNumber": "99407731", "country": "GB"})
}

/// The report's JSON artifact, once it has ended.
async fn document(stack: &TestStack, request: &Value) -> Result<Value> {
    let id = stack.dev().submit_accepted(request).await?;
    let resource = stack.dev().wait_for_end(&id).await?;
    assert_eq!(resource["status"], "COMPLETED", "{resource}");
    let bytes = stack.dev().download(text(&resource, "/links/json")).await?;
    serde_json::from_slice(&bytes).context("the artifact is JSON")
}

/// Nothing in the report is without its proof.
fn assert_proven(document: &Value) {
    let evidence = document["evidence"].as_array().unwrap();
    let text_of = |id: &Value| {
        let piece = evidence.iter().find(|piece| piece["id"] == *id);
        let piece = piece.unwrap_or_else(|| panic!("{id} is no evidence"));
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

/// A fault, and what the report must show: its level, findings kept, claims dropped, and whether the words at its head are
/// the model's.
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
        request: sanctioned,
        level,
        findings,
        dropped,
        by_model,
        reason,
    };
    vec![
        row("none", json!({}), "HIGH", 3, 0, true, ""),
        row("malformed", json!({"malformed": 1}), "HIGH", 0, 0, false, "does not follow the schema"),
        row("uncited", json!({"uncited": 1}), "HIGH", 0, 3, true, "it cites no evidence"),
        row("hallucinated", json!({"hallucinated": 1}), "HIGH", 0, 3, true, "its quote does not stand in"),
        row(
            "wrongNumbers",
            json!({"wrongNumbers": 1}),
            "HIGH",
            0,
            3,
            true,
            "which stands in nothing that it cites",
        ),
        row("underFloor", json!({"underFloor": 1}), "HIGH", 3, 0, true, ""),
        row(
            "otherLanguage",
            json!({"otherLanguage": 1}),
            "HIGH",
            0,
            3,
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
async fn each_fault_of_the_model_leaves_a_report_that_says_only_what_is_proven() -> Result<()> {
    let stack = TestStack::start().await?;
    let documented = include_str!("../../../docs/ASSESSMENT.md");
    for Row { fault, faults, request, level, findings, dropped, by_model, reason } in rows() {
        stack.bedrock().faults().set(Faults::from_json(&faults)?);
        // Another name each time: the same request twice would be another report on the same evidence anyway.
        let document = document(&stack, &with(request(), json!({"purpose": fault}))).await?;
        assert_proven(&document);
        let count = |member: &str| document[member].as_array().unwrap().len();
        let summary = text(&document, "/summary/text");
        let said = document.to_string();
        assert_eq!(
            (text(&document, "/riskLevel"), count("findings"), count("dropped")),
            (level, findings, dropped),
            "{fault}: {said}"
        );
        assert_eq!(summary.contains("offline stand-in"), by_model, "{fault}: {summary}");
        assert_eq!(summary.contains("composed from the rules alone"), !by_model, "{fault}: {summary}");
        assert!(said.contains(reason), "{fault}: {said}");
        if fault != "none" {
            assert_eq!(document["review"]["required"], true, "{fault}");
        }
        let words = if by_model { "the model's" } else { "the rules'" };
        let row = format!("| `{fault}` | {level} | {findings} | {dropped} | {words} |");
        assert!(documented.contains(&row), "docs/ASSESSMENT.md lacks this row: {row}");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_an_injected_item_are_told_to_a_person_and_followed_by_nobody() -> Result<()> {
    let stack = TestStack::start().await?;
    stack.bedrock().faults().set(Faults::from_json(&json!({"obedient": 1}))?);
    let document = document(&stack, &injected()).await?;
    assert_ne!(document["riskLevel"], "LOW");
    let reasons = document["review"]["reasons"].to_string();
    assert!(reasons.contains("written to direct whoever assesses it"), "{reasons}");
    let own_words = format!("{} {}", document["summary"]["text"], document["findings"]);
    assert!(!own_words.contains("fully trusted"), "{own_words}");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_model_answers_where_the_first_one_declines_or_is_out_of_order() -> Result<()> {
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
    let sound = document(&stack, &sanctioned()).await?;
    assert_eq!(sound["versions"]["model"], "dossier.first-v1");
    assert_eq!(sound["versions"]["modelParameters"]["structuredOutput"], "native");
    assert_eq!(sound["versions"].get("passedOver"), None);

    // Every model declines: the rules speak, and both are on the record.
    stack.bedrock().faults().set(Faults { refusal: 1.0, ..Faults::default() });
    let declined = document(&stack, &with(sanctioned(), json!({"purpose": "refusal"}))).await?;
    let passed = json!([
        {"model": "dossier.first-v1", "because": "refusal"},
        {"model": "dossier.second-v1", "because": "refusal"},
    ]);
    assert_eq!((&declined["versions"]["passedOver"], &declined["findings"]), (&passed, &json!([])));

    // Now and then one does: some report is the second model's, and says so.
    stack.bedrock().faults().set(Faults { refusal: 0.5, ..Faults::default() });
    for number in 0.. {
        assert!(number < 30, "of thirty reports, none was declined by the first model alone");
        let document =
            document(&stack, &with(sanctioned(), json!({"purpose": format!("try {number}")}))).await?;
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
