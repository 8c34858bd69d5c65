//! The evaluation of claims through the stand-in's verifier, and the figures of docs/ASSESSMENT.md.
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use aws_adapters::sdk_config_loader;
use aws_sdk_s3::config::{Credentials, Region};
use axum::{Json, Router};
use local_stack::TestStack;
use local_stack::faults::Faults;
use serde_json::{Value, json};
use service_runtime::config::Environment;
use tokio::net::TcpListener;
use worker_service::assess::{ModelSettings, configured_verifier};
use worker_service::evaluation::{ClaimCorpus, ClaimEvaluation, Counts, KindResult, evaluate_claims};

fn part(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../worker-service/evaluation/claims")).join(name)
}

async fn with_verifier(stack: &TestStack, corpus: &ClaimCorpus) -> Result<ClaimEvaluation> {
    let settings = ModelSettings::from_environment(stack.environment())?;
    let verifier = configured_verifier(stack.infrastructure().bedrock_sdk(), &settings, None);
    let verifier = verifier.map_err(anyhow::Error::msg)?.context("there is a verifier")?;
    Ok(evaluate_claims(corpus, Some(verifier), 4).await?)
}

/// Returns the rows of docs/ASSESSMENT.md on the untrue and on the true claims of `kind`.
fn rows(kind: &KindResult) -> Vec<String> {
    let name = kind.kind.replace('_', " ");
    let Counts { claims, passed_by_checks, kept, .. } = kind.untrue;
    let untrue = (claims > 0).then(|| format!("| {name} | {claims} | {passed_by_checks} | {kept} |"));
    let Counts { claims, dropped_by_checks, doubted_by_checks, dropped, .. } = kind.is_true;
    let is_true = (claims > 0)
        .then(|| format!("| {name} | {claims} | {dropped_by_checks} | {doubted_by_checks} | {dropped} |"));
    untrue.into_iter().chain(is_true).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_figures_of_held_out_claims_are_measured() -> Result<()> {
    let stack = TestStack::start().await?;
    let corpus = ClaimCorpus::read(&part("held-out")).map_err(anyhow::Error::msg)?;
    let evaluation = with_verifier(&stack, &corpus).await?;
    let documented = include_str!("../../../docs/ASSESSMENT.md");
    let ClaimEvaluation { kinds, total, usage, .. } = &evaluation;
    let measured = kinds.iter().chain([total]).flat_map(rows);
    let missing: Vec<String> = measured.filter(|row| !documented.contains(row)).collect();
    assert!(missing.is_empty(), "docs/ASSESSMENT.md lacks these rows:\n{missing:#?}");
    assert_eq!(total.untrue.verifier_failed + total.is_true.verifier_failed, 0);
    // The claims about one company are judged by one call.
    let calls = u64::from(usage.model_calls);
    assert_eq!(stack.bedrock().calls()["Converse"], calls);
    let judged = [total.untrue, total.is_true].map(|counts| counts.claims - counts.dropped_by_checks);
    assert!(usize::try_from(calls)? < judged.iter().sum(), "{calls} calls");
    assert!(usage.input_tokens > 0 && usage.cost_usd > 0.0, "{usage:?}");
    stack.stop().await
}

/// Answers every ApplyGuardrail request like a guardrail that has every policy.
async fn apply_guardrail() -> Json<Value> {
    let filter = json!({"type": "GROUNDING", "score": 0.9, "threshold": 0.7, "action": "NONE"});
    Json(json!({
        "action": "NONE",
        "outputs": [],
        "assessments": [{"contextualGroundingPolicy": {"filters": [filter]}}],
        "usage": {
            "topicPolicyUnits": 1,
            "contentPolicyUnits": 2,
            "wordPolicyUnits": 100,
            "sensitiveInformationPolicyUnits": 3,
            "sensitiveInformationPolicyFreeUnits": 100,
            "contextualGroundingPolicyUnits": 4,
            "automatedReasoningPolicyUnits": 5,
        },
    }))
}

#[tokio::test]
async fn each_policy_of_a_guardrail_is_paid_and_other_languages_are_not_judged() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(apply_guardrail)).await });
    let sdk = sdk_config_loader()
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .endpoint_url(url)
        .load()
        .await;
    let mut environment: Environment = [
        ("DOSSIER_MODEL_ID", "amazon.nova-lite-v1:0"),
        ("DOSSIER_VERIFIER", "guardrail"),
        ("DOSSIER_VERIFIER_GUARDRAIL_ID", "gr1"),
        ("DOSSIER_VERIFIER_GUARDRAIL_VERSION", "1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let folder = tempfile::tempdir()?;
    let claim = |id: &str, text: &str| {
        format!(
            "[[claim]]\nid = \"{id}\"\nkind = \"plain\"\nverdict = \"true\"\nlanguage = \"en\"\ncompany = \"Acme Ltd\"\n\
             country = \"GB\"\nstatement = \"Acme Ltd was fined in 2019.\"\n[[claim.evidence]]\nid = \"E1\"\n\
             source = \"news\"\ntitle = \"\"\ntext = \"{text}\"\n[[claim.cites]]\nevidence = \"E1\"\nquote = \"{text}\"\n"
        )
    };
    let japanese = "アクメ社は2019年に罰金を科されたと、裁判所は発表した。";
    std::fs::write(folder.path().join("1.toml"), claim("a", "Acme Ltd was fined in 2019 by a court."))?;
    std::fs::write(folder.path().join("2.toml"), claim("b", japanese))?;
    let corpus = ClaimCorpus::read(folder.path()).map_err(anyhow::Error::msg)?;
    for (tier, kept, not_judged) in [("classic", 1, 1), ("standard", 2, 0)] {
        environment.insert("DOSSIER_VERIFIER_GUARDRAIL_TIER".to_owned(), tier.to_owned());
        let settings = ModelSettings::from_environment(&environment)?;
        let verifier = configured_verifier(&sdk, &settings, None).map_err(anyhow::Error::msg)?;
        let evaluation = evaluate_claims(&corpus, verifier, 1).await?;
        let counts = evaluation.total.is_true;
        assert_eq!((counts.kept, counts.not_judged), (kept, not_judged), "{tier}: {counts:?}");
        // Per 1,000 units: topic 0.15, content 0.15, sensitive information 0.1, grounding 0.1, reasoning 0.17.
        let check = (0.15 + 2.0 * 0.15 + 3.0 * 0.1 + 4.0 * 0.1 + 5.0 * 0.17) / 1_000.0;
        #[expect(clippy::cast_precision_loss, reason = "there are two claims")]
        let expected = check * kept as f64;
        assert!((evaluation.usage.cost_usd - expected).abs() < 1e-9, "{tier}: {:?}", evaluation.usage);
    }
    environment.insert("DOSSIER_VERIFIER_GUARDRAIL_TIER".to_owned(), "gold".to_owned());
    let error = ModelSettings::from_environment(&environment).unwrap_err().to_string();
    assert!(error.contains("DOSSIER_VERIFIER_GUARDRAIL_TIER") && error.contains("standard"), "{error}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_that_gives_no_usable_answer_is_counted_apart() -> Result<()> {
    let stack = TestStack::start().await?;
    let folder = tempfile::tempdir()?;
    for file in ["true-roles-swapped.toml", "untrue-roles-swapped.toml"] {
        std::fs::copy(part("development").join(file), folder.path().join(file))?;
    }
    let corpus = ClaimCorpus::read(folder.path()).map_err(anyhow::Error::msg)?;
    let alone = evaluate_claims(&corpus, None, 1).await?.total;
    assert!(alone.untrue.claims > alone.untrue.dropped_by_checks && alone.is_true.claims > 0, "{alone:?}");
    stack.bedrock().faults().set(Faults { verifier_refuses: 1.0, ..Faults::default() });
    let evaluation = with_verifier(&stack, &corpus).await?;
    for (alone, failed) in
        [(alone.untrue, evaluation.total.untrue), (alone.is_true, evaluation.total.is_true)]
    {
        assert_eq!(failed.verifier_failed, alone.claims - alone.dropped_by_checks);
        assert_eq!((failed.kept, failed.dropped), (0, alone.dropped_by_checks));
        assert_eq!(failed.doubted_by_checks, alone.doubted_by_checks);
    }
    stack.stop().await
}
