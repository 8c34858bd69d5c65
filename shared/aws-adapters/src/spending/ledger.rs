//! The ledger of one process for one tenant and day. Only this process writes it, except that other workers settle
//! calls whose answers they find after it has stopped, or lost a report.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{time::UtcTime, usage::MicroUsd};
use futures::FutureExt as _;
use service_runtime::retry::full_jitter;
use tokio::time::sleep;

use super::{
    LedgerKey, Spending,
    books::BooksWrite,
    day_item::{Slice, SliceWrite},
    ledger_state::{Attempt, LedgerState, Outcome},
};
use crate::{
    batcher::Batcher,
    error::{AwsError, DYNAMODB, ErrorClass},
};

/// Back-off between writes of costs, with full jitter.
const RETRY_BASE: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(3);

/// Number of calls for which a slice is enlarged in advance, in addition to those that wait.
const CALLS_AHEAD: u64 = 16;
/// The part of the budget's room that one slice may take in advance. Near the end of a budget that is less than a
/// call, so that each slice grows by exactly what is needed.
const ROOM_PART: u64 = 64;
/// Number of refusals by the budget after which a slice grows by exactly what is needed. The first one tells how
/// much room there is.
const REFUSALS_MAX: u32 = 2;

/// A ledger.
#[derive(Debug)]
pub(super) struct Ledger {
    shared: Arc<Shared>,
    /// Lets calls that end at the same time share a write.
    writes: Batcher<(), Result<(), AwsError>>,
    /// Locked during a write to the day item, so that there is one at a time.
    granted: tokio::sync::Mutex<Granted>,
    /// Number of calls that wait until the slice is enlarged.
    waiting: AtomicU64,
}

#[derive(Debug)]
struct Shared {
    spending: Spending,
    key: LedgerKey,
    state: Mutex<LedgerState>,
}

/// What this process knows of the day item.
#[derive(Debug, Default)]
struct Granted {
    /// The slice, as last written or read.
    slice: Option<Slice>,
    /// The number of the last write, answered or not.
    write: u64,
    /// What was committed of the budget.
    committed: MicroUsd,
}

/// The outcome of [`Ledger::reserve`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// The amount is reserved for the call with this number.
    Reserved(u64),
    /// The amount exceeds the rest of the day's budget.
    Exceeded {
        /// The amount that is already spent or reserved.
        committed: MicroUsd,
    },
    /// The ledger takes no further calls.
    Closed,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, LedgerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes every outcome that the table does not hold yet. Retries until the table accepts or rejects it,
    /// because costs must not be lost.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table rejects the write permanently. The next write contains the outcomes.
    async fn store(&self) -> Result<(), AwsError> {
        let mut tries = 0;
        loop {
            let Some(books) = self.state().unstored() else { return Ok(()) };
            match self.spending.write_books(&self.key, &books).await {
                Ok(BooksWrite::Stored) => {
                    self.state().confirm(books);
                    return Ok(());
                }
                Ok(BooksWrite::Rejected(found)) => self.state().adopt(found),
                Err(error) if error.class == ErrorClass::Permanent => return Err(error),
                Err(error) => {
                    tracing::warn!(error = %error, "the costs of model calls could not be recorded; retrying");
                    sleep(full_jitter(tries, RETRY_BASE, RETRY_MAX)).await;
                    tries = tries.saturating_add(1);
                }
            }
        }
    }
}

impl Ledger {
    /// Returns a new ledger, which the table does not know yet.
    pub(super) fn new(spending: Spending, key: LedgerKey, now: UtcTime) -> Self {
        let shared = Arc::new(Shared { spending, key, state: Mutex::new(LedgerState::new(now)) });
        let stored = Arc::clone(&shared);
        let writes = Batcher::one_at_a_time(move |entries: Vec<()>| {
            let shared = Arc::clone(&stored);
            async move { vec![shared.store().await; entries.len()] }.boxed()
        });
        Self { shared, writes, granted: tokio::sync::Mutex::default(), waiting: AtomicU64::new(0) }
    }

    /// Returns the id of the ledger.
    pub(super) fn id(&self) -> &str {
        &self.shared.key.id
    }

    /// Reserves `amount` for a call. Sends no request if the slice has room, or if there is no `budget` and the day
    /// item names the ledger.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table does not answer. Nothing is reserved then.
    pub(super) async fn reserve(
        &self,
        amount: MicroUsd,
        budget: Option<MicroUsd>,
        now: UtcTime,
    ) -> Result<Admission, AwsError> {
        let reserve = || match self.shared.state().reserve(amount, budget.is_some(), now) {
            Attempt::Reserved(call) => Some(Admission::Reserved(call)),
            Attempt::Closed => Some(Admission::Closed),
            Attempt::NoRoom => None,
        };
        if let Some(admission) = reserve() {
            return Ok(admission);
        }
        let waiting = Waiting::begin(&self.waiting);
        let mut granted = self.granted.lock().await;
        let mut refusals = 0;
        loop {
            // Another call may have enlarged the slice in the meantime.
            if let Some(admission) = reserve() {
                return Ok(admission);
            }
            let (used, slice) = {
                let state = self.shared.state();
                (state.used(), state.slice().unwrap_or_default())
            };
            let Some(budget) = budget else {
                self.resize(&mut granted, slice, None).await?;
                continue;
            };
            let ahead = match refusals {
                REFUSALS_MAX.. => 0,
                _ => granted.affordable(amount, budget).min(CALLS_AHEAD + waiting.others()),
            };
            // Calls may end in the meantime: their part is given back when the ledger is idle, not while others reserve.
            let wanted = used.plus(amount).plus(amount.times(ahead)).max(slice);
            if !self.resize(&mut granted, wanted, Some(budget)).await? {
                if ahead == 0 {
                    return Ok(Admission::Exceeded { committed: granted.committed });
                }
                refusals += 1;
            }
        }
    }

