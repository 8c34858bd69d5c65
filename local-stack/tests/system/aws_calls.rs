//! The number of requests to AWS for one report. The number may grow only for a reason that is documented in
//! docs/ARCHITECTURE.md, whose table this test reads.
use std::collections::BTreeMap;

use crate::support::clean_company;
use anyhow::Result;
use local_stack::{
    TestStack,
    aws::{CallCounts, Service},
};

/// Reads for clients that follow reports: of one report, or of several in one batch.
const CLIENT_READS: [&str; 2] = ["DynamoDB GetItem", "DynamoDB BatchGetItem"];

/// Requests that are made periodically, not for a report.
const PERIODIC: [&str; 3] = ["SQS ReceiveMessage", "DynamoDB Query", "SQS GetQueueAttributes"];

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

/// Parses the rows `| service | operation | count | …` of the table in the documentation.
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
async fn one_report_makes_the_documented_requests() -> Result<()> {
    // No lease is renewed, however slow the machine is.
    let mut options = TestStack::options();
    options.settings.insert("DOSSIER_LEASE_SECONDS".to_owned(), "3600".to_owned());
    let stack = TestStack::with(options).await?;
    // The first report of a tenant and day at a worker registers the worker's ledger.
    let first = stack.dev().submit_accepted(&clean_company()).await?;
    stack.dev().wait_for_end(&first).await?;
    while !named(stack.aws_calls()).contains_key("SQS DeleteMessage") {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (before, answers_before) = (named(stack.aws_calls()), stack.bedrock().calls()["Converse"]);
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    // Only the client's reads of the report use GetItem.
    stack.dev().wait_for_end(&id).await?;
    // The message is deleted after the report has ended.
    let mut requests: BTreeMap<String, u64>;
    loop {
        requests = named(stack.aws_calls());
        for (name, count) in &before {
            *requests.entry(name.clone()).or_default() -= count;
        }
        if requests.get("SQS DeleteMessage") == Some(&1) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    requests.retain(|name, count| {
        *count > 0 && !CLIENT_READS.contains(&name.as_str()) && !PERIODIC.contains(&name.as_str())
    });
    requests.insert("Bedrock Converse".to_owned(), stack.bedrock().calls()["Converse"] - answers_before);
    assert_eq!(requests, documented());
    stack.stop().await
}
