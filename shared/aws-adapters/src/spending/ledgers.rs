//! The ledgers of one worker process: one for each tenant and day with model calls.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    identity::Tenant,
    usage::{Day, MicroUsd},
};
use futures::future::join_all;
use service_runtime::clock::Clock;
use uuid::Uuid;

use super::{
    LedgerKey, Spending,
    ledger::{Admission, Ledger},
    reserved_amount::{Reserved, ReservedAmount},
};
use crate::error::AwsError;

/// Time without a call after which a ledger returns the unused part of its slice, so that other workers can use the
/// rest of the budget.
pub const LEDGER_IDLE: Duration = Duration::from_secs(60);

/// Length of a ledger's id. Its digits are the random ones of a UUID.
const ID_LENGTH: usize = 15;

/// The ledgers of one process. Clones share them.
#[derive(Clone, Debug)]
pub struct Ledgers {
    spending: Spending,
    clock: Clock,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    open: HashMap<(Tenant, Day), Arc<Ledger>>,
    /// Ledgers without open calls that are to be folded.
    closing: Vec<Arc<Ledger>>,
}

impl Ledgers {
    /// Returns a process without ledgers, which keeps them in the table of `spending`.
    pub fn new(spending: Spending, clock: Clock) -> Self {
        Self { spending, clock, kept: Arc::default() }
    }

    /// Reserves `amount` for a call if the `budget` of `tenant` for `day` allows it. As a rule this sends no request:
    /// the ledger holds a slice of the budget that several calls can use.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the table does not answer. Nothing is reserved then.
    pub async fn reserve(
        &self,
        tenant: &Tenant,
        day: Day,
        amount: MicroUsd,
        budget: Option<MicroUsd>,
    ) -> Result<Reserved, AwsError> {
        loop {
            let ledger = self.ledger(tenant, day);
            match ledger.reserve(amount, budget, self.clock.now()).await? {
                Admission::Reserved(call) => {
                    return Ok(Reserved::Yes(ReservedAmount::new(ledger, self.clock.clone(), call, amount)));
                }
                Admission::Exceeded { committed } => return Ok(Reserved::Exceeded { committed }),
                // It was closed after it was found; the next one is new.
                Admission::Closed => {}
            }
        }
    }

    /// Returns the ledger of `tenant` for `day`.
    fn ledger(&self, tenant: &Tenant, day: Day) -> Arc<Ledger> {
        let new = || {
            let id = Uuid::now_v7().simple().to_string();
            let id = id[id.len() - ID_LENGTH..].to_owned();
            let key = LedgerKey { tenant: tenant.clone(), day, id };
            Arc::new(Ledger::new(self.spending.clone(), key, self.clock.now()))
        };
        Arc::clone(self.kept().open.entry((tenant.clone(), day)).or_insert_with(new))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores what is left, returns the unused slices of ledgers that were [idle](LEDGER_IDLE), and folds the
    /// ledgers of days that are over. Errors are logged; the next call tries again.
    pub async fn tidy(&self) {
        let now = self.clock.now();
        let today = Day::of(now);
        self.close_where(|day, ledger| day < today && ledger.is_idle(now, LEDGER_IDLE));
        self.fold_closing().await;
        let open: Vec<Arc<Ledger>> = self.kept().open.values().map(Arc::clone).collect();
        for tidied in join_all(open.iter().map(|ledger| ledger.tidy(now, LEDGER_IDLE))).await {
            log_error(tidied, "the unused part of a budget could not be returned");
        }
    }

    /// Folds every ledger, and returns the unused slices of those that have open calls. The process may make no
    /// further call. Errors are logged; the budgets then keep what the ledgers hold until the day ends.
    pub async fn close(&self) {
        self.close_where(|_, _| true);
        self.fold_closing().await;
        let (now, open) = (self.clock.now(), std::mem::take(&mut self.kept().open));
        for tidied in join_all(open.values().map(|ledger| ledger.tidy(now, Duration::ZERO))).await {
            log_error(tidied, "the unused part of a budget could not be returned");
        }
    }

    /// Closes the ledgers for which `applies` and that have no open call.
    fn close_where(&self, applies: impl Fn(Day, &Ledger) -> bool) {
        let mut kept = self.kept();
        let Kept { open, closing } = &mut *kept;
        open.retain(|(_, day), ledger| {
            let is_closed = applies(*day, ledger) && ledger.close();
            if is_closed {
                closing.push(Arc::clone(ledger));
            }
            !is_closed
        });
    }

    async fn fold_closing(&self) {
        let closing = self.kept().closing.clone();
        let fold = |ledger: Arc<Ledger>| async move {
            let folded = ledger.fold().await;
            if folded.is_ok() {
                self.kept().closing.retain(|kept| !Arc::ptr_eq(kept, &ledger));
            }
            log_error(folded, "a ledger could not be folded");
        };
        join_all(closing.into_iter().map(fold)).await;
    }
}

fn log_error(result: Result<(), AwsError>, message: &'static str) {
    if let Err(error) = result {
        tracing::warn!(error = %error, "{message}");
    }
}
