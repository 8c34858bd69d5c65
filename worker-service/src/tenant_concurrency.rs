//! The share of one tenant in what all workers do, computed from the leases that it holds.

use std::time::Duration;

use aws_adapters::{error::AwsError, table::Table};
use domain::{identity::Tenant, time::UtcTime};
use tokio::sync::{Mutex, MutexGuard};

/// How long a message of a tenant over its share rests, give or take.
const REST: Duration = Duration::from_secs(5);

/// The bound on a tenant's reports in progress.
#[derive(Debug)]
pub struct TenantConcurrency {
    most: Option<usize>,
    /// Count and claim of one worker go one after the other; two workers that count at the same
    /// time can exceed the bound by one each.
    turn: Mutex<()>,
}

/// Whether a tenant may have one more report in progress.
#[derive(Debug)]
pub enum TenantSlot<'a> {
    /// Yes: to be held until the claim is written.
    Free(Option<MutexGuard<'a, ()>>),
    /// No: to be asked again after about this time.
    Full(Duration),
}

impl TenantConcurrency {
    /// At most `most` reports of one tenant; no bound when there is none.
    pub fn new(most: Option<usize>) -> Self {
        Self { most, turn: Mutex::new(()) }
    }

    /// Whether `tenant` may have one more report in progress at `now`.
    ///
    /// # Errors
    /// [`AwsError`] when the leases cannot be counted.
    pub async fn room(
        &self,
        table: &Table,
        tenant: &Tenant,
        now: UtcTime,
    ) -> Result<TenantSlot<'_>, AwsError> {
        let Some(most) = self.most else { return Ok(TenantSlot::Free(None)) };
        let turn = self.turn.lock().await;
        if table.in_progress(tenant, now, most).await? < most {
            return Ok(TenantSlot::Free(Some(turn)));
        }
        Ok(TenantSlot::Full(REST.mul_f64(rand::random_range(0.5..=1.5))))
    }
}
