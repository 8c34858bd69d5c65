//! The evaluation of claims through the stand-in's verifier, and the figures of docs/ASSESSMENT.md.
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use local_stack::TestStack;
use local_stack::faults::Faults;
use worker_service::assess::{ModelSettings, configured_verifier};
use worker_service::evaluation::{ClaimCorpus, ClaimEvaluation, Counts, KindResult, evaluate_claims};

fn part(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../worker-service/evaluation/claims")).join(name)
}

async fn with_verifier(stack: &TestStack, corpus: &ClaimCorpus) -> Result<ClaimEvaluation> {
    let settings = ModelSettings::from_environment(stack.environment())?;
    let verifier = configured_verifier(stack.infrastructure().bedrock_sdk(), &settings);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_that_gives_no_usable_answer_is_counted_apart() -> Result<()> {
    let stack = TestStack::start().await?;
    let corpus = ClaimCorpus::read(&part("development")).map_err(anyhow::Error::msg)?;
    let alone = evaluate_claims(&corpus, None, 1).await?.total;
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
