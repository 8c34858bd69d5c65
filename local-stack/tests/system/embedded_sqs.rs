//! The embedded SQS, used through the AWS SDK as by the worker and the API.
use crate::support::aws::{aws_clients, provisioned_aws, within};
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry};
use local_stack::aws::Service;
use local_stack::provision::{RetentionDays, provision};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test]
async fn provisioning_is_idempotent_and_sets_the_attributes_of_the_design() {
    let stack = provisioned_aws().await;
    let again =
        provision(&stack.clients, &stack.names, RetentionDays { default: 90, longest: 3650 }).await.unwrap();
    assert_eq!(again, stack.queues);
    assert!(stack.queues.queue_url.starts_with(&stack.aws.endpoint()));

    let attributes = stack
        .clients
        .sqs
        .get_queue_attributes()
        .queue_url(&stack.queues.queue_url)
        .attribute_names(QueueAttributeName::All)
        .send()
        .await
        .unwrap()
        .attributes
        .unwrap();
    assert_eq!(attributes[&QueueAttributeName::VisibilityTimeout], "60");
    assert_eq!(attributes[&QueueAttributeName::ReceiveMessageWaitTimeSeconds], "20");
    assert_eq!(attributes[&QueueAttributeName::MessageRetentionPeriod], "345600");
    let redrive: serde_json::Value =
        serde_json::from_str(&attributes[&QueueAttributeName::RedrivePolicy]).unwrap();
    assert_eq!(redrive["maxReceiveCount"], 1000);
    assert_eq!(redrive["deadLetterTargetArn"], "arn:aws:sqs:ap-northeast-1:000000000000:dossier-reports-dlq");
}

#[tokio::test]
async fn a_waiting_receive_returns_as_soon_as_a_message_with_a_group_is_sent() {
    let stack = provisioned_aws().await;
    let (sqs, url) = (&stack.clients.sqs, &stack.queues.queue_url);
    let receive = sqs
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(10)
        .message_attribute_names("All")
        .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
        .send();
    let send = async {
        // A receive is counted when it arrives, before it waits.
        while !stack.aws.calls().contains_key(&(Service::Sqs, "ReceiveMessage".to_owned())) {
            tokio::task::yield_now().await;
        }
        let attribute = aws_sdk_sqs::types::MessageAttributeValue::builder()
            .data_type("String")
            .string_value("00-11111111111111111111111111111111-2222222222222222-01")
            .build()
            .unwrap();
        sqs.send_message()
            .queue_url(url)
            .message_body("{\"v\":1}")
            .message_group_id("tenant")
            .message_attributes("traceparent", attribute)
            .send()
            .await
            .unwrap()
    };
    let (received, _) = within(5, async { tokio::join!(receive, send) }).await;
    let message = received.unwrap().messages.unwrap().remove(0);
    assert_eq!(message.body(), Some("{\"v\":1}"));
    assert!(message.message_attributes().unwrap().contains_key("traceparent"));
    assert_eq!(message.attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount], "1");
}

#[tokio::test]
async fn a_batch_with_groups_is_accepted_and_deleted_messages_do_not_return() {
    let stack = provisioned_aws().await;
    let (sqs, url) = (&stack.clients.sqs, &stack.queues.queue_url);
    let entries = (0..10).map(|n| {
        SendMessageBatchRequestEntry::builder()
            .id(format!("m{n}"))
            .message_body(format!("{n}"))
            .message_group_id("tenant")
            .build()
            .unwrap()
    });
    let sent =
        sqs.send_message_batch().queue_url(url).set_entries(Some(entries.collect())).send().await.unwrap();
    assert_eq!((sent.successful().len(), sent.failed().len()), (10, 0));
    let received = sqs
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(10)
        .wait_time_seconds(0)
        .send()
        .await
        .unwrap();
    for message in received.messages() {
        let handle = message.receipt_handle().unwrap();
        sqs.delete_message().queue_url(url).receipt_handle(handle).send().await.unwrap();
    }
    assert_eq!(received.messages().len(), 10);
    let counts = sqs
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
        .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
        .send()
        .await
        .unwrap()
        .attributes
        .unwrap();
    assert!(counts.values().all(|count| count == "0"), "{counts:?}");
    let calls = stack.aws.calls();
    assert_eq!(calls[&(Service::Sqs, "SendMessageBatch".to_owned())], 1);
    assert_eq!(calls[&(Service::Sqs, "DeleteMessage".to_owned())], 10);
}

