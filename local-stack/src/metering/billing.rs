//! The bill: counts with their dollars, as `GET /billing` shows them.

use std::collections::BTreeMap;

use domain::time::UtcTime;
use serde::Serialize;
use worker_service::assess::list_price;

use super::prices::{
    DYNAMODB_READ_UNIT, DYNAMODB_WRITE_UNIT, GROUNDING_UNIT, PRICES_AS_OF, PRICES_REGION, REFERENCE_MODEL,
    S3_READ_REQUEST, S3_WRITE_REQUEST, SQS_FAIR_REQUEST, SQS_REQUEST,
};
use super::{Counts, ModelTokens};

/// What AWS would bill since the start or the last reset.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Billing {
    /// Start of the count.
    pub since: UtcTime,
    /// Length of the count, in seconds.
    pub seconds: f64,
    /// Date on which the prices were read.
    pub prices_as_of: &'static str,
    /// Region of the prices.
    pub prices_region: &'static str,
    /// Number of requests by service and operation, throttled ones included.
    pub requests: BTreeMap<&'static str, BTreeMap<String, u64>>,
    /// Units of DynamoDB.
    pub dynamodb: DynamoDbBilled,
    /// Requests to SQS.
    pub sqs: SqsBilled,
    /// Requests to S3.
    pub s3: S3Billed,
    /// Tokens by model.
    pub bedrock: Vec<ModelBilled>,
    /// Text units of contextual grounding checks.
    pub grounding_units: u64,
    /// Requests that a limit refused, by reason.
    pub throttled: Vec<ThrottledRequests>,
    /// US dollars by service.
    pub dollars: DollarsBilled,
}

/// Units of DynamoDB.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DynamoDbBilled {
    /// Units by table and index.
    pub resources: Vec<ResourceBilled>,
    /// The partition keys that consumed most in any one second, the hottest first.
    pub hottest_partition_keys: Vec<HotPartitionKey>,
}

/// Units of a table or an index.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceBilled {
    /// Name of the table.
    pub table: String,
    /// Name of the index; `None` for the table itself.
    pub index: Option<String>,
    /// Write request units.
    pub write_units: f64,
    /// Read request units.
    pub read_units: f64,
    /// Most write units in any one second.
    pub peak_write_units: f64,
    /// Most read units in any one second.
    pub peak_read_units: f64,
}

/// The most units that a partition key consumed in any one second.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HotPartitionKey {
    /// Name of the table.
    pub table: String,
    /// Name of the index; `None` for the table itself.
    pub index: Option<String>,
    /// Value of the partition key.
    pub partition_key: String,
    /// Most write units in any one second.
    pub peak_write_units: f64,
    /// Most read units in any one second.
    pub peak_read_units: f64,
}

/// Requests to SQS, counted as they are billed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SqsBilled {
    /// Billed requests by action.
    pub requests: BTreeMap<String, u64>,
    /// Billed requests that sent messages with a message group.
    pub fair_requests: u64,
}

/// Requests to S3 by price class, and bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct S3Billed {
    /// PUT, COPY, POST and LIST requests.
    pub write_requests: u64,
    /// GET and all other requests.
    pub read_requests: u64,
    /// DELETE requests.
    pub free_requests: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent. Their price depends on where they go, so `dollars` does not contain them.
    pub bytes_out: u64,
}

/// Tokens of one model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelBilled {
    /// Id of the model or inference profile.
    pub model: String,
    /// Model whose price applies: the model itself, or a reference model if Bedrock has no such model.
    pub priced_as: String,
    /// Number of answered requests.
    pub requests: u64,
    /// Input tokens outside the prompt cache.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Tokens read from the prompt cache.
    pub cache_read_tokens: u64,
    /// Tokens written to the prompt cache.
    pub cache_write_tokens: u64,
    /// US dollars.
    pub dollars: f64,
}

/// Requests that a limit refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThrottledRequests {
    /// Name of the service.
    pub service: &'static str,
    /// Reason in the words of the service.
    pub reason: &'static str,
    /// Table, index, queue, bucket or model.
    pub resource: String,
    /// Number of requests.
    pub requests: u64,
}

/// US dollars by service.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DollarsBilled {
    /// Request units; storage and backups are not counted.
    pub dynamodb: f64,
    /// Requests.
    pub sqs: f64,
    /// Requests; storage and data transfer are not counted.
    pub s3: f64,
    /// Tokens and grounding checks.
    pub bedrock: f64,
    /// All services.
    pub total: f64,
}

