//! The limit on open streams, waits and exports of each tenant.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::identity::Tenant;

use crate::problem::{Kind, Problem};

type Open = Arc<Mutex<HashMap<Tenant, usize>>>;

/// The number of streams, waits and exports that each tenant may have open: each of them holds a connection.
#[derive(Debug)]
pub(crate) struct FollowerLimit {
    max: usize,
    open: Open,
}

/// One open stream, wait or export of a tenant. It counts until it is dropped.
#[derive(Debug)]
pub(crate) struct FollowerPermit {
    open: Open,
    tenant: Tenant,
}

impl FollowerLimit {
    /// Creates a limit of `max` for each tenant.
    pub(crate) fn new(max: usize) -> Self {
        Self { max, open: Open::default() }
    }

    /// Returns a permit for one more stream, wait or export of `tenant`.
    ///
    /// # Errors
    /// Returns the [`Problem`] to answer with if the tenant has too many open.
    pub(crate) fn acquire(&self, tenant: &Tenant) -> Result<FollowerPermit, Problem> {
        let max = self.max;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(tenant.clone()).or_default();
        if *count >= max {
            let detail = format!(
                "your tenant has reached its limit of {max} open streams, waits and exports: close some"
            );
            return Err(Problem::new(Kind::TooManyRequests, detail).retry_after(Duration::from_secs(5)));
        }
        *count += 1;
        Ok(FollowerPermit { open: Arc::clone(&self.open), tenant: tenant.clone() })
    }
}

impl Drop for FollowerPermit {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.tenant);
            }
        }
    }
}
