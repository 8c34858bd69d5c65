//! Builds the API from its settings, binds it to an address, and runs it until it is stopped.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use aws_adapters::{Aws, SdkConfig, SdkError, load_sdk_config};
use axum::Router;
use service_runtime::clock::Clock;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::{Authenticator, TokenVerifier},
    body::BodyMemory,
    health::Readiness,
    limits::{DailyQuota, FollowerLimit, RateLimiter},
    reports::{DurationEstimate, ReportWatcher, Reports},
    router, server,
    settings::Settings,
    state::AppState,
    writes::Writes,
};

/// How long the API waits for writes whose requests have ended, after the drain time. ECS kills a task 60 seconds after
/// SIGTERM (`StopTimeout` of the deployment), of which the notice and the drain take 40.
const WRITES_TIME: Duration = Duration::from_secs(10);

/// The API, bound to its address and ready to run.
#[derive(Debug)]
pub struct Application {
    listener: TcpListener,
    router: Router,
    watcher: Arc<ReportWatcher>,
    readiness: Arc<Readiness>,
    writes: Writes,
    settings: Settings,
    signal: CancellationToken,
    stop: CancellationToken,
}

/// The error of an API that cannot be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The AWS SDK lacks a region or credentials.
    #[error(transparent)]
    Aws(#[from] SdkError),
    /// The HTTP client for the OpenID provider cannot be created.
    #[error("the HTTP client for the OpenID provider cannot be created: {0}")]
    Http(#[from] reqwest::Error),
    /// The address is in use, or does not belong to this machine.
    #[error("cannot listen on {address} (DOSSIER_BIND): {error}; free the port or choose another address")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        error: io::Error,
    },
}

impl Application {
    /// Builds the API with the AWS configuration of the environment; see [`build_with`](Self::build_with).
    ///
    /// # Errors
    /// Returns [`BuildError`] if AWS is not configured, if the address cannot be bound, or if the HTTP client
    /// for the OpenID provider cannot be created.
    pub async fn build(settings: Settings, signal: CancellationToken) -> Result<Self, BuildError> {
        let sdk = load_sdk_config().await?;
        Self::build_with(settings, &sdk, signal).await
    }

    /// Builds the API and binds its address; port 0 selects a free port. Cancelling `signal` begins the
    /// drain.
    ///
    /// # Errors
    /// Returns [`BuildError`] if the address cannot be bound, or if the HTTP client for the OpenID provider
    /// cannot be created.
    pub async fn build_with(
        settings: Settings,
        sdk: &SdkConfig,
        signal: CancellationToken,
    ) -> Result<Self, BuildError> {
        let address = settings.bind();
        let listener =
            TcpListener::bind(address).await.map_err(|error| BuildError::Bind { address, error })?;
        let stop = CancellationToken::new();
        let state = state(&settings, sdk, &stop)?;
        let (watcher, readiness) = (Arc::clone(&state.watcher), Arc::clone(&state.readiness));
        let writes = state.writes.clone();
        let router = router::router(state, &settings);
        Ok(Self { listener, router, watcher, readiness, writes, settings, signal, stop })
    }

    /// Returns the address that the API listens on.
    ///
    /// # Errors
    /// Returns the system's error if it does not provide the address.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the signal, then drains: `/readyz` fails, requests are still accepted for the notice
    /// period, open ones get the drain time, and what is left is aborted, except for writes that have begun.
    ///
    /// # Errors
    /// Returns an error if the listener's address is unknown or the server panics.
    pub async fn run(self) -> io::Result<()> {
        let Self { listener, router, watcher, readiness, writes, settings, signal, stop } = self;
        let (version, revision) = (env!("CARGO_PKG_VERSION"), &settings.telemetry.revision);
        tracing::info!(address = %listener.local_addr()?, version, revision, "API is listening");
        if settings.aws.secrets_key_id.is_none() {
            tracing::warn!(
                "neither DOSSIER_SECRETS_KMS_KEY_ID nor DOSSIER_KMS_KEY_ID is set: webhook secrets are not sealed, and have the encryption of their table alone"
            );
        }
        let checking = {
            let (readiness, interval) = (Arc::clone(&readiness), settings.readiness_interval);
            tokio::spawn(async move { readiness.run(interval).await })
        };
        let watching = tokio::spawn(async move { watcher.run().await });
        let server = tokio::spawn(server::serve(listener, router, stop.clone(), settings.server));

        signal.cancelled().await;
        readiness.drain();
        tokio::time::sleep(settings.server.drain_notice).await;
        stop.cancel();
        checking.abort();
        watching.abort();
        let served = server.await.map_err(io::Error::other);
        if !writes.finish(WRITES_TIME).await {
            tracing::warn!(
                "writes that were still in progress are aborted; the sweeper queues reports that are recorded"
            );
        }
        served
    }
}

/// Creates the components. Cancelling `stop` ends streams and waits.
///
/// # Errors
/// Returns [`BuildError::Http`] if the HTTP client for the OpenID provider cannot be created.
fn state(settings: &Settings, sdk: &SdkConfig, stop: &CancellationToken) -> Result<AppState, BuildError> {
    let (clock, limits) = (Clock::system(), &settings.limits);
    let aws = Aws::new(sdk, &settings.aws, &clock);
    let tokens = settings.oidc.clone().map(TokenVerifier::new).transpose()?;
    let durations = Arc::new(DurationEstimate::default());
    let watcher = ReportWatcher::new(aws.table.clone(), Arc::clone(&durations), stop.clone());
    let revision = settings.telemetry.revision.clone();
    Ok(AppState {
        authenticator: Arc::new(Authenticator::new(
            aws.keys.clone(),
            tokens,
            settings.proxies,
            clock.clone(),
        )),
        rate_limiter: Arc::new(RateLimiter::new(limits)),
        daily_quota: Arc::new(DailyQuota::new(limits.reports_per_day, aws.spending.clone(), clock.clone())),
        followers: Arc::new(FollowerLimit::new(limits.followers)),
        body_memory: BodyMemory::new(limits.body_bytes),
        writes: Writes::default(),
        watcher: Arc::new(watcher),
        readiness: Arc::new(Readiness::new(aws.table.clone(), aws.keys.clone(), aws.queue.clone(), revision)),
        spending: aws.spending.clone(),
        keys: aws.keys.clone(),
        webhook_secrets: aws.webhook_secrets.clone(),
        reports: Arc::new(Reports::new(aws, &settings.aws, clock.clone(), durations)),
        clock,
    })
}
