//! The AWS account that the embedded AWS and the Bedrock stand-in belong to: its meter and its limits.

use std::sync::Arc;

use axum::Router;
use service_runtime::clock::Clock;

use crate::limits::{Enforced, Limits};
use crate::metering::{Billing, Meter, admin};

/// An account. Clones share its meter and its limits.
#[derive(Debug, Clone)]
pub struct Account {
    meter: Arc<Meter>,
    limits: Option<Arc<Enforced>>,
}

impl Default for Account {
    /// Returns an account without limits.
    fn default() -> Self {
        Self::new(None, Clock::system())
    }
}

impl Account {
    /// Returns an account with `limits`, or without any. Meter and limits take the time from `clock`.
    pub fn new(limits: Option<&Limits>, clock: Clock) -> Self {
        let limits = limits.map(|limits| Arc::new(Enforced::new(limits, &clock)));
        Self { meter: Arc::new(Meter::new(clock)), limits }
    }

    /// Returns the bill since the start or the last reset.
    pub fn billing(&self) -> Billing {
        self.meter.billing(admin::DEFAULT_HOTTEST)
    }

    /// Starts a new count.
    pub fn reset_billing(&self) {
        self.meter.reset();
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    pub(crate) fn limits(&self) -> Option<&Enforced> {
        self.limits.as_deref()
    }

    /// Returns the routes of `/billing`.
    pub(crate) fn routes(&self) -> Router {
        admin::routes(Arc::clone(&self.meter))
    }
}
