//! The limits of AWS on DynamoDB and S3, met through the SDK with a clock that stands still until it is set.

use std::time::Duration;

use crate::support::aws::{ProvisionedAws, REGION, provisioned_aws_of};
use crate::support::table::{n, put, put_of_tenant, s};
use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, Put, PutRequest, ThrottlingReason, TransactWriteItem, WriteRequest,
};
use aws_sdk_s3::primitives::ByteStream;
use local_stack::account::Account;
use local_stack::limits::Limits;
use service_runtime::clock::Clock;

/// Size of the largest item, in bytes. It costs 400 write units.
const LARGEST: usize = 400 * 1024;

async fn limited(limits: Limits) -> (ProvisionedAws, Clock) {
    let clock = Clock::fixed("2026-01-05T12:00:00.000Z".parse().unwrap());
    (provisioned_aws_of(Account::new(Some(&limits), clock.clone())).await, clock)
}

fn pass(clock: &Clock, seconds: u64) {
    clock.set(clock.now().plus(Duration::from_secs(seconds)));
}

fn reason(reasons: &[ThrottlingReason]) -> (&str, &str) {
    let [reason] = reasons else { panic!("{reasons:?}") };
    (reason.reason().unwrap(), reason.resource().unwrap())
}

#[tokio::test]
async fn a_partition_key_serves_1000_write_units_per_second() {
    let (stack, clock) = limited(Limits::default()).await;
    for _ in 0..2 {
        put(&stack, 'a', LARGEST).send().await.unwrap();
    }
    let error = put(&stack, 'a', LARGEST).send().await.unwrap_err();
    let PutItemError::ThrottlingException(throttled) = error.into_service_error() else {
        panic!("another error");
    };
    assert!(throttled.message().unwrap().contains("DynamoDB is automatically scaling"));
    let table = format!("arn:aws:dynamodb:{REGION}:000000000000:table/dossier");
    assert_eq!(
        reason(throttled.throttling_reasons()),
        ("TableWriteKeyRangeThroughputExceeded", table.as_str())
    );
    // Another key is another partition, and the next second has new units.
    put(&stack, 'b', LARGEST).send().await.unwrap();
    pass(&clock, 1);
    put(&stack, 'a', LARGEST).send().await.unwrap();
    let bill = stack.aws.account().billing();
    assert_eq!((bill.throttled[0].requests, bill.throttled[0].resource.as_str()), (1, "dossier"));
    assert_eq!(bill.requests["DynamoDB"]["PutItem"], 5);
}

#[tokio::test]
async fn an_index_with_a_hot_partition_refuses_writes_of_the_table() {
    let (stack, clock) = limited(Limits::default()).await;
    for pk in ['a', 'b'] {
        put_of_tenant(&stack, "dev", pk, LARGEST - 100).send().await.unwrap();
    }
    let error = put_of_tenant(&stack, "dev", 'c', LARGEST - 100).send().await.unwrap_err();
    let PutItemError::ThrottlingException(throttled) = error.into_service_error() else {
        panic!("another error");
    };
    let index = format!("arn:aws:dynamodb:{REGION}:000000000000:table/dossier/index/by_age");
    assert_eq!(
        reason(throttled.throttling_reasons()),
        ("IndexWriteKeyRangeThroughputExceeded", index.as_str())
    );
    // Nothing was written, and another tenant is another partition of the index.
    let get = stack.clients.dynamodb.get_item().table_name(&stack.names.table).key("pk", s("c"));
    assert!(get.send().await.unwrap().item.is_none());
    put_of_tenant(&stack, "acme", 'c', LARGEST - 100).send().await.unwrap();
    // A change that moves an entry needs both partitions.
    let update = stack.clients.dynamodb.update_item().table_name(&stack.names.table).key("pk", s("c"));
    let update = update.update_expression("SET tenant = :t").expression_attribute_values(":t", s("dev"));
    assert_eq!(update.clone().send().await.unwrap_err().code(), Some("ThrottlingException"));
    pass(&clock, 1);
    update.send().await.unwrap();
}

#[tokio::test]
async fn a_table_serves_4000_write_units_per_second_until_its_peak_is_half_an_hour_old() {
    let (stack, clock) = limited(Limits::default()).await;
    let served = async || {
        let mut count = 0;
        for pk in 'a'..='z' {
            match put(&stack, pk, LARGEST).send().await {
                Ok(_) => count += 1,
                Err(error) => {
                    assert_eq!(error.code(), Some("ThrottlingException"));
                    return count;
                }
            }
        }
        count
    };
    assert_eq!(served().await, 10);
    pass(&clock, 1);
    assert_eq!(served().await, 10);
    pass(&clock, 30 * 60);
    assert_eq!(served().await, 20);
}

