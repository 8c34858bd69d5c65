//! The rehearsal of docs/OPERATIONS.md, "A Region is lost": one Region is lost while reports are in every state, and
//! another one continues from its copies. The tables have the state of the last backup, under other names; the bucket
//! has what was copied until the loss.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use aws_adapters::Aws;
use aws_adapters::retention::Retention;
use aws_adapters::settings::AwsSettings;
use aws_adapters::table::{Details, Executed};
use aws_sdk_dynamodb::types::AttributeValue;
use axum::http::StatusCode;
use domain::artifact::sha256_hex;
use domain::identity::{ReportId, Tenant};
use domain::lifecycle::{Command, apply};
use domain::message::ReportMessage;
use domain::report::Report;
use domain::request::{ReportRequest, ReportRequestDraft};
use local_stack::TestStack;
use local_stack::aws::KeyMaterial;
use local_stack::fault_proxy::{self, Exchange, Observer};
use local_stack::faults::Faults;
use local_stack::provision::Names;
use local_stack::stack::client::Client;
use local_stack::stack::{Component, Options};
use reqwest::Method;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tokio::time::sleep;

use crate::support::region::{Receiver, TableCopy, copy_objects};
use crate::support::text_at;

const POLL: Duration = Duration::from_millis(20);

/// A report of the rehearsal: what it is, and what the rehearsal expects of it.
struct Case {
    /// The state at the time of the backup.
    at_backup: &'static str,
    /// What the first Region did afterwards.
    afterwards: &'static str,
    /// What the second Region makes of it.
    outcome: &'static str,
    /// Number of the model's answers in the first and in the second Region.
    answers: (u64, u64),
    /// Number of webhooks that the receiver accepted from the first and from the second Region.
    webhooks: (usize, usize),
}

/// The cases by their number, which is part of the company's registration number.
const CASES: [Case; 13] = [
    case("COMPLETED", "", "COMPLETED: links work, the `Idempotency-Key` is known", (2, 0), (0, 0)),
    case("COMPLETED, webhook delivered", "", "COMPLETED", (2, 0), (1, 0)),
    case("COMPLETED, receiver of the webhook down", "", "webhook delivered with the same id", (2, 0), (0, 1)),
    case("COMPLETED, erasure requested", "", "erased, with its files", (2, 0), (0, 0)),
    case("FAILED", "", "FAILED", (0, 0), (0, 0)),
    case("CANCELLED", "", "CANCELLED", (0, 0), (0, 0)),
    case("PENDING, in the queue", "", "COMPLETED", (0, 2), (0, 1)),
    case("PENDING, waits for a retry outside the queue", "", "COMPLETED", (0, 2), (0, 1)),
    case("PROCESSING, the model is asked", "", "COMPLETED", (0, 2), (0, 1)),
    case("PROCESSING, claims are verified", "", "COMPLETED", (1, 1), (0, 1)),
    case(
        "PENDING, in the queue",
        "COMPLETED, webhook delivered, all files copied",
        "COMPLETED again from the stored answers; a second webhook",
        (2, 0),
        (1, 1),
    ),
    case(
        "PENDING, in the queue",
        "COMPLETED, the last files not copied",
        "COMPLETED again; the answer that was not copied is bought again",
        (2, 1),
        (1, 1),
    ),
    case("not submitted yet", "COMPLETED", "unknown; submitted again with its key", (2, 2), (0, 0)),
];

const fn case(
    at_backup: &'static str,
    afterwards: &'static str,
    outcome: &'static str,
    answers: (u64, u64),
    webhooks: (usize, usize),
) -> Case {
    Case { at_backup, afterwards, outcome, answers, webhooks }
}

