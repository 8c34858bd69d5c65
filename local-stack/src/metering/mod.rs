//! The meter: counts what AWS would bill for the requests to the embedded AWS and to the Bedrock stand-in. It
//! always runs. `GET /billing` shows the counts and `DELETE /billing` starts a new count.

pub(crate) mod admin;
mod billing;
pub(crate) mod item_size;
mod peaks;
mod prices;
mod s3_requests;
mod sqs_requests;
pub(crate) mod units;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::time::UtcTime;
use service_runtime::clock::Clock;

pub use billing::{
    Billing, DollarsBilled, DynamoDbBilled, HotPartitionKey, ModelBilled, ResourceBilled, S3Billed,
    SqsBilled, ThrottledRequests,
};
use peaks::Usage;
pub(crate) use s3_requests::S3Exchange;
pub(crate) use sqs_requests::billed_chunks;
use units::{Consumption, Resource};

/// Counts what AWS would bill, from the start or from the last reset.
#[derive(Debug)]
pub(crate) struct Meter {
    clock: Clock,
    counts: Mutex<Counts>,
}

#[derive(Debug)]
struct Counts {
    since: UtcTime,
    /// Number of requests by service and operation, throttled ones included.
    requests: BTreeMap<(&'static str, String), u64>,
    /// Units by table and index.
    dynamodb: HashMap<Resource, Usage>,
    sqs: SqsCounts,
    s3: S3Counts,
    /// Tokens by model.
    bedrock: BTreeMap<String, ModelTokens>,
    /// Text units of guardrails.
    grounding_units: u64,
    /// Number of throttled requests by service, reason and resource.
    throttled: BTreeMap<(&'static str, &'static str, String), u64>,
}

#[derive(Debug, Default)]
struct SqsCounts {
    /// Billed requests by action.
    requests: BTreeMap<String, u64>,
    /// Billed requests that sent messages with a message group.
    fair_requests: u64,
}

#[derive(Debug, Default)]
struct S3Counts {
    write_requests: u64,
    read_requests: u64,
    free_requests: u64,
    bytes_in: u64,
    bytes_out: u64,
}

/// Number of requests to a model, and their tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ModelTokens {
    /// Number of answered requests.
    pub(crate) requests: u64,
    /// Input tokens outside the prompt cache.
    pub(crate) input: u64,
    /// Output tokens.
    pub(crate) output: u64,
    /// Tokens read from the prompt cache.
    pub(crate) cache_read: u64,
    /// Tokens written to the prompt cache.
    pub(crate) cache_write: u64,
}

impl Counts {
    fn new(since: UtcTime) -> Self {
        Self {
            since,
            requests: BTreeMap::new(),
            dynamodb: HashMap::new(),
            sqs: SqsCounts::default(),
            s3: S3Counts::default(),
            bedrock: BTreeMap::new(),
            grounding_units: 0,
            throttled: BTreeMap::new(),
        }
    }
}

impl Meter {
    /// Returns a meter that takes the time from `clock`.
    pub(crate) fn new(clock: Clock) -> Self {
        let counts = Mutex::new(Counts::new(clock.now()));
        Self { clock, counts }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a new count.
    pub(crate) fn reset(&self) {
        *self.counts() = Counts::new(self.clock.now());
    }

    /// Counts a request for `operation` of `service`, whatever its outcome.
    pub(crate) fn request(&self, service: &'static str, operation: &str) {
        *self.counts().requests.entry((service, operation.to_owned())).or_default() += 1;
    }

    /// Counts a request that a limit refused.
    pub(crate) fn throttled(&self, service: &'static str, reason: &'static str, resource: &str) {
        *self.counts().throttled.entry((service, reason, resource.to_owned())).or_default() += 1;
    }

    /// Counts the units that a request to DynamoDB consumed.
    pub(crate) fn dynamodb(&self, consumed: &[Consumption]) {
        let now = self.clock.now().epoch_seconds();
        let mut counts = self.counts();
        for Consumption { resource, partition, units } in consumed {
            match counts.dynamodb.get_mut(resource) {
                Some(usage) => usage.add(now, partition, *units),
                None => counts.dynamodb.entry(resource.clone()).or_default().add(now, partition, *units),
            }
        }
    }

    /// Counts a request to SQS that is billed as `requests` requests. `fair` tells whether it sent messages
    /// with a message group to a standard queue.
    pub(crate) fn sqs(&self, action: &str, requests: u64, fair: bool) {
        let mut counts = self.counts();
        *counts.sqs.requests.entry(action.to_owned()).or_default() += requests;
        if fair {
            counts.sqs.fair_requests += requests;
        }
    }

    /// Counts a request to S3.
    pub(crate) fn s3(&self, exchange: &S3Exchange<'_>) {
        exchange.count(&mut self.counts().s3);
    }

    /// Counts the tokens of a request to `model`.
    pub(crate) fn bedrock(&self, model: &str, tokens: ModelTokens) {
        let mut counts = self.counts();
        let total = counts.bedrock.entry(model.to_owned()).or_default();
        total.requests += tokens.requests;
        total.input += tokens.input;
        total.output += tokens.output;
        total.cache_read += tokens.cache_read;
        total.cache_write += tokens.cache_write;
    }

    /// Counts the text units of a contextual grounding check.
    pub(crate) fn grounding(&self, units: u64) {
        self.counts().grounding_units += units;
    }

    /// Returns the bill so far, with the `hottest` partition keys that consumed most in one second.
    pub(crate) fn billing(&self, hottest: usize) -> Billing {
        billing::billing(&mut self.counts(), self.clock.now(), hottest)
    }
}
