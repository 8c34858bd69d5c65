//! The fault proxy (`--wire-fault`): a reverse proxy in front of the embedded AWS and the Bedrock stand-in. With a
//! seeded probability for each operation, it delays requests, rejects them, drops them before they are
//! applied, drops answers after the requests were applied, and delivers messages twice. Neither the services
//! nor their upstreams know of it.

mod admin;
mod connection;
mod error_responses;
mod forward;
mod observer;
mod operation;
mod plan;
mod proxy;
mod redelivery;
mod rules;

use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

pub(crate) use observer::Exchange;
pub use observer::Observer;
pub use plan::{InjectedCounts, Plan};
use proxy::{ReverseProxy, RunningListener};
pub use rules::{Rule, WireFault};

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
#[derive(Debug)]
pub struct FaultProxy {
    plan: Arc<Plan>,
    aws: RunningListener,
    bedrock: RunningListener,
    stopping: CancellationToken,
}

impl FaultProxy {
    /// Starts both listeners on free loopback ports. The same `seed` repeats the schedule of every operation.
    ///
    /// # Errors
    /// Returns an error if no port is free or the HTTP client cannot be built.
    pub async fn start(options: Options, upstream: Upstream, seed: u64) -> anyhow::Result<Self> {
        let Options { rules, observer } = options;
        let plan = Arc::new(Plan::new(rules, seed));
        let stopping = CancellationToken::new();
        let http = forward::client()?;
        let proxy_for = |upstream_url: String, operation| ReverseProxy {
            plan: Arc::clone(&plan),
            upstream: upstream_url,
            operation,
            sqs: upstream.sqs.clone(),
            http: http.clone(),
            observer: observer.clone(),
            stopping: stopping.clone(),
        };
        let aws = proxy_for(upstream.aws.clone(), operation::of_aws).serve().await?;
        let bedrock = proxy_for(upstream.bedrock.clone(), operation::of_bedrock).serve().await?;
        Ok(Self { plan, aws, bedrock, stopping })
    }

    /// Returns the AWS endpoint URL that goes through the proxy.
    pub fn aws_url(&self) -> String {
        format!("http://{}", self.aws.address)
    }

    /// Returns the Bedrock Runtime endpoint URL that goes through the proxy.
    pub fn bedrock_url(&self) -> String {
        format!("http://{}", self.bedrock.address)
    }

    /// Returns the plan, which holds the rules and the counts.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Stops both listeners. Requests in flight are answered with 503.
    ///
    /// # Errors
    /// Returns an error if a listener panicked or ended with an error, even if that happened before this
    /// call.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stopping.cancel();
        for listener in [&mut self.aws, &mut self.bedrock] {
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