// The cases that the rehearsal treats one by one.
const FINISHED: usize = 0;
const DELIVERED: usize = 1;
const RECEIVER_DOWN: usize = 2;
const ERASED: usize = 3;
const FAILED: usize = 4;
const CANCELLED: usize = 5;
const WAITING: usize = 7;
const ASSESSED: usize = 8;
const VERIFIED: usize = 9;
const AFTERWARDS: usize = 10;
const HALF_COPIED: usize = 11;
const LOST: usize = 12;

fn number(case: usize) -> String {
    format!("{}", 91_000_000 + case)
}

fn company(case: usize) -> Value {
    json!({"companyName": "Harrow & Lindqvist Foods Ltd", "corporateNumber": number(case), "country": "GB"})
}

fn dev() -> Tenant {
    "dev".parse().unwrap()
}

/// Counts the model's answers by registration number, in every Region that it observes.
#[derive(Clone, Default)]
struct Answers(Arc<Mutex<BTreeMap<String, u64>>>);

impl Answers {
    fn observer(&self) -> fault_proxy::Options {
        let answers = self.clone();
        let observe = move |exchange: &Exchange<'_>| {
            if exchange.operation == "Bedrock.Converse" && exchange.status == StatusCode::OK {
                let conversation = String::from_utf8_lossy(exchange.request).into_owned();
                let found = (0..CASES.len()).map(number).find(|number| conversation.contains(number));
                *answers.0.lock().unwrap().entry(found.unwrap_or_default()).or_default() += 1;
            }
        };
        fault_proxy::Options { rules: Vec::new(), observer: Some(Observer::new(observe)) }
    }

    fn of(&self, case: usize) -> u64 {
        self.0.lock().unwrap().get(&number(case)).copied().unwrap_or_default()
    }
}

/// A Region with clients of its API and its adapters.
struct Region {
    stack: TestStack,
    client: Client,
    aws: Aws,
    settings: AwsSettings,
}

impl Region {
    /// Records a report whose webhook goes to `receiver`. The API accepts only public receivers.
    async fn record(&self, case: usize, receiver: &str) -> Result<ReportId> {
        let now = service_runtime::clock::now();
        let draft = ReportRequestDraft {
            company_name: Some("Harrow & Lindqvist Foods Ltd".into()),
            corporate_number: Some(number(case)),
            country: Some("GB".into()),
            ..ReportRequestDraft::default()
        };
        let request =
            ReportRequest { callback_url: Some(format!("{receiver}/{case}")), ..draft.check().unwrap() };
        let report = Report::submitted(
            dev(),
            ReportId::from(uuid::Uuid::now_v7()),
            request,
            apply(None, &Command::Submit, now, &self.settings.policy)?,
            uuid::Uuid::now_v7(),
            now,
            Retention::from_days(90).end(&dev(), now),
        );
        self.aws.table.create(&report).await?;
        Ok(report.id)
    }

    async fn queue(&self, id: ReportId) -> Result<()> {
        Ok(self.aws.queue.send(&ReportMessage::new(dev(), id), None).await?)
    }

    async fn execute(&self, id: ReportId, command: Command) -> Result<()> {
        let now = service_runtime::clock::now();
        let details = Details::default();
        let done = self.aws.table.execute(&dev(), id, &command, &details, now, &self.settings.policy).await?;
        assert!(matches!(done, Executed::Done(_)), "{command:?} was refused");
        Ok(())
    }

    async fn completed(&self, id: &str) -> Result<Value> {
        let report = self.client.wait_for_end(id).await?;
        assert_eq!(report["status"], "COMPLETED", "{report}");
        Ok(report)
    }

    /// Submits the company of `case` under its own key. Returns the resource and whether it is a replay.
    async fn submit(&self, case: usize) -> Result<(Value, bool)> {
        let request = self.client.request(Method::POST, "/v1/reports").json(&company(case));
        let answer = request.header("idempotency-key", number(case)).send().await?;
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        let replayed = answer.headers().contains_key("idempotency-replayed");
        Ok((answer.json().await?, replayed))
    }

