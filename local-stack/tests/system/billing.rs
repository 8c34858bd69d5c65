//! The bill of the embedded AWS and the Bedrock stand-in: requests, sizes, dollars, and `/billing`.

use crate::support::aws::{provisioned_aws, provisioned_aws_of};
use crate::support::converse::{MODEL, assess, bedrock_client, start_bedrock_of};
use crate::support::table::{put, put_of_tenant};
use crate::support::{clean_company, sanctioned_company};
use anyhow::Result;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use local_stack::TestStack;
use local_stack::account::Account;
use local_stack::faults::Faults;
use local_stack::limits::Limits;
use local_stack::stack::Options;
use local_stack::stack::client::loopback_http;
use reqwest::StatusCode;
use serde_json::{Value, json};
use service_runtime::clock::Clock;

#[tokio::test]
async fn each_64_kb_of_a_message_is_a_request() {
    let stack = provisioned_aws().await;
    let (sqs, url) = (&stack.clients.sqs, &stack.queues.queue_url);
    stack.aws.account().reset_billing();
    sqs.send_message().queue_url(url).message_body("x".repeat(100_000)).send().await.unwrap();
    let entry = |id: &str| {
        let entry = SendMessageBatchRequestEntry::builder().id(id).message_body("x".repeat(70_000));
        entry.message_group_id("dev").build().unwrap()
    };
    sqs.send_message_batch().queue_url(url).entries(entry("1")).entries(entry("2")).send().await.unwrap();
    let mut received = 0;
    while received < 3 {
        let receive = sqs.receive_message().queue_url(url).max_number_of_messages(10).wait_time_seconds(1);
        received += receive.send().await.unwrap().messages().len();
    }
    let bill = stack.aws.account().billing();
    assert_eq!(bill.sqs.requests["SendMessage"], 2);
    assert_eq!(bill.sqs.requests["SendMessageBatch"], 3, "140,000 bytes in total");
    assert_eq!(bill.sqs.fair_requests, 3);
    assert!(bill.sqs.requests["ReceiveMessage"] >= 4, "{bill:?}");
    assert_eq!(bill.requests["SQS"]["SendMessageBatch"], 1);
}

#[tokio::test]
async fn requests_to_the_bucket_are_billed_by_class_with_their_bytes() {
    let stack = provisioned_aws().await;
    let (s3, bucket) = (&stack.clients.s3, &stack.names.bucket);
    stack.aws.account().reset_billing();
    let body = ByteStream::from(vec![7; 12_345]);
    s3.put_object().bucket(bucket).key("a/b").body(body).send().await.unwrap();
    let object = s3.get_object().bucket(bucket).key("a/b").send().await.unwrap();
    assert_eq!(object.body.collect().await.unwrap().into_bytes().len(), 12_345);
    s3.head_object().bucket(bucket).key("a/b").send().await.unwrap();
    s3.list_objects_v2().bucket(bucket).send().await.unwrap();
    s3.delete_object().bucket(bucket).key("a/b").send().await.unwrap();
    let bill = stack.aws.account().billing();
    let s3 = &bill.s3;
    assert_eq!((s3.write_requests, s3.read_requests, s3.free_requests), (2, 2, 1));
    assert_eq!(s3.bytes_in, 12_345);
    assert!(s3.bytes_out > 12_345, "{s3:?}");
    assert!((bill.dollars.s3 - (2.0 * 0.000_005 + 2.0 * 0.000_000_4)).abs() < 1e-12);
}

#[tokio::test]
async fn both_listeners_show_and_reset_the_bill_of_their_account() {
    let account = Account::new(None, Clock::fixed("2026-01-05T12:00:00.000Z".parse().unwrap()));
    let stack = provisioned_aws_of(account.clone()).await;
    let bedrock = start_bedrock_of(account, Faults::default(), None).await;
    let output = assess(&bedrock_client(&bedrock, "a secret of this test")).await.unwrap();
    for pk in ['a', 'b', 'c'] {
        put_of_tenant(&stack, "dev", pk, 2_000).send().await.unwrap();
    }
    let http = loopback_http().unwrap();
    for base in [stack.aws.endpoint(), bedrock.base_url()] {
        let bill: Value =
            http.get(format!("{base}/billing?hottest=2")).send().await.unwrap().json().await.unwrap();
        assert_eq!(bill["requests"]["DynamoDB"]["PutItem"], 3);
        assert_eq!(bill["requests"]["Bedrock"]["Converse"], 1);
        let hottest = bill["dynamodb"]["hottestPartitionKeys"].as_array().unwrap();
        // All writes are within one second of the clock.
        assert_eq!(
            hottest[0],
            json!({"table": "dossier", "index": "by_age", "partitionKey": "dev", "peakWriteUnits": 6.0, "peakReadUnits": 0.0})
        );
        assert_eq!(hottest.len(), 2);
        let model = &bill["bedrock"][0];
        assert_eq!((&model["model"], &model["requests"]), (&json!(MODEL), &json!(1)));
        assert_eq!(model["inputTokens"], json!(output.usage().unwrap().input_tokens()));
        assert_eq!(model["outputTokens"], json!(output.usage().unwrap().output_tokens()));
        assert!(bill["dollars"]["total"].as_f64().unwrap() > bill["dollars"]["bedrock"].as_f64().unwrap());
        assert_eq!(bill["throttled"], json!([]));
    }
    let refused = http.post(format!("{}/billing", stack.aws.endpoint())).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
    let reset = http.delete(format!("{}/billing", stack.aws.endpoint())).send().await.unwrap();
    assert_eq!(reset.status(), StatusCode::NO_CONTENT);
    let url = format!("{}/billing", bedrock.base_url());
    let bill: Value = http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!((&bill["requests"], &bill["dollars"]["total"]), (&json!({}), &json!(0.0)));
}

#[tokio::test]
async fn a_bucket_named_billing_is_reachable() {
    let stack = provisioned_aws().await;
    stack.clients.s3.create_bucket().bucket("billing").send().await.unwrap();
    let listed = stack.clients.s3.list_objects_v2().bucket("billing").send().await.unwrap();
    assert_eq!(listed.name(), Some("billing"));
}

#[tokio::test]
async fn without_limits_nothing_is_throttled() {
    let stack = provisioned_aws().await;
    for _ in 0..4 {
        put(&stack, 'a', 400_000).send().await.unwrap();
    }
    let bill = stack.aws.account().billing();
    assert_eq!(bill.dynamodb.resources[0].write_units, 4.0 * 391.0);
    assert_eq!(bill.throttled, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_reports_are_written_under_the_limits_of_aws_without_a_throttle() -> Result<()> {
    let stack =
        TestStack::with(Options { aws_limits: Some(Limits::default()), ..TestStack::options() }).await?;
    let mut ids = Vec::new();
    for company in [clean_company(), sanctioned_company()] {
        ids.push(stack.dev().submit_accepted(&company).await?);
    }
    for id in ids {
        let report = stack.dev().wait_for_end(&id).await?;
        assert_eq!(report["status"], "COMPLETED");
    }
    let bill = stack.account().billing();
    assert_eq!(bill.throttled, []);
    assert!(bill.dollars.dynamodb > 0.0 && bill.dollars.sqs > 0.0 && bill.dollars.s3 > 0.0, "{bill:?}");
    assert_eq!(
        bill.requests["DynamoDB"]["PutItem"],
        stack.aws_calls()[&(local_stack::aws::Service::DynamoDb, "PutItem".to_owned())]
    );
    assert_eq!(bill.bedrock[0].requests, 4, "an assessment and a verification of each report");
    stack.stop().await
}
