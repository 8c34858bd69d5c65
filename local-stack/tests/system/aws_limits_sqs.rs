//! The limits of AWS on SQS, met through the SDK.

use crate::support::aws::{ProvisionedAws, provisioned_aws_of};
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::operation::receive_message::ReceiveMessageError;
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchError;
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use local_stack::account::Account;
use local_stack::limits::Limits;
use service_runtime::clock::Clock;

async fn limited(limits: Limits) -> ProvisionedAws {
    provisioned_aws_of(Account::new(Some(&limits), Clock::system())).await
}

#[tokio::test]
async fn a_queue_with_too_many_messages_in_flight_hands_out_no_more() {
    let stack = limited(Limits { in_flight_messages: 2, ..Limits::default() }).await;
    let (sqs, url) = (&stack.clients.sqs, &stack.queues.queue_url);
    for number in 0..4 {
        sqs.send_message().queue_url(url).message_body(number.to_string()).send().await.unwrap();
    }
    let receive = |wait| sqs.receive_message().queue_url(url).wait_time_seconds(wait).visibility_timeout(600);
    let first = receive(0).send().await.unwrap();
    receive(0).send().await.unwrap();
    // A short poll gets an error, a long poll no messages.
    let error = receive(0).send().await.unwrap_err().into_service_error();
    assert!(matches!(error, ReceiveMessageError::OverLimit(_)), "{error:?}");
    assert_eq!(receive(1).send().await.unwrap().messages().len(), 0);
    let handle = first.messages()[0].receipt_handle().unwrap();
    let waiting = tokio::spawn(receive(20).send());
    sqs.delete_message().queue_url(url).receipt_handle(handle).send().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().messages().len(), 1);
    let bill = stack.aws.account().billing();
    assert_eq!((bill.throttled[0].reason, bill.throttled[0].requests), ("OverLimit", 1));
}

#[tokio::test]
async fn messages_and_batches_have_the_maximum_sizes_of_aws() {
    let stack = limited(Limits::default()).await;
    let (sqs, url) = (&stack.clients.sqs, &stack.queues.queue_url);
    let body = "x".repeat(1024 * 1024 + 1);
    let error = sqs.send_message().queue_url(url).message_body(body).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
    assert!(error.message().unwrap().contains("1048576"));
    let batch = |count: usize, bytes: usize| {
        let entries = (0..count).map(|id| {
            let entry = SendMessageBatchRequestEntry::builder().id(id.to_string());
            entry.message_body("x".repeat(bytes)).build().unwrap()
        });
        sqs.send_message_batch().queue_url(url).set_entries(Some(entries.collect())).send()
    };
    assert_eq!(batch(10, 100_000).await.unwrap().successful().len(), 10);
    let error = batch(10, 110_000).await.unwrap_err().into_service_error();
    assert!(matches!(error, SendMessageBatchError::BatchRequestTooLong(_)), "{error:?}");
    let error = batch(11, 1).await.unwrap_err().into_service_error();
    assert!(matches!(error, SendMessageBatchError::TooManyEntriesInBatchRequest(_)), "{error:?}");
}

#[tokio::test]
async fn times_have_the_ranges_of_aws() {
    let stack = limited(Limits::default()).await;
    let (sqs, url) = (&stack.clients.sqs, &stack.queues.queue_url);
    let send = |delay| sqs.send_message().queue_url(url).message_body("x").delay_seconds(delay).send();
    send(900).await.unwrap();
    assert_eq!(send(901).await.unwrap_err().code(), Some("InvalidParameterValue"));
    let receive = |visibility, wait, count| {
        let request = sqs.receive_message().queue_url(url).visibility_timeout(visibility);
        request.wait_time_seconds(wait).max_number_of_messages(count).send()
    };
    receive(43_200, 0, 10).await.unwrap();
    for (visibility, wait, count) in [(43_201, 0, 1), (1, 21, 1), (1, 0, 11), (1, 0, 0)] {
        let error = receive(visibility, wait, count).await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameterValue"), "{visibility} {wait} {count}");
    }
    let set = sqs.set_queue_attributes().queue_url(url);
    let error = set.attributes(QueueAttributeName::VisibilityTimeout, "43201").send().await.unwrap_err();
    assert!(error.code().is_some_and(|code| code.starts_with("Invalid")), "{error:?}");
}