    /// Waits until the webhook of the report has `attempts` or more, and returns it.
    async fn webhook(&self, id: ReportId, attempts: usize) -> Result<Value> {
        loop {
            let answer = self.client.get(&format!("/v1/reports/{id}/callback")).await?;
            if answer.status() == StatusCode::OK {
                let webhook: Value = answer.json().await?;
                if webhook["attempts"].as_array().unwrap().len() >= attempts {
                    return Ok(webhook);
                }
            }
            sleep(POLL).await;
        }
    }

    /// Returns the number of objects that the bucket holds of the report.
    async fn objects(&self, id: ReportId) -> Result<usize> {
        let mut count = 0;
        for kind in ["reports", "work"] {
            let list = self.stack.clients().s3.list_objects_v2().bucket(&self.stack.names().bucket);
            count += list.prefix(format!("{kind}/dev/{id}/")).send().await?.contents().len();
        }
        Ok(count)
    }

    async fn has_item(&self, id: ReportId) -> Result<bool> {
        let get = self.stack.clients().dynamodb.get_item().table_name(&self.stack.names().table);
        let get = get.key("pk", AttributeValue::S(format!("R#dev#{id}"))).consistent_read(true);
        Ok(get.send().await?.item.is_some())
    }
}

fn options(key: &KeyMaterial, answers: &Answers) -> Options {
    let mut options =
        Options { kms_key: key.clone(), fault_proxy: Some(answers.observer()), ..TestStack::options() };
    options.settings.insert("DOSSIER_PRIVATE_CALLBACKS".to_owned(), "127.0.0.1".to_owned());
    options
}

/// Starts the first Region. Its sweeper rests, so that the state of each report stays as the rehearsal makes it.
async fn first_region(key: &KeyMaterial, answers: &Answers) -> Result<Region> {
    let mut options = Options { region: "eu-central-1".to_owned(), ..options(key, answers) };
    options.settings.insert("DOSSIER_SWEEP_SECONDS".to_owned(), "3600".to_owned());
    let stack = TestStack::with(options).await?;
    let (client, (aws, settings)) = (stack.dev().clone(), stack.adapters()?);
    Ok(Region { stack, client, aws, settings })
}

