//! The fault proxy (`--wire-fault`): a reverse proxy in front of the embedded AWS and the Bedrock stand-in.
//! With a seeded probability for each operation, it delays requests, rejects them, lets them hang, drops them before
//! they are applied, drops or damages answers after the requests were applied, and delivers messages twice. It
//! can also close the port of a service. Neither the services nor their upstreams know of it.

mod admin;
mod connection;
mod damage;
mod error_responses;
mod forward;
mod observer;
mod operation;
mod plan;
mod port;
mod proxy;
mod redelivery;
mod rules;
mod wire_fault;

use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

pub use observer::{Exchange, Observer};
pub use plan::{InjectedCounts, Plan};
use proxy::{ReverseProxy, RunningListener};
pub use rules::Rule;
use rules::TargetService;
pub use wire_fault::WireFault;

/// Options of the fault proxy.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Rules at the start.
    pub rules: Vec<Rule>,
    /// Observer of every exchange that the service behind the proxy carried out.
    pub observer: Option<Observer>,
}

/// The services behind the fault proxy.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Base URL of the embedded AWS, without a trailing slash.
    pub aws: String,
    /// Base URL of the Bedrock stand-in, without a trailing slash.
    pub bedrock: String,
    /// An SQS client that bypasses the proxy.
    pub sqs: aws_sdk_sqs::Client,
}

/// A running fault proxy. Dropping it asks the proxy to stop without waiting.
///
/// Each service has a port of its own, so that connections to one service can be refused. A client that knows
/// only one endpoint for AWS uses the shared port, which never closes: a request to a refused service ends
/// there with its connection, and the rules can be replaced there at any time.
#[derive(Debug)]
pub struct FaultProxy {
    plan: Arc<Plan>,
    aws: RunningListener,
    sqs: RunningListener,
    dynamodb: RunningListener,
    kms: RunningListener,
    s3: RunningListener,
    bedrock: RunningListener,
    stopping: CancellationToken,
}

impl FaultProxy {
    /// Starts every listener on a free loopback port. The same `seed` repeats the schedule of every operation.
    ///
    /// # Errors
    /// Returns an error if no port is free or the HTTP client cannot be built.
    pub fn start(options: Options, upstream: Upstream, seed: u64) -> anyhow::Result<Self> {
        let Options { rules, observer } = options;
        let plan = Arc::new(Plan::new(rules, seed));
        let stopping = CancellationToken::new();
        let aws = ReverseProxy {
            plan: Arc::clone(&plan),
            upstream: upstream.aws,
            operation: operation::of_aws,
            sqs: upstream.sqs,
            http: forward::client()?,
            observer,
            stopping: stopping.clone(),
        };
        let bedrock =
            ReverseProxy { upstream: upstream.bedrock, operation: operation::of_bedrock, ..aws.clone() };
        Ok(Self {
            plan,
            sqs: aws.clone().serve(Some(TargetService::Sqs))?,
            dynamodb: aws.clone().serve(Some(TargetService::DynamoDb))?,
            kms: aws.clone().serve(Some(TargetService::Kms))?,
            s3: aws.clone().serve(Some(TargetService::S3))?,
            aws: aws.serve(None)?,
            bedrock: bedrock.serve(Some(TargetService::Bedrock))?,
            stopping,
        })
    }

    /// Returns the endpoint URL that all AWS services share.
    pub fn aws_url(&self) -> String {
        self.aws.url()
    }

    /// Returns the endpoint URL of SQS.
    pub fn sqs_url(&self) -> String {
        self.sqs.url()
    }

    /// Returns the endpoint URL of DynamoDB.
    pub fn dynamodb_url(&self) -> String {
        self.dynamodb.url()
    }

    /// Returns the endpoint URL of KMS.
    pub fn kms_url(&self) -> String {
        self.kms.url()
    }

    /// Returns the endpoint URL of S3.
    pub fn s3_url(&self) -> String {
        self.s3.url()
    }

    /// Returns the endpoint URL of Bedrock Runtime.
    pub fn bedrock_url(&self) -> String {
        self.bedrock.url()
    }

    /// Returns the plan, which holds the rules and the counts.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Stops every listener. Requests in flight are answered with 503.
    ///
    /// # Errors
    /// Returns an error if a listener panicked or ended with an error, even if that happened before this
    /// call.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stopping.cancel();
        let Self { aws, sqs, dynamodb, kms, s3, bedrock, .. } = &mut self;
        for listener in [aws, sqs, dynamodb, kms, s3, bedrock] {
            let address = listener.address;
            (&mut listener.task)
                .await
                .with_context(|| format!("the fault proxy on {address} panicked"))?
                .with_context(|| format!("the fault proxy on {address} ended with an error"))?;
        }
        Ok(())
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}
