//! Budgets and quotas hold, and usage is exact, however many calls run concurrently.
use crate::support::{clean_company, sanctioned_company, text_at, with_fields};
use anyhow::Result;
use aws_adapters::{
    Aws,
    quota::{Admission, Limits},
};
use domain::identity::Tenant;
use domain::time::UtcTime;
use domain::unsettled::UnsettledCall;
use domain::usage::{Day, MicroUsd};
use local_stack::TestStack;
use local_stack::faults::Faults;
use local_stack::stack::Component;
use reqwest::StatusCode;
use serde_json::{Value, json};

fn tenant() -> Tenant {
    "dev".parse().unwrap()
}

fn usd(millionths: u64) -> MicroUsd {
    MicroUsd::new(millionths)
}

async fn without_services() -> Result<TestStack> {
    let mut options = TestStack::options();
    options.without = vec![Component::Api, Component::Worker];
    TestStack::with(options).await
}

fn minute(number: i64) -> UtcTime {
    UtcTime::from_epoch_millis(1_767_614_400_000 + number * 60_000 + 15_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_is_shared_and_settled_within_its_minute_and_renewed_in_the_next() -> Result<()> {
    let stack = without_services().await?;
    let settings = stack.adapters()?.1;
    let quota = || Aws::quota(stack.sdk(), &settings, "m".into(), Limits { requests: 3, tokens: 1_000 });
    let (one, other) = (quota(), quota());
    let admitted = |admission| match admission {
        Admission::Admitted(admitted) => admitted,
        Admission::Full(wait) => panic!("full for {wait:?}"),
    };
    let first = admitted(one.admit(600, minute(0)).await?);
    let Admission::Full(wait) = other.admit(600, minute(0)).await? else { panic!("the quota was not full") };
    assert_eq!(wait.as_secs(), 45);
    // The call used fewer tokens than it reserved, so the minute admits more calls, up to its limit of
    // requests.
    one.settle(first, 100).await?;
    admitted(other.admit(600, minute(0)).await?);
    admitted(other.admit(100, minute(0)).await?);
    assert!(matches!(one.admit(1, minute(0)).await?, Admission::Full(_)));
    admitted(one.admit(5_000, minute(1)).await?);
    // A clock that is an hour fast opens a minute that does not affect the current one.
    admitted(one.admit(1, minute(61)).await?);
    admitted(other.admit(1_000, minute(1)).await?);
    // A call that is settled after its minute changes no other minute.
    one.settle(first, 900).await?;
    assert!(matches!(other.admit(1, minute(1)).await?, Admission::Full(_)));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttle_halves_the_quota_of_every_worker_and_it_recovers() -> Result<()> {
    let stack = without_services().await?;
    let settings = stack.adapters()?.1;
    let quota = || Aws::quota(stack.sdk(), &settings, "m".into(), Limits { requests: 100, tokens: 1_000 });
    let (one, other) = (quota(), quota());
    let available = async |quota: &aws_adapters::quota::Quota, number: i64| -> Result<u32> {
        for count in 0.. {
            if let Admission::Full(_) = quota.admit(100, minute(number)).await? {
                return Ok(count);
            }
        }
        unreachable!("a quota is finite")
    };
    assert_eq!(available(&one, 0).await?, 10);
    one.throttled(minute(1)).await?;
    // Throttles of concurrent calls count once.
    other.throttled(minute(1)).await?;
    assert_eq!(available(&other, 1).await?, 5, "the other worker reads the throttle from the table");
    assert_eq!(available(&one, 3).await?, 6);
    assert_eq!(available(&one, 11).await?, 10);
    stack.stop().await
}

async fn finished_report(stack: &TestStack, request: &Value) -> Result<Value> {
    let id = stack.dev().submit_accepted(request).await?;
    stack.dev().wait_for_end(&id).await
}

/// Returns the calls of `report` with an unknown outcome, as the table has them.
async fn unsettled_calls(stack: &TestStack, report: &Value) -> Result<Vec<UnsettledCall>> {
    let table = stack.adapters()?.0.table;
    let stored = table.get(&tenant(), text_at(report, "/reportId").parse()?).await?;
    Ok(stored.expect("the report is in the table").unsettled_calls)
}

async fn usage(stack: &TestStack, query: &str) -> Result<Value> {
    let answer = stack.dev().get(&format!("/v1/usage{query}")).await?;
    assert_eq!(answer.status(), StatusCode::OK);
    Ok(answer.json().await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_usage_is_the_sum_of_its_own_reports() -> Result<()> {
    let stack = TestStack::start().await?;
    let (mut input, mut output, mut cost, mut calls) = (0, 0, 0.0, 0);
    for (index, request) in [clean_company(), sanctioned_company()].iter().enumerate() {
        // The second report has a repair turn, which counts as well.
        stack.bedrock().faults().set(Faults { uncited: index as f64, ..Faults::default() });
        let report = finished_report(&stack, request).await?;
        let used = &report["usage"];
        input += used["inputTokens"].as_u64().unwrap();
        output += used["outputTokens"].as_u64().unwrap();
        cost += used["costUsd"].as_f64().unwrap();
        calls += used["modelCalls"].as_u64().unwrap();
        assert_eq!(unsettled_calls(&stack, &report).await?, [], "every call is settled");
    }
    assert_eq!(calls, 5, "two assessments, a repair and two verifications");
    let sums = usage(&stack, "").await?;
    let today = Day::of(service_runtime::clock::now()).to_string();
    let total = |sums: &Value| {
        let number = |member: &str| sums[member].as_u64().unwrap();
        (number("reports"), number("inputTokens"), number("outputTokens"), number("modelCalls"))
    };
    assert_eq!(total(&sums), (2, input, output, calls));
    assert!((sums["costUsd"].as_f64().unwrap() - cost).abs() < 1e-9, "{sums} {cost}");
    assert!(sums["days"].as_array().unwrap().iter().all(|day| text_at(day, "/date") <= today.as_str()));
    assert_eq!(usage(&stack, "?from=2020-01-01&to=2020-01-31").await?["days"], json!([]));

    let foreign: Value = stack.acme_client()?.get("/v1/usage").await?.json().await?;
    assert_eq!((&foreign["reports"], &foreign["costUsd"]), (&json!(0), &json!(0.0)));
    let bad = stack.dev().get("/v1/usage?from=tomorrow&day=1").await?;
    assert_eq!(bad.status(), StatusCode::BAD_REQUEST);
    let problem: Value = bad.json().await?;
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2, "{problem}");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_over_budget_fails_before_it_spends_anything() -> Result<()> {
    for setting in ["DOSSIER_BUDGET_REPORT_USD", "DOSSIER_BUDGET_TENANT_DAY_USD"] {
        let mut options = TestStack::options();
        options.settings.insert(setting.to_owned(), "0.01".to_owned());
        let stack = TestStack::with(options).await?;
        let report = finished_report(&stack, &clean_company()).await?;
        assert_eq!(
            (&report["status"], &report["error"]["code"]),
            (&json!("FAILED"), &json!("budget_exceeded"))
        );
        assert_eq!((&report["error"]["retryable"], &report["attempt"]), (&json!(true), &json!(1)));
        assert_eq!(stack.bedrock().calls().get("Converse"), None, "{setting}");
        let sums = usage(&stack, "").await?;
        assert_eq!((&sums["modelCalls"], &sums["costUsd"]), (&json!(0), &json!(0.0)));
        let (aws, _) = stack.adapters()?;
        assert_eq!(
            aws.spending.committed(&tenant(), Day::of(service_runtime::clock::now())).await?,
            usd(0),
            "no reservation remains"
        );
        stack.stop().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_lost_again_and_again_are_paid_for_a_bounded_number_of_times() -> Result<()> {
    let mut options = TestStack::options();
    options.settings.insert("DOSSIER_MODEL_CALLS_MAX".to_owned(), "2".to_owned());
    // The wait after a second loss is up to a 180th of the time until the deadline.
    options.settings.insert("DOSSIER_DEADLINE_SECONDS".to_owned(), "360".to_owned());
    let stack = TestStack::with(options).await?;
    // Each answer has status 200 and cannot be parsed, so it may have been paid for.
    stack.bedrock().faults().set(Faults { unreadable: 1.0, ..Faults::default() });
    let report = finished_report(&stack, &clean_company()).await?;
    assert_eq!(
        (&report["status"], &report["error"]["code"], &report["error"]["retryable"]),
        (&json!("FAILED"), &json!("paid_calls_exceeded"), &json!(true))
    );
    assert_eq!(stack.bedrock().calls()["Converse"], 2);
    let (aws, _) = stack.adapters()?;
    let day = Day::of(service_runtime::clock::now());
    let unsettled = unsettled_calls(&stack, &report).await?;
    assert_eq!(unsettled.len(), 2, "the report lists the calls whose outcome is unknown");
    let reserved = unsettled.iter().map(|call| call.reserved).sum();
    assert!(reserved > usd(0));
    assert_eq!(aws.spending.committed(&tenant(), day).await?, reserved, "the money stays reserved");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_daily_budget_stops_its_tenant_and_no_other() -> Result<()> {
    let mut options = TestStack::options();
    options.settings.insert("DOSSIER_BUDGET_TENANT_DAY_USD".to_owned(), "0.12".to_owned());
    options.slots = 4;
    let stack = TestStack::with(options).await?;
    let mut ids = Vec::new();
    for number in 0..12 {
        ids.push(
            stack
                .dev()
                .submit_accepted(&with_fields(clean_company(), json!({"purpose": format!("{number}")})))
                .await?,
        );
    }
    let (mut completed, mut exceeded, mut cost) = (0, 0, 0.0);
    for id in &ids {
        let report = stack.dev().wait_for_end(id).await?;
        match (text_at(&report, "/status"), report["error"]["code"].as_str()) {
            ("COMPLETED", _) => completed += 1,
            ("FAILED", Some("budget_exceeded")) => exceeded += 1,
            other => panic!("{other:?}: {report}"),
        }
        cost += report["usage"]["costUsd"].as_f64().unwrap();
    }
    assert!(completed > 0 && exceeded > 0, "{completed} completed, {exceeded} over budget");
    assert!(cost <= 0.12, "{cost}");
    let acme = stack.acme_client()?;
    let id = acme.submit_accepted(&clean_company()).await?;
    assert_eq!(acme.wait_for_end(&id).await?["status"], "COMPLETED");
    stack.stop().await
}