/// Puts the first Region into the state of the backup, and returns the ids of its reports by case. The last case is
/// not submitted yet.
async fn fill(region: &Region, receiver: &Receiver, url: &str) -> Result<Vec<ReportId>> {
    let faults = |value: Value| region.stack.bedrock().faults().set(Faults::from_json(&value).unwrap());
    let mut ids = Vec::new();
    for case in 0..LOST {
        ids.push(match case {
            FINISHED | ERASED => text_at(&region.submit(case).await?.0, "/reportId").parse()?,
            _ => region.record(case, url).await?,
        });
    }
    receiver.refuses.lock().unwrap().insert(RECEIVER_DOWN);
    for case in [FINISHED, ERASED, DELIVERED, RECEIVER_DOWN] {
        if matches!(case, DELIVERED | RECEIVER_DOWN) {
            region.queue(ids[case]).await?;
        }
        region.completed(&ids[case].to_string()).await?;
    }
    assert_eq!(region.webhook(ids[DELIVERED], 1).await?["state"], "delivered");
    assert_eq!(region.webhook(ids[RECEIVER_DOWN], 1).await?["state"], "pending");

    // These are recorded by adapters, so no webhook is due.
    region.execute(ids[FAILED], Command::Claim { holder: "worker-1".to_owned() }).await?;
    region.execute(ids[FAILED], Command::Fail { attempt: 1 }).await?;
    region.execute(ids[CANCELLED], Command::Cancel).await?;
    region.execute(ids[WAITING], Command::Claim { holder: "worker-1".to_owned() }).await?;
    let retry = Command::RetryLater { attempt: 1, delay: Duration::from_secs(5) };
    region.execute(ids[WAITING], retry).await?;

    faults(json!({"verifierHangs": 1}));
    region.queue(ids[VERIFIED]).await?;
    let bedrock = region.stack.bedrock();
    let before = bedrock.calls()["Converse"];
    while bedrock.calls()["Converse"] == before || bedrock.in_flight() != 1 {
        sleep(POLL).await;
    }
    faults(json!({"latency": "60s"}));
    region.queue(ids[ASSESSED]).await?;
    while bedrock.in_flight() != 2 {
        sleep(POLL).await;
    }
    faults(json!({}));

    let erase = region.client.request(Method::DELETE, &format!("/v1/reports/{}", ids[ERASED])).send().await?;
    assert_eq!(erase.status(), StatusCode::NO_CONTENT);
    Ok(ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_region_continues_from_its_copies() -> Result<()> {
    let (key, answers) = (KeyMaterial::random(), Answers::default());
    let (receiver, url) = Receiver::start().await?;
    let first = first_region(&key, &answers).await?;
    let secret: Value = first.client.get("/v1/callbacks/secret").await?.json().await?;
    assert!(receiver.secret.set(Webhook::new(text_at(&secret, "/secret"))?).is_ok());
    let ids = fill(&first, &receiver, &url).await?;
    let names = first.stack.names().clone();
    let reports = TableCopy::of(first.stack.clients(), &names.table).await?;
    let access = TableCopy::of(first.stack.clients(), &names.access_table).await?;

    // The first Region works on after the backup.
    for case in [AFTERWARDS, HALF_COPIED] {
        first.queue(ids[case]).await?;
        first.completed(&ids[case].to_string()).await?;
        assert_eq!(first.webhook(ids[case], 1).await?["state"], "delivered");
    }
    let (lost, _) = first.submit(LOST).await?;
    let lost_id: ReportId = text_at(&lost, "/reportId").parse()?;
    first.completed(&lost_id.to_string()).await?;

    // The second Region has a bucket, whose last copies are missing, and tables under other names.
    let restored = Names {
        table: "dossier-20261129".to_owned(),
        access_table: "dossier-access-20261129".to_owned(),
        bucket: "dossier-reports-eu-west-1".to_owned(),
        ..Names::default()
    };
    let without = vec![Component::Api, Component::Worker];
    let region = "eu-west-1".to_owned();
    let options = Options { region, names: restored, without, ..options(&key, &answers) };
    let stack = TestStack::with(options).await?;
    let half = ids[HALF_COPIED].to_string();
    let is_copied =
        |key: &str| !key.contains(&half) || !(key.starts_with("reports/") || key.contains("/verification-"));
    let (from, to) = ((first.stack.clients(), names.bucket.as_str()), stack.names());
    copy_objects(from, (stack.clients(), &to.bucket), is_copied).await?;
    // Whatever waited is due by then.
    let elapsed = Duration::from_secs(3600);
    reports.restore(stack.clients(), &to.table, elapsed).await?;
    access.restore(stack.clients(), &to.access_table, elapsed).await?;
    let dev_key = first.stack.keys().dev.clone();
    first.stack.stop().await?;
    let paid_first: Vec<u64> = (0..CASES.len()).map(|case| answers.of(case)).collect();
    let accepted_first: Vec<usize> = (0..CASES.len()).map(|case| receiver.accepted(case).len()).collect();

    receiver.refuses.lock().unwrap().clear();
    let worker = stack.start_worker(&[])?;
    let (api, url) = stack.start_api(&[]).await?;
    let (client, (aws, settings)) = (Client::new(&url, dev_key)?, stack.adapters()?);
    let second = Region { stack, client, aws, settings };

    // Keys of clients, keys of submissions and links work.
    let (replay, replayed) = second.submit(FINISHED).await?;
    assert!(replayed && text_at(&replay, "/reportId") == ids[FINISHED].to_string());
    let unknown = second.client.get(&format!("/v1/reports/{lost_id}")).await?;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    let (again, replayed) = second.submit(LOST).await?;
    assert!(!replayed && text_at(&again, "/reportId") == lost_id.to_string());

    for (case, id) in ids.iter().copied().chain([lost_id]).enumerate() {
        let status = match case {
            FAILED => "FAILED",
            CANCELLED => "CANCELLED",
            ERASED => continue,
            _ => "COMPLETED",
        };
        let report = second.client.wait_for_end(&id.to_string()).await?;
        assert_eq!(report["status"], status, "{}: {report}", CASES[case].at_backup);
        if status == "COMPLETED" {
            let bytes = second.client.download(text_at(&report, "/links/json")).await?;
            let document: Value = serde_json::from_slice(&bytes)?;
            assert_eq!(document["company"]["corporateNumber"], number(case));
            let stored = second.aws.table.get(&dev(), id).await?.unwrap().outcome.unwrap();
            let stored = stored.artifacts.into_values().map(|stored| stored.sha256);
            assert!(stored.collect::<BTreeSet<_>>().contains(&sha256_hex(&bytes)));
        }
    }
    while second.has_item(ids[ERASED]).await? {
        sleep(POLL).await;
    }
    assert_eq!(second.objects(ids[ERASED]).await?, 0);

    for (case, expected) in CASES.iter().enumerate() {
        let awaited = expected.webhooks.0 + expected.webhooks.1;
        while receiver.accepted(case).len() < awaited {
            sleep(POLL).await;
        }
        assert!(receiver.accepted(case).iter().all(|accepted| accepted.is_signed), "case {case}");
    }
    let webhook = second.webhook(ids[RECEIVER_DOWN], 2).await?;
    assert_eq!(webhook["eventId"], receiver.accepted(RECEIVER_DOWN)[0].id);
    api.stop().await?;
    worker.stop().await?;
    second.stack.stop().await?;

    let table = outcome(&answers, &paid_first, &receiver, &accepted_first)?;
    assert_eq!(answers.0.lock().unwrap().get(""), None, "an answer belongs to no report");
    is_documented(&table)
}

/// Checks the answers and webhooks of each case, and returns them as a table. `paid_first` and `accepted_first` are
/// those of the first Region.
fn outcome(
    answers: &Answers,
    paid_first: &[u64],
    receiver: &Receiver,
    accepted_first: &[usize],
) -> Result<String> {
    let mut table = "| at the backup | then in the first Region | in the second Region | answers of the model | webhooks |\n\
                     | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for (case, expected) in CASES.iter().enumerate() {
        let paid = (paid_first[case], answers.of(case) - paid_first[case]);
        let accepted = (accepted_first[case], receiver.accepted(case).len() - accepted_first[case]);
        assert_eq!((paid, accepted), (expected.answers, expected.webhooks), "{}", expected.at_backup);
        let Case { at_backup, afterwards, outcome, .. } = expected;
        let (paid, accepted) =
            (format!("{} + {}", paid.0, paid.1), format!("{} + {}", accepted.0, accepted.1));
        writeln!(table, "| {at_backup} | {afterwards} | {outcome} | {paid} | {accepted} |")?;
    }
    Ok(table)
}

/// Compares the table with docs/OPERATIONS.md. `UPDATE_DOCS=1` writes it instead.
fn is_documented(table: &str) -> Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/OPERATIONS.md");
    let (begin, end) = ("<!-- rehearsal -->\n", "<!-- end -->");
    let mut page = std::fs::read_to_string(path)?;
    let from = page.find(begin).expect("no marker of the rehearsal") + begin.len();
    let to = from + page[from..].find(end).expect("the end marker is missing");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        page.replace_range(from..to, table);
        return Ok(std::fs::write(path, page)?);
    }
    assert_eq!(&page[from..to], table, "docs/OPERATIONS.md is stale: run this test with UPDATE_DOCS=1");
    Ok(())
}