/// Returns the bill for `counts` at the time `now`.
pub(super) fn billing(counts: &mut Counts, now: UtcTime, hottest: usize) -> Billing {
    let dynamodb = dynamodb(counts, hottest);
    let bedrock: Vec<ModelBilled> =
        counts.bedrock.iter().map(|(model, tokens)| model_billed(model, *tokens)).collect();
    let dollars = dollars(counts, &dynamodb, &bedrock);
    let mut requests = BTreeMap::<_, BTreeMap<_, _>>::new();
    for ((service, operation), count) in &counts.requests {
        requests.entry(*service).or_default().insert(operation.clone(), *count);
    }
    let throttled = counts.throttled.iter().map(|((service, reason, resource), requests)| {
        ThrottledRequests { service, reason, resource: resource.clone(), requests: *requests }
    });
    let s3 = &counts.s3;
    Billing {
        since: counts.since,
        seconds: now.since(counts.since).as_secs_f64(),
        prices_as_of: PRICES_AS_OF,
        prices_region: PRICES_REGION,
        requests,
        dynamodb,
        sqs: SqsBilled { requests: counts.sqs.requests.clone(), fair_requests: counts.sqs.fair_requests },
        s3: S3Billed {
            write_requests: s3.write_requests,
            read_requests: s3.read_requests,
            free_requests: s3.free_requests,
            bytes_in: s3.bytes_in,
            bytes_out: s3.bytes_out,
        },
        bedrock,
        grounding_units: counts.grounding_units,
        throttled: throttled.collect(),
        dollars,
    }
}

fn dynamodb(counts: &mut Counts, hottest: usize) -> DynamoDbBilled {
    let mut keys = Vec::new();
    let mut resources = Vec::new();
    for (resource, usage) in &mut counts.dynamodb {
        for (key, peak) in usage.hottest().into_iter().take(hottest) {
            keys.push(HotPartitionKey {
                table: resource.table.clone(),
                index: resource.index.clone(),
                partition_key: key.to_owned(),
                peak_write_units: peak.write,
                peak_read_units: peak.read,
            });
        }
        resources.push(ResourceBilled {
            table: resource.table.clone(),
            index: resource.index.clone(),
            write_units: usage.total.write,
            read_units: usage.total.read,
            peak_write_units: usage.peak.write,
            peak_read_units: usage.peak.read,
        });
    }
    resources.sort_by(|a, b| (&a.table, &a.index).cmp(&(&b.table, &b.index)));
    // A partition serves three times as many read units as write units.
    let heat = |key: &HotPartitionKey| key.peak_write_units * 3.0 + key.peak_read_units;
    keys.sort_by(|a, b| heat(b).total_cmp(&heat(a)).then_with(|| a.partition_key.cmp(&b.partition_key)));
    keys.truncate(hottest);
    DynamoDbBilled { resources, hottest_partition_keys: keys }
}

fn model_billed(model: &str, tokens: ModelTokens) -> ModelBilled {
    let ModelTokens { requests, input, output, cache_read, cache_write } = tokens;
    let (priced_as, price) = match list_price(model, PRICES_REGION) {
        Some(price) => (model, Some(price)),
        None => (REFERENCE_MODEL, list_price(REFERENCE_MODEL, PRICES_REGION)),
    };
    let million = |count: u64, price: f64| number(count) * price / 1e6;
    let dollars = price.map_or(0.0, |price| {
        million(input, price.input)
            + million(output, price.output)
            + million(cache_read, price.cache_read)
            + million(cache_write, price.cache_write)
    });
    ModelBilled {
        model: model.to_owned(),
        priced_as: priced_as.to_owned(),
        requests,
        input_tokens: input,
        output_tokens: output,
        cache_read_tokens: cache_read,
        cache_write_tokens: cache_write,
        dollars,
    }
}

