//! The verifier of claims: what it drops, what its mistakes do to a report, and that it is paid for once.
use crate::support::{clean_company, sanctioned_company, text_at, with_fields};
use anyhow::{Context as _, Result};
use aws_adapters::table::{Details, Executed};
use domain::artifact::{answer_key, snapshot_key, verification_key, work_folder};
use domain::identity::{ReportId, Tenant};
use domain::lifecycle::Command;
use domain::usage::{Day, MicroUsd};
use local_stack::TestStack;
use local_stack::faults::Faults;
use serde_json::{Value, json};
use std::time::Duration;

/// Settings under which a cheap second model verifies, as an operator would configure it.
const TWO_MODELS: [(&str, &str); 3] = [
    ("DOSSIER_MODEL_ID", "dossier.writer-v1"),
    ("DOSSIER_VERIFIER_MODEL_ID", "dossier.verifier-v1"),
    (
        "DOSSIER_MODELS",
        "model=[{id=\"dossier.writer-v1\",price=[{input=3,output=15}]},\
         {id=\"dossier.verifier-v1\",structured_output=\"native\",price=[{input=1,output=5}]}]",
    ),
];

/// The prompt of the journalled verification of an earlier version.
const EARLIER_PROMPT: &str = "verify-1 sha256:0";

async fn stack_with(settings: &[(&str, &str)]) -> Result<TestStack> {
    let mut options = TestStack::options();
    options.settings.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    TestStack::with(options).await
}

/// Requests a report and waits for its end.
async fn ended(stack: &TestStack, request: &Value) -> Result<Value> {
    let id = stack.dev().submit_accepted(request).await?;
    let resource = stack.dev().wait_for_end(&id).await?;
    assert_eq!(resource["status"], "COMPLETED", "{resource}");
    Ok(resource)
}

async fn artifact(stack: &TestStack, resource: &Value, kind: &str) -> Result<Value> {
    let bytes = stack.dev().download(text_at(resource, &format!("/links/{kind}"))).await?;
    serde_json::from_slice(&bytes).context("the artifact is not JSON")
}

async fn document(stack: &TestStack, request: &Value) -> Result<Value> {
    let resource = ended(stack, request).await?;
    artifact(stack, &resource, "json").await
}

fn count(document: &Value, member: &str) -> usize {
    document[member].as_array().unwrap().len()
}