    /// Makes the slice as large as `amount`; what is committed then must stay within `budget`. Returns `false` if
    /// the budget does not allow it.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table does not answer. The slice may have been changed then: the next write finds
    /// out.
    async fn resize(
        &self,
        granted: &mut Granted,
        amount: MicroUsd,
        budget: Option<MicroUsd>,
    ) -> Result<bool, AwsError> {
        loop {
            granted.write += 1;
            let to = Slice { amount, write: granted.write };
            let Shared { spending, key, .. } = &*self.shared;
            match spending.write_slice(key, granted.slice, to, budget).await? {
                SliceWrite::Stored { committed } => {
                    (granted.slice, granted.committed) = (Some(to), committed);
                    self.shared.state().set_slice(amount);
                    return Ok(true);
                }
                SliceWrite::Rejected { slice, committed } => {
                    granted.committed = committed;
                    if slice == granted.slice {
                        return Ok(false);
                    }
                    // The answer to an earlier write was lost. The slice counts only after another write, because a
                    // third one may still be on its way.
                    granted.slice = slice;
                }
            }
        }
    }

    /// Ends `call` in memory: with an outcome, which the next write contains, or with `None` if it cost nothing.
    pub(super) fn end(&self, call: u64, outcome: Option<Outcome>, now: UtcTime) {
        self.shared.state().end(call, outcome, now);
    }

    /// Waits until the table holds every outcome that was recorded before.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table rejects a write permanently, or if the runtime shuts down.
    pub(super) async fn store(&self) -> Result<(), AwsError> {
        let written = self.writes.call((), |_| false).await;
        written.unwrap_or_else(|_| Err(AwsError::without_answer(DYNAMODB, "UpdateItem")))?;
        if self.shared.state().uncovered().is_none() {
            return Ok(());
        }
        let mut granted = self.granted.lock().await;
        // Another call may have enlarged the slice in the meantime.
        let uncovered = self.shared.state().uncovered();
        if let Some(used) = uncovered
            // The money is spent, so the budget is not asked.
            && let Err(error) = self.resize(&mut granted, used, None).await
        {
            // The outcomes are stored. The next call to `tidy` tries again.
            tracing::warn!(%error, "the slice of a budget does not cover what is spent");
        }
        Ok(())
    }

    /// Stores what is left, returns the part of the slice that no call uses if none began or ended since `idle` ago,
    /// and repeats writes of the slice that failed.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table does not answer.
    pub(super) async fn tidy(&self, now: UtcTime, idle: Duration) -> Result<(), AwsError> {
        let has_unstored = self.shared.state().unstored().is_some();
        if has_unstored {
            self.store().await?;
        }
        let mut granted = self.granted.lock().await;
        if granted.write == 0 {
            return Ok(());
        }
        let wanted = {
            let mut state = self.shared.state();
            if now.since(state.used_at()) >= idle {
                state.give_up_unused();
            }
            state.uncovered().or_else(|| state.slice()).unwrap_or_default()
        };
        // A write without an answer may have been carried out, or may still be.
        let is_certain = granted.slice == Some(Slice { amount: wanted, write: granted.write });
        if is_certain {
            return Ok(());
        }
        self.resize(&mut granted, wanted, None).await.map(drop)
    }

    /// Closes the ledger if no call is open. Returns whether it is closed.
    pub(super) fn close(&self) -> bool {
        self.shared.state().close()
    }

    /// Returns whether no call began or ended since `idle` ago.
    pub(super) fn is_idle(&self, now: UtcTime, idle: Duration) -> bool {
        now.since(self.shared.state().used_at()) >= idle
    }

    /// Folds the closed ledger into the day item.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the ledger is folded. It can be repeated.
    pub(super) async fn fold(&self) -> Result<(), AwsError> {
        self.store().await?;
        let mut granted = self.granted.lock().await;
        if granted.write == 0 {
            return Ok(());
        }
        if granted.slice.is_none() {
            // The day item may name the ledger, but no call was made under it.
            self.resize(&mut granted, MicroUsd::default(), None).await?;
        }
        let books = self.shared.state().stored().clone();
        let Shared { spending, key, .. } = &*self.shared;
        let Some(mut slice) = granted.slice else { return Ok(()) };
        loop {
            match spending.fold(key, slice, &books).await? {
                SliceWrite::Rejected { slice: Some(found), .. } if found != slice => slice = found,
                SliceWrite::Rejected { .. } | SliceWrite::Stored { .. } => return Ok(()),
            }
        }
    }
}

impl Granted {
    /// Returns the number of calls of `amount` that a slice may take in advance, by what is known of the budget.
    fn affordable(&self, amount: MicroUsd, budget: MicroUsd) -> u64 {
        let room = budget.minus(self.committed).and_then(|room| room.minus(amount)).unwrap_or_default();
        (room.millionths() / ROOM_PART).checked_div(amount.millionths()).unwrap_or_default()
    }
}

/// A call that waits until the slice is enlarged.
struct Waiting<'a>(&'a AtomicU64);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }

    /// Returns the number of other calls that wait.
    fn others(&self) -> u64 {
        self.0.load(Ordering::Relaxed).saturating_sub(1)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
