//! The settings of the API.

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use aws_adapters::settings::{AWS_SETTINGS, AwsSettings};
use service_runtime::{
    config::{ConfigErrors, Environment, Presence, Reader, Setting},
    settings,
};
use telemetry::{TELEMETRY_SETTINGS, TelemetrySettings};

use crate::{
    auth::{OidcSettings, check_issuer},
    cors::Origins,
    limits::LimitSettings,
    server::Bounds,
};

settings! {
    /// The settings that only the API has.
    API_SETTINGS:
    BIND = "DOSSIER_BIND", Presence::Default("0.0.0.0:8080"), "address and port to listen on";
    OIDC_ISSUER = "DOSSIER_OIDC_ISSUER", Presence::Optional,
        "issuer of an OpenID provider whose tokens are taken beside API keys, exactly as they name it; its keys are found by discovery";
    OIDC_AUDIENCE = "DOSSIER_OIDC_AUDIENCE", Presence::Default("dossier"), "audience that such tokens must be for";
    OIDC_TENANT_CLAIM = "DOSSIER_OIDC_TENANT_CLAIM", Presence::Default("tenant"), "claim of such tokens that names the tenant";
    OIDC_SCOPE_CLAIM = "DOSSIER_OIDC_SCOPE_CLAIM", Presence::Default("scope"),
        "claim of such tokens that lists the scopes, as a text with blanks between them or as an array";
    REQUESTS_PER_SECOND = "DOSSIER_REQUESTS_PER_SECOND", Presence::Default("1000"),
        "requests of one tenant per second that one API task takes, 1 to 1000000; twice as many may come at once";
    REPORTS_PER_DAY = "DOSSIER_REPORTS_PER_DAY", Presence::Optional,
        "reports that one tenant may ask for in a day (UTC), 1 to 1000000000; no limit unless set";
    IN_FLIGHT = "DOSSIER_API_IN_FLIGHT", Presence::Default("1024"),
        "requests that one API task works on at a time, 1 to 100000; what comes on top is refused with 503 at once";
    FOLLOWERS = "DOSSIER_TENANT_FOLLOWERS", Presence::Default("10000"),
        "event streams, waits and exports of one tenant that one API task keeps open at a time, 1 to 1000000; fewer than the open connections, so that others have some";
    CONNECTIONS = "DOSSIER_API_CONNECTIONS", Presence::Default("12000"),
        "open connections of one API task, 1 to 1000000; more wait, so open files must be allowed for them";
    IDLE_SECONDS = "DOSSIER_API_IDLE_SECONDS", Presence::Default("75"),
        "seconds for which a connection may be without the whole head of a request, also between two requests, 1 to 3600; longer than the load balancer before it keeps connections (60 by default), or requests that it sends at that moment are lost";
    CORS_ORIGINS = "DOSSIER_CORS_ORIGINS", Presence::Optional,
        "other origins whose pages may call the API from a browser, separated by commas, such as https://app.example.com";
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
    /// The OpenID provider whose tokens are taken.
    pub oidc: Option<OidcSettings>,
    /// What a tenant may take.
    pub limits: LimitSettings,
    /// How many connections there may be, and how long they are waited for.
    pub bounds: Bounds,
    /// Whose pages may call from a browser.
    pub cors_origins: Origins,
    /// How long an answer may take.
    pub request_timeout: Duration,
    /// How often to look whether the API is ready.
    pub readiness_interval: Duration,
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
        let oidc = oidc(&mut reader);
        let limits = limits(&mut reader);
        let connections = reader.number(&CONNECTIONS, 1, 1_000_000);
        let idle = reader.seconds(&IDLE_SECONDS, 1, 3600);
        let cors_origins = reader.parse(&CORS_ORIGINS).unwrap_or_default();
        let request_timeout = reader.seconds(&REQUEST_SECONDS, 1, 300);
        let readiness_interval = reader.seconds(&READINESS_SECONDS, 1, 300);
        let drain = reader.seconds(&DRAIN_SECONDS, 0, 300);
        let drain_notice = reader.seconds(&DRAIN_NOTICE_SECONDS, 0, 120);
        let aws = AwsSettings::read(&mut reader);
        let telemetry = TelemetrySettings::read(&mut reader);
        let settings = || {
            Some(Self {
                bind: bind?,
                oidc,
                limits: limits?,
                bounds: Bounds {
                    connections: usize::try_from(connections?).ok()?,
                    idle: idle?,
                    drain: drain?,
                },
                cors_origins,
                request_timeout: request_timeout?,
                readiness_interval: readiness_interval?,
                drain_notice: drain_notice?,
                aws: aws?,
                telemetry: telemetry?,
            })
        };
        reader.finish(settings())
    }
}

fn oidc(reader: &mut Reader<'_>) -> Option<OidcSettings> {
    let (audience, tenant_claim) = (reader.text(&OIDC_AUDIENCE)?, reader.text(&OIDC_TENANT_CLAIM)?);
    let scope_claim = reader.text(&OIDC_SCOPE_CLAIM)?;
    let issuer = reader.text(&OIDC_ISSUER)?;
    reader.convert(&OIDC_ISSUER, check_issuer(&issuer))?;
    Some(OidcSettings { issuer, audience, tenant_claim, scope_claim })
}

fn limits(reader: &mut Reader<'_>) -> Option<LimitSettings> {
    let per_second = reader.number(&REQUESTS_PER_SECOND, 1, 1_000_000);
    let reports_per_day = reader.parse::<u64>(&REPORTS_PER_DAY);
    if reports_per_day.is_some_and(|most| !(1..=1_000_000_000).contains(&most)) {
        reader.fail(&REPORTS_PER_DAY, "is out of range");
    }
    let in_flight = reader.number(&IN_FLIGHT, 1, 100_000);
    let followers = reader.number(&FOLLOWERS, 1, 1_000_000);
    Some(LimitSettings {
        requests_per_second: NonZeroU32::new(u32::try_from(per_second?).ok()?)?,
        reports_per_day,
        in_flight: usize::try_from(in_flight?).ok()?,
        followers: usize::try_from(followers?).ok()?,
    })
}