#[tokio::test]
async fn a_message_goes_to_the_dead_letter_queue_after_the_maximum_receive_count() {
    let stack = provisioned_aws().await;
    let (sqs, url) = (&stack.clients.sqs, &stack.queues.queue_url);
    sqs.send_message().queue_url(url).message_body("poison").send().await.unwrap();
    for attempt in 1..=1000 {
        let received = sqs.receive_message().queue_url(url).wait_time_seconds(5).send().await.unwrap();
        let handle = received.messages()[0].receipt_handle().unwrap_or_else(|| panic!("attempt {attempt}"));
        sqs.change_message_visibility()
            .queue_url(url)
            .receipt_handle(handle)
            .visibility_timeout(0)
            .send()
            .await
            .unwrap();
    }
    let empty = sqs.receive_message().queue_url(url).wait_time_seconds(0).send().await.unwrap();
    assert!(empty.messages().is_empty());
    let dead = within(5, sqs.receive_message().queue_url(&stack.queues.dlq_url).wait_time_seconds(20).send())
        .await
        .unwrap();
    assert_eq!(dead.messages()[0].body(), Some("poison"));
}

#[tokio::test]
async fn a_receive_of_a_disconnected_client_does_not_consume_the_next_message() {
    let stack = provisioned_aws().await;
    let (sqs, url) = (&stack.clients.sqs, &stack.queues.queue_url);
    let abandoned = tokio::spawn(sqs.receive_message().queue_url(url).wait_time_seconds(20).send());
    while !stack.aws.calls().contains_key(&(Service::Sqs, "ReceiveMessage".to_owned())) {
        tokio::task::yield_now().await;
    }
    abandoned.abort();
    assert!(abandoned.await.unwrap_err().is_cancelled());
    // The server notices the closed connection when it reads from it; these requests give it time to do so.
    for _ in 0..20 {
        sqs.get_queue_url().queue_name(&stack.names.queue).send().await.unwrap();
    }
    sqs.send_message().queue_url(url).message_body("kept").send().await.unwrap();
    let received = within(5, sqs.receive_message().queue_url(url).send()).await.unwrap();
    assert_eq!(received.messages()[0].body(), Some("kept"));
}

#[tokio::test]
async fn a_waiting_receive_does_not_delay_the_shutdown() {
    let stack = provisioned_aws().await;
    let waiting = tokio::spawn(stack.clients.sqs.receive_message().queue_url(&stack.queues.queue_url).send());
    while !stack.aws.calls().contains_key(&(Service::Sqs, "ReceiveMessage".to_owned())) {
        tokio::task::yield_now().await;
    }
    within(5, stack.aws.stop()).await.unwrap();
    let received = within(5, waiting).await.unwrap().unwrap();
    assert!(received.messages().is_empty());
}

#[tokio::test]
async fn requests_with_a_wrong_key_or_no_signature_are_rejected() {
    let stack = provisioned_aws().await;
    let wrong_clients = aws_clients(&stack.aws.endpoint(), "another secret");
    let error = wrong_clients.sqs.list_queues().send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidSignatureException"), "{error:?}");
    let error = wrong_clients.dynamodb.list_tables().send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidSignatureException"), "{error:?}");
    let error = wrong_clients.s3.head_bucket().bucket(&stack.names.bucket).send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);

    let mut connection =
        tokio::net::TcpStream::connect(stack.aws.endpoint().trim_start_matches("http://")).await.unwrap();
    connection
        .write_all(b"POST / HTTP/1.1\r\nhost: aws\r\nx-amz-target: AmazonSQS.ListQueues\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        .await
        .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(answer.contains("MissingAuthenticationTokenException"), "{answer}");
}

#[tokio::test]
async fn a_visibility_change_of_a_deleted_message_fails_as_not_in_flight() {
    let stack = provisioned_aws().await;
    let (sqs, url) = (&stack.clients.sqs, &stack.queues.queue_url);
    sqs.send_message().queue_url(url).message_body("x").send().await.unwrap();
    let received = sqs.receive_message().queue_url(url).send().await.unwrap();
    let handle = received.messages()[0].receipt_handle().unwrap();
    sqs.delete_message().queue_url(url).receipt_handle(handle).send().await.unwrap();
    let renewed = sqs
        .change_message_visibility()
        .queue_url(url)
        .receipt_handle(handle)
        .visibility_timeout(60)
        .send()
        .await;
    let error = renewed.unwrap_err().into_service_error();
    assert!(error.is_message_not_inflight(), "{error:?}");
}
