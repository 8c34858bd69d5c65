//! Expired reports: gone for every reader and writer from the moment at which they expire, although DynamoDB
//! deletes their items some days later.
use std::time::Duration;

use crate::support::{clean_company, text_at, with_fields};
use anyhow::{Context as _, Result};
use aws_adapters::{
    Aws,
    retention::Retention,
    table::{Created, Details, Executed, Filter, Lookup},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    identity::{ReportId, Tenant},
    lifecycle::{Command, Policy, Status, apply},
    report::Report,
    request::ReportRequestDraft,
    time::UtcTime,
};
use local_stack::TestStack;
use local_stack::stack::{Component, Options};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use service_runtime::clock::Clock;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn start() -> UtcTime {
    UtcTime::from_epoch_millis(1_790_000_000_000)
}

fn dev() -> Tenant {
    "dev".parse().unwrap()
}

/// Returns a report that is submitted at `now`.
fn report(id: ReportId, now: UtcTime) -> Result<Report> {
    let request = ReportRequestDraft {
        company_name: Some("Acme".into()),
        corporate_number: Some("1".into()),
        country: Some("AQ".into()),
        callback_url: Some("https://receiver.example.com/hook".into()),
        ..ReportRequestDraft::default()
    };
    let request = request.check().map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
    let lifecycle = apply(None, &Command::Submit, now, &Policy::default())?;
    let expires_at = Retention::from_days(90).end(&"dev".parse().unwrap(), now);
    Ok(Report::submitted(dev(), id, request, lifecycle, uuid::Uuid::now_v7(), now, expires_at))
}

async fn execute(aws: &Aws, id: ReportId, command: Command, now: UtcTime) -> Result<Executed> {
    let details = Details { has_webhook: true, ..Details::default() };
    Ok(aws.table.execute(&dev(), id, &command, &details, now, &Policy::default()).await?)
}

async fn done(aws: &Aws, id: ReportId, command: Command, now: UtcTime) -> Result<Report> {
    match execute(aws, id, command, now).await? {
        Executed::Done(report) => Ok(*report),
        Executed::Rejected(current) => anyhow::bail!("rejected: {current:?}"),
    }
}

async fn listed(aws: &Aws) -> Result<Vec<ReportId>> {
    let page = aws.table.list(&dev(), &Filter::default(), 10, None).await?;
    Ok(page.reports.into_iter().map(|report| report.id).collect())
}

