//! The fault rig: a reverse proxy in front of the embedded AWS and of the Bedrock stand-in that delays, refuses, drops
//! requests before they are applied and answers after they were, and delivers messages twice, by seeded probability
//! per operation. What stands behind it and what goes through it know nothing of it.

mod admin;
mod answers;
mod fault;
mod forward;
mod operation;
mod plan;
mod proxy;
mod repeat;
mod wire;

use std::fmt;
use std::sync::Arc;

use anyhow::Context as _;
use axum::http::StatusCode;
use tokio_util::sync::CancellationToken;

pub use fault::{DELAY_MAX, Kind, Rule, RuleError, Service};
pub use plan::{Injected, Plan};
use proxy::{Front, Listening};

/// What the rig does from the start.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The rules at the start.
    pub rules: Vec<Rule>,
    /// Who sees every exchange that was carried out.
    pub observer: Option<Observer>,
}

/// What the rig stands in front of.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Base URL of the embedded AWS, without a slash at the end.
    pub aws: String,
    /// Base URL of the Bedrock stand-in, without a slash at the end.
    pub bedrock: String,
    /// A client of SQS that does not go through the rig.
    pub sqs: aws_sdk_sqs::Client,
}

/// An exchange that the service behind the rig carried out.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// Service and operation, such as `S3.PutObject`.
    pub operation: &'a str,
    /// The request's path.
    pub path: &'a str,
    /// The request's body.
    pub request: &'a [u8],
    /// The service's answer.
    pub status: StatusCode,
    /// Whether that answer is lost on its way back.
    pub lost: bool,
}

/// Sees every exchange that was carried out, before its answer goes back. It must not wait.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(&Exchange<'_>) + Send + Sync>);

impl Observer {
    /// Calls `see` for every exchange.
    pub fn new(see: impl Fn(&Exchange<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(see))
    }

    fn see(&self, exchange: &Exchange<'_>) {
        (self.0)(exchange);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Observer")
    }
}

/// A running rig. Dropping it asks it to stop without waiting for it.
#[derive(Debug)]
pub struct FaultProxy {
    plan: Arc<Plan>,
    aws: Listening,
    bedrock: Listening,
    stopping: CancellationToken,
}

impl FaultProxy {
    /// Starts both listeners on free ports of the loopback. The same `seed` repeats the schedule of every operation.
    ///
    /// # Errors
    /// When no port or no HTTP client can be had.
    pub async fn start(options: Options, upstream: Upstream, seed: u64) -> anyhow::Result<Self> {
        let Options { rules, observer } = options;
        let plan = Arc::new(Plan::new(rules, seed));
        let stopping = CancellationToken::new();
        let http = forward::client()?;
        let front = |upstream_url: String, operation| Front {
            plan: Arc::clone(&plan),
            upstream: upstream_url,
            operation,
            sqs: upstream.sqs.clone(),
            http: http.clone(),
            observer: observer.clone(),
            stopping: stopping.clone(),
        };
        let aws = front(upstream.aws.clone(), operation::of_aws).serve().await?;
        let bedrock = front(upstream.bedrock.clone(), operation::of_bedrock).serve().await?;
        Ok(Self { plan, aws, bedrock, stopping })
    }

    /// The endpoint URL of AWS for what is to meet faults.
    pub fn aws_url(&self) -> String {
        format!("http://{}", self.aws.address)
    }

    /// The endpoint URL of Bedrock Runtime for what is to meet faults.
    pub fn bedrock_url(&self) -> String {
        format!("http://{}", self.bedrock.address)
    }

    /// The rules, to be looked at or replaced without HTTP, and the counts.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Stops both listeners; requests in flight are answered with 503.
    ///
    /// # Errors
    /// When a listener had ended with an error before.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stopping.cancel();
        for listening in [&mut self.aws, &mut self.bedrock] {
            let address = listening.address;
            (&mut listening.task)
                .await
                .with_context(|| format!("the rig on {address} panicked"))?
                .with_context(|| format!("the rig on {address} ended with an error"))?;
        }
        Ok(())
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}
