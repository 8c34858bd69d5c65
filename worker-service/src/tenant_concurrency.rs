//! Limits how many reports of one tenant all workers together process at a time. The number in
//! progress is counted from the leases in the table.

use aws_adapters::{error::AwsError, table::Table};
use domain::{identity::Tenant, time::UtcTime};
use tokio::sync::{Mutex, MutexGuard};

/// The limit on a tenant's reports in progress.
#[derive(Debug)]
pub(crate) struct TenantConcurrency {
    max: Option<usize>,
    /// Serializes counting and claiming within a worker. Workers that count at the same time can still exceed
    /// the limit, by one report for each additional worker.
    turn: Mutex<()>,
}

/// The decision whether a tenant may have another report in progress.
#[derive(Debug)]
pub(crate) enum TenantSlot<'a> {
    /// The tenant is below its limit. The guard must be held until the claim is written.
    Free(Option<MutexGuard<'a, ()>>),
    /// The tenant is at its limit.
    Full,
}

impl TenantConcurrency {
    /// Creates a limit of `max` reports per tenant; `None` means no limit.
    pub(crate) fn new(max: Option<usize>) -> Self {
        Self { max, turn: Mutex::new(()) }
    }

    /// Returns whether `tenant` may have another report in progress at `now`.
    ///
    /// # Errors
    /// Returns an [`AwsError`] if the leases cannot be counted.
    pub(crate) async fn acquire(
        &self,
        table: &Table,
        tenant: &Tenant,
        now: UtcTime,
    ) -> Result<TenantSlot<'_>, AwsError> {
        let Some(max) = self.max else { return Ok(TenantSlot::Free(None)) };
        let turn = self.turn.lock().await;
        if table.in_progress(tenant, now, max).await? < max {
            return Ok(TenantSlot::Free(Some(turn)));
        }
        Ok(TenantSlot::Full)
    }
}
