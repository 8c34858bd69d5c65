//! The fault proxy on the wire: signatures stay valid, an SDK recognises each fault, and a request whose
//! answer is lost stays applied.

use crate::support::aws::{ProvisionedAws, aws_clients, provisioned_aws, within};
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata as _, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use local_stack::aws::CallCounts;
use local_stack::fault_proxy::{FaultProxy, InjectedCounts, Options, Upstream, WireFault};
use local_stack::provision::AwsClients;
use serde_json::{Value, json};
use std::time::Duration;

/// The embedded AWS behind a fault proxy, with clients that go through the proxy.
pub(crate) struct Proxied {
    pub(crate) direct: ProvisionedAws,
    pub(crate) proxy: FaultProxy,
    pub(crate) clients: AwsClients,
}

pub(crate) async fn start_proxied(rules: &[&str]) -> Proxied {
    let direct = provisioned_aws().await;
    let upstream = Upstream {
        aws: direct.aws.endpoint(),
        bedrock: "http://127.0.0.1:9".to_owned(),
        sqs: direct.clients.sqs.clone(),
    };
    let options = Options { rules: rules.iter().map(|rule| rule.parse().unwrap()).collect(), observer: None };
    let proxy = FaultProxy::start(options, upstream, 7).unwrap();
    let clients = aws_clients(&proxy.aws_url(), "a secret of this test");
    Proxied { direct, proxy, clients }
}

pub(crate) async fn put(clients: &AwsClients, key: &str) -> Result<(), aws_sdk_dynamodb::Error> {
    let key = AttributeValue::S(key.to_owned());
    clients.dynamodb.put_item().table_name("dossier").item("pk", key).send().await?;
    Ok(())
}

pub(crate) async fn exists(clients: &AwsClients, key: &str) -> bool {
    let key = AttributeValue::S(key.to_owned());
    clients.dynamodb.get_item().table_name("dossier").key("pk", key).send().await.unwrap().item.is_some()
}

pub(crate) fn injected(proxy: &FaultProxy, operation: &str, fault: WireFault) -> u64 {
    let injected: InjectedCounts = proxy.plan().injected();
    injected.get(operation).and_then(|faults| faults.get(&fault)).copied().unwrap_or(0)
}

#[tokio::test]
async fn without_rules_every_request_passes_and_is_counted_under_the_emulators_name() {
    let Proxied { direct, proxy, clients } = start_proxied(&[]).await;
    let before = direct.aws.calls();
    put(&clients, "a").await.unwrap();
    assert!(exists(&clients, "a").await);
    let (bucket, queue) = (&direct.names.bucket, &direct.queues.queue_url);
    let body = ByteStream::from_static("石".as_bytes());
    clients.s3.put_object().bucket(bucket).key("reports/a b/石.txt").body(body).send().await.unwrap();
    let object = clients.s3.get_object().bucket(bucket).key("reports/a b/石.txt").send().await.unwrap();
    assert_eq!(object.body.collect().await.unwrap().into_bytes(), "石".as_bytes());
    clients.s3.head_object().bucket(bucket).key("reports/a b/石.txt").send().await.unwrap();
    clients.s3.head_bucket().bucket(bucket).send().await.unwrap();
    clients.s3.list_objects_v2().bucket(bucket).send().await.unwrap();
    clients.s3.delete_object().bucket(bucket).key("reports/a b/石.txt").send().await.unwrap();
    clients.sqs.send_message().queue_url(queue).message_body("{}").send().await.unwrap();

    let mut after: CallCounts = direct.aws.calls();
    for (call, count) in before {
        *after.get_mut(&call).unwrap() -= count;
    }
    let upstream_calls = after.into_iter().filter(|(_, count)| *count > 0);
    let upstream_calls =
        upstream_calls.map(|((service, operation), count)| (format!("{service:?}.{operation}"), count));
    assert_eq!(proxy.plan().exchanges(), upstream_calls.collect());
    proxy.stop().await.unwrap();
}

