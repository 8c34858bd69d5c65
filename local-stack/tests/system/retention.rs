//! Retention periods of single tenants: record, files and work files of a report end together, with the tenant's period,
//! whether it is shorter or longer than the default.
use std::collections::HashMap;
use std::time::Duration;

use crate::support::{clean_company, text_at};
use anyhow::{Context as _, Result};
use aws_adapters::Aws;
use aws_adapters::retention::Retention;
use aws_adapters::table::{Created, DuePartition, Work};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::identity::Tenant;
use domain::report::OwnRetention;
use domain::time::UtcTime;
use local_stack::TestStack;
use local_stack::aws::Service;
use local_stack::stack::client::Client;
use local_stack::stack::{Component, Options};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use service_runtime::clock::{self, Clock};

const DAY: Duration = Duration::from_secs(24 * 3600);
const PAUSE: Duration = Duration::from_millis(20);

/// Starts a stack in which reports of `dev` are kept for `days`, and others for 90 days.
async fn with_days(days: u32) -> Result<TestStack> {
    let mut options = TestStack::options();
    options.settings.insert("DOSSIER_TENANT_RETENTION_DAYS".to_owned(), format!("dev={days}"));
    TestStack::with(options).await
}

fn dev() -> Tenant {
    "dev".parse().unwrap()
}

async fn completed(client: &Client) -> Result<(String, Value)> {
    let id = client.submit_accepted(&clean_company()).await?;
    let report = client.wait_for_end(&id).await?;
    assert_eq!(report["status"], "COMPLETED");
    Ok((id, report))
}

/// Returns the folder of each object that the bucket holds of the report, such as `reports` or `kept/work`.
async fn objects(stack: &TestStack, tenant: &str, id: &str) -> Result<Vec<String>> {
    let request = stack.clients().s3.list_objects_v2().bucket(&stack.infrastructure().names().bucket);
    let listed = request.send().await?;
    let keys = listed.contents().iter().filter_map(|object| object.key());
    let folder = format!("/{tenant}/{id}/");
    Ok(keys.filter_map(|key| key.split_once(&folder).map(|(kind, _)| kind.to_owned())).collect())
}

async fn item(stack: &TestStack, pk: &str) -> Result<Option<HashMap<String, AttributeValue>>> {
    let request = stack.clients().dynamodb.get_item().table_name(&stack.infrastructure().names().table);
    Ok(request.key("pk", AttributeValue::S(pk.to_owned())).consistent_read(true).send().await?.item)
}

/// Makes a report `age` older, as if all of it had happened earlier.
async fn age(stack: &TestStack, tenant: &str, id: &str, age: Duration) -> Result<()> {
    let pk = format!("R#{tenant}#{id}");
    let mut item = item(stack, &pk).await?.context("the item")?;
    for name in ["created_at", "started_at", "render_began_at", "ended_at"] {
        if let Some(AttributeValue::S(at)) = item.get(name) {
            let earlier = at.parse::<UtcTime>()?.minus(age).to_string();
            item.insert(name.to_owned(), AttributeValue::S(earlier));
        }
    }
    let created = item["created_at"].as_s().unwrap().clone();
    item.insert("created_key".to_owned(), AttributeValue::S(format!("{created}#{id}")));
    let request = stack.clients().dynamodb.put_item().table_name(&stack.infrastructure().names().table);
    request.set_item(Some(item)).send().await?;
    Ok(())
}

/// Makes the hourly task of erasing the expired reports of `dev` due now.
async fn look_for_expired(stack: &TestStack) -> Result<()> {
    let request = stack.clients().dynamodb.update_item().table_name(&stack.infrastructure().names().table);
    request
        .key("pk", AttributeValue::S("E#dev".to_owned()))
        .update_expression("SET due_at = :now")
        .expression_attribute_values(":now", AttributeValue::N(clock::now().epoch_millis().to_string()))
        .send()
        .await?;
    Ok(())
}

async fn until_erased(stack: &TestStack, id: &str) -> Result<()> {
    while item(stack, &format!("R#dev#{id}")).await?.is_some() {
        tokio::time::sleep(PAUSE).await;
    }
    assert_eq!(objects(stack, "dev", id).await?, Vec::<String>::new());
    Ok(())
}

/// Returns the number of days from `from` to `to`. A report is kept from the last work on it, which ends a while after its
/// submission, so parts of a day do not count.
fn days_between(from: UtcTime, to: UtcTime) -> u64 {
    (to.since(from) + DAY / 2).as_secs() / DAY.as_secs()
}

