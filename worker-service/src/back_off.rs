//! How long a report waits before its next attempt.

use std::time::Duration;

use aws_adapters::error::ErrorClass;
use service_runtime::{
    config::{Presence, Reader},
    retry::full_jitter,
    settings,
};

settings! {
    /// The settings of the back-off.
    BACK_OFF_SETTINGS:
    RETRY_MAX_SECONDS = "DOSSIER_RETRY_MAX_SECONDS", Presence::Default("300"),
        "maximum number of seconds between two attempts at a report, 1 to 3600; the wait doubles from two seconds after a transient error, and from ten seconds after a throttle";
    TENANT_WAIT_MAX_SECONDS = "DOSSIER_TENANT_WAIT_MAX_SECONDS", Presence::Default("120"),
        "maximum number of seconds between two checks whether a tenant that is at DOSSIER_TENANT_MAX_IN_PROGRESS may have another report in progress, 1 to 3600; the wait grows from five seconds";
}

/// Base of the back-off after a transient error, and after a worker has vanished.
const RETRY_BASE: Duration = Duration::from_secs(2);
/// Base of the back-off after a throttle, which rarely ends within seconds.
const THROTTLE_BASE: Duration = Duration::from_secs(10);
/// Minimum wait of a report whose tenant is at its limit.
const TENANT_WAIT_MIN: Duration = Duration::from_secs(5);

/// The back-off of reports.
#[derive(Clone, Copy, Debug)]
pub struct BackOff {
    /// Maximum time between two attempts.
    retry_max: Duration,
    /// Maximum wait of a report whose tenant is at its limit.
    tenant_wait_max: Duration,
}

impl BackOff {
    /// Reads [`BACK_OFF_SETTINGS`]; errors are collected by `reader`.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let retry_max = reader.seconds(&RETRY_MAX_SECONDS, 1, 3600);
        let tenant_wait_max = reader.seconds(&TENANT_WAIT_MAX_SECONDS, 1, 3600);
        Some(Self { retry_max: retry_max?, tenant_wait_max: tenant_wait_max? })
    }

    /// Returns the wait after an error of `class` that follows `earlier` ones: exponential with full jitter.
    pub(crate) fn after_error(&self, class: ErrorClass, earlier: u32) -> Duration {
        let base = if class == ErrorClass::Throttled { THROTTLE_BASE } else { RETRY_BASE };
        full_jitter(earlier, base, self.retry_max)
    }

    /// Returns the minimum wait of a report that has lost `lost` answers of a model, each of which may have been
    /// paid for. It grows with the time until the `deadline`, so that the calls that one report may make
    /// (`DOSSIER_MODEL_CALLS_MAX`, `DOSSIER_BUDGET_REPORT_USD`) last for an outage of an hour and more. The first
    /// loss is taken for an accident.
    pub(crate) fn after_lost_answer(lost: u32, deadline: Duration) -> Duration {
        let Some(doublings) = lost.checked_sub(2) else { return Duration::ZERO };
        let ceiling = (deadline / 180).saturating_mul(2_u32.saturating_pow(doublings)).min(deadline / 6);
        ceiling / 2 + full_jitter(0, ceiling / 2, ceiling / 2)
    }

    /// Returns the wait of a report that has lost the workers of `attempts` attempts more than are replaced
    /// at once.
    pub(crate) fn after_vanished_worker(&self, attempts: u32) -> Duration {
        // At least half of the ceiling: a report that kills its workers must not be claimed at once by chance.
        let ceiling = RETRY_BASE.saturating_mul(2_u32.saturating_pow(attempts)).min(self.retry_max);
        ceiling / 2 + full_jitter(0, ceiling / 2, ceiling / 2)
    }

    /// Returns the wait of a report whose tenant is at its limit and that was submitted `waited` ago: half of
    /// that time, give or take a half. A report that has waited for hours is still checked every
    /// `tenant_wait_max`, so that it starts soon after a slot is free.
    pub(crate) fn of_tenant(&self, waited: Duration) -> Duration {
        let average = (waited / 2).max(TENANT_WAIT_MIN);
        average.mul_f64(rand::random_range(0.5..=1.5)).min(self.tenant_wait_max)
    }

    /// Returns the time for which the message of a report is hidden that could not be claimed because the
    /// table does not answer, and that was received `receives` times. Nothing can be recorded then, so every
    /// try costs a receive; `longest` is the longest time that a message may be hidden.
    pub(crate) fn without_table(receives: u32, longest: Duration) -> Duration {
        let ceiling = RETRY_BASE.saturating_mul(2_u32.saturating_pow(receives)).min(longest.max(RETRY_BASE));
        ceiling / 2 + full_jitter(0, ceiling / 2, ceiling / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACK_OFF: BackOff =
        BackOff { retry_max: Duration::from_secs(300), tenant_wait_max: Duration::from_secs(120) };

    fn longest(wait: impl Fn() -> Duration) -> u64 {
        (0..300).map(|_| wait()).max().unwrap_or_default().as_secs_f64().ceil() as u64
    }

    #[test]
    fn waits_after_errors_grow_from_seconds_to_the_maximum() {
        for (earlier, seconds) in [(0, 2), (1, 4), (5, 64), (8, 300), (4_000, 300)] {
            let longest = longest(|| BACK_OFF.after_error(ErrorClass::Transient, earlier));
            assert!(longest <= seconds && longest > seconds / 2, "{earlier}: {longest}");
        }
        assert!(longest(|| BACK_OFF.after_error(ErrorClass::Throttled, 0)) > 5);
    }

    #[test]
    fn a_tenants_report_is_checked_often_at_first_and_never_less_than_every_few_minutes() {
        for (waited, seconds) in [(0, 8), (20, 15), (100, 75), (8 * 3600, 120)] {
            let longest = longest(|| BACK_OFF.of_tenant(Duration::from_secs(waited)));
            assert!(longest <= seconds && longest > seconds / 2, "{waited}: {longest}");
        }
    }

    #[test]
    fn a_single_lost_answer_costs_no_wait_and_eight_of_them_last_for_an_hour() {
        let deadline = Duration::from_secs(6 * 3600);
        for lost in 0..2 {
            assert_eq!(BackOff::after_lost_answer(lost, deadline), Duration::ZERO);
        }
        for _ in 0..100 {
            let waits: Duration = (1..8).map(|lost| BackOff::after_lost_answer(lost, deadline)).sum();
            assert!(waits >= Duration::from_secs(3600), "{waits:?}");
        }
        assert!(BackOff::after_lost_answer(u32::MAX, deadline) <= deadline / 6);
    }

    #[test]
    fn six_hours_without_the_table_cost_fewer_receives_than_the_queue_allows() {
        let (mut waited, mut receives) = (Duration::ZERO, 1);
        while waited < Duration::from_secs(6 * 3600) {
            waited += BackOff::without_table(receives, Duration::from_secs(60));
            receives += 1;
        }
        assert!(receives < 1_000, "{receives}");
    }
}