#[tokio::test]
async fn a_partition_key_serves_3000_read_units_per_second() {
    let (stack, _) = limited(Limits { partition_read_units: 30.0, ..Limits::default() }).await;
    // Ten units if strongly consistent.
    put(&stack, 'a', 40_000).send().await.unwrap();
    let (stack, get) = {
        let get = stack.clients.dynamodb.get_item().table_name(&stack.names.table).key("pk", s("a"));
        (&stack, get.consistent_read(true))
    };
    // The write took 40 of 1,000 write units.
    for _ in 0..2 {
        get.clone().send().await.unwrap();
    }
    let error = get.send().await.unwrap_err();
    assert_eq!(error.code(), Some("ThrottlingException"));
    let reasons = error.into_service_error();
    assert!(format!("{reasons:?}").contains("TableReadKeyRangeThroughputExceeded"), "{reasons:?}");
    let keys = KeysAndAttributes::builder().keys([("pk".to_owned(), s("a"))].into()).consistent_read(true);
    let batch = stack.clients.dynamodb.batch_get_item();
    let batch = batch.request_items(&stack.names.table, keys.build().unwrap());
    assert_eq!(batch.send().await.unwrap_err().code(), Some("ThrottlingException"));
}

#[tokio::test]
async fn a_query_of_a_hot_index_partition_is_throttled() {
    let (stack, clock) = limited(Limits { partition_read_units: 10.0, ..Limits::default() }).await;
    put_of_tenant(&stack, "dev", 'a', 100_000).send().await.unwrap();
    pass(&clock, 1);
    let query = stack.clients.dynamodb.query().table_name(&stack.names.table).index_name("by_age");
    let query = query.key_condition_expression("#t = :t").expression_attribute_names("#t", "tenant");
    let query = query.expression_attribute_values(":t", s("dev"));
    // What it reads is known only afterwards, so the first query passes and leaves a debt of 2.5 units.
    query.clone().send().await.unwrap();
    assert_eq!(query.clone().send().await.unwrap_err().code(), Some("ThrottlingException"));
    query.clone().expression_attribute_values(":t", s("acme")).send().await.unwrap();
    pass(&clock, 2);
    query.send().await.unwrap();
}

#[tokio::test]
async fn a_batch_returns_what_is_throttled_as_unprocessed() {
    let (stack, _) = limited(Limits { partition_write_units: 5.0, ..Limits::default() }).await;
    let write = |pk: &str, tenant: &str| {
        let request = PutRequest::builder()
            .item("pk", s(pk))
            .item("tenant", s(tenant))
            .item("created_key", s("2026-01-05"))
            .item("name_key", AttributeValue::B(Blob::new(vec![0; 2_000])))
            .build()
            .unwrap();
        WriteRequest::builder().put_request(request).build()
    };
    let batch =
        |writes| stack.clients.dynamodb.batch_write_item().request_items(&stack.names.table, writes).send();
    // Each entry costs two units of the index: the partition of `dev` serves two of the three.
    let writes = vec![write("a", "dev"), write("b", "dev"), write("c", "dev"), write("d", "acme")];
    let output = batch(writes).await.unwrap();
    let unprocessed = output.unprocessed_items().unwrap();
    let [left] = unprocessed[&stack.names.table].as_slice() else { panic!("{unprocessed:?}") };
    assert_eq!(left.put_request().unwrap().item()["pk"], s("c"));
    let scanned = stack.clients.dynamodb.scan().table_name(&stack.names.table).send().await.unwrap();
    assert_eq!(scanned.count(), 3);
    // A batch without any room is refused as a whole.
    let error = batch(vec![write("e", "dev"), write("f", "dev")]).await.unwrap_err();
    assert_eq!(error.code(), Some("ThrottlingException"));
}

#[tokio::test]
async fn a_throttled_transaction_is_cancelled_with_the_reason() {
    let (stack, _) = limited(Limits { partition_write_units: 3.0, ..Limits::default() }).await;
    let write = |pk: &str| {
        let put = Put::builder().table_name(&stack.names.table).item("pk", s(pk)).build().unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    let transaction = stack.clients.dynamodb.transact_write_items();
    let transaction = transaction.transact_items(write("a")).transact_items(write("b"));
    put(&stack, 'b', 2_000).send().await.unwrap();
    let error = transaction.clone().send().await.unwrap_err().into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        panic!("{error:?}");
    };
    let reasons = cancelled.cancellation_reasons();
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code().unwrap()).collect();
    assert_eq!(codes, ["None", "ThrottlingError"]);
    // The write that was admitted gave its two units back: without them, one of three would be left.
    let alone = stack.clients.dynamodb.transact_write_items().transact_items(write("a"));
    alone.send().await.unwrap();
}

