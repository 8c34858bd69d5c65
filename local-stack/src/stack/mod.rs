//! The whole of Dossier in one process: the local infrastructure, the API and a worker, started and stopped
//! in order. The binary, the demo and the tests all run this stack.

pub mod client;
pub(crate) mod environment;
pub(crate) mod infrastructure;
mod keys;
mod options;
mod port;
mod service_endpoints;
mod service_task;

use std::net::SocketAddr;

use api_service::startup::Application;
use aws_adapters::SdkConfig;
use secrecy::SecretString;
use service_runtime::config::Environment;
use tokio_util::sync::CancellationToken;
use worker_service::worker::Worker;

use crate::account::Account;
use crate::aws::{CallCounts, EmbeddedAws};
use crate::bedrock::Bedrock;
use crate::fault_proxy::FaultProxy;
use crate::feeds::FeedsServer;
use crate::provision::{AwsClients, Names};
use client::Client;
use environment::{API_BIND, service_environment};
pub use infrastructure::Infrastructure;
pub use keys::Keys;
pub use options::{Component, Options};
pub(crate) use port::PortUnavailable;
pub use service_task::ServiceTask;

/// A running stack. Dropping it asks every part to stop; [`stop`](Self::stop) also waits, in order.
#[derive(Debug)]
pub struct Stack {
    // Fields drop in order: the services before the infrastructure that they call.
    api: Option<ServiceTask>,
    worker: Option<ServiceTask>,
    infrastructure: Infrastructure,
    api_url: String,
    keys: Keys,
    environment: Environment,
}

impl Stack {
    /// Starts every component that `options` do not leave out. Returns when the queues, the table and the
    /// bucket exist and the API reports ready.
    ///
    /// # Errors
    /// Returns [`PortUnavailable`] if the API cannot listen on its port. Otherwise returns the error of the
    /// component that did not start, with its name.
    pub(crate) async fn start(options: Options) -> anyhow::Result<Self> {
        let starts = |component| !options.without.contains(&component);
        let mut api_address = port::check(options.port, !starts(Component::Api)).await?;
        let infrastructure = Infrastructure::start(&options).await?;
        let keys = Keys::create(infrastructure.sdk(), &infrastructure.names().access_tables()).await?;
        let mut environment = service_environment(&infrastructure, &options, api_address);

        let mut api = None;
        if starts(Component::Api) {
            let (task, address) = start_api(&environment, infrastructure.service_sdk()).await?;
            environment.insert(API_BIND.to_owned(), address.to_string());
            api_address = address;
            api = Some(task);
        }
        let mut worker = None;
        if starts(Component::Worker) {
            worker = Some(start_worker(
                &environment,
                infrastructure.service_sdk(),
                infrastructure.service_bedrock_sdk(),
            )?);
        }
        let api_url = format!("http://{api_address}");
        if let Some(api) = &mut api {
            service_task::wait_until_ready(&api_url, api).await?;
        }
        Ok(Self { api, worker, infrastructure, api_url, keys, environment })
    }

