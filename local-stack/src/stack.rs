//! The whole of Dossier in one process: the surroundings, the API and a worker, started in order and stopped in order.
//! The binary, the demo and the tests all run this.

pub mod client;
pub mod environment;
pub mod keys;
mod port;
pub mod service;
pub mod surroundings;
pub mod testing;

use api_service::startup::Application;
use aws_adapters::SdkConfig;
use clap::ValueEnum;
use service_runtime::config::Environment;
use tokio_util::sync::CancellationToken;
use worker_service::worker::Worker;

use crate::aws::{CallCounts, EmbeddedAws};
use crate::bedrock::{Bedrock, Forward};
use crate::fault_proxy::{self, FaultProxy};
use crate::faults::FaultArg;
use crate::feeds::FeedsServer;
use crate::provision::{Clients, Names};
use client::Client;
use environment::{AtHand, BIND};
use keys::Keys;
pub use port::PortUnavailable;
use service::Service;
use surroundings::Surroundings;

/// A part of the stack that can be left out, to be started by hand instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// `api-service`.
    Api,
    /// `worker-service`.
    Worker,
}

/// What to start, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port of the API on 127.0.0.1; 0 chooses a free one.
    pub port: u16,
    /// What not to start.
    pub without: Vec<Part>,
    /// The faults of the stand-ins at the start.
    pub faults: Vec<FaultArg>,
    /// Seed of the faults.
    pub seed: u64,
    /// Reports that the worker works on at a time.
    pub workers: u16,
    /// Where the Bedrock stand-in sends conversations instead of answering them.
    pub forward: Option<Forward>,
    /// The fault rig, through which the services then go; none leaves it out.
    pub rig: Option<fault_proxy::Options>,
    /// Settings of the API and the worker, to hold in place of this stack's and of the services' own defaults. What
    /// only the stack can know (addresses, names, keys) is not replaced: see [`environment::FIXED`].
    pub settings: Environment,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            without: Vec::new(),
            faults: Vec::new(),
            seed: 0,
            workers: 8,
            forward: None,
            rig: None,
            settings: Environment::new(),
        }
    }
}

/// A running stack. Dropping it asks everything to stop; [`stop`](Self::stop) also waits, in order.
#[derive(Debug)]
pub struct Stack {
    // In drop order: what asks before what answers.
    api: Option<Service>,
    worker: Option<Service>,
    surroundings: Surroundings,
    api_url: String,
    keys: Keys,
    environment: Environment,
}

impl Stack {
    /// Starts everything that `options` do not leave out, and returns once it can be used: the queues, the table and
    /// the bucket are there, and the API says it is ready.
    ///
    /// # Errors
    /// [`PortUnavailable`] when the port cannot be had; anything else that keeps a part from starting, with its name.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let with = |part| !options.without.contains(&part);
        let mut api_address = port::check(options.port, !with(Part::Api)).await?;
        let surroundings = Surroundings::start(&options).await?;
        let keys = Keys::make(surroundings.sdk(), &surroundings.names().table).await?;
        let at_hand = AtHand { surroundings: &surroundings, options: &options };
        let mut environment = at_hand.environment(api_address);

