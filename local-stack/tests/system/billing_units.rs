//! Units of DynamoDB in the bill, compared with numbers worked out by hand from "DynamoDB read and write
//! operations", "DynamoDB item sizes and formats" and "Using Global Secondary Indexes in DynamoDB".

use crate::support::aws::{ProvisionedAws, provisioned_aws};
use crate::support::table::{n, put, put_of_tenant, s};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, Get, KeysAndAttributes, Put, PutRequest, Select, TransactGetItem,
    TransactWriteItem, WriteRequest,
};

/// Returns the write units and the read units of the table or an index since the last call.
fn units(stack: &ProvisionedAws, index: Option<&str>) -> (f64, f64) {
    let bill = stack.aws.account().billing();
    let found = bill.dynamodb.resources.iter().find(|resource| resource.index.as_deref() == index);
    found.map_or((0.0, 0.0), |resource| (resource.write_units, resource.read_units))
}

/// Returns the write units of the table and of the indexes `by_age`, `due` and `in_progress`, and starts a new
/// count.
fn written(stack: &ProvisionedAws) -> [f64; 4] {
    let written = [None, Some("by_age"), Some("due"), Some("in_progress")].map(|index| units(stack, index).0);
    stack.aws.account().reset_billing();
    written
}

/// Returns the read units of the table or an index, and starts a new count.
fn read(stack: &ProvisionedAws, index: Option<&str>) -> f64 {
    let (_, read) = units(stack, index);
    stack.aws.account().reset_billing();
    read
}

#[tokio::test]
async fn a_write_counts_the_larger_of_the_item_before_and_after_it() {
    let stack = provisioned_aws().await;
    for (bytes, expected) in [(500, 1.0), (1024, 1.0), (1025, 2.0), (3_000, 3.0), (500, 3.0), (500, 1.0)] {
        put(&stack, 'a', bytes).send().await.unwrap();
        assert_eq!(written(&stack), [expected, 0.0, 0.0, 0.0], "{bytes} bytes");
    }
    let dynamodb = &stack.clients.dynamodb;
    let update = || dynamodb.update_item().table_name(&stack.names.table).key("pk", s("a"));
    // 500 + 4 + 1,500 bytes.
    let more = AttributeValue::B(Blob::new(vec![0; 1_500]));
    update().update_expression("SET more = :m").expression_attribute_values(":m", more).send().await.unwrap();
    assert_eq!(written(&stack)[0], 2.0);
    update().update_expression("REMOVE more").send().await.unwrap();
    assert_eq!(written(&stack)[0], 2.0);
    let delete = || dynamodb.delete_item().table_name(&stack.names.table).key("pk", s("a"));
    put(&stack, 'a', 2_500).send().await.unwrap();
    written(&stack);
    delete().send().await.unwrap();
    assert_eq!(written(&stack)[0], 3.0);
    delete().send().await.unwrap();
    assert_eq!(written(&stack)[0], 1.0, "a delete of an item that does not exist");
}