#[tokio::test]
async fn a_signed_link_works_through_the_proxy_and_a_changed_one_does_not() {
    let Proxied { direct, clients, proxy } = start_proxied(&[]).await;
    let bucket = &direct.names.bucket;
    let body = ByteStream::from_static(b"signed");
    direct.clients.s3.put_object().bucket(bucket).key("reports/x").body(body).send().await.unwrap();
    let signing = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let request = clients.s3.get_object().bucket(bucket).key("reports/x");
    let link =
        request.response_content_disposition("attachment; filename=\"x y.txt\"").presigned(signing).await;
    let link = link.unwrap().uri().to_owned();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(&link).send().await.unwrap();
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"x y.txt\"");
    assert_eq!(answer.bytes().await.unwrap(), "signed");
    let changed = http.get(link.replace("reports/x", "reports/y")).send().await.unwrap();
    assert_eq!(changed.status(), 403);
    // The link is signed for the proxy's address: the Host header is part of the signature and is not
    // rewritten.
    let elsewhere = link.replace(&proxy.aws_url(), &direct.aws.endpoint());
    assert_eq!(http.get(elsewhere).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_wrong_secret_is_rejected_through_the_proxy() {
    let Proxied { direct: _direct, proxy, .. } = start_proxied(&[]).await;
    let wrong_clients = aws_clients(&proxy.aws_url(), "another secret");
    let refusal = DisplayErrorContext(put(&wrong_clients, "a").await.unwrap_err()).to_string();
    assert!(refusal.contains("InvalidSignatureException"), "{refusal}");
}

#[tokio::test]
async fn a_request_whose_answer_is_lost_is_applied_and_a_lost_request_is_not() {
    let Proxied { direct, proxy, clients } = start_proxied(&["DynamoDb.PutItem=lost-answer:1"]).await;
    let error =
        clients.dynamodb.put_item().table_name("dossier").item("pk", AttributeValue::S("a".to_owned()));
    let error = error.send().await.unwrap_err();
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    assert!(exists(&direct.clients, "a").await);

    proxy.plan().set(vec!["DynamoDb.*=lost-request:1".parse().unwrap()]);
    put(&clients, "b").await.unwrap_err();
    assert!(!exists(&direct.clients, "b").await);
    assert_eq!(injected(&proxy, "DynamoDb.PutItem", WireFault::LostAnswer), 1);
    assert_eq!(injected(&proxy, "DynamoDb.PutItem", WireFault::LostRequest), 1);
    proxy.plan().set(Vec::new());
    put(&clients, "b").await.unwrap();
}

#[tokio::test]
async fn each_service_has_its_own_error_codes() {
    let Proxied { direct, proxy, clients } = start_proxied(&[]).await;
    let (bucket, queue) = (&direct.names.bucket, &direct.queues.queue_url);
    for (fault, expected) in [
        ("throttle", [("ThrottlingException", 400), ("RequestThrottled", 403), ("SlowDown", 503)]),
        (
            "unavailable",
            [("ServiceUnavailableException", 503), ("ServiceUnavailable", 503), ("ServiceUnavailable", 503)],
        ),
        ("internal-error", [("InternalServerError", 500), ("InternalFailure", 500), ("InternalError", 500)]),
    ] {
        proxy.plan().set(vec![format!("all={fault}:1").parse().unwrap()]);
        let key = AttributeValue::S("a".to_owned());
        let dynamodb =
            clients.dynamodb.get_item().table_name("dossier").key("pk", key).send().await.unwrap_err();
        let sqs = clients.sqs.send_message().queue_url(queue).message_body("{}").send().await.unwrap_err();
        let s3 = clients.s3.get_object().bucket(bucket).key("x").send().await.unwrap_err();
        let answered = [
            (dynamodb.code().unwrap(), dynamodb.raw_response().unwrap().status().as_u16()),
            (sqs.code().unwrap(), sqs.raw_response().unwrap().status().as_u16()),
            (s3.code().unwrap(), s3.raw_response().unwrap().status().as_u16()),
        ];
        assert_eq!(answered, expected, "{fault}");
    }
}

#[tokio::test]
async fn a_repeated_message_reaches_a_second_receiver_while_the_first_one_holds_it() {
    let Proxied { direct, proxy, clients } = start_proxied(&["Sqs.ReceiveMessage=repeat:1"]).await;
    let queue = &direct.queues.queue_url;
    clients.sqs.send_message().queue_url(queue).message_body("once").send().await.unwrap();
    let receive = || async {
        let request =
            clients.sqs.receive_message().queue_url(queue).visibility_timeout(60).wait_time_seconds(10);
        within(15, request.send()).await.unwrap().messages.unwrap_or_default()
    };
    let (first, second) = (receive().await, receive().await);
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_eq!(first[0].message_id, second[0].message_id);
    assert_eq!(injected(&proxy, "Sqs.ReceiveMessage", WireFault::Repeat), 2);
}

#[tokio::test]
async fn the_rules_are_read_and_replaced_over_http_and_invalid_ones_change_nothing() {
    let Proxied { direct: _direct, proxy, clients } = start_proxied(&["S3.*=throttle:0.5"]).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for base in [proxy.aws_url(), proxy.bedrock_url()] {
        let faults = format!("{base}/_rig/faults");
        let get = || async { http.get(&faults).send().await.unwrap().json::<Value>().await.unwrap() };
        let invalid = json!({"rules": ["S3.*=slow:1", "all=2", "all=0.1"]});
        let rejected = http.put(&faults).json(&invalid).send().await.unwrap();
        assert_eq!(rejected.status(), 422);
        let rejected: Value = rejected.json().await.unwrap();
        assert_eq!(rejected["errors"].as_array().unwrap().len(), 2, "{rejected}");
        assert_eq!(get().await, json!({"seed": 7, "rules": ["S3.*=throttle:0.5"]}));
    }
    let faults = format!("{}/_rig/faults", proxy.bedrock_url());
    let set = json!({"rules": ["DynamoDb.PutItem=throttle:1"]});
    assert_eq!(http.put(&faults).body(set.to_string()).send().await.unwrap().status(), 200);
    put(&clients, "a").await.unwrap_err();
    let counts = http.get(format!("{}/_rig/injected", proxy.aws_url())).send().await.unwrap();
    let counts: Value = counts.json().await.unwrap();
    assert_eq!(counts["injected"], json!({"DynamoDb.PutItem": {"throttle": 1}}));
    assert_eq!(counts["exchanges"]["DynamoDb.PutItem"], 1);
}
