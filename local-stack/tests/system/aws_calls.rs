//! What one report costs in requests to AWS. The number may grow only for a reason that is written
//! in docs/ARCHITECTURE.md, whose table this test reads.
use std::collections::BTreeMap;

use crate::support::clean;
use anyhow::Result;
use local_stack::{
    aws::{CallCounts, Service},
    stack::TestStack,
};

/// Requests that are made by the clock, not by reports.
/// What clients ask for who follow the report, each or together.
const READS: [&str; 2] = ["DynamoDB GetItem", "DynamoDB BatchGetItem"];

const BY_THE_CLOCK: [&str; 3] = ["SQS ReceiveMessage", "DynamoDB Query", "SQS GetQueueAttributes"];

fn named(calls: CallCounts) -> BTreeMap<String, u64> {
    let name = |service| match service {
        Service::Sqs => "SQS",
        Service::DynamoDb => "DynamoDB",
        Service::S3 => "S3",
    };
    calls
        .into_iter()
        .map(|((service, operation), count)| (format!("{} {operation}", name(service)), count))
        .collect()
}

/// The rows `| service | operation | count | …` of the table in the documentation.
fn documented() -> BTreeMap<String, u64> {
    let text = include_str!("../../../docs/ARCHITECTURE.md");
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        match cells.as_slice() {
            [service @ ("SQS" | "DynamoDB" | "S3" | "Bedrock"), operation, count, _] => {
                Some((format!("{service} {operation}"), count.parse().expect("a count")))
            }
            _ => None,
        }
    });
    rows.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_report_costs_the_documented_requests() -> Result<()> {
    let stack = TestStack::start().await?;
    let before = named(stack.aws_calls());
    let id = stack.dev().submit_accepted(&clean()).await?;
    // The client's own looks at the report are GetItem; nothing else of a report's way is.
    stack.dev().wait_for_end(&id).await?;
    // The message is deleted after the report has ended.
    let mut spent: BTreeMap<String, u64>;
    loop {
        spent = named(stack.aws_calls());
        for (name, count) in &before {
            *spent.entry(name.clone()).or_default() -= count;
        }
        if spent.get("SQS DeleteMessage") == Some(&1) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    spent.retain(|name, count| {
        *count > 0 && !READS.contains(&name.as_str()) && !BY_THE_CLOCK.contains(&name.as_str())
    });
    spent.insert("Bedrock Converse".to_owned(), stack.bedrock().calls()["Converse"]);
    assert_eq!(spent, documented());
    stack.stop().await
}
