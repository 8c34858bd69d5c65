//! Webhooks are signed so that the specification's own library verifies them, are retried until they are
//! accepted, survive crashes, and are never sent into the private network.
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{clean_company, text_at, with_fields};
use anyhow::Result;
use aws_adapters::Aws;
use aws_adapters::retention::Retention;
use aws_adapters::table::{Details, Executed};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use axum::{Router, routing::post};
use domain::identity::{ReportId, Tenant};
use domain::lifecycle::{Command, Policy, apply};
use domain::message::ReportMessage;
use domain::report::Report;
use domain::request::{ReportRequest, ReportRequestDraft};
use domain::time::UtcTime;
use domain::webhook::{DeliveryAttempt, WebhookState};
use local_stack::TestStack;
use local_stack::aws::Service;
use local_stack::stack::{Component, Options, client::Client};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tokio::net::TcpListener;
use tokio::time::sleep;
use worker_service::webhooks::{DeliveryResult, Sender};

type Delivery = (HeaderMap, Bytes);

/// A receiver with its deliveries and its next responses. It answers 200 when no response is left.
#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<(Vec<Delivery>, VecDeque<StatusCode>)>>);

impl Receiver {
    async fn start(answers: &[StatusCode]) -> Result<(Self, String)> {
        let receiver = Self(Arc::new(Mutex::new((Vec::new(), answers.iter().copied().collect()))));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let take = async |State(Self(state)): State<Self>, headers: HeaderMap, body: Bytes| {
            let mut state = state.lock().unwrap();
            state.0.push((headers, body));
            let status = state.1.pop_front().unwrap_or(StatusCode::OK);
            (status, [(header::LOCATION, "http://127.0.0.1:1/")]).into_response()
        };
        let router = Router::new().route("/hook", post(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok((receiver, url))
    }

    /// Waits for `count` deliveries and returns all of them.
    async fn deliveries(&self, count: usize) -> Vec<Delivery> {
        loop {
            let deliveries = self.0.lock().unwrap().0.clone();
            if deliveries.len() >= count {
                return deliveries;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn stack(without: &[Component]) -> Result<TestStack> {
    let mut options = Options { without: without.to_vec(), ..TestStack::options() };
    options.settings.insert("DOSSIER_PRIVATE_CALLBACKS".to_owned(), "127.0.0.1".to_owned());
    TestStack::with(options).await
}

fn request(url: &str) -> ReportRequest {
    let draft = ReportRequestDraft {
        company_name: Some("星見川精機株式会社".into()),
        corporate_number: Some("1010401998301".into()),
        country: Some("JP".into()),
        ..ReportRequestDraft::default()
    };
    // The API accepts only public https URLs, but the receiver of this test is on loopback.
    ReportRequest { callback_url: Some(url.to_owned()), ..draft.check().unwrap() }
}

fn dev() -> Tenant {
    "dev".parse().unwrap()
}

/// Records a report whose webhook goes to `url`, without queueing it.
async fn record_report(aws: &Aws, url: &str) -> Result<ReportId> {
    let now = service_runtime::clock::now();
    let lifecycle = apply(None, &Command::Submit, now, &Policy::default())?;
    let mut report = Report::submitted(
        dev(),
        ReportId::from(uuid::Uuid::now_v7()),
        request(url),
        lifecycle,
        uuid::Uuid::now_v7(),
        now,
        Retention::from_days(90).end(&"dev".parse().unwrap(), now),
    );
    report.labels.custom_id = Some("row-7".to_owned());
    aws.table.create(&report).await?;
    Ok(report.id)
}

/// Waits until the webhook of the report is in `state`, and returns it.
async fn wait_for_webhook(stack: &TestStack, id: ReportId, state: &str) -> Result<Value> {
    loop {
        let answer = stack.dev().get(&format!("/v1/reports/{id}/callback")).await?;
        if answer.status() == StatusCode::OK {
            let callback: Value = answer.json().await?;
            if callback["state"] == state {
                return Ok(callback);
            }
        }
        sleep(Duration::from_millis(20)).await;
    }
}

async fn secret(stack: &TestStack, path: &str) -> Result<Value> {
    let answer =
        if path.ends_with("rotate") { stack.dev().post(path).await? } else { stack.dev().get(path).await? };
    Ok(answer.error_for_status()?.json().await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_signed_and_retried_and_its_secret_rotates_without_a_gap() -> Result<()> {
    let stack = stack(&[]).await?;
    let (aws, _) = stack.adapters()?;
    let (receiver, url) = Receiver::start(&[StatusCode::INTERNAL_SERVER_ERROR]).await?;
    let old = secret(&stack, "/v1/callbacks/secret").await?;
    let id = record_report(&aws, &url).await?;
    aws.queue.send(&ReportMessage::new(dev(), id), None).await?;
    assert_eq!(stack.dev().wait_for_end(&id.to_string()).await?["status"], "COMPLETED");

    // The first attempt fails; the second comes five seconds later, with the same id.
    let deliveries = receiver.deliveries(2).await;
    let old_key = Webhook::new(text_at(&old, "/secret"))?;
    for (headers, body) in &deliveries {
        old_key.verify(body, headers)?;
        let event: Value = serde_json::from_slice(body)?;
        assert_eq!(
            (&event["type"], &event["data"]["riskLevel"], &event["data"]["customId"]),
            (&"report.completed".into(), &"LOW".into(), &"row-7".into())
        );
        assert!(!String::from_utf8_lossy(body).contains("星見川"), "the event contains no company name");
    }
    assert_eq!(deliveries[0].0["webhook-id"], deliveries[1].0["webhook-id"]);
    assert_ne!(deliveries[0].0["webhook-timestamp"], deliveries[1].0["webhook-timestamp"]);
    let delivered = wait_for_webhook(&stack, id, "delivered").await?;
    assert_eq!(delivered["eventId"], deliveries[0].0["webhook-id"].to_str()?);
    let statuses: Vec<_> =
        delivered["attempts"].as_array().unwrap().iter().map(|a| a["status"].clone()).collect();
    assert_eq!(statuses, [500, 200]);

    // After a rotation both secrets sign a resent webhook.
    let new = secret(&stack, "/v1/callbacks/secret/rotate").await?;
    assert_ne!(new["secret"], old["secret"]);
    assert!(new["previousExpiresAt"].is_string());
    let answer = stack.dev().post(&format!("/v1/reports/{id}/callback/resend")).await?;
    assert_eq!(answer.status(), StatusCode::OK);
    let (headers, body) = receiver.deliveries(3).await.remove(2);
    Webhook::new(text_at(&new, "/secret"))?.verify(&body, &headers)?;
    old_key.verify(&body, &headers)?;
    assert_eq!(headers["webhook-id"], deliveries[0].0["webhook-id"]);
    assert_eq!(wait_for_webhook(&stack, id, "delivered").await?["attempts"].as_array().unwrap().len(), 3);

    // Another tenant cannot see the webhook.
    let acme = stack.acme_client()?;
    assert_eq!(acme.get(&format!("/v1/reports/{id}/callback")).await?.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        acme.post(&format!("/v1/reports/{id}/callback/resend")).await?.status(),
        StatusCode::NOT_FOUND
    );
    let theirs: Value = acme.get("/v1/callbacks/secret").await?.json().await?;
    assert_ne!(theirs["secret"], new["secret"]);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_waits_until_its_tenant_has_a_secret() -> Result<()> {
    let stack = stack(&[]).await?;
    let (aws, _) = stack.adapters()?;
    let (receiver, url) = Receiver::start(&[]).await?;
    let id = record_report(&aws, &url).await?;
    assert_eq!(stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?.status(), StatusCode::OK);
    // The worker looks for a secret in both tables.
    let reads =
        || stack.aws_calls().get(&(Service::DynamoDb, "GetItem".to_owned())).copied().unwrap_or_default();
    let before = reads();
    while reads() < before + 2 {
        sleep(Duration::from_millis(20)).await;
    }
    let now = service_runtime::clock::now();
    assert!(aws.webhook_secrets.signing(&dev(), now).await?.is_empty(), "a worker creates no secret");
    let secret = secret(&stack, "/v1/callbacks/secret").await?;
    let (headers, body) = receiver.deliveries(1).await.remove(0);
    Webhook::new(text_at(&secret, "/secret"))?.verify(&body, &headers)?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_callback_url_gives_its_tenant_a_secret() -> Result<()> {
    let stack = stack(&[Component::Worker]).await?;
    let (aws, _) = stack.adapters()?;
    let now = service_runtime::clock::now();
    let has_secret = async |tenant: &str| {
        let secrets = aws.webhook_secrets.signing(&tenant.parse()?, now).await?;
        assert_eq!(secrets.is_empty(), !aws.webhook_secrets.exist(&tenant.parse()?).await?);
        anyhow::Ok(!secrets.is_empty())
    };
    stack.dev().submit_accepted(&clean_company()).await?;
    assert!(!has_secret("dev").await?);
    let with_url = with_fields(clean_company(), json!({"callbackUrl": "https://receiver.example/hook"}));
    stack.dev().submit_accepted(&with_url).await?;
    assert!(has_secret("dev").await? && !has_secret("acme").await?);
    let batch = json!({"reports": [with_fields(with_url, json!({"customId": "a"}))]});
    let acme = stack.acme_client()?;
    let answer = acme.request(reqwest::Method::POST, "/v1/reports/batch").json(&batch).send().await?;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert!(has_secret("acme").await?);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_410_ends_the_retries_and_the_message_is_dead_lettered() -> Result<()> {
    let stack = stack(&[]).await?;
    let (aws, _) = stack.adapters()?;
    let (receiver, url) = Receiver::start(&[StatusCode::GONE]).await?;
    secret(&stack, "/v1/callbacks/secret").await?;
    let id = record_report(&aws, &url).await?;
    let cancelled = stack.dev().post(&format!("/v1/reports/{id}/cancel")).await?;
    assert_eq!(cancelled.status(), StatusCode::OK);
    let failed = wait_for_webhook(&stack, id, "failed").await?;
    assert_eq!(failed["attempts"].as_array().unwrap().len(), 1);
    let event: Value = serde_json::from_slice(&receiver.deliveries(1).await[0].1)?;
    assert_eq!(event["type"], "report.cancelled");

    // It is in the list of its tenant, among those that failed.
    let listed = async |client: &Client, query: &str| -> Result<Value> {
        let answer = client.get(&format!("/v1/deliveries?{query}")).await?;
        Ok(answer.error_for_status()?.json::<Value>().await?["deliveries"].take())
    };
    stack.dev().submit_accepted(&clean_company()).await?;
    let deliveries = listed(stack.dev(), "state=failed").await?;
    assert_eq!(deliveries.as_array().unwrap().len(), 1, "{deliveries}");
    assert_eq!((&deliveries[0]["reportId"], &deliveries[0]["url"]), (&json!(id), &json!(url)));
    assert_eq!(deliveries[0]["attempts"], failed["attempts"]);
    assert_eq!(listed(stack.dev(), "").await?, deliveries);
    assert_eq!(listed(stack.dev(), "state=delivered").await?, json!([]));
    assert_eq!(listed(&stack.acme_client()?, "").await?, json!([]));
    let refused = stack.dev().get("/v1/deliveries?state=none&pageSize=0&x=1").await?;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(refused.json::<Value>().await?["errors"].as_array().unwrap().len(), 3);
    let dlq = &stack.infrastructure().queues().callback_dlq_url;
    let dead_letters = aws_adapters::queue::Queue::at(stack.sdk(), dlq.clone());
    let message = loop {
        let mut messages = dead_letters.receive(1, Duration::from_secs(1), Duration::from_secs(1)).await?;
        if let Some(message) = messages.pop() {
            break message;
        }
    };
    assert!(message.reason.unwrap().contains("410"));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_the_report_end_and_the_message_loses_no_webhook() -> Result<()> {
    let stack = stack(&[Component::Worker]).await?;
    let (aws, settings) = stack.adapters()?;
    let (receiver, url) = Receiver::start(&[]).await?;
    secret(&stack, "/v1/callbacks/secret").await?;
    let id = record_report(&aws, &url).await?;
    // The process that recorded the end of the report died before it sent the webhook message. That was so
    // long ago that the webhook is due.
    let long_ago = UtcTime::from_epoch_millis(service_runtime::clock::now().epoch_millis() - 3_600_000);
    let details = Details { has_webhook: true, ..Details::default() };
    let ended = aws.table.execute(&dev(), id, &Command::Cancel, &details, long_ago, &settings.policy).await?;
    let Executed::Done(report) = ended else { panic!("not cancelled") };
    assert_eq!(report.webhook.as_ref().unwrap().state, WebhookState::Pending);

    let worker = worker_service::settings::Settings::read(stack.environment())?;
    let worker = worker_service::worker::Worker::build_with(worker, stack.sdk(), stack.bedrock_sdk())?;
    worker.sweep().await;
    // The sweep delays the next due time, so that no other sweeper sends the webhook as well.
    let swept = aws.table.get(&dev(), id).await?.unwrap().webhook.unwrap();
    assert!(swept.due_at.unwrap() > service_runtime::clock::now());
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(worker.run(stop.clone()));
    receiver.deliveries(1).await;
    wait_for_webhook(&stack, id, "delivered").await?;
    let done = aws.table.get(&dev(), id).await?.unwrap().webhook.unwrap();
    assert_eq!(done.due_at, None, "the webhook is no longer due");
    stop.cancel();
    running.await??;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_concurrent_delivery_attempts_only_the_first_is_recorded() -> Result<()> {
    let stack = stack(&[Component::Worker]).await?;
    let (aws, settings) = stack.adapters()?;
    let id = record_report(&aws, "http://127.0.0.1:1/").await?;
    let now = service_runtime::clock::now();
    let details = Details { has_webhook: true, ..Details::default() };
    let ended = aws.table.execute(&dev(), id, &Command::Cancel, &details, now, &settings.policy).await?;
    let Executed::Done(report) = ended else { panic!("not cancelled") };
    let attempt =
        |status, at| DeliveryAttempt { at, round: 1, status: Some(status), milliseconds: 1, error: None };
    let (one, other) = (attempt(204, now), attempt(500, now.plus(Duration::from_millis(1))));
    assert!(aws.table.record_attempt(&report, &one, WebhookState::Delivered, None).await?);
    // A repetition of the same attempt, as after a lost answer, succeeds; another attempt based on the old
    // state does not.
    assert!(aws.table.record_attempt(&report, &one, WebhookState::Delivered, None).await?);
    assert!(!aws.table.record_attempt(&report, &other, WebhookState::Pending, Some(now)).await?);
    let callback = aws.table.get(&dev(), id).await?.unwrap().webhook.unwrap();
    assert_eq!(
        (callback.state, callback.attempts, callback.due_at),
        (WebhookState::Delivered, vec![one], None)
    );

    // Concurrent requests for a tenant's first secret all get the same one.
    let secrets = (0..8).map(|fill| aws.webhook_secrets.of(&report.tenant, now, [fill; 32]));
    let secrets = futures::future::try_join_all(secrets).await?;
    let texts: std::collections::BTreeSet<String> =
        secrets.iter().map(|all| all[0].text().expose_secret().to_owned()).collect();
    assert_eq!(texts.len(), 1);
    stack.stop().await
}

#[tokio::test]
async fn private_addresses_plain_http_and_redirects_are_refused() -> Result<()> {
    let (receiver, url) = Receiver::start(&[StatusCode::TEMPORARY_REDIRECT]).await?;
    let send = async |sender: &Sender, url: &str| {
        sender.send(url, "evt_1", service_runtime::clock::now(), "v1,x", "{}".to_owned()).await
    };
    let closed = Sender::new(Vec::new())?;
    let port = url.rsplit(':').next().unwrap();
    for private in [
        format!("https://127.0.0.1:{port}"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://[::1]/".to_owned(),
        "https://localhost/hook".to_owned(),
        "https://10.0.0.8/".to_owned(),
        url.clone(),
    ] {
        let answer = send(&closed, &private).await;
        assert!(matches!(answer, DeliveryResult::Rejected { status: None, .. }), "{private}: {answer:?}");
    }
    assert!(receiver.0.lock().unwrap().0.is_empty(), "no request was sent");
    // A redirect is not followed and counts as a failure, even to an allowed host.
    let open = Sender::new(vec!["127.0.0.1".to_owned()])?;
    let answer = send(&open, &url).await;
    assert!(
        matches!(answer, DeliveryResult::Rejected { status: Some(307), permanent: false, .. }),
        "{answer:?}"
    );
    assert_eq!(receiver.deliveries(1).await.len(), 1);
    Ok(())
}
