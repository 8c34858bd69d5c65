//! The settings of the API.

use std::{net::SocketAddr, time::Duration};

use shared::{
    config::{AWS_SETTINGS, AwsSettings, ConfigErrors, Environment, Presence, Reader, Setting},
    settings,
    telemetry::{TELEMETRY_SETTINGS, TelemetrySettings},
};

use crate::auth::Keys;

settings! {
    /// The settings that only the API has.
    API_SETTINGS:
    BIND = "DOSSIER_BIND", Presence::Default("0.0.0.0:8080"), "address and port to listen on";
    API_KEYS = "DOSSIER_API_KEYS", Presence::Required,
        "who may call: tenant:hash pairs separated by commas, where hash is the SHA-256 of the key in hexadecimal";
    REQUEST_SECONDS = "DOSSIER_REQUEST_SECONDS", Presence::Default("20"),
        "seconds after which a request that is not answered ends with 503 (a wait that the client asked for is added), 1 to 300";
    READINESS_SECONDS = "DOSSIER_READINESS_SECONDS", Presence::Default("10"),
        "seconds between two looks at the table and the queue for /readyz, 1 to 300";
    DRAIN_SECONDS = "DOSSIER_API_DRAIN_SECONDS", Presence::Default("20"),
        "seconds that open requests get after SIGTERM, 0 to 300";
    DRAIN_NOTICE_SECONDS = "DOSSIER_API_DRAIN_NOTICE_SECONDS", Presence::Default("5"),
        "seconds after SIGTERM in which /readyz says no while requests are still taken, so that the load balancer turns away first, 0 to 120";
}

/// Every setting that the API reads.
pub const ALL: &[&[Setting]] = &[API_SETTINGS, AWS_SETTINGS, TELEMETRY_SETTINGS];

/// How the API is to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen.
    pub bind: SocketAddr,
    /// Who may call.
    pub keys: Keys,
    /// How long an answer may take.
    pub request_timeout: Duration,
    /// How often to look whether the API is ready.
    pub readiness_interval: Duration,
    /// How long open requests get when the API stops.
    pub drain: Duration,
    /// How long it says that it stops before it does.
    pub drain_notice: Duration,
    /// The adapters and the lifecycle.
    pub aws: AwsSettings,
    /// Logs, traces and metrics.
    pub telemetry: TelemetrySettings,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn read(environment: &Environment) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(environment);
        let bind = reader.parse(&BIND);
        let keys = reader.parse(&API_KEYS);
        let request_timeout = reader.seconds(&REQUEST_SECONDS, 1, 300);
        let readiness_interval = reader.seconds(&READINESS_SECONDS, 1, 300);
        let drain = reader.seconds(&DRAIN_SECONDS, 0, 300);
        let drain_notice = reader.seconds(&DRAIN_NOTICE_SECONDS, 0, 120);
        let aws = AwsSettings::read(&mut reader);
        let telemetry = TelemetrySettings::read(&mut reader);
        let settings = || {
            Some(Self {
                bind: bind?,
                keys: keys?,
                request_timeout: request_timeout?,
                readiness_interval: readiness_interval?,
                drain: drain?,
                drain_notice: drain_notice?,
                aws: aws?,
                telemetry: telemetry?,
            })
        };
        reader.finish(settings())
    }
}