#[tokio::test]
async fn items_and_batches_have_the_maximum_sizes_of_aws() {
    let (stack, _) = limited(Limits::default()).await;
    let error = put(&stack, 'a', LARGEST + 1).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
    assert_eq!(error.message(), Some("Item size has exceeded the maximum allowed size"));
    put(&stack, 'a', LARGEST).send().await.unwrap();
    let update = stack.clients.dynamodb.update_item().table_name(&stack.names.table).key("pk", s("a"));
    let update = update.update_expression("SET more = :n").expression_attribute_values(":n", n(1));
    let error = update.send().await.unwrap_err();
    assert_eq!(error.message(), Some("Item size to update has exceeded the maximum allowed size"));
    let write = |pk: usize| {
        let put = PutRequest::builder().item("pk", s(&pk.to_string())).build().unwrap();
        WriteRequest::builder().put_request(put).build()
    };
    let batch = |count| {
        let batch = stack.clients.dynamodb.batch_write_item();
        batch.request_items(&stack.names.table, (0..count).map(write).collect()).send()
    };
    batch(25).await.unwrap();
    assert_eq!(batch(26).await.unwrap_err().code(), Some("ValidationException"));
    let read = |count: usize| {
        let keys = (0..count).map(|pk| [("pk".to_owned(), s(&pk.to_string()))].into()).collect();
        let keys = KeysAndAttributes::builder().set_keys(Some(keys)).build().unwrap();
        stack.clients.dynamodb.batch_get_item().request_items(&stack.names.table, keys).send()
    };
    read(100).await.unwrap();
    assert_eq!(read(101).await.unwrap_err().code(), Some("ValidationException"));
    let transaction = |count: usize| {
        let writes = (0..count).map(|pk| {
            let put = Put::builder().table_name(&stack.names.table).item("pk", s(&format!("t{pk}")));
            TransactWriteItem::builder().put(put.build().unwrap()).build()
        });
        stack.clients.dynamodb.transact_write_items().set_transact_items(Some(writes.collect())).send()
    };
    transaction(100).await.unwrap();
    assert_eq!(transaction(101).await.unwrap_err().code(), Some("ValidationException"));
}

#[tokio::test]
async fn a_batch_of_reads_returns_at_most_16_mb() {
    let (stack, clock) = limited(Limits::default()).await;
    let keys = ('A'..='Z').chain('a'..='z').take(45);
    for pk in keys.clone() {
        put(&stack, pk, LARGEST).send().await.unwrap();
        pass(&clock, 1);
    }
    let keys = keys.map(|pk| [("pk".to_owned(), s(&pk.to_string()))].into()).collect();
    let keys = KeysAndAttributes::builder().set_keys(Some(keys)).build().unwrap();
    let batch = stack.clients.dynamodb.batch_get_item().request_items(&stack.names.table, keys);
    let output = batch.send().await.unwrap();
    // 16 MB are 40 items of 400 KB and a part of the next one.
    assert_eq!(output.responses().unwrap()[&stack.names.table].len(), 40);
    assert_eq!(output.unprocessed_keys().unwrap()[&stack.names.table].keys().len(), 5);
}

#[tokio::test]
async fn a_bucket_serves_its_requests_per_second_then_tells_to_slow_down() {
    let (stack, clock) = limited(Limits { s3_writes: 8.0, s3_reads: 5.0, ..Limits::default() }).await;
    pass(&clock, 1);
    let (s3, bucket) = (&stack.clients.s3, &stack.names.bucket);
    let write = |number: u32| {
        s3.put_object().bucket(bucket).key(format!("{number}/k")).body(ByteStream::from_static(b"x")).send()
    };
    for number in 0..8 {
        write(number).await.unwrap();
    }
    let error = write(8).await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 503);
    assert_eq!(error.code(), Some("SlowDown"));
    for _ in 0..5 {
        s3.get_object().bucket(bucket).key("1/k").send().await.unwrap();
    }
    let error = s3.get_object().bucket(bucket).key("1/k").send().await.unwrap_err();
    assert_eq!(error.code(), Some("SlowDown"));
    let delete = s3.delete_object().bucket(bucket).key("1/k");
    assert_eq!(delete.clone().send().await.unwrap_err().code(), Some("SlowDown"));
    pass(&clock, 1);
    delete.send().await.unwrap();
    let bill = stack.aws.account().billing();
    assert_eq!((bill.throttled[0].reason, bill.throttled[0].requests), ("SlowDown", 3));
}
