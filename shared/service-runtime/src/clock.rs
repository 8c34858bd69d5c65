//! The services' source of the current time, which tests can set.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use domain::time::UtcTime;

/// Returns the current time of the system clock.
pub fn now() -> UtcTime {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UtcTime::from_epoch_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// A source of the current time: the system clock, or a fixed time that its owner sets.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// Returns the system clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// Returns a clock that shows `start` until it is [set](Self::set). Clones share its time.
    pub fn fixed(start: UtcTime) -> Self {
        Self(Some(Arc::new(AtomicI64::new(start.epoch_millis()))))
    }

    /// Returns the current time.
    pub fn now(&self) -> UtcTime {
        match &self.0 {
            None => now(),
            Some(millis) => UtcTime::from_epoch_millis(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a fixed clock to `time`. Has no effect on the system clock.
    pub fn set(&self, time: UtcTime) {
        if let Some(millis) = &self.0 {
            millis.store(time.epoch_millis(), Ordering::SeqCst);
        }
    }
}
