//! The embedded DynamoDB: the conditions, expressions and indexes that the report store relies on.
use std::collections::HashMap;

use crate::support::aws::{ProvisionedAws, provisioned_aws};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn report(id: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), s(&format!("R#dev#{id}"))),
        ("tenant".to_owned(), s("dev")),
        ("report_id".to_owned(), s(id)),
        ("created_key".to_owned(), s(&format!("2026-01-05T12:00:00Z#{id}"))),
        ("due_shard".to_owned(), s("0")),
        ("due_at".to_owned(), n(1000)),
        ("status".to_owned(), s("PENDING")),
        ("attempt".to_owned(), n(0)),
        ("stages".to_owned(), AttributeValue::M(HashMap::new())),
        ("sources".to_owned(), AttributeValue::L(vec![s("news")])),
    ])
}

async fn put(stack: &ProvisionedAws, id: &str) {
    stack
        .clients
        .dynamodb
        .put_item()
        .table_name(&stack.names.table)
        .set_item(Some(report(id)))
        .send()
        .await
        .unwrap();
}

fn update(stack: &ProvisionedAws, id: &str) -> UpdateItemFluentBuilder {
    stack
        .clients
        .dynamodb
        .update_item()
        .table_name(&stack.names.table)
        .key("pk", s(&format!("R#dev#{id}")))
        .return_values(ReturnValue::AllNew)
}

async fn due_ids(stack: &ProvisionedAws) -> Vec<String> {
    let found = stack
        .clients
        .dynamodb
        .query()
        .table_name(&stack.names.table)
        .index_name("due")
        .key_condition_expression("due_shard = :shard AND due_at <= :now")
        .expression_attribute_values(":shard", s("0"))
        .expression_attribute_values(":now", n(5000))
        .send()
        .await
        .unwrap();
    found.items().iter().map(|item| item["report_id"].as_s().unwrap().clone()).collect()
}

#[tokio::test]
async fn a_conditional_put_on_an_existing_item_fails_with_the_old_item() {
    let stack = provisioned_aws().await;
    put(&stack, "1").await;
    let refused = stack
        .clients
        .dynamodb
        .put_item()
        .table_name(&stack.names.table)
        .set_item(Some(report("1")))
        .condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(failure) =
        refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!(failure.item.unwrap()["status"], s("PENDING"));
}

#[tokio::test]
async fn a_conditional_update_counts_up_sets_nested_fields_and_fails_with_the_old_item() {
    let stack = provisioned_aws().await;
    put(&stack, "1").await;
    let claim = |expected: i64| {
        update(&stack, "1")
            .update_expression(
                "SET #status = :processing, attempt = attempt + :one, stages.#gather = :done, \
                 sources = list_append(sources, :more), first_seen = if_not_exists(first_seen, :now)",
            )
            .condition_expression(
                "attribute_exists(pk) AND attempt = :expected AND #status IN (:pending, :processing)",
            )
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#gather", "gather")
            .expression_attribute_values(":pending", s("PENDING"))
            .expression_attribute_values(":processing", s("PROCESSING"))
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":now", n(77))
            .expression_attribute_values(":expected", n(expected))
            .expression_attribute_values(":done", AttributeValue::M(HashMap::from([("at".to_owned(), n(5))])))
            .expression_attribute_values(":more", AttributeValue::L(vec![s("registry")]))
            .send()
    };
    let item = claim(0).await.unwrap().attributes.unwrap();
    assert_eq!(item["attempt"], n(1));
    assert_eq!(item["first_seen"], n(77));
    assert_eq!(item["stages"].as_m().unwrap()["gather"].as_m().unwrap()["at"], n(5));
    assert_eq!(item["sources"].as_l().unwrap().len(), 2);

    let refused = claim(0).await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(failure) =
        refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!(failure.item.unwrap()["attempt"], n(1));
}

#[tokio::test]
async fn a_conditional_update_of_a_missing_item_fails_and_creates_none() {
    let stack = provisioned_aws().await;
    let refused = update(&stack, "none")
        .update_expression("SET attempt = :one")
        .condition_expression("attribute_exists(pk)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .expression_attribute_values(":one", n(1))
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(refused.is_conditional_check_failed_exception(), "{refused:?}");
    let found = stack
        .clients
        .dynamodb
        .get_item()
        .table_name(&stack.names.table)
        .key("pk", s("R#dev#none"))
        .consistent_read(true)
        .send()
        .await
        .unwrap();
    assert!(found.item.is_none());
}

#[tokio::test]
async fn the_due_index_holds_only_items_with_a_due_time() {
    let stack = provisioned_aws().await;
    put(&stack, "1").await;
    put(&stack, "2").await;
    assert_eq!(due_ids(&stack).await.len(), 2);
    update(&stack, "1")
        .update_expression("SET #status = :completed REMOVE due_shard, due_at")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":completed", s("COMPLETED"))
        .send()
        .await
        .unwrap();
    assert_eq!(due_ids(&stack).await, ["2"]);
    update(&stack, "2")
        .update_expression("SET due_at = due_at + :later")
        .expression_attribute_values(":later", n(10_000))
        .send()
        .await
        .unwrap();
    assert!(due_ids(&stack).await.is_empty());
    update(&stack, "1")
        .update_expression("SET due_shard = :shard, due_at = :due")
        .expression_attribute_values(":shard", s("0"))
        .expression_attribute_values(":due", n(4000))
        .send()
        .await
        .unwrap();
    assert_eq!(due_ids(&stack).await, ["1"]);
}

