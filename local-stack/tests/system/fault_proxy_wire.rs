//! The fault rig on the wire: signatures survive it, each fault is what an SDK takes it for, and what was applied
//! stays applied when its answer is lost.

use crate::support::aws::{Aws, clients, provisioned_aws, within};
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata as _, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use local_stack::aws::CallCounts;
use local_stack::fault_proxy::{FaultProxy, InjectedCounts, Options, Upstream, WireFault};
use local_stack::provision::AwsClients;
use serde_json::{Value, json};
use std::time::Duration;

/// The embedded AWS with a rig in front of it and clients that go through the rig.
struct Rigged {
    direct: Aws,
    rig: FaultProxy,
    through: AwsClients,
}

async fn rigged(rules: &[&str]) -> Rigged {
    let direct = provisioned_aws().await;
    let upstream = Upstream {
        aws: direct.aws.endpoint(),
        bedrock: "http://127.0.0.1:9".to_owned(),
        sqs: direct.clients.sqs.clone(),
    };
    let options = Options { rules: rules.iter().map(|rule| rule.parse().unwrap()).collect(), observer: None };
    let rig = FaultProxy::start(options, upstream, 7).await.unwrap();
    let through = clients(&rig.aws_url(), "a secret of this test");
    Rigged { direct, rig, through }
}

async fn put(clients: &AwsClients, key: &str) -> Result<(), aws_sdk_dynamodb::Error> {
    let key = AttributeValue::S(key.to_owned());
    clients.dynamodb.put_item().table_name("dossier").item("pk", key).send().await?;
    Ok(())
}

async fn is_there(clients: &AwsClients, key: &str) -> bool {
    let key = AttributeValue::S(key.to_owned());
    clients.dynamodb.get_item().table_name("dossier").key("pk", key).send().await.unwrap().item.is_some()
}

fn injected(rig: &FaultProxy, operation: &str, kind: WireFault) -> u64 {
    let injected: InjectedCounts = rig.plan().injected();
    injected.get(operation).and_then(|kinds| kinds.get(&kind)).copied().unwrap_or(0)
}

#[tokio::test]
async fn without_rules_everything_passes_and_is_named_as_the_emulator_names_it() {
    let Rigged { direct, rig, through } = rigged(&[]).await;
    let before = direct.aws.calls();
    put(&through, "a").await.unwrap();
    assert!(is_there(&through, "a").await);
    let (bucket, queue) = (&direct.names.bucket, &direct.queues.queue_url);
    let body = ByteStream::from_static("石".as_bytes());
    through.s3.put_object().bucket(bucket).key("reports/a b/石.txt").body(body).send().await.unwrap();
    let object = through.s3.get_object().bucket(bucket).key("reports/a b/石.txt").send().await.unwrap();
    assert_eq!(object.body.collect().await.unwrap().into_bytes(), "石".as_bytes());
    through.s3.head_object().bucket(bucket).key("reports/a b/石.txt").send().await.unwrap();
    through.s3.head_bucket().bucket(bucket).send().await.unwrap();
    through.s3.list_objects_v2().bucket(bucket).send().await.unwrap();
    through.s3.delete_object().bucket(bucket).key("reports/a b/石.txt").send().await.unwrap();
    through.sqs.send_message().queue_url(queue).message_body("{}").send().await.unwrap();

    let mut after: CallCounts = direct.aws.calls();
    for (call, count) in before {
        *after.get_mut(&call).unwrap() -= count;
    }
    let seen_behind = after.into_iter().filter(|(_, count)| *count > 0);
    let seen_behind =
        seen_behind.map(|((service, operation), count)| (format!("{service:?}.{operation}"), count));
    assert_eq!(rig.plan().exchanges(), seen_behind.collect());
    rig.stop().await.unwrap();
}