        let mut api = None;
        if with(Part::Api) {
            let (service, address) = start_api(&environment, surroundings.service_sdk()).await?;
            environment.insert(BIND.to_owned(), address.to_string());
            api_address = address;
            api = Some(service);
        }
        let mut worker = None;
        if with(Part::Worker) {
            worker = Some(start_worker(
                &environment,
                surroundings.service_sdk(),
                surroundings.service_bedrock_sdk(),
            )?);
        }
        let api_url = format!("http://{api_address}");
        if let Some(api) = &mut api {
            service::until_ready(&api_url, api).await?;
        }
        Ok(Self { api, worker, surroundings, api_url, keys, environment })
    }

    /// The base URL of the API, without a slash at the end; of the one to be started there, when it was left out.
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// The keys of the tenants.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// A client of the API with the key of the tenant `dev`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn client(&self) -> anyhow::Result<Client> {
        Client::new(&self.api_url, self.keys.dev.clone())
    }

    /// A client of the API with the key of the tenant `acme`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn acme_client(&self) -> anyhow::Result<Client> {
        Client::new(&self.api_url, self.keys.acme.clone())
    }

    /// Every variable that a service started by hand needs to run against this stack, and that its own services run
    /// with, except for [`environment::IN_PROCESS`].
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The embedded AWS.
    pub fn aws(&self) -> &EmbeddedAws {
        self.surroundings.aws()
    }

    /// How many requests came to the embedded AWS, by service and operation.
    pub fn aws_calls(&self) -> CallCounts {
        self.aws().calls()
    }

    /// The stand-in for Bedrock: its faults and its counts.
    pub fn bedrock(&self) -> &Bedrock {
        self.surroundings.bedrock()
    }

    /// The stand-ins for the feeds: their faults and their counts.
    pub fn feeds(&self) -> &FeedsServer {
        self.surroundings.feeds()
    }

    /// The fault rig, when there is one: its rules and its counts.
    pub fn rig(&self) -> Option<&FaultProxy> {
        self.surroundings.rig()
    }

    /// Clients of the embedded AWS, past the rig.
    pub fn clients(&self) -> &Clients {
        self.surroundings.clients()
    }

    /// How clients of the embedded AWS are configured that go past the rig.
    pub fn sdk(&self) -> &SdkConfig {
        self.surroundings.sdk()
    }

    /// How the client of the Bedrock stand-in is configured.
    pub fn bedrock_sdk(&self) -> &SdkConfig {
        self.surroundings.bedrock_sdk()
    }

    /// The names of the table, the queues and the bucket.
    pub fn names(&self) -> &Names {
        self.surroundings.names()
    }

    /// Where everything is.
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// Starts one more API on a free port, its settings those of the stack with `settings` over them; gives it and its
    /// base URL once it is ready.
    ///
    /// # Errors
    /// When the settings cannot be used or the API does not become ready.
    pub async fn start_api(&self, settings: &[(&str, &str)]) -> anyhow::Result<(Service, String)> {
        let mut environment = environment::with(&self.environment, settings);
        environment.insert(BIND.to_owned(), "127.0.0.1:0".to_owned());
        let (mut service, address) = start_api(&environment, self.surroundings.service_sdk()).await?;
        let url = format!("http://{address}");
        service::until_ready(&url, &mut service).await?;
        Ok((service, url))
    }

    /// Starts one more worker, its settings those of the stack with `settings` over them.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn start_worker(&self, settings: &[(&str, &str)]) -> anyhow::Result<Service> {
        let environment = environment::with(&self.environment, settings);
        start_worker(&environment, self.surroundings.service_sdk(), self.surroundings.service_bedrock_sdk())
    }

    /// Stops the worker of the stack and waits until it is drained; nothing happens when it does not run.
    ///
    /// # Errors
    /// When it had failed.
    pub async fn stop_worker(&mut self) -> anyhow::Result<()> {
        match self.worker.take() {
            Some(worker) => worker.stop().await,
            None => Ok(()),
        }
    }

    /// Why the API or the worker ended although nobody stopped it; waits for as long as they run.
    pub async fn ended(&mut self) -> anyhow::Error {
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

    /// Stops the API, then the worker once it is drained, then the surroundings, each of them even if one before it
    /// fails.
    ///
    /// # Errors
    /// The first failure.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { api, worker, surroundings, .. } = self;
        let mut outcome = Ok(());
        for service in [api, worker].into_iter().flatten() {
            outcome = outcome.and(service.stop().await);
        }
        outcome.and(surroundings.stop().await)
    }
}

async fn start_api(
    environment: &Environment,
    sdk: &SdkConfig,
) -> anyhow::Result<(Service, std::net::SocketAddr)> {
    let settings = api_service::settings::Settings::read(&environment::in_process(environment))?;
    let stop = CancellationToken::new();
    let api = Application::build_with(settings, sdk, stop.clone()).await.map_err(port::from_build_error)?;
    let address = api.address()?;
    Ok((Service::spawn("the API", stop, async move { Ok(api.run().await?) }), address))
}

fn start_worker(environment: &Environment, sdk: &SdkConfig, bedrock: &SdkConfig) -> anyhow::Result<Service> {
    let settings = worker_service::settings::Settings::read(&environment::in_process(environment))?;
    let worker = Worker::build_with(settings, sdk, bedrock)?;
    let stop = CancellationToken::new();
    let run = {
        let stop = stop.clone();
        async move {
            worker.run(stop).await;
            Ok(())
        }
    };
    Ok(Service::spawn("the worker", stop, run))
}