/// Returns for how many days after its submission a report is kept.
fn days_kept(report: &Value) -> Result<u64> {
    let time = |at: &str| text_at(report, at).parse::<UtcTime>();
    Ok(days_between(time("/createdAt")?, time("/expiresAt")?))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shorter_period_ends_record_and_files_of_its_tenant_alone() -> Result<()> {
    let stack = with_days(30).await?;
    let (id, report) = completed(stack.dev()).await?;
    let (young, _) = completed(stack.dev()).await?;
    let acme = stack.acme_client()?;
    let (other, of_acme) = completed(&acme).await?;
    assert_eq!((days_kept(&report)?, days_kept(&of_acme)?), (30, 90));
    for (tenant, id) in [("dev", &id), ("dev", &young), ("acme", &other)] {
        let kinds = objects(&stack, tenant, id).await?;
        assert!(
            kinds.len() == 8 && kinds.iter().all(|kind| kind == "reports" || kind == "work"),
            "{kinds:?}"
        );
    }

    age(&stack, "dev", &id, 30 * DAY).await?;
    age(&stack, "dev", &young, 29 * DAY).await?;
    age(&stack, "acme", &other, 30 * DAY).await?;
    assert_eq!(stack.dev().get(&format!("/v1/reports/{id}")).await?.status(), StatusCode::NOT_FOUND);
    look_for_expired(&stack).await?;
    until_erased(&stack, &id).await?;
    for (client, tenant, id) in [(stack.dev(), "dev", &young), (&acme, "acme", &other)] {
        assert_eq!(client.get(&format!("/v1/reports/{id}")).await?.status(), StatusCode::OK, "{tenant}");
        assert_eq!(objects(&stack, tenant, id).await?.len(), 8, "{tenant}");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_longer_period_keeps_files_where_the_bucket_does_not_delete_them() -> Result<()> {
    let stack = with_days(3650).await?;
    let (id, report) = completed(stack.dev()).await?;
    assert_eq!(days_kept(&report)?, 3650);
    let kinds = objects(&stack, "dev", &id).await?;
    assert!(kinds.len() == 8 && kinds.iter().all(|kind| kind.starts_with("kept/")), "{kinds:?}");
    let link = reqwest::get(text_at(&report, "/links/pdf")).await?;
    assert_eq!(link.status(), StatusCode::OK);
    let stored = item(&stack, &format!("R#dev#{id}")).await?.context("the item")?;
    assert_eq!(stored["own_retention"], AttributeValue::S("longer".to_owned()), "as it was stored before");
    let time_to_live: i64 = stored["expires_at"].as_n().unwrap().parse()?;
    assert!(
        time_to_live > clock::now().plus(3651 * DAY).epoch_seconds(),
        "DynamoDB does not delete it first"
    );

    age(&stack, "dev", &id, 3649 * DAY).await?;
    look_for_expired(&stack).await?;
    assert_eq!(stack.dev().get(&format!("/v1/reports/{id}")).await?.status(), StatusCode::OK);
    // A legal hold keeps it beyond its period, as any other report.
    let hold = stack.dev().request(Method::PUT, &format!("/v1/reports/{id}/hold"));
    assert_eq!(hold.json(&json!({"reason": "a"})).send().await?.status(), StatusCode::OK);
    let held =
        async || -> Result<Value> { Ok(stack.dev().get(&format!("/v1/reports/{id}")).await?.json().await?) };
    while held().await?["legalHold"]["filesSecuredAt"].is_null() {
        tokio::time::sleep(PAUSE).await;
    }
    assert_eq!(objects(&stack, "dev", &id).await?.len(), 16, "files and copies");
    age(&stack, "dev", &id, 2 * DAY).await?;
    look_for_expired(&stack).await?;
    let document = stack.dev().get(&format!("/v1/reports/{id}/document")).await?;
    assert_eq!(document.status(), StatusCode::OK);
    let released = stack.dev().request(Method::DELETE, &format!("/v1/reports/{id}/hold")).send().await?;
    assert_eq!(released.status(), StatusCode::NO_CONTENT);
    until_erased(&stack, &id).await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_report_is_erased_before_its_idempotency_key_makes_a_new_one() -> Result<()> {
    let stack = with_days(30).await?;
    let submit = async || {
        let request = stack.dev().request(Method::POST, "/v1/reports").header("idempotency-key", "k");
        request.json(&clean_company()).send().await
    };
    let first: Value = submit().await?.json().await?;
    let id = text_at(&first, "/reportId").to_owned();
    stack.dev().wait_for_end(&id).await?;
    age(&stack, "dev", &id, 30 * DAY).await?;
    assert_eq!(submit().await?.status(), StatusCode::SERVICE_UNAVAILABLE);
    until_erased(&stack, &id).await?;
    assert_eq!(submit().await?.status(), StatusCode::ACCEPTED);
    assert_eq!(stack.dev().wait_for_end(&id).await?["status"], "COMPLETED");
    assert_eq!(objects(&stack, "dev", &id).await?.len(), 8);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_report_cannot_be_erased_by_request() -> Result<()> {
    let stack = with_days(30).await?;
    let (id, _) = completed(stack.dev()).await?;
    age(&stack, "dev", &id, 31 * DAY).await?;
    let answer = stack.dev().request(Method::DELETE, &format!("/v1/reports/{id}")).send().await?;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(answer.json::<Value>().await?["code"], "report_not_found");
    look_for_expired(&stack).await?;
    until_erased(&stack, &id).await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn expiry_tasks_are_recorded_once_and_wait_for_their_hour() -> Result<()> {
    let without = vec![Component::Api, Component::Worker];
    let stack = TestStack::with(Options { without, ..TestStack::options() }).await?;
    let (_, mut settings) = stack.adapters()?;
    let acme: Tenant = "acme".parse()?;
    let now = clock::now();
    let writes = || {
        let calls = stack.aws_calls();
        calls.get(&(Service::DynamoDb, "UpdateItem".to_owned())).copied().unwrap_or_default()
    };
    for (tenants, written) in [(vec![dev()], 1), (vec![dev()], 0), (vec![dev(), acme.clone()], 1)] {
        let days = tenants.into_iter().map(|tenant| (tenant, 30)).collect();
        settings.retention = Retention::from_days(90).with_tenants(days);
        let table = Aws::new(stack.sdk(), &settings, &Clock::system()).table;
        let before = writes();
        table.promise_expiry(now).await?;
        assert_eq!(writes() - before, written);
        // A worker that starts does not bring the next turn forward.
        table.claim_expiry(&dev(), now).await?;
    }
    let (aws, _) = stack.adapters()?;
    let mut due = Vec::new();
    for partition in DuePartition::all() {
        due.extend(aws.table.due(partition, now, 10, None).await?.entries.into_iter().map(|due| due.work));
    }
    assert_eq!(due, [Work::Expiry { tenant: acme }]);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_period_applies_to_reports_that_exist() -> Result<()> {
    let stack = with_days(30).await?;
    let (id, _) = completed(stack.dev()).await?;
    let id = id.parse()?;
    let (_, mut settings) = stack.adapters()?;
    let now = clock::now();
    let clock = Clock::fixed(now);
    let mut kept = async |own: Option<u32>| -> Result<u64> {
        let tenants = own.map(|days| (dev(), days)).into_iter().collect();
        settings.retention = Retention::from_days(90).with_tenants(tenants);
        let table = Aws::new(stack.sdk(), &settings, &clock).table;
        let report = table.get(&dev(), id).await?.context("the report")?;
        assert_eq!(report.own_retention, Some(OwnRetention::WithinDefault));
        Ok(days_between(report.created_at, report.expires_at))
    };
    assert_eq!((kept(Some(30)).await?, kept(Some(60)).await?, kept(Some(7)).await?), (30, 60, 7));
    // Its files are where the bucket deletes them after the default period.
    assert_eq!((kept(Some(3650)).await?, kept(None).await?), (90, 90));
    // Its record is, too, although no worker looks for it before the end of the longer period.
    let stored = item(&stack, &format!("R#dev#{id}")).await?.context("the item")?;
    assert_eq!(stored["own_retention"], AttributeValue::S("shorter".to_owned()), "as it was stored before");
    let time_to_live: i64 = stored["expires_at"].as_n().unwrap().parse()?;
    assert!(time_to_live <= now.plus(91 * DAY).epoch_seconds(), "{time_to_live}");
    let (aws, _) = stack.adapters()?;
    let report = aws.table.get(&dev(), id).await?.context("the report")?;
    assert!(matches!(aws.table.create(&report).await?, Created::New), "a repetition finds itself");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_that_the_bucket_does_not_allow_is_refused() -> Result<()> {
    let mut options = TestStack::options();
    options.settings.insert("DOSSIER_TENANT_RETENTION_DAYS".to_owned(), "dev=4000".to_owned());
    let error = format!("{:?}", TestStack::with(options).await.err().context("an error")?);
    assert!(
        error.contains("it gives dev 4000 days, but the bucket deletes every file after 3650"),
        "{error}"
    );
    Ok(())
}
