//! The settings of the limits.

use std::{num::NonZeroU32, time::Duration};

use service_runtime::{
    config::{Presence, Reader},
    settings,
};

settings! {
    /// The settings of the limits.
    LIMIT_SETTINGS:
    REQUESTS_PER_SECOND = "DOSSIER_REQUESTS_PER_SECOND", Presence::Default("1000"),
        "maximum requests per second of one tenant to one API task, 1 to 1000000; a burst may have twice as many";
    REPORTS_PER_DAY = "DOSSIER_REPORTS_PER_DAY", Presence::Optional,
        "maximum reports that one tenant may submit in a day (UTC), 1 to 1000000000; unlimited unless set";
    IN_FLIGHT = "DOSSIER_API_IN_FLIGHT", Presence::Default("1024"),
        "maximum requests that one API task processes at a time, 1 to 100000; further requests are rejected with 503 at once";
    BODY_MIB = "DOSSIER_API_BODY_MIB", Presence::Default("32"),
        "mebibytes of request bodies that one API task holds at a time, 8 to 1024; each takes up to eight times its size in memory, and further requests wait for two seconds and are then rejected with 503";
    FOLLOWERS = "DOSSIER_TENANT_FOLLOWERS", Presence::Default("10000"),
        "maximum event streams, waits and exports of one tenant that one API task keeps open at a time, 1 to 1000000; set it below the maximum of open connections, so that other tenants can connect";
    REQUEST_SECONDS = "DOSSIER_REQUEST_SECONDS", Presence::Default("20"),
        "seconds after which an unanswered request ends with 503, 1 to 300; a wait that the client requested is added";
}

/// The settings of the limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LimitSettings {
    /// Maximum requests of a tenant per second, for each API task.
    pub(crate) requests_per_second: NonZeroU32,
    /// Maximum reports of a tenant per day (UTC), for all API tasks together.
    pub(crate) reports_per_day: Option<u64>,
    /// Maximum requests in flight.
    pub(crate) in_flight: usize,
    /// Maximum size of all request bodies in memory, in bytes.
    pub(crate) body_bytes: usize,
    /// Maximum open streams, waits and exports of a tenant, for each API task.
    pub(crate) followers: usize,
    /// Maximum time until a request is answered, without the wait that the client requested.
    pub(crate) request_timeout: Duration,
}

impl LimitSettings {
    /// Reads the settings. Returns `None` if any is invalid, which `reader` then records.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let requests_per_second = reader.number(&REQUESTS_PER_SECOND, 1, 1_000_000);
        let reports_per_day = reader.parse::<u64>(&REPORTS_PER_DAY);
        if reports_per_day.is_some_and(|reports| !(1..=1_000_000_000).contains(&reports)) {
            reader.fail(&REPORTS_PER_DAY, "is out of range");
        }
        let in_flight = reader.number(&IN_FLIGHT, 1, 100_000);
        let body_mib = reader.number(&BODY_MIB, 8, 1024);
        let followers = reader.number(&FOLLOWERS, 1, 1_000_000);
        let request_timeout = reader.seconds(&REQUEST_SECONDS, 1, 300);
        Some(Self {
            requests_per_second: NonZeroU32::new(u32::try_from(requests_per_second?).ok()?)?,
            reports_per_day,
            in_flight: usize::try_from(in_flight?).ok()?,
            body_bytes: usize::try_from(body_mib? * 1024 * 1024).ok()?,
            followers: usize::try_from(followers?).ok()?,
            request_timeout: request_timeout?,
        })
    }
}