fn reasons(document: &Value) -> String {
    document["review"]["reasons"].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_claim_is_judged_by_a_second_model_and_recorded() -> Result<()> {
    let stack = stack_with(&TWO_MODELS).await?;
    let resource = ended(&stack, &sanctioned_company()).await?;
    let document = artifact(&stack, &resource, "json").await?;
    let verifier = &document["versions"]["verifier"];
    assert_eq!((&verifier["id"], &verifier["outcome"]), (&json!("dossier.verifier-v1"), &json!("verified")));
    assert!(text_at(verifier, "/prompt").starts_with("verify-2 sha256:"), "{verifier}");
    assert_eq!(verifier["parameters"]["structuredOutput"], "native");
    assert_eq!((count(&document, "findings"), count(&document, "dropped")), (2, 0));
    assert!(!reasons(&document).contains("not verified"), "{}", reasons(&document));

    // The bundle holds each claim with its verdict, and the answer of the verifier with its cost.
    let bundle = artifact(&stack, &resource, "evidence").await?;
    let verification = &bundle["parts"]["checks"]["verification"];
    let claims = verification["claims"].as_array().unwrap();
    assert_eq!(claims.len(), 3, "two findings and the summary");
    assert!(claims.iter().all(|claim| claim["verdict"] == "supported"), "{verification}");
    let answers = verification["answers"].as_array().unwrap();
    assert_eq!((answers.len(), answers[0]["claims"].as_array().unwrap().len()), (1, 3));
    let spent = |answer: &Value| answer["usage"]["costUsd"].as_f64().unwrap();
    let total = spent(&bundle["parts"]["answers"][0]) + spent(&answers[0]);
    assert!((resource["usage"]["costUsd"].as_f64().unwrap() - total).abs() < 1e-9, "{resource}");
    assert_eq!((&resource["usage"]["modelCalls"], stack.bedrock().calls()["Converse"]), (&json!(2), 2));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contradicted_claim_is_dropped_and_recorded_in_the_language_of_the_report() -> Result<()> {
    let stack = TestStack::start().await?;
    stack.bedrock().faults().set(Faults { verifier_contradicts: 1.0, ..Faults::default() });
    for (language, reason) in
        [("en", "the evidence that it cites contradicts it"), ("ja", "引用した証拠と矛盾しています")]
    {
        let request = with_fields(sanctioned_company(), json!({"language": language}));
        let document = document(&stack, &request).await?;
        assert_eq!((count(&document, "findings"), count(&document, "dropped")), (1, 1), "{document}");
        assert_eq!(document["dropped"][0]["reason"], reason);
        assert_eq!(document["review"]["required"], true);
        assert_eq!(document["versions"]["verifier"]["outcome"], "verified");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_that_fails_leaves_the_checks_in_force_and_asks_for_review() -> Result<()> {
    let stack = stack_with(&[("DOSSIER_MODEL_SECONDS", "2"), ("DOSSIER_MODEL_FIRST_SECONDS", "2")]).await?;
    let documented = include_str!("../../../docs/ASSESSMENT.md");
    for (fault, outcome, calls, why) in [
        ("verifierRefuses", "refused", 2, "the verifier declined to answer"),
        ("verifierMalformed", "unusable", 3, "the verifier's answers could not be used"),
        ("verifierMiscounts", "unusable", 3, "the verifier's answers could not be used"),
        ("verifierUnknownIds", "unusable", 3, "the verifier's answers could not be used"),
        ("verifierHangs", "unavailable", 1, "the verifier gave no answer"),
    ] {
        stack.bedrock().faults().set(Faults::from_json(&json!({ fault: 1 }))?);
        let resource = ended(&stack, &with_fields(sanctioned_company(), json!({"purpose": fault}))).await?;
        let document = artifact(&stack, &resource, "json").await?;
        assert_eq!(document["versions"]["verifier"]["outcome"], outcome, "{fault}");
        assert_eq!((count(&document, "findings"), count(&document, "dropped")), (2, 0), "{fault}");
        assert_eq!(document["review"]["required"], true, "{fault}");
        let expected = format!("The claims were not verified against what they cite ({why}): compare them.");
        assert!(reasons(&document).contains(&expected), "{fault}: {}", reasons(&document));
        assert_eq!(resource["usage"]["modelCalls"], calls, "{fault}");
        let row = format!("| `{fault}` | `{outcome}` | 2 | 0 | yes |");
        assert!(documented.contains(&row), "docs/ASSESSMENT.md lacks the row {row}");
    }
    // The call that hung may have been billed, so its money stays reserved; every other cost is exact.
    let (aws, _) = stack.adapters()?;
    let (tenant, day): (Tenant, Day) = ("dev".parse()?, Day::of(service_runtime::clock::now()));
    let spent: MicroUsd =
        aws.spending.by_day(&tenant, day, day).await?.iter().map(|(_, used)| used.cost).sum();
    assert!(aws.spending.committed(&tenant, day).await? > spent);

    // An approving verifier changes nothing, and the checks still drop what they find.
    stack.bedrock().faults().set(Faults { verifier_approves: 1.0, hallucinated: 1.0, ..Faults::default() });
    let document = document(&stack, &sanctioned_company()).await?;
    assert_eq!((count(&document, "findings"), count(&document, "dropped")), (0, 2));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_money_or_calls_for_the_verifier_the_report_is_published_for_review() -> Result<()> {
    let dear = "model=[{id=\"dossier.writer-v1\",price=[{input=3,output=15}]},\
                {id=\"dossier.verifier-v1\",price=[{input=100000,output=100000}]}]";
    for (setting, outcome) in [
        (("DOSSIER_MODELS", dear), "budget_exceeded"),
        (("DOSSIER_MODEL_CALLS_MAX", "1"), "paid_calls_exceeded"),
    ] {
        let stack = stack_with(&[TWO_MODELS.as_slice(), &[setting]].concat()).await?;
        let document = document(&stack, &sanctioned_company()).await?;
        assert_eq!(document["versions"]["verifier"]["outcome"], outcome);
        assert_eq!((count(&document, "findings"), &document["review"]["required"]), (2, &json!(true)));
        assert_eq!(stack.bedrock().calls()["Converse"], 1);
        stack.stop().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verifier_can_be_switched_off() -> Result<()> {
    let stack = stack_with(&[("DOSSIER_VERIFIER", "none")]).await?;
    let document = document(&stack, &sanctioned_company()).await?;
    assert_eq!((document["versions"].get("verifier"), count(&document, "findings")), (None, 2));
    assert_eq!(stack.bedrock().calls()["Converse"], 1);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn bedrocks_contextual_grounding_check_verifies_behind_the_same_interface() -> Result<()> {
    let stack = stack_with(&[
        ("DOSSIER_VERIFIER", "guardrail"),
        ("DOSSIER_VERIFIER_GUARDRAIL_ID", "gr1"),
        ("DOSSIER_VERIFIER_GUARDRAIL_VERSION", "7"),
    ])
    .await?;
    let resource = ended(&stack, &sanctioned_company()).await?;
    let verified = artifact(&stack, &resource, "json").await?;
    let verifier = &verified["versions"]["verifier"];
    assert_eq!(
        (&verifier["id"], &verifier["prompt"], &verifier["outcome"]),
        (&json!("guardrail gr1:7"), &json!("contextual grounding"), &json!("verified"))
    );
    assert_eq!((count(&verified, "findings"), count(&verified, "dropped")), (2, 0), "{verified}");
    assert_eq!(stack.bedrock().calls()["ApplyGuardrail"], 3, "one check for each claim");
    let bundle = artifact(&stack, &resource, "evidence").await?;
    let answer = &bundle["parts"]["checks"]["verification"]["answers"][0];
    assert!(answer["usage"]["costUsd"].as_f64() > Some(0.0), "{answer}");

    // A score below the guardrail's threshold drops the claim; it cannot tell contradicted from not stated.
    stack.bedrock().faults().set(Faults { verifier_contradicts: 1.0, ..Faults::default() });
    let dropped = document(&stack, &with_fields(sanctioned_company(), json!({"purpose": "low"}))).await?;
    assert_eq!((count(&dropped, "findings"), count(&dropped, "dropped")), (0, 2));
    assert_eq!(dropped["dropped"][0]["reason"], "the evidence that it cites does not state it");
    assert!(reasons(&dropped).contains("The summary states something"), "{}", reasons(&dropped));

    // A guardrail without a contextual grounding policy.
    stack.bedrock().faults().set(Faults { verifier_malformed: 1.0, ..Faults::default() });
    let failed = document(&stack, &with_fields(sanctioned_company(), json!({"purpose": "none"}))).await?;
    assert_eq!(failed["versions"]["verifier"]["outcome"], "unavailable");
    assert_eq!(count(&failed, "findings"), 2);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardrail_of_the_classic_tier_leaves_other_languages_to_a_person() -> Result<()> {
    let guardrail = [
        ("DOSSIER_VERIFIER", "guardrail"),
        ("DOSSIER_VERIFIER_GUARDRAIL_ID", "gr1"),
        ("DOSSIER_VERIFIER_GUARDRAIL_VERSION", "7"),
    ];
    let japanese = with_fields(sanctioned_company(), json!({"language": "ja"}));
    for (tier, outcome, checks) in [("classic", "unsupported_language", 0), ("standard", "verified", 3)] {
        let tier = ("DOSSIER_VERIFIER_GUARDRAIL_TIER", tier);
        let stack = stack_with(&[guardrail.as_slice(), &[tier]].concat()).await?;
        let resource = ended(&stack, &japanese).await?;
        let document = artifact(&stack, &resource, "json").await?;
        assert_eq!(document["versions"]["verifier"]["outcome"], outcome);
        let claims = (count(&document, "findings"), count(&document, "dropped"));
        assert!(checks > 0 || claims == (2, 0), "{document}");
        let calls = stack.bedrock().calls().get("ApplyGuardrail").copied().unwrap_or_default();
        assert_eq!(calls, checks, "a check whose score means nothing is not bought");
        let is_said = reasons(&document).contains("記述3件のうち3件は、検証手段");
        assert_eq!(is_said, checks == 0, "{}", reasons(&document));
        assert_eq!(resource["usage"]["modelCalls"], 1 + u64::from(checks > 0));
        let bundle = artifact(&stack, &resource, "evidence").await?;
        let claim = &bundle["parts"]["checks"]["verification"]["claims"][0];
        assert_eq!(claim["verdict"] == "not_judged", checks == 0, "{claim}");
        stack.stop().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_is_bought_once_however_often_the_report_is_attempted() -> Result<()> {
    let stack = stack_with(&TWO_MODELS).await?;
    let before = document(&stack, &sanctioned_company()).await?;
    let calls = stack.bedrock().calls()["Converse"];
    // A worker loses its lease after both answers are journalled, as if it had died there.
    stack.bedrock().faults().set(Faults { latency: Duration::from_secs(60), ..Faults::default() });
    let request = with_fields(sanctioned_company(), json!({"purpose": "again"}));
    let id = stack.dev().submit_accepted(&request).await?;
    while stack.bedrock().in_flight() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (aws, settings) = stack.adapters()?;
    let (tenant, report): (Tenant, ReportId) = ("dev".parse()?, id.parse()?);
    let folder = async |id: ReportId| {
        let report = aws.table.get(&tenant, id).await?.context("the report exists")?;
        anyhow::Ok(work_folder(&tenant, id, report.submission))
    };
    let entry = async |key: String| {
        let bytes = aws.bucket.get(&key).await?.with_context(|| format!("{key} is not journalled"))?;
        Ok::<Value, anyhow::Error>(serde_json::from_slice(&bytes)?)
    };
    // The journal of a report with the same evidence, and therefore with the same claims.
    let earlier = folder(text_at(&before, "/reportId").parse()?).await?;
    let folder = folder(report).await?;
    let evidence = entry(snapshot_key(&folder)).await?;
    for key in [answer_key, verification_key] {
        let mut answer = entry(key(&earlier, 1)).await?;
        for owner in ["submission", "requestSha256"] {
            answer[owner] = evidence[owner].clone();
        }
        if key(&folder, 1) == verification_key(&folder, 1) {
            answer["prompt"] = json!(EARLIER_PROMPT);
        }
        let bytes = serde_json::to_vec(&answer)?;
        aws.bucket.put_new(&key(&folder, 1), bytes, "application/json").await?;
    }
    let later = service_runtime::clock::now().plus(Duration::from_secs(3600));
    let execute = async |command: Command| {
        aws.table.execute(&tenant, report, &command, &Details::default(), later, &settings.policy).await
    };
    let claimed = execute(Command::Claim { holder: "other-worker".to_owned() }).await?;
    assert!(matches!(claimed, Executed::Done(_)), "{claimed:?}");
    while stack.bedrock().in_flight() > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stack.bedrock().faults().set(Faults::default());
    let released = execute(Command::Release { attempt: 2 }).await?;
    assert!(matches!(released, Executed::Done(_)), "{released:?}");
    let after = stack.dev().wait_for_end(&id).await?;
    assert_eq!((&after["status"], &after["usage"]["modelCalls"]), (&json!("COMPLETED"), &json!(2)));
    assert_eq!(stack.bedrock().calls()["Converse"], calls, "both answers came from the journal");
    // The verdicts of an earlier version's prompt count, and the report names it.
    let verifier = artifact(&stack, &after, "json").await?["versions"]["verifier"].clone();
    assert_eq!((&verifier["prompt"], &verifier["outcome"]), (&json!(EARLIER_PROMPT), &json!("verified")));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_that_a_guardrail_changed_is_marked_and_reviewed() -> Result<()> {
    let stack = TestStack::start().await?;
    stack.bedrock().faults().set(Faults { intervened: 1.0, ..Faults::default() });
    for stop_reason in ["guardrail_intervened", "content_filtered"] {
        let request = with_fields(clean_company(), json!({"purpose": stop_reason}));
        let document = document(&stack, &request).await?;
        assert!(text_at(&document, "/summary/text").contains("offline stand-in"), "{document}");
        assert_eq!(document["review"]["required"], true);
        let expected = format!("changed or stopped the model's answer ({stop_reason})");
        assert!(reasons(&document).contains(&expected), "{}", reasons(&document));
    }
    stack.stop().await
}
