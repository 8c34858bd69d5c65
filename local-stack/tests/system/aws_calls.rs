//! The number of requests to AWS for one report, and of write units of DynamoDB. They may grow only for a reason that is
//! documented in docs/ARCHITECTURE.md and docs/LIMITS.md, whose tables these tests read.
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
        Service::Kms => "KMS",
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

/// Parses the rows `| DynamoDB table | N write units, …` and ``| index `name` | N write units…`` of the table in the
/// documentation.
fn documented_write_units() -> BTreeMap<String, f64> {
    let text = include_str!("../../../docs/LIMITS.md");
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let name = match cells.first()? {
            &"DynamoDB table" => "table",
            cell => cell.strip_prefix("index `")?.strip_suffix('`')?,
        };
        let units = cells.get(1)?.split_once(" write unit")?.0;
        Some((name.to_owned(), units.parse().expect("a number of units")))
    });
    rows.collect()
}

/// Returns a stack whose worker has made its first report of the tenant and the day, for which it registers its
/// ledger. No lease is renewed, however slow the machine is.
async fn after_a_first_report() -> Result<TestStack> {
    let mut options = TestStack::options();
    options.settings.insert("DOSSIER_LEASE_SECONDS".to_owned(), "3600".to_owned());
    let stack = TestStack::with(options).await?;
    let first = stack.dev().submit_accepted(&clean_company()).await?;
    stack.dev().wait_for_end(&first).await?;
    wait_for_deletions(&stack, 1).await;
    Ok(stack)
}

/// Waits until the messages of `count` reports are deleted, which they are after the reports have ended.
async fn wait_for_deletions(stack: &TestStack, count: u64) {
    while named(stack.aws_calls()).get("SQS DeleteMessage") != Some(&count) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_report_takes_the_documented_write_units() -> Result<()> {
    let stack = after_a_first_report().await?;
    stack.account().reset_billing();
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    stack.dev().wait_for_end(&id).await?;
    wait_for_deletions(&stack, 2).await;
    let resources = stack.account().billing().dynamodb.resources.into_iter();
    let written = resources.filter(|resource| resource.write_units > 0.0);
    let units: BTreeMap<String, f64> = written
        .map(|resource| (resource.index.unwrap_or_else(|| "table".to_owned()), resource.write_units))
        .collect();
    assert_eq!(units, documented_write_units());
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_report_makes_the_documented_requests() -> Result<()> {
    let stack = after_a_first_report().await?;
    let (before, answers_before) = (named(stack.aws_calls()), stack.bedrock().calls()["Converse"]);
    let id = stack.dev().submit_accepted(&clean_company()).await?;
    // Only the client's reads of the report use GetItem.
    stack.dev().wait_for_end(&id).await?;
    wait_for_deletions(&stack, 2).await;
    let mut requests = named(stack.aws_calls());
    for (name, count) in &before {
        *requests.entry(name.clone()).or_default() -= count;
    }
    requests.retain(|name, count| {
        *count > 0 && !CLIENT_READS.contains(&name.as_str()) && !PERIODIC.contains(&name.as_str())
    });
    requests.insert("Bedrock Converse".to_owned(), stack.bedrock().calls()["Converse"] - answers_before);
    assert_eq!(requests, documented());
    stack.stop().await
}