/// Returns the id of the report of an entry of an index, from its key.
fn id_of(entry: &HashMap<String, AttributeValue>) -> String {
    entry["pk"].as_s().unwrap().rsplit('#').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_tenants_reports_are_listed_newest_first_page_by_page() {
    let stack = provisioned_aws().await;
    for id in ["1", "2", "3"] {
        put(&stack, id).await;
    }
    let mut seen = Vec::new();
    let mut start = None;
    loop {
        let page = stack
            .clients
            .dynamodb
            .query()
            .table_name(&stack.names.table)
            .index_name("by_age")
            .key_condition_expression("tenant = :tenant")
            .filter_expression("#status = :pending")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":pending", s("PENDING"))
            .expression_attribute_values(":tenant", s("dev"))
            .scan_index_forward(false)
            .limit(2)
            .set_exclusive_start_key(start)
            .send()
            .await
            .unwrap();
        seen.extend(page.items().iter().map(id_of));
        start = page.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["3", "2", "1"]);
}

#[tokio::test]
async fn of_two_hundred_concurrent_claims_exactly_one_wins() {
    let stack = provisioned_aws().await;
    put(&stack, "1").await;
    let claims: Vec<_> = (0..200)
        .map(|_| {
            tokio::spawn(
                update(&stack, "1")
                    .update_expression("SET attempt = attempt + :one")
                    .condition_expression("attempt = :zero")
                    .expression_attribute_values(":one", n(1))
                    .expression_attribute_values(":zero", n(0))
                    .send(),
            )
        })
        .collect();
    let mut won = 0;
    for claim in claims {
        match claim.await.unwrap() {
            Ok(_) => won += 1,
            Err(error) => {
                let error = error.into_service_error();
                assert!(error.is_conditional_check_failed_exception(), "{error:?}");
            }
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn the_table_has_ttl_and_point_in_time_recovery() {
    let stack = provisioned_aws().await;
    let ttl = stack
        .clients
        .dynamodb
        .describe_time_to_live()
        .table_name(&stack.names.table)
        .send()
        .await
        .unwrap()
        .time_to_live_description
        .unwrap();
    assert_eq!(ttl.attribute_name(), Some("expires_at"));
    let backups = stack
        .clients
        .dynamodb
        .describe_continuous_backups()
        .table_name(&stack.names.table)
        .send()
        .await
        .unwrap();
    let recovery = backups
        .continuous_backups_description()
        .and_then(|description| description.point_in_time_recovery_description())
        .and_then(|description| description.point_in_time_recovery_status())
        .unwrap();
    assert_eq!(recovery.as_str(), "ENABLED");
}

#[tokio::test]
async fn an_index_finds_every_item_of_a_table_larger_than_one_response() {
    let stack = provisioned_aws().await;
    let ids: Vec<String> = (0..300).map(|number| format!("{number:03}")).collect();
    for id in &ids {
        let mut item = report(id);
        item.insert("padding".to_owned(), s(&"x".repeat(8_000)));
        let (client, table) = (&stack.clients.dynamodb, &stack.names.table);
        client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }
    assert_eq!(due_ids(&stack).await, ids);

    let (mut found, mut start) = (Vec::new(), None);
    loop {
        let request = stack.clients.dynamodb.query().table_name(&stack.names.table).index_name("by_age");
        let page = request
            .key_condition_expression("tenant = :tenant")
            .expression_attribute_values(":tenant", s("dev"))
            .scan_index_forward(false)
            .limit(70)
            .set_exclusive_start_key(start)
            .send()
            .await
            .unwrap();
        found.extend(page.items().iter().map(id_of));
        start = page.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    assert_eq!(found, ids.iter().rev().cloned().collect::<Vec<_>>());
}

/// Begins a put of each report and drops it after a few steps, as a client does that is killed.
async fn abandon_puts(stack: &ProvisionedAws, ids: &[String]) {
    for (number, id) in ids.iter().enumerate() {
        let put = stack.clients.dynamodb.put_item();
        let put = put.table_name(&stack.names.table).set_item(Some(report(id))).send();
        let steps = async {
            for _ in 0..number % 40 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            _ = put => {}
            () = steps => {}
        }
    }
}

async fn stored_ids(stack: &ProvisionedAws) -> Vec<String> {
    let pages = stack.clients.dynamodb.scan().table_name(&stack.names.table).consistent_read(true);
    let mut items = pages.into_paginator().items().send();
    let mut ids = Vec::new();
    while let Some(item) = items.next().await {
        ids.push(item.unwrap()["report_id"].as_s().unwrap().clone());
    }
    ids
}

#[tokio::test]
async fn a_write_whose_client_disconnects_reaches_table_and_index_or_neither() {
    let stack = provisioned_aws().await;
    let ids: Vec<String> = (0..400).map(|number| format!("{number:03}")).collect();
    abandon_puts(&stack, &ids).await;
    // The requests that arrived are carried out at their own pace.
    for _ in 0..100 {
        let (mut stored, mut due) = (stored_ids(&stack).await, due_ids(&stack).await);
        stored.sort();
        due.sort();
        if stored == due {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let (stored, due) = (stored_ids(&stack).await, due_ids(&stack).await);
    let missing: Vec<_> = stored.iter().filter(|id| !due.contains(id)).collect();
    panic!("{} of {} items are not in the index: {missing:?}", missing.len(), stored.len());
}