#[tokio::test]
async fn a_write_whose_condition_fails_is_paid_for_and_changes_no_index() {
    let stack = provisioned_aws().await;
    put_of_tenant(&stack, "dev", 'a', 3_000).send().await.unwrap();
    written(&stack);
    let refused = put_of_tenant(&stack, "dev", 'a', 5_000).condition_expression("attribute_not_exists(pk)");
    refused.send().await.unwrap_err();
    // The larger of both items decides: 5,000 + 30 bytes.
    assert_eq!(written(&stack), [5.0, 0.0, 0.0, 0.0]);
    let update = stack.clients.dynamodb.update_item().table_name(&stack.names.table).key("pk", s("a"));
    let refused = update
        .update_expression("SET more = :m")
        .condition_expression("attempt = :m")
        .expression_attribute_values(":m", n(1));
    refused.send().await.unwrap_err();
    assert_eq!(written(&stack), [3.0, 0.0, 0.0, 0.0]);
    let update = stack.clients.dynamodb.update_item().table_name(&stack.names.table).key("pk", s("a"));
    let refused = update
        .update_expression("SET more = :m")
        .condition_expression("attempt = :m")
        .expression_attribute_values(":m", s(&"x".repeat(4_000)));
    refused.send().await.unwrap_err();
    // The item would have 7,000 bytes and some.
    assert_eq!(written(&stack), [7.0, 0.0, 0.0, 0.0]);
    // A request that is not valid costs nothing.
    stack
        .clients
        .dynamodb
        .put_item()
        .table_name(&stack.names.table)
        .item("x", s("y"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(written(&stack), [0.0; 4]);
}

#[tokio::test]
async fn an_index_is_written_only_when_its_entry_changes() {
    let stack = provisioned_aws().await;
    let update = |expression: &str| {
        let request = stack.clients.dynamodb.update_item().table_name(&stack.names.table);
        request.key("pk", s("a")).update_expression(expression)
    };
    // 2,530 bytes; `by_age` projects all of them.
    put_of_tenant(&stack, "dev", 'a', 2_500).send().await.unwrap();
    assert_eq!(written(&stack), [3.0, 3.0, 0.0, 0.0]);
    // The entry of `due` appears; `by_age` projects neither attribute.
    let due = update("SET due_shard = :s, due_at = :at")
        .expression_attribute_values(":s", s("0"))
        .expression_attribute_values(":at", n(1_000));
    due.send().await.unwrap();
    assert_eq!(written(&stack), [3.0, 0.0, 1.0, 0.0], "2,530 + 10 + 8 bytes");
    // No index projects `note`.
    update("SET note = :n").expression_attribute_values(":n", s("x")).send().await.unwrap();
    assert_eq!(written(&stack), [3.0, 0.0, 0.0, 0.0]);
    // An attribute of `by_age` changes, and is then set to the same value.
    for expected in [3.0, 0.0] {
        let status = update("SET #status = :s").expression_attribute_names("#status", "status");
        status.expression_attribute_values(":s", s("PENDING")).send().await.unwrap();
        assert_eq!(written(&stack), [3.0, expected, 0.0, 0.0]);
    }
    // A new key of an entry is a delete and a put.
    update("SET due_at = :at").expression_attribute_values(":at", n(2_000)).send().await.unwrap();
    assert_eq!(written(&stack), [3.0, 0.0, 2.0, 0.0]);
    update("REMOVE due_at").send().await.unwrap();
    assert_eq!(written(&stack), [3.0, 0.0, 1.0, 0.0]);
    // Another tenant: a delete of the old entry and a put of the new one.
    update("SET tenant = :t").expression_attribute_values(":t", s("acme")).send().await.unwrap();
    assert_eq!(written(&stack), [3.0, 6.0, 0.0, 0.0]);
    update("SET leased_tenant = :t").expression_attribute_values(":t", s("acme")).send().await.unwrap();
    assert_eq!(written(&stack), [3.0, 0.0, 0.0, 1.0]);
    stack
        .clients
        .dynamodb
        .delete_item()
        .table_name(&stack.names.table)
        .key("pk", s("a"))
        .send()
        .await
        .unwrap();
    assert_eq!(written(&stack), [3.0, 3.0, 0.0, 1.0]);
}

#[tokio::test]
async fn a_read_counts_the_whole_item_and_half_of_it_if_eventually_consistent() {
    let stack = provisioned_aws().await;
    put(&stack, 'a', 5_000).send().await.unwrap();
    let get = |pk: &str| stack.clients.dynamodb.get_item().table_name(&stack.names.table).key("pk", s(pk));
    read(&stack, None);
    get("a").send().await.unwrap();
    assert_eq!(read(&stack, None), 1.0, "two units of 4 KB, eventually consistent");
    get("a").projection_expression("pk").consistent_read(true).send().await.unwrap();
    assert_eq!(read(&stack, None), 2.0, "a projection saves nothing");
    get("b").send().await.unwrap();
    assert_eq!(read(&stack, None), 0.5, "an item that does not exist");
    get("b").consistent_read(true).send().await.unwrap();
    assert_eq!(read(&stack, None), 1.0);
}

#[tokio::test]
async fn a_query_counts_the_sum_of_what_it_reads_and_a_batch_each_item() {
    let stack = provisioned_aws().await;
    for pk in ['a', 'b', 'c'] {
        // 1,500 bytes with the key attributes of the index.
        put_of_tenant(&stack, "dev", pk, 1_470).send().await.unwrap();
    }
    put_of_tenant(&stack, "acme", 'd', 9_000).send().await.unwrap();
    read(&stack, None);
    let query = || {
        let request = stack.clients.dynamodb.query().table_name(&stack.names.table).index_name("by_age");
        request.key_condition_expression("tenant = :t").expression_attribute_values(":t", s("dev"))
    };
    query().send().await.unwrap();
    assert_eq!(read(&stack, Some("by_age")), 1.0, "4,500 bytes are two units, eventually consistent");
    query().select(Select::Count).send().await.unwrap();
    assert_eq!(read(&stack, Some("by_age")), 1.0, "a count reads as much");
    query()
        .filter_expression("filler = :f")
        .expression_attribute_values(":f", s("x"))
        .projection_expression("pk")
        .send()
        .await
        .unwrap();
    assert_eq!(read(&stack, Some("by_age")), 1.0, "a filter saves nothing");
    query().limit(1).send().await.unwrap();
    assert_eq!(read(&stack, Some("by_age")), 0.5);
    query().expression_attribute_values(":t", s("nobody")).send().await.unwrap();
    assert_eq!(read(&stack, Some("by_age")), 0.5, "a query that finds nothing");

    let scan = || stack.clients.dynamodb.scan().table_name(&stack.names.table);
    scan().send().await.unwrap();
    // 3 * 1,500 + 9,030 bytes are four units of 4 KB.
    assert_eq!(read(&stack, None), 2.0);
    let filtered = scan().filter_expression("tenant = :t").expression_attribute_values(":t", s("nobody"));
    filtered.consistent_read(true).send().await.unwrap();
    assert_eq!(read(&stack, None), 4.0);

    // Table queries are measured in the same way.
    let query =
        stack.clients.dynamodb.query().table_name(&stack.names.table).key_condition_expression("#p = :p");
    let query = query.expression_attribute_names("#p", "pk").expression_attribute_values(":p", s("d"));
    query.clone().send().await.unwrap();
    assert_eq!(read(&stack, None), 1.5, "9,030 bytes are three units, eventually consistent");
    let filtered = query.filter_expression("#t = :t").expression_attribute_names("#t", "tenant");
    filtered.expression_attribute_values(":t", s("nobody")).send().await.unwrap();
    assert_eq!(read(&stack, None), 1.5);

    let keys = ["a", "d", "nobody"].map(|pk| [("pk".to_owned(), s(pk))].into());
    let keys = KeysAndAttributes::builder().set_keys(Some(keys.to_vec())).build().unwrap();
    stack.clients.dynamodb.batch_get_item().request_items(&stack.names.table, keys).send().await.unwrap();
    // Each item is rounded up on its own: 0.5 + 1.5 + 0.5.
    assert_eq!(read(&stack, None), 2.5);
}

#[tokio::test]
async fn a_batch_counts_each_write_and_a_transaction_each_item_twice() {
    let stack = provisioned_aws().await;
    let item = |pk: &str, bytes: usize| {
        // 2 + 1 + 6 bytes and the filler.
        let filler = AttributeValue::B(Blob::new(vec![0; bytes - 9]));
        [("pk".to_owned(), s(pk)), ("filler".to_owned(), filler)]
    };
    let put = |pk: &str, bytes| {
        let request = PutRequest::builder().set_item(Some(item(pk, bytes).into())).build().unwrap();
        WriteRequest::builder().put_request(request).build()
    };
    let writes = vec![put("a", 100), put("b", 1_500)];
    let dynamodb = &stack.clients.dynamodb;
    dynamodb.batch_write_item().request_items(&stack.names.table, writes).send().await.unwrap();
    assert_eq!(written(&stack)[0], 3.0);
    let delete = DeleteRequest::builder().key("pk", s("b")).build().unwrap();
    let delete = WriteRequest::builder().delete_request(delete).build();
    dynamodb.batch_write_item().request_items(&stack.names.table, vec![delete]).send().await.unwrap();
    assert_eq!(written(&stack)[0], 2.0);

    // "A transactional write request of an item up to 1 KB requires two write units."
    let put = |pk: &str, bytes| {
        let put = Put::builder().table_name(&stack.names.table).set_item(Some(item(pk, bytes).into()));
        TransactWriteItem::builder().put(put.build().unwrap()).build()
    };
    dynamodb
        .transact_write_items()
        .transact_items(put("c", 1_024))
        .transact_items(put("d", 2_500))
        .send()
        .await
        .unwrap();
    assert_eq!(written(&stack)[0], 2.0 + 6.0);
    let get = |pk: &str| {
        let get = Get::builder().table_name(&stack.names.table).key("pk", s(pk)).build().unwrap();
        TransactGetItem::builder().get(get).build()
    };
    dynamodb.transact_get_items().transact_items(get("c")).transact_items(get("d")).send().await.unwrap();
    assert_eq!(read(&stack, None), 4.0);
}
