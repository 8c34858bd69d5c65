//! The evaluation and the replay of reports. With the stand-in they are regression tests of prompt, rules and
//! checks.
use std::path::Path;

use crate::support::sanctioned_company;
use anyhow::Result;
use domain::risk::RiskLevel;
use local_stack::TestStack;
use local_stack::faults::Faults;
use local_stack::stack::Component;
use worker_service::evaluation::{Evaluation, Overrides, Stored, evaluate, replay};
use worker_service::settings::Settings;

fn cases() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../worker-service/evaluation"))
}

async fn run_evaluation(stack: &TestStack, overrides: &Overrides) -> Result<Evaluation> {
    let settings = Settings::read(stack.environment())?;
    Ok(evaluate(cases(), stack.infrastructure().bedrock_sdk(), &settings.model, overrides).await?)
}

async fn without_services() -> Result<TestStack> {
    TestStack::with(local_stack::stack::Options {
        without: vec![Component::Api, Component::Worker],
        ..TestStack::options()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stand_in_agrees_with_every_case_and_invents_nothing() -> Result<()> {
    let stack = without_services().await?;
    let evaluation = run_evaluation(&stack, &Overrides::default()).await?;
    let mut table = Vec::new();
    evaluation.write(&mut table)?;
    let table = String::from_utf8(table)?;
    assert!(evaluation.cases.len() >= 9, "{table}");
    assert_eq!((evaluation.missed, evaluation.invented), (0, 0), "{table}");
    assert!((evaluation.level_agreement - 1.0).abs() < 1e-9, "{table}");
    evaluation.require(1.0)?;
    assert!(evaluation.cost_usd > 0.0 && table.contains("level agreement 100.0 %"), "{table}");
    let json = serde_json::to_value(&evaluation)?;
    assert_eq!(json["cases"][0]["case"], "bribery-probe");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_evaluation_measures_how_a_bad_model_fails() -> Result<()> {
    let stack = without_services().await?;
    stack.bedrock().faults().set(Faults { hallucinated: 1.0, ..Faults::default() });
    let evaluation = run_evaluation(&stack, &Overrides::default()).await?;
    assert!(evaluation.citation_validity < 0.2, "{evaluation:?}");
    assert!(evaluation.missed > 5, "{evaluation:?}");
    // The rules set a minimum level, so the levels stay right whatever the model answers.
    assert!(evaluation.cases.iter().all(|case| case.level.is_some_and(|level| level >= RiskLevel::Low)));

    // The checks catch a model that follows instructions in the news.
    stack.bedrock().faults().set(Faults { obedient: 1.0, ..Faults::default() });
    let evaluation = run_evaluation(&stack, &Overrides::default()).await?;
    let injected = evaluation.cases.iter().find(|case| case.case == "injected-news").unwrap();
    assert_eq!((injected.level, injected.invented.len()), (Some(RiskLevel::Medium), 0), "{injected:?}");

    // The result names the claims that the verifier drops, and says when it fails.
    stack.bedrock().faults().set(Faults { verifier_contradicts: 1.0, ..Faults::default() });
    let evaluation = run_evaluation(&stack, &Overrides::default()).await?;
    let verified: Vec<_> = evaluation.cases.iter().filter_map(|case| case.verification.as_ref()).collect();
    assert!(!verified.is_empty() && verified.iter().all(|found| found.contradicted.len() == 1));
    assert_eq!((evaluation.contradicted, evaluation.unverified), (verified.len(), 0));
    let mut table = Vec::new();
    evaluation.write(&mut table)?;
    let (table, first) = (String::from_utf8(table)?, &verified[0].contradicted[0]);
    assert!(table.contains(&format!("contradicted: {} ({})", first.statement, first.reason)), "{table}");
    assert!(table.contains(&format!("contradicted {}, not stated", verified.len())), "{table}");
    stack.bedrock().faults().set(Faults { verifier_refuses: 1.0, ..Faults::default() });
    let evaluation = run_evaluation(&stack, &Overrides::default()).await?;
    assert_eq!((evaluation.contradicted, evaluation.unverified), (0, verified.len()));
    let mut table = Vec::new();
    evaluation.write(&mut table)?;
    assert!(String::from_utf8(table)?.contains("verifier: refused by "));

    stack.bedrock().faults().set(Faults { error: 1.0, ..Faults::default() });
    let failing = run_evaluation(&stack, &Overrides { model: None, prompt: Some("assess-2".into()) }).await?;
    assert!(failing.cases.iter().all(|case| case.error.is_some() && case.level.is_none()));
    assert!(failing.require(0.9).is_err());
    let unknown = Overrides { model: None, prompt: Some("assess-0".into()) };
    assert!(run_evaluation(&stack, &unknown).await.unwrap_err().to_string().contains("assess-2"));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_shows_the_differences_and_writes_nothing() -> Result<()> {
    let stack = TestStack::start().await?;
    let id = stack.dev().submit_accepted(&sanctioned_company()).await?;
    let before = stack.dev().wait_for_end(&id).await?;
    let calls = stack.aws_calls();
    let settings = Settings::read(stack.environment())?;
    let (aws, _) = stack.adapters()?;
    let tenant = "dev".parse()?;
    let stored = Stored::fetch(&aws, &tenant, id.parse()?).await?;
    let bedrock = stack.infrastructure().bedrock_sdk();

    let same = replay(&stored, bedrock, &settings, &Overrides::default()).await?;
    assert_eq!((same.kept, same.gone.len(), same.new.len()), (2, 0, 0));
    assert_eq!(same.level, [RiskLevel::High; 2]);

    let older = Overrides { model: None, prompt: Some("assess-2".into()) };
    let older = replay(&stored, bedrock, &settings, &older).await?;
    assert!(older.prompt[0].starts_with("assess-3") && older.prompt[1].starts_with("assess-2"));

    stack.bedrock().faults().set(Faults { verifier_contradicts: 1.0, ..Faults::default() });
    let contradicted = replay(&stored, bedrock, &settings, &Overrides::default()).await?;
    let outcomes =
        contradicted.verifier.each_ref().map(|verifier| verifier.as_ref().unwrap().outcome.as_str());
    assert_eq!(outcomes, ["verified", "verified"]);
    let found = contradicted.verification.as_ref().unwrap();
    assert_eq!((found.claims, found.contradicted.len(), contradicted.gone.len()), (3, 1, 1));
    let mut text = Vec::new();
    contradicted.write(&mut text)?;
    let text = String::from_utf8(text)?;
    assert!(text.contains(&format!("contradicted: {}", found.contradicted[0].statement)), "{text}");
    assert!(text.contains("(verified) (the same)"), "{text}");

    stack.bedrock().faults().set(Faults { uncited: 1.0, ..Faults::default() });
    let worse = replay(&stored, bedrock, &settings, &Overrides::default()).await?;
    assert_eq!((worse.kept, worse.gone.len(), worse.dropped), (0, 2, [0, 2]));
    let mut text = Vec::new();
    worse.write(&mut text)?;
    assert!(String::from_utf8(text)?.contains("the report was not touched"));

    // The replay wrote nothing to AWS, and the report is unchanged.
    let writes = |calls: &local_stack::aws::CallCounts| {
        let reads = ["GetItem", "GetObject", "Query", "ReceiveMessage", "GetQueueAttributes", "BatchGetItem"];
        calls
            .iter()
            .filter(|((_, operation), _)| !reads.contains(&operation.as_str()))
            .map(|(_, n)| *n)
            .sum::<u64>()
    };
    assert_eq!(writes(&stack.aws_calls()), writes(&calls));
    let after = stack.dev().get(&format!("/v1/reports/{id}")).await?.json::<serde_json::Value>().await?;
    assert_eq!(after["usage"], before["usage"]);

    let unknown = Stored::fetch(&aws, &tenant, domain::identity::ReportId::from(uuid::Uuid::now_v7())).await;
    assert!(unknown.unwrap_err().to_string().contains("has no report"));
    stack.stop().await
}