async fn bare_stack() -> Result<TestStack> {
    let without = vec![Component::Api, Component::Worker];
    TestStack::with(Options { without, ..TestStack::options() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_gone_from_the_second_in_which_it_expires() -> Result<()> {
    let stack = bare_stack().await?;
    let clock = Clock::fixed(start());
    let (aws, _) = stack.adapters_at(&clock)?;
    let [ended, open] = [(); 2].map(|()| ReportId::from(uuid::Uuid::now_v7()));
    for id in [ended, open] {
        assert!(matches!(aws.table.create(&report(id, start())?).await?, Created::New));
    }
    // The end of a report does not change how long it is kept.
    let cancelled_at = start().plus(Duration::from_secs(60));
    let cancelled = done(&aws, ended, Command::Cancel, cancelled_at).await?;
    let expires_at = start().plus(90 * DAY);
    assert_eq!((cancelled.lifecycle.status, cancelled.expires_at), (Status::Cancelled, expires_at));

    let before = UtcTime::from_epoch_millis(expires_at.epoch_millis() - 1);
    clock.set(before);
    assert!(aws.table.get(&dev(), ended).await?.is_some());
    assert_eq!(listed(&aws).await?.len(), 2);

    clock.set(expires_at);
    assert!(aws.table.get(&dev(), ended).await?.is_none());
    let lookups = aws.table.get_all(&[(dev(), ended), (dev(), open)]).await?;
    assert!(matches!(lookups[..], [Lookup::Missing, Lookup::Found(_)]), "{lookups:?}");
    assert_eq!(listed(&aws).await?, [open], "an open report does not expire");
    for command in [Command::Resubmit, Command::Cancel, Command::RequestCancel, Command::Redispatch] {
        let executed = execute(&aws, ended, command.clone(), expires_at).await?;
        assert!(matches!(executed, Executed::Rejected(None)), "{command:?}: {executed:?}");
    }
    assert!(aws.table.resend_webhook(&dev(), ended, expires_at).await?.is_none());

    // A new report takes its id. A repetition of that write finds itself, another submission the new report.
    let new = report(ended, expires_at)?;
    for _ in 0..2 {
        assert!(matches!(aws.table.create(&new).await?, Created::New));
    }
    let Created::Existing(existing) = aws.table.create(&report(ended, expires_at)?).await? else {
        anyhow::bail!("the id is taken");
    };
    assert_eq!((existing.submission, existing.lifecycle.status), (new.submission, Status::Pending));
    assert_eq!(existing.ended_at, None, "nothing is left of the old report");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn work_on_a_report_keeps_it_and_its_files_for_the_same_period() -> Result<()> {
    let stack = bare_stack().await?;
    let clock = Clock::fixed(start());
    let (aws, _) = stack.adapters_at(&clock)?;
    let id = ReportId::from(uuid::Uuid::now_v7());
    aws.table.create(&report(id, start())?).await?;
    let kept_from = |report: &Report, at: UtcTime| assert_eq!(report.expires_at, at.plus(90 * DAY));
    let cancelled = done(&aws, id, Command::Cancel, start()).await?;
    kept_from(&cancelled, start());

    let resubmitted_at = start().plus(89 * DAY);
    clock.set(resubmitted_at);
    kept_from(&done(&aws, id, Command::Resubmit, resubmitted_at).await?, resubmitted_at);
    let claimed_at = resubmitted_at.plus(Duration::from_secs(3600));
    let claim = Command::Claim { holder: "worker/1".to_owned() };
    let claimed = done(&aws, id, claim, claimed_at).await?;
    kept_from(&claimed, claimed_at);
    // The files are stored after the last stage began and before the report is completed: S3 counts from then.
    let rendering_at = claimed_at.plus(Duration::from_secs(60));
    let attempt = claimed.lifecycle.attempt;
    kept_from(&done(&aws, id, Command::Advance { attempt }, rendering_at).await?, rendering_at);
    let renewed_at = rendering_at.plus(Duration::from_secs(20));
    kept_from(&done(&aws, id, Command::Renew { attempt }, renewed_at).await?, rendering_at);
    let completed = done(&aws, id, Command::Complete { attempt }, renewed_at.plus(DAY)).await?;
    kept_from(&completed, rendering_at);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shorter_period_applies_to_reports_that_have_ended_as_it_does_to_their_files() -> Result<()> {
    let stack = bare_stack().await?;
    let clock = Clock::fixed(start());
    let (aws, mut settings) = stack.adapters_at(&clock)?;
    let id = ReportId::from(uuid::Uuid::now_v7());
    aws.table.create(&report(id, start())?).await?;
    let ended_at = start().plus(DAY);
    done(&aws, id, Command::Cancel, ended_at).await?;
    settings.retention = Retention::from_days(30);
    let shorter = Aws::new(stack.sdk(), &settings, &clock);
    clock.set(ended_at.plus(30 * DAY - Duration::from_secs(1)));
    let report = shorter.table.get(&dev(), id).await?.context("the report is kept for 30 days")?;
    assert_eq!(report.expires_at, ended_at.plus(30 * DAY));
    clock.set(ended_at.plus(30 * DAY));
    assert!(shorter.table.get(&dev(), id).await?.is_none());
    // A longer period does not bring anything back.
    settings.retention = Retention::from_days(365);
    clock.set(start().plus(90 * DAY));
    assert!(Aws::new(stack.sdk(), &settings, &clock).table.get(&dev(), id).await?.is_none());
    stack.stop().await
}

/// Sets the time of expiry of a report's item to a second ago.
async fn expire(stack: &TestStack, id: &str) -> Result<()> {
    let second_ago = service_runtime::clock::now().epoch_seconds() - 1;
    stack
        .clients()
        .dynamodb
        .update_item()
        .table_name(&stack.infrastructure().names().table)
        .key("pk", AttributeValue::S(format!("R#dev#{id}")))
        .update_expression("SET expires_at = :at")
        .expression_attribute_values(":at", AttributeValue::N(second_ago.to_string()))
        .send()
        .await?;
    Ok(())
}

async fn entity_tag(stack: &TestStack, id: &str) -> Result<String> {
    let answer = stack.dev().get(&format!("/v1/reports/{id}")).await?;
    Ok(answer.headers().get("etag").context("an entity tag")?.to_str()?.to_owned())
}

async fn submit(stack: &TestStack, path: &str, key: &str, body: &Value) -> Result<(bool, Value)> {
    let request = stack.dev().request(Method::POST, path).header("idempotency-key", key).json(body);
    let answer = request.send().await?;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    Ok((answer.headers().contains_key("idempotency-replayed"), answer.json().await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_answers_as_if_an_expired_report_had_never_existed() -> Result<()> {
    let stack = TestStack::start().await?;
    let company = with_fields(clean_company(), json!({"callbackUrl": "https://receiver.example.com/hook"}));
    let batch = json!({"reports": [with_fields(company.clone(), json!({"customId": "a"}))]});
    let (_, single) = submit(&stack, "/v1/reports", "key-1", &company).await?;
    let (_, of_batch) = submit(&stack, "/v1/reports/batch", "key-2", &batch).await?;
    let id = text_at(&single, "/reportId").to_owned();
    let batch_id = text_at(&of_batch, "/results/0/report/reportId").to_owned();
    for id in [&id, &batch_id] {
        assert_eq!(stack.dev().wait_for_end(id).await?["status"], "COMPLETED");
    }
    let old_tag = entity_tag(&stack, &id).await?;
    for id in [&id, &batch_id] {
        expire(&stack, id).await?;
    }
    for path in ["", "/events", "/document", "/artifacts/pdf", "/callback"] {
        let answer = stack.dev().get(&format!("/v1/reports/{id}{path}")).await?;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/cancel", "/resubmit", "/callback/resend"] {
        let answer = stack.dev().post(&format!("/v1/reports/{id}{path}")).await?;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let list: Value = stack.dev().get("/v1/reports").await?.json().await?;
    assert_eq!(list, json!({"reports": [], "nextPageToken": null}));
    assert_eq!(stack.dev().get("/v1/reports.csv").await?.text().await?.lines().count(), 1);

    // The same keys make new reports, which do not use the files of the old ones.
    let (replayed, again) = submit(&stack, "/v1/reports", "key-1", &company).await?;
    assert!(!replayed && again["status"] == "PENDING" && again["reportId"] == id.as_str(), "{again}");
    let (replayed, again) = submit(&stack, "/v1/reports/batch", "key-2", &batch).await?;
    assert!(!replayed && again["results"][0]["report"]["status"] == "PENDING", "{again}");
    for id in [&id, &batch_id] {
        let report = stack.dev().wait_for_end(id).await?;
        assert_eq!((&report["status"], &report["attempt"]), (&json!("COMPLETED"), &json!(1)));
    }
    assert!(submit(&stack, "/v1/reports", "key-1", &company).await?.0, "the new report is replayed");

    // What a client knows of the old report says nothing about the new one.
    let read = stack.dev().request(Method::GET, &format!("/v1/reports/{id}"));
    assert_eq!(read.header("if-none-match", &old_tag).send().await?.status(), StatusCode::OK, "{old_tag}");
    let revision = old_tag.trim_start_matches("W/\"").split('-').next().context("a revision")?;
    let follow = stack.dev().request(Method::GET, &format!("/v1/reports/{id}/events"));
    assert_eq!(follow.header("last-event-id", revision).send().await?.status(), StatusCode::OK, "{revision}");
    stack.stop().await
}
