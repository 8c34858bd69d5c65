//! Where the services read the time, so that tests can set it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use domain::time::UtcTime;

/// Returns the current time of the machine's clock.
pub fn now() -> UtcTime {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UtcTime::from_epoch_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// Tells the current time: the machine's, or one that its holder sets.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands at `start` until it is [set](Self::set). Clones share its time.
    pub fn fixed(start: UtcTime) -> Self {
        Self(Some(Arc::new(AtomicI64::new(start.epoch_millis()))))
    }

    /// The current time.
    pub fn now(&self) -> UtcTime {
        match &self.0 {
            None => now(),
            Some(millis) => UtcTime::from_epoch_millis(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a fixed clock to `time`; the machine's clock cannot be moved and keeps its time.
    pub fn set(&self, time: UtcTime) {
        if let Some(millis) = &self.0 {
            millis.store(time.epoch_millis(), Ordering::SeqCst);
        }
    }
}