fn dollars(counts: &Counts, dynamodb: &DynamoDbBilled, models: &[ModelBilled]) -> DollarsBilled {
    let units = dynamodb.resources.iter();
    let dynamodb = units
        .map(|used| used.write_units * DYNAMODB_WRITE_UNIT + used.read_units * DYNAMODB_READ_UNIT)
        .sum::<f64>();
    let sqs = number(counts.sqs.requests.values().sum()) * SQS_REQUEST
        + number(counts.sqs.fair_requests) * SQS_FAIR_REQUEST;
    let s3 = number(counts.s3.write_requests) * S3_WRITE_REQUEST
        + number(counts.s3.read_requests) * S3_READ_REQUEST;
    let bedrock = models.iter().map(|model| model.dollars).sum::<f64>()
        + number(counts.grounding_units) * GROUNDING_UNIT;
    DollarsBilled { dynamodb, sqs, s3, bedrock, total: dynamodb + sqs + s3 + bedrock }
}

/// Converts a count, exactly up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "no count of a local run comes near 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::super::units::{Consumption, Resource, Units};
    use super::super::{Meter, S3Exchange};
    use super::*;
    use service_runtime::clock::Clock;
    use std::time::Duration;

    fn meter() -> (Meter, Clock) {
        let clock = Clock::fixed("2026-01-05T12:00:00.000Z".parse().unwrap());
        (Meter::new(clock.clone()), clock)
    }

    fn close(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 1e-12, "{actual} is not {expected}");
    }

    #[test]
    fn a_million_of_everything_costs_the_list_price() {
        let (meter, clock) = meter();
        let used = |units| Consumption { resource: Resource::table("t"), partition: "k".to_owned(), units };
        meter.dynamodb(&[used(Units::Write(1e6)), used(Units::Read(1e6))]);
        meter.sqs("SendMessage", 1_000_000, true);
        meter.sqs("ReceiveMessage", 1_000_000, false);
        for operation in ["PutObject", "GetObject", "DeleteObject"] {
            meter.s3(&S3Exchange { operation, status: 200, bytes_in: 0, bytes_out: 0 });
        }
        meter.grounding(1_000);
        let tokens =
            ModelTokens { requests: 1, input: 1_000_000, output: 1_000_000, ..ModelTokens::default() };
        meter.bedrock("amazon.nova-pro-v1:0", tokens);
        clock.set(clock.now().plus(Duration::from_secs(90)));
        let bill = meter.billing(10);
        close(bill.seconds, 90.0);
        close(bill.dollars.dynamodb, 0.625 + 0.125);
        close(bill.dollars.sqs, 0.4 + 0.4 + 0.1);
        close(bill.dollars.s3, 0.005e-3 + 0.0004e-3);
        close(bill.dollars.bedrock, 0.8 + 3.2 + 0.1);
        let total = bill.dollars.dynamodb + bill.dollars.sqs + bill.dollars.s3 + bill.dollars.bedrock;
        close(bill.dollars.total, total);
    }

    #[test]
    fn the_stand_ins_own_model_has_the_price_of_a_real_one() {
        let tokens = ModelTokens { requests: 1, input: 1_000_000, ..ModelTokens::default() };
        let billed = model_billed("dossier.stand-in-v1", tokens);
        assert_eq!(billed.priced_as, REFERENCE_MODEL);
        close(billed.dollars, 3.0);
        let billed = model_billed("eu.anthropic.claude-sonnet-4-6", tokens);
        assert_eq!(billed.priced_as, "eu.anthropic.claude-sonnet-4-6");
        close(billed.dollars, 3.3);
    }

    #[test]
    fn the_hottest_keys_of_all_tables_and_indexes_are_listed_until_a_reset() {
        let (meter, _) = meter();
        let used = |index: Option<&str>, key: &str, units| Consumption {
            resource: Resource { table: "t".to_owned(), index: index.map(str::to_owned) },
            partition: key.to_owned(),
            units,
        };
        meter.dynamodb(&[
            used(None, "a", Units::Write(1.0)),
            used(Some("i"), "b", Units::Write(5.0)),
            used(Some("i"), "c", Units::Read(4.0)),
        ]);
        meter.throttled("DynamoDB", "TableWriteKeyRangeThroughputExceeded", "t");
        let bill = meter.billing(2);
        let keys: Vec<_> =
            bill.dynamodb.hottest_partition_keys.iter().map(|key| key.partition_key.as_str()).collect();
        assert_eq!(keys, ["b", "c"]);
        assert_eq!(bill.dynamodb.resources.len(), 2);
        assert_eq!(bill.throttled[0].requests, 1);
        meter.reset();
        let bill = meter.billing(2);
        assert_eq!((bill.dynamodb.resources.len(), bill.throttled.len()), (0, 0));
        close(bill.dollars.total, 0.0);
    }
}
