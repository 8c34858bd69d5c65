//! Damaged answers, hanging requests and refused connections of the fault proxy, as an SDK meets them.

use std::io::ErrorKind;
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::primitives::ByteStream;
use local_stack::fault_proxy::WireFault;
use tokio::net::TcpStream;

use crate::fault_proxy_wire::{Proxied, exists, injected, put, start_proxied};
use crate::support::aws::{aws_clients, within};

fn key(name: &str) -> AttributeValue {
    AttributeValue::S(name.to_owned())
}

/// Returns whether the answer had a status of success and could not be read.
fn is_unreadable<T, E>(answer: &Result<T, SdkError<E>>) -> bool {
    match answer {
        Err(SdkError::ResponseError(error)) => error.raw().status().is_success(),
        Err(SdkError::ServiceError(error)) => error.raw().status().is_success(),
        _ => false,
    }
}

#[tokio::test]
async fn no_service_has_an_unparseable_answer_that_its_sdk_accepts() {
    let Proxied { direct, proxy, clients } = start_proxied(&[]).await;
    let (bucket, queue) = (&direct.names.bucket, &direct.queues.queue_url);
    put(&direct.clients, "a").await.unwrap();
    let body = ByteStream::from_static(b"{\"answer\":1}");
    direct.clients.s3.put_object().bucket(bucket).key("work/x").body(body).send().await.unwrap();
    proxy.plan().set(vec!["all=unparseable:1".parse().unwrap()]);
    for turn in 0..3 {
        let item = clients.dynamodb.get_item().table_name("dossier").key("pk", key("a")).send().await;
        assert!(is_unreadable(&item), "{turn}: {item:?}");
        let sent = clients.sqs.send_message().queue_url(queue).message_body("{}").send().await;
        assert!(is_unreadable(&sent), "{turn}: {sent:?}");
        let list = clients.s3.list_objects_v2().bucket(bucket).send().await;
        assert!(is_unreadable(&list), "{turn}: {list:?}");
        if let Ok(object) = clients.s3.get_object().bucket(bucket).key("work/x").send().await
            && let Ok(content) = object.body.collect().await
        {
            serde_json::from_slice::<serde_json::Value>(&content.into_bytes()).unwrap_err();
        }
    }
    assert_eq!(proxy.plan().total(WireFault::Unparseable), 12);
    // The service carried out what its client did not learn about.
    let received = direct.clients.sqs.receive_message().queue_url(queue).max_number_of_messages(10);
    assert_eq!(received.send().await.unwrap().messages.unwrap_or_default().len(), 3);
}

#[tokio::test]
async fn a_refusal_of_the_service_and_an_answer_without_a_body_stay_readable() {
    let Proxied { direct, proxy, clients } = start_proxied(&["all=unparseable:1"]).await;
    let bucket = &direct.names.bucket;
    let missing = clients.s3.get_object().bucket(bucket).key("none").send().await.unwrap_err();
    assert!(missing.into_service_error().is_no_such_key());
    let missing = clients.s3.head_object().bucket(bucket).key("none").send().await.unwrap_err();
    assert!(missing.into_service_error().is_not_found());
    clients.s3.head_bucket().bucket(bucket).send().await.unwrap();
    assert_eq!(proxy.plan().total(WireFault::Unparseable), 0);
}

#[tokio::test]
async fn a_request_whose_answer_is_cut_is_applied() {
    let Proxied { direct, proxy, clients } = start_proxied(&["all=cut-answer:1"]).await;
    put(&clients, "a").await.unwrap_err();
    assert!(exists(&direct.clients, "a").await);
    let (http, bucket) = (reqwest::Client::builder().no_proxy().build().unwrap(), &direct.names.bucket);
    let body = ByteStream::from(vec![b'x'; 100_000]);
    direct.clients.s3.put_object().bucket(bucket).key("reports/x").body(body).send().await.unwrap();
    let signing = aws_sdk_s3::presigning::PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let link = clients.s3.get_object().bucket(bucket).key("reports/x").presigned(signing).await.unwrap();
    let mut answer = http.get(link.uri()).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.content_length()), (200, Some(100_000)));
    let mut received = 0;
    let end = loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => received += chunk.len(),
            end => break end,
        }
    };
    assert!(end.is_err(), "{end:?}");
    assert_eq!(received, 50_000);
    assert_eq!(injected(&proxy, "S3.GetObject", WireFault::CutAnswer), 1);
}

#[tokio::test]
async fn a_hanging_request_is_not_applied_and_ends_with_its_client_or_with_the_proxy() {
    let Proxied { direct, proxy, clients } = start_proxied(&["DynamoDb.PutItem=hang:1"]).await;
    let abandoned = tokio::time::timeout(Duration::from_millis(200), put(&clients, "a")).await;
    assert!(abandoned.is_err(), "{abandoned:?}");
    let hanging = tokio::spawn({
        let clients = clients.clone();
        async move { put(&clients, "a").await }
    });
    while injected(&proxy, "DynamoDb.PutItem", WireFault::Hang) < 2 {
        tokio::task::yield_now().await;
    }
    assert!(!exists(&clients, "a").await);
    within(10, proxy.stop()).await.unwrap();
    hanging.await.unwrap().unwrap_err();
    assert!(!exists(&direct.clients, "a").await);
}

#[tokio::test]
async fn the_port_of_a_refused_service_is_closed_until_the_rules_change() {
    let Proxied { direct, proxy, clients: shared } = start_proxied(&[]).await;
    let secret = "a secret of this test";
    let (sqs, dynamodb) = (aws_clients(&proxy.sqs_url(), secret), aws_clients(&proxy.dynamodb_url(), secret));
    let address = proxy.sqs_url().trim_start_matches("http://").to_owned();
    let send = |clients: &local_stack::provision::AwsClients| {
        clients.sqs.send_message().queue_url(&direct.queues.queue_url).message_body("{}").send()
    };
    let mut open = TcpStream::connect(&address).await.unwrap();
    send(&sqs).await.unwrap();

    proxy.plan().set(vec!["Sqs.*=refused:1".parse().unwrap()]);
    // A connection that was open ends, even if it is idle.
    let mut byte = [0];
    let ended = within(10, tokio::io::AsyncReadExt::read(&mut open, &mut byte)).await;
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    assert_eq!(TcpStream::connect(&address).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    for clients in [&sqs, &shared] {
        let refused = send(clients).await.unwrap_err();
        assert!(matches!(refused, SdkError::DispatchFailure(_)), "{refused:?}");
    }
    put(&dynamodb, "a").await.unwrap();
    put(&shared, "b").await.unwrap();

    proxy.plan().set(Vec::new());
    within(10, async {
        while send(&sqs).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    proxy.stop().await.unwrap();
}
