//! Limits on what tenants may use and on what this process accepts: requests per second, reports per day,
//! requests in flight, open streams, and the time that a request may take.

mod daily_quota;
mod followers;
mod in_flight;
mod rate_limit;
mod request_timeout;
mod settings;

pub(crate) use self::{
    daily_quota::DailyQuota,
    followers::{FollowerLimit, FollowerPermit},
    in_flight::{InFlightLimit, InFlightPlace, shed_load},
    rate_limit::{RateLimiter, add_headers},
    request_timeout::limit_time,
    settings::{LIMIT_SETTINGS, LimitSettings},
};