#[tokio::test]
async fn a_signed_link_works_through_the_rig_and_a_changed_one_does_not() {
    let Rigged { direct, through, rig } = rigged(&[]).await;
    let bucket = &direct.names.bucket;
    let body = ByteStream::from_static(b"signed");
    direct.clients.s3.put_object().bucket(bucket).key("reports/x").body(body).send().await.unwrap();
    let signing = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let request = through.s3.get_object().bucket(bucket).key("reports/x");
    let link =
        request.response_content_disposition("attachment; filename=\"x y.txt\"").presigned(signing).await;
    let link = link.unwrap().uri().to_owned();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(&link).send().await.unwrap();
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"x y.txt\"");
    assert_eq!(answer.bytes().await.unwrap(), "signed");
    let changed = http.get(link.replace("reports/x", "reports/y")).send().await.unwrap();
    assert_eq!(changed.status(), 403);
    // Signed for the rig's address: the Host header is part of it and was not rewritten.
    let elsewhere = link.replace(&rig.aws_url(), &direct.aws.endpoint());
    assert_eq!(http.get(elsewhere).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_wrong_secret_is_refused_behind_the_rig() {
    let Rigged { direct: _direct, rig, .. } = rigged(&[]).await;
    let strangers = clients(&rig.aws_url(), "another secret");
    let refusal = DisplayErrorContext(put(&strangers, "a").await.unwrap_err()).to_string();
    assert!(refusal.contains("InvalidSignatureException"), "{refusal}");
}

#[tokio::test]
async fn a_lost_answer_was_applied_and_a_lost_request_was_not() {
    let Rigged { direct, rig, through } = rigged(&["DynamoDb.PutItem=lost-answer:1"]).await;
    let error =
        through.dynamodb.put_item().table_name("dossier").item("pk", AttributeValue::S("a".to_owned()));
    let error = error.send().await.unwrap_err();
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    assert!(is_there(&direct.clients, "a").await);

    rig.plan().set(vec!["DynamoDb.*=lost-request:1".parse().unwrap()]);
    put(&through, "b").await.unwrap_err();
    assert!(!is_there(&direct.clients, "b").await);
    assert_eq!(injected(&rig, "DynamoDb.PutItem", WireFault::LostAnswer), 1);
    assert_eq!(injected(&rig, "DynamoDb.PutItem", WireFault::LostRequest), 1);
    rig.plan().set(Vec::new());
    put(&through, "b").await.unwrap();
}

#[tokio::test]
async fn each_service_refuses_in_its_own_words() {
    let Rigged { direct, rig, through } = rigged(&[]).await;
    let (bucket, queue) = (&direct.names.bucket, &direct.queues.queue_url);
    for (kind, expected) in [
        ("throttle", [("ThrottlingException", 400), ("RequestThrottled", 403), ("SlowDown", 503)]),
        (
            "unavailable",
            [("ServiceUnavailableException", 503), ("ServiceUnavailable", 503), ("ServiceUnavailable", 503)],
        ),
        ("internal-error", [("InternalServerError", 500), ("InternalFailure", 500), ("InternalError", 500)]),
    ] {
        rig.plan().set(vec![format!("all={kind}:1").parse().unwrap()]);
        let key = AttributeValue::S("a".to_owned());
        let dynamodb =
            through.dynamodb.get_item().table_name("dossier").key("pk", key).send().await.unwrap_err();
        let sqs = through.sqs.send_message().queue_url(queue).message_body("{}").send().await.unwrap_err();
        let s3 = through.s3.get_object().bucket(bucket).key("x").send().await.unwrap_err();
        let given = [
            (dynamodb.code().unwrap(), dynamodb.raw_response().unwrap().status().as_u16()),
            (sqs.code().unwrap(), sqs.raw_response().unwrap().status().as_u16()),
            (s3.code().unwrap(), s3.raw_response().unwrap().status().as_u16()),
        ];
        assert_eq!(given, expected, "{kind}");
    }
}

#[tokio::test]
async fn a_repeated_message_reaches_a_second_receiver_while_the_first_one_has_it() {
    let Rigged { direct, rig, through } = rigged(&["Sqs.ReceiveMessage=repeat:1"]).await;
    let queue = &direct.queues.queue_url;
    through.sqs.send_message().queue_url(queue).message_body("once").send().await.unwrap();
    let receive = || async {
        let request =
            through.sqs.receive_message().queue_url(queue).visibility_timeout(60).wait_time_seconds(10);
        within(15, request.send()).await.unwrap().messages.unwrap_or_default()
    };
    let (first, second) = (receive().await, receive().await);
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_eq!(first[0].message_id, second[0].message_id);
    assert_eq!(injected(&rig, "Sqs.ReceiveMessage", WireFault::Repeat), 2);
}

#[tokio::test]
async fn the_rules_are_read_and_replaced_over_http_and_bad_ones_change_nothing() {
    let Rigged { direct: _direct, rig, through } = rigged(&["S3.*=throttle:0.5"]).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for base in [rig.aws_url(), rig.bedrock_url()] {
        let faults = format!("{base}/_rig/faults");
        let get = || async { http.get(&faults).send().await.unwrap().json::<Value>().await.unwrap() };
        let bad = json!({"rules": ["S3.*=slow:1", "all=2", "all=0.1"]});
        let refused = http.put(&faults).json(&bad).send().await.unwrap();
        assert_eq!(refused.status(), 422);
        let refused: Value = refused.json().await.unwrap();
        assert_eq!(refused["errors"].as_array().unwrap().len(), 2, "{refused}");
        assert_eq!(get().await, json!({"seed": 7, "rules": ["S3.*=throttle:0.5"]}));
    }
    let faults = format!("{}/_rig/faults", rig.bedrock_url());
    let set = json!({"rules": ["DynamoDb.PutItem=throttle:1"]});
    assert_eq!(http.put(&faults).body(set.to_string()).send().await.unwrap().status(), 200);
    put(&through, "a").await.unwrap_err();
    let counts = http.get(format!("{}/_rig/injected", rig.aws_url())).send().await.unwrap();
    let counts: Value = counts.json().await.unwrap();
    assert_eq!(counts["injected"], json!({"DynamoDb.PutItem": {"throttle": 1}}));
    assert_eq!(counts["exchanges"]["DynamoDb.PutItem"], 1);
}
