//! The API as a whole: built from settings, bound to an address, run until it is stopped.

use std::{io, net::SocketAddr, sync::Arc};

use aws_adapters::{Aws, SdkConfig, SdkError, load_sdk_config};
use axum::Router;
use domain::lifecycle::Policy;
use service_runtime::clock::Clock;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::{KeyCache, Oidc},
    health::{self, Readiness},
    limits::Limits,
    reports::{
        duration_estimate::DurationEstimate,
        watcher::{self, ReportWatcher},
    },
    router, server,
    settings::Settings,
};

/// What every handler has.
#[derive(Debug)]
pub struct App {
    /// The table, the queue, the bucket.
    pub aws: Aws,
    /// The numbers of the lifecycle.
    pub policy: Policy,
    /// The time.
    pub clock: Clock,
    /// The revision of the source that this was built from.
    pub revision: String,
    /// What is known of API keys.
    pub key_cache: KeyCache,
    /// The OpenID provider whose tokens are taken.
    pub oidc: Option<Arc<Oidc>>,
    /// What tenants, and this process, may take.
    pub limits: Limits,
    /// Who follows which report.
    pub following: ReportWatcher,
    /// How long reports take.
    pub pace: DurationEstimate,
    /// Whether requests can be served.
    pub readiness: Readiness,
    /// Cancelled when the API stops taking requests: long answers end then.
    pub stop: CancellationToken,
}

/// The API, bound and ready to run.
#[derive(Debug)]
pub struct Application {
    listener: TcpListener,
    router: Router,
    app: Arc<App>,
    settings: Settings,
    signal: CancellationToken,
}

/// Why the API cannot be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// Requests to AWS cannot be sent.
    #[error(transparent)]
    Aws(#[from] SdkError),
    /// No requests can be sent to the OpenID provider.
    #[error("no requests can be sent to the OpenID provider: {0}")]
    Http(#[from] reqwest::Error),
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address} (DOSSIER_BIND): {error}; free the port or choose another")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
}

impl Application {
    /// [`build_with`](Self::build_with) what the environment says of AWS.
    ///
    /// # Errors
    /// [`BuildError`] when the address cannot be bound.
    pub async fn build(settings: Settings, signal: CancellationToken) -> Result<Self, BuildError> {
        let sdk = load_sdk_config().await?;
        Self::build_with(settings, &sdk, signal).await
    }

    /// Binds the address; port 0 chooses a free one. Cancelling `signal` begins the drain.
    ///
    /// # Errors
    /// [`BuildError`] when it cannot be bound.
    pub async fn build_with(
        settings: Settings,
        sdk: &SdkConfig,
        signal: CancellationToken,
    ) -> Result<Self, BuildError> {
        let address = settings.bind;
        let listener =
            TcpListener::bind(address).await.map_err(|error| BuildError::Bind { address, error })?;
        let aws = Aws::new(sdk, &settings.aws);
        let oidc = settings.oidc.clone().map(Oidc::new).transpose()?.map(Arc::new);
        let app = Arc::new(App {
            aws,
            policy: settings.aws.policy,
            clock: Clock::system(),
            revision: settings.telemetry.revision.clone(),
            key_cache: KeyCache::default(),
            oidc,
            limits: Limits::new(settings.limits),
            following: ReportWatcher::default(),
            pace: DurationEstimate::default(),
            readiness: Readiness::default(),
            stop: CancellationToken::new(),
        });
        let router = router::router(Arc::clone(&app), &settings);
        Ok(Self { listener, router, app, settings, signal })
    }

    /// Where the API listens.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the signal, then drains: readiness turns false, requests are still taken for
    /// the notice, open ones get the drain time, and what is left is cut off.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(self) -> io::Result<()> {
        let Self { listener, router, app, settings, signal } = self;
        let (version, revision) = (env!("CARGO_PKG_VERSION"), &app.revision);
        tracing::info!(address = %listener.local_addr()?, version, revision, "API is listening");
        let looking = tokio::spawn(health::keep_looking(Arc::clone(&app), settings.readiness_interval));
        let reading = tokio::spawn(watcher::keep_reading(Arc::clone(&app)));
        let server = server::serve(listener, router, app.stop.clone(), settings.bounds);
        let server = tokio::spawn(server);

        signal.cancelled().await;
        app.readiness.draining();
        tokio::time::sleep(settings.drain_notice).await;
        app.stop.cancel();
        looking.abort();
        reading.abort();
        server.await.map_err(io::Error::other)
    }
}
