//! What a load test used of AWS, by operation. A measure that is added to [`OperationUsage`] is in the table
//! and in the JSON.

use std::collections::BTreeMap;

use comfy_table::Table;
use serde::Serialize;

use super::format;
use crate::aws::Service;
use crate::stack::Stack;

/// The operation that reads the reports for the test. The services have no permission for it.
const OWN_OPERATION: &str = "DynamoDb.Scan";

/// Number of requests by operation, such as `DynamoDb.PutItem`, since the stack was started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RequestCounts(BTreeMap<String, u64>);

impl RequestCounts {
    /// Reads the counts of the embedded AWS and of the stand-in for Bedrock, which counts the calls that it
    /// answered.
    pub(super) fn of(stack: &Stack) -> Self {
        let aws = stack.aws_calls().into_iter().map(|((service, operation), requests)| {
            let service = match service {
                Service::Sqs => "Sqs",
                Service::DynamoDb => "DynamoDb",
                Service::Kms => "Kms",
                Service::S3 => "S3",
            };
            (format!("{service}.{operation}"), requests)
        });
        let bedrock = stack.bedrock().calls().into_iter();
        let bedrock = bedrock.map(|(operation, calls)| (format!("Bedrock.{operation}"), calls));
        Self(aws.chain(bedrock).collect())
    }

    /// Returns the usage since `before`, with figures per 1,000 of `reports`. Leaves out what the test itself
    /// requested.
    pub(super) fn since(&self, before: &Self, reports: u64) -> AwsUsage {
        let operations: Vec<_> = self
            .0
            .iter()
            .filter(|(operation, _)| operation.as_str() != OWN_OPERATION)
            .map(|(operation, count)| OperationUsage {
                operation: operation.clone(),
                requests: count - before.0.get(operation).copied().unwrap_or(0),
                requests_per_1000_reports: None,
            })
            .filter(|usage| usage.requests > 0)
            .map(|usage| OperationUsage {
                requests_per_1000_reports: format::per_1000(usage.requests, reports),
                ..usage
            })
            .collect();
        let requests = operations.iter().map(|usage| usage.requests).sum();
        AwsUsage { requests, requests_per_1000_reports: format::per_1000(requests, reports), operations }
    }
}

/// What a load test used of AWS.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AwsUsage {
    pub(super) requests: u64,
    #[serde(rename = "requestsPer1000Reports")]
    pub(super) requests_per_1000_reports: Option<f64>,
    pub(super) operations: Vec<OperationUsage>,
}

/// What a load test used of one operation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OperationUsage {
    /// Service and operation, as in `--wire-fault`.
    pub(super) operation: String,
    pub(super) requests: u64,
    #[serde(rename = "requestsPer1000Reports")]
    pub(super) requests_per_1000_reports: Option<f64>,
}

impl AwsUsage {
    /// Renders a row for each operation and one for all of them.
    pub(super) fn table(&self) -> Table {
        let mut table = format::table(&["AWS operation", "Requests", "Per 1,000 reports"]);
        for usage in &self.operations {
            table.add_row([
                usage.operation.clone(),
                usage.requests.to_string(),
                format::number(usage.requests_per_1000_reports, 0),
            ]);
        }
        table.add_row([
            "all".to_owned(),
            self.requests.to_string(),
            format::number(self.requests_per_1000_reports, 0),
        ]);
        format::align_right(&mut table, 1..=2);
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(&str, u64)]) -> RequestCounts {
        RequestCounts(pairs.iter().map(|(operation, count)| ((*operation).to_owned(), *count)).collect())
    }

    #[test]
    fn requests_count_from_the_beginning_of_the_test_and_without_its_own() {
        let before = counts(&[("DynamoDb.PutItem", 3), ("S3.CreateBucket", 1)]);
        let after = counts(&[
            ("DynamoDb.PutItem", 7),
            ("DynamoDb.Scan", 9),
            ("S3.CreateBucket", 1),
            ("Sqs.SendMessage", 2),
        ]);
        let usage = after.since(&before, 2);
        let operations: Vec<_> =
            usage.operations.iter().map(|one| (one.operation.as_str(), one.requests)).collect();
        assert_eq!(operations, [("DynamoDb.PutItem", 4), ("Sqs.SendMessage", 2)]);
        assert_eq!((usage.requests, usage.requests_per_1000_reports), (6, Some(3000.0)));
        assert_eq!(after.since(&before, 0).requests_per_1000_reports, None);
    }
}