    /// Returns the base URL of the API, without a trailing slash. If the stack leaves the API out, this is
    /// the URL of the API that a developer starts by hand.
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// Returns the API keys of the tenants.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Returns an API client with the key of the tenant `dev`.
    ///
    /// # Errors
    /// Returns an error if the HTTP client cannot be built.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        Client::new(&self.api_url, self.keys.dev.clone())
    }

    /// Returns an API client with the key of the tenant `acme`.
    ///
    /// # Errors
    /// Returns an error if the HTTP client cannot be built.
    pub fn acme_client(&self) -> anyhow::Result<Client> {
        Client::new(&self.api_url, self.keys.acme.clone())
    }

    /// Creates an API key of `tenant` with every scope.
    ///
    /// # Errors
    /// Returns an error if the name of the tenant is invalid or the key cannot be recorded.
    pub(crate) async fn create_key(&self, tenant: &str) -> anyhow::Result<SecretString> {
        keys::create_for(self.sdk(), &self.names().access_tables(), tenant).await
    }

    /// Returns the environment variables of a service that runs against this stack. The stack's own services
    /// use the same variables, which override `environment::IN_PROCESS_DEFAULTS`.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns the embedded AWS.
    pub fn aws(&self) -> &EmbeddedAws {
        self.infrastructure.aws()
    }

    /// Returns the number of requests to the embedded AWS, by service and operation.
    pub fn aws_calls(&self) -> CallCounts {
        self.aws().calls()
    }

    /// Returns the account of the embedded AWS and the Bedrock stand-in, with its bill.
    pub fn account(&self) -> &Account {
        self.aws().account()
    }

    /// Returns the stand-in for Bedrock.
    pub fn bedrock(&self) -> &Bedrock {
        self.infrastructure.bedrock()
    }

    /// Returns the stand-ins for the feeds.
    pub fn feeds(&self) -> &FeedsServer {
        self.infrastructure.feeds()
    }

    /// Returns the fault proxy, or `None` if the stack runs without one.
    pub fn fault_proxy(&self) -> Option<&FaultProxy> {
        self.infrastructure.fault_proxy()
    }

    /// Returns clients of the embedded AWS that bypass the fault proxy.
    pub fn clients(&self) -> &AwsClients {
        self.infrastructure.clients()
    }

    /// Returns the SDK configuration of clients of the embedded AWS that bypass the fault proxy.
    pub fn sdk(&self) -> &SdkConfig {
        self.infrastructure.sdk()
    }

    /// Returns the SDK configuration of clients of the Bedrock stand-in that bypass the fault proxy.
    pub fn bedrock_sdk(&self) -> &SdkConfig {
        self.infrastructure.bedrock_sdk()
    }

    /// Returns the names of the tables, the queues and the bucket.
    pub fn names(&self) -> &Names {
        self.infrastructure.names()
    }

    /// Returns the infrastructure that the services run on.
    pub fn infrastructure(&self) -> &Infrastructure {
        &self.infrastructure
    }

    /// Starts another API on a free port with the stack's settings, overridden by `settings`. Returns the API
    /// and its base URL when the API reports ready.
    ///
    /// # Errors
    /// Returns an error if the settings are invalid or the API does not become ready.
    pub async fn start_api(&self, settings: &[(&str, &str)]) -> anyhow::Result<(ServiceTask, String)> {
        let mut environment = environment::with(&self.environment, settings);
        environment.insert(API_BIND.to_owned(), "127.0.0.1:0".to_owned());
        let (mut api, address) = start_api(&environment, self.infrastructure.service_sdk()).await?;
        let url = format!("http://{address}");
        service_task::wait_until_ready(&url, &mut api).await?;
        Ok((api, url))
    }

    /// Starts another worker with the stack's settings, overridden by `settings`.
    ///
    /// # Errors
    /// Returns an error if the settings are invalid.
    pub fn start_worker(&self, settings: &[(&str, &str)]) -> anyhow::Result<ServiceTask> {
        let environment = environment::with(&self.environment, settings);
        start_worker(
            &environment,
            self.infrastructure.service_sdk(),
            self.infrastructure.service_bedrock_sdk(),
        )
    }

    /// Stops the stack's worker and waits until it has drained. Does nothing if the worker does not run.
    ///
    /// # Errors
    /// Returns the error that the worker ended with.
    pub async fn stop_worker(&mut self) -> anyhow::Result<()> {
        match self.worker.take() {
            Some(worker) => worker.stop().await,
            None => Ok(()),
        }
    }

    /// Waits until the API or the worker ends unexpectedly, and returns the reason.
    pub(crate) async fn ended(&mut self) -> anyhow::Error {
        let never = std::future::pending::<anyhow::Error>;
        let api = async {
            match &mut self.api {
                Some(api) => api.ended().await,
                None => never().await,
            }
        };
        let worker = async {
            match &mut self.worker {
                Some(worker) => worker.ended().await,
                None => never().await,
            }
        };
        tokio::select! {
            error = api => error,
            error = worker => error,
        }
    }

    /// Stops the API, then the worker when it has drained, then the infrastructure. Stops every part even if
    /// an earlier one fails.
    ///
    /// # Errors
    /// Returns the first failure.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { api, worker, infrastructure, .. } = self;
        let mut outcome = Ok(());
        for service in [api, worker].into_iter().flatten() {
            outcome = outcome.and(service.stop().await);
        }
        outcome.and(infrastructure.stop().await)
    }
}

async fn start_api(environment: &Environment, sdk: &SdkConfig) -> anyhow::Result<(ServiceTask, SocketAddr)> {
    let settings = api_service::settings::Settings::read(&environment::in_process(environment))?;
    let stop = CancellationToken::new();
    let api = Application::build_with(settings, sdk, stop.clone()).await.map_err(port::from_build_error)?;
    let address = api.address()?;
    Ok((ServiceTask::spawn("the API", stop, async move { Ok(api.run().await?) }), address))
}

fn start_worker(
    environment: &Environment,
    sdk: &SdkConfig,
    bedrock: &SdkConfig,
) -> anyhow::Result<ServiceTask> {
    let settings = worker_service::settings::Settings::read(&environment::in_process(environment))?;
    let worker = Worker::build_with(settings, sdk, bedrock)?;
    let stop = CancellationToken::new();
    let run = {
        let stop = stop.clone();
        async move { Ok(worker.run(stop).await?) }
    };
    Ok(ServiceTask::spawn("the worker", stop, run))
}
