//! The settings of the API: each part declares and reads its own, this module puts them together.

use std::{net::SocketAddr, time::Duration};

use aws_adapters::settings::{AWS_SETTINGS, AwsSettings};
use service_runtime::config::{ConfigErrors, Environment, Reader, Setting};
use telemetry::{TELEMETRY_SETTINGS, TelemetrySettings};

use crate::{
    auth::{OIDC_SETTINGS, OidcSettings},
    client_address::{ADDRESS_SETTINGS, Proxies},
    cors::{CORS_SETTINGS, Origins},
    health::{HEALTH_SETTINGS, readiness_interval},
    limits::{LIMIT_SETTINGS, LimitSettings},
    server::{SERVER_SETTINGS, ServerSettings},
};

const PARTS: [&[Setting]; 6] =
    [SERVER_SETTINGS, ADDRESS_SETTINGS, OIDC_SETTINGS, LIMIT_SETTINGS, CORS_SETTINGS, HEALTH_SETTINGS];

/// The settings that only the API has.
pub const API_SETTINGS: &[Setting] = &concatenated::<{ count(&PARTS) }>(&PARTS);

/// Every setting that the API reads.
pub const ALL: &[&[Setting]] = &[API_SETTINGS, AWS_SETTINGS, TELEMETRY_SETTINGS];

/// The settings of the API.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server's address, maximum of connections, and times for draining.
    pub(crate) server: ServerSettings,
    /// The number of proxies in front of the API.
    pub(crate) proxies: Proxies,
    /// The OpenID provider whose tokens are accepted, if any.
    pub(crate) oidc: Option<OidcSettings>,
    /// The limits on tenants and requests.
    pub(crate) limits: LimitSettings,
    /// The origins whose pages may call the API.
    pub(crate) cors_origins: Origins,
    /// The time between two readiness checks.
    pub(crate) readiness_interval: Duration,
    /// The settings of the AWS adapters, and the policy of the lifecycle.
    pub aws: AwsSettings,
    /// Logs, traces and metrics.
    pub telemetry: TelemetrySettings,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// Returns [`ConfigErrors`], which lists everything that is missing or invalid.
    pub fn read(environment: &Environment) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(environment);
        let server = ServerSettings::read(&mut reader);
        let proxies = Proxies::read(&mut reader);
        let oidc = OidcSettings::read(&mut reader);
        let limits = LimitSettings::read(&mut reader);
        let cors_origins = Origins::read(&mut reader);
        let readiness_interval = readiness_interval(&mut reader);
        let aws = AwsSettings::read(&mut reader);
        let telemetry = TelemetrySettings::read(&mut reader);
        let settings = || {
            Some(Self {
                server: server?,
                proxies: proxies?,
                oidc,
                limits: limits?,
                cors_origins,
                readiness_interval: readiness_interval?,
                aws: aws?,
                telemetry: telemetry?,
            })
        };
        reader.finish(settings())
    }

    /// Returns the address to listen on.
    pub fn bind(&self) -> SocketAddr {
        self.server.bind
    }
}

const fn count(lists: &[&[Setting]]) -> usize {
    let (mut sum, mut list) = (0, 0);
    while list < lists.len() {
        sum += lists[list].len();
        list += 1;
    }
    sum
}

/// Returns the settings of all `lists`, of which there are `N`.
const fn concatenated<const N: usize>(lists: &[&[Setting]]) -> [Setting; N] {
    let mut all = [lists[0][0]; N];
    let (mut next, mut list) = (0, 0);
    while list < lists.len() {
        let mut index = 0;
        while index < lists[list].len() {
            all[next] = lists[list][index];
            next += 1;
            index += 1;
        }
        list += 1;
    }
    all
}
