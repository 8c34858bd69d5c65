//! The state of a ledger in the memory of the process that keeps it.

use std::collections::BTreeMap;

use domain::{
    time::UtcTime,
    usage::{MicroUsd, TenantUsage},
};

use super::books::Books;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was answered, and this is what it used.
    Settled(TenantUsage),
    /// Its result is not known, so its amount stays reserved.
    Lost(MicroUsd),
}

/// The outcome of [`LedgerState::reserve`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// The amount is reserved for the call with this number.
    Reserved(u64),
    /// The slice must grow first, or the ledger is not known to the day item yet.
    NoRoom,
    /// The ledger takes no further calls.
    Closed,
}

/// The state of a ledger.
#[derive(Debug)]
pub(super) struct LedgerState {
    /// What the table holds.
    stored: Books,
    /// The calls without an outcome, with their amounts.
    open: BTreeMap<u64, MicroUsd>,
    /// Outcomes that are not stored yet.
    ended: BTreeMap<u64, Outcome>,
    /// The number of the next call.
    next: u64,
    /// The amount that the ledger may use, which is never more than the day item grants. `None` until the day item
    /// names the ledger.
    slice: Option<MicroUsd>,
    is_closed: bool,
    /// Whether the table must learn that no call is open.
    must_write: bool,
    used_at: UtcTime,
}

impl LedgerState {
    /// Returns the state of a new ledger.
    pub(super) fn new(now: UtcTime) -> Self {
        Self {
            stored: Books::default(),
            open: BTreeMap::new(),
            ended: BTreeMap::new(),
            next: 0,
            slice: None,
            is_closed: false,
            must_write: false,
            used_at: now,
        }
    }

    /// Returns what was spent or is reserved, stored or not.
    pub(super) fn used(&self) -> MicroUsd {
        let ended = self.ended.values().map(|outcome| match outcome {
            Outcome::Settled(spent) => spent.cost,
            Outcome::Lost(amount) => *amount,
        });
        self.stored.used().plus(self.open.values().copied().chain(ended).sum())
    }

    /// Returns when a call last began or ended.
    pub(super) fn used_at(&self) -> UtcTime {
        self.used_at
    }

    /// Reserves `amount` if there is room in the slice, or if there is no budget.
    pub(super) fn reserve(&mut self, amount: MicroUsd, has_budget: bool, now: UtcTime) -> Attempt {
        if self.is_closed {
            return Attempt::Closed;
        }
        match self.slice {
            Some(slice) if !has_budget || self.used().plus(amount) <= slice => {}
            _ => return Attempt::NoRoom,
        }
        let call = self.next;
        self.next += 1;
        self.open.insert(call, amount);
        self.used_at = now;
        Attempt::Reserved(call)
    }

    /// Ends `call`: with an outcome, or with `None` if it certainly cost nothing. Has no effect if another worker
    /// has settled it.
    pub(super) fn end(&mut self, call: u64, outcome: Option<Outcome>, now: UtcTime) {
        let was_open = self.open.remove(&call).is_some();
        if let Some(outcome) = outcome.filter(|_| was_open) {
            self.ended.insert(call, outcome);
        }
        self.used_at = now;
    }

    /// Returns the content of the next write, or `None` if the table holds everything.
    pub(super) fn unstored(&self) -> Option<Books> {
        if self.ended.is_empty() && !self.must_write {
            return None;
        }
        let mut books = Books {
            write: self.stored.write + 1,
            next: self.next,
            open: self.open.keys().copied().collect(),
            ..self.stored.clone()
        };
        for outcome in self.ended.values() {
            match outcome {
                Outcome::Settled(spent) => books.usage = books.usage.plus(*spent),
                Outcome::Lost(amount) => books.lost = books.lost.plus(*amount),
            }
        }
        Some(books)
    }

    /// Returns the content of the last write.
    pub(super) fn stored(&self) -> &Books {
        &self.stored
    }

    /// Records that the table holds `books`, which this process wrote.
    pub(super) fn confirm(&mut self, books: Books) {
        self.must_write = false;
        self.adopt(books);
    }

    /// Continues from `books`, which contain the writes of other workers. They have settled calls of this ledger
    /// whose answers they found.
    pub(super) fn adopt(&mut self, books: Books) {
        self.ended.retain(|call, _| !books.contain(*call));
        self.open.retain(|call, _| !books.contain(*call));
        self.next = self.next.max(books.next);
        self.stored = books;
    }

    /// Returns the slice, which is `None` until the day item names the ledger.
    pub(super) fn slice(&self) -> Option<MicroUsd> {
        self.slice
    }

    /// Sets the slice.
    pub(super) fn set_slice(&mut self, slice: MicroUsd) {
        self.slice = Some(slice);
    }

    /// Gives up the unused part of the slice, so that no call can use it.
    pub(super) fn give_up_unused(&mut self) {
        let used = self.used();
        self.slice = self.slice.map(|slice| slice.min(used));
    }

    /// Returns what is used if it is more than the slice grants, as after a call that cost more than its estimate.
    pub(super) fn uncovered(&self) -> Option<MicroUsd> {
        let used = self.used();
        // Without a budget a ledger has an empty slice.
        self.slice.filter(|slice| *slice > MicroUsd::default() && *slice < used).map(|_| used)
    }

    /// Closes the ledger if no call is open. Returns whether it is closed.
    pub(super) fn close(&mut self) -> bool {
        if self.open.is_empty() && !self.is_closed {
            self.is_closed = true;
            self.must_write = self.stored.write > 0;
        }
        self.is_closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(millionths: u64) -> MicroUsd {
        MicroUsd::new(millionths)
    }

    fn spent(cost: u64) -> Option<Outcome> {
        Some(Outcome::Settled(TenantUsage { cost: usd(cost), model_calls: 1, ..TenantUsage::default() }))
    }

    fn now() -> UtcTime {
        UtcTime::from_epoch_millis(0)
    }

    fn with_slice(slice: u64) -> LedgerState {
        let mut state = LedgerState::new(now());
        assert_eq!(state.reserve(usd(1), false, now()), Attempt::NoRoom, "the day item does not name it");
        state.set_slice(usd(slice));
        state
    }

    #[test]
    fn calls_use_the_slice_until_it_is_full_and_what_they_leave_can_be_used_again() {
        let mut state = with_slice(250);
        assert_eq!(state.reserve(usd(100), true, now()), Attempt::Reserved(0));
        assert_eq!(state.reserve(usd(100), true, now()), Attempt::Reserved(1));
        assert_eq!(state.reserve(usd(100), true, now()), Attempt::NoRoom);
        state.end(0, spent(40), now());
        assert_eq!(state.reserve(usd(100), true, now()), Attempt::Reserved(2));
        state.end(1, Some(Outcome::Lost(usd(100))), now());
        assert_eq!(state.reserve(usd(11), true, now()), Attempt::NoRoom, "a lost call keeps its amount");
        state.end(2, None, now());
        assert_eq!(state.reserve(usd(110), true, now()), Attempt::Reserved(3));
        assert_eq!(state.used(), usd(250));
        assert_eq!(state.reserve(usd(9_999), false, now()), Attempt::Reserved(4), "there is no budget");
    }

    #[test]
    fn outcomes_that_arrive_during_a_write_are_in_the_next_one() {
        let mut state = with_slice(1_000);
        for call in 0..3 {
            assert_eq!(state.reserve(usd(100), true, now()), Attempt::Reserved(call));
        }
        assert_eq!(state.unstored(), None);
        state.end(0, spent(40), now());
        let first = state.unstored().unwrap();
        assert_eq!((first.write, first.next, first.open.len()), (1, 3, 2));
        state.end(2, spent(50), now());
        assert_eq!(state.reserve(usd(100), true, now()), Attempt::Reserved(3));
        state.confirm(first);
        let second = state.unstored().unwrap();
        assert_eq!((second.write, second.usage.cost, second.usage.model_calls), (2, usd(90), 2));
        assert!(second.contain(2) && !second.contain(1) && !second.contain(3));
        state.confirm(second);
        assert_eq!((state.unstored(), state.used()), (None, usd(290)));
    }

    #[test]
    fn a_cost_that_another_worker_settled_is_not_counted_again() {
        let mut state = with_slice(1_000);
        for call in 0..3 {
            assert_eq!(state.reserve(usd(100), true, now()), Attempt::Reserved(call));
        }
        state.end(0, spent(40), now());
        // Another worker has settled calls 0 and 1 for 41 and 42. This process does not know the end of call 1.
        let usage = TenantUsage { cost: usd(83), model_calls: 2, ..TenantUsage::default() };
        state.adopt(Books { write: 2, next: 2, usage, ..Books::default() });
        assert_eq!((state.unstored(), state.used()), (None, usd(183)));
        state.end(1, spent(42), now());
        state.end(2, spent(50), now());
        let books = state.unstored().unwrap();
        assert_eq!((books.write, books.usage.cost, books.usage.model_calls), (3, usd(133), 3));
    }

    #[test]
    fn a_ledger_closes_only_without_open_calls_and_tells_the_table() {
        let mut state = with_slice(300);
        assert_eq!(state.reserve(usd(100), true, now()), Attempt::Reserved(0));
        assert_eq!(state.reserve(usd(100), true, now()), Attempt::Reserved(1));
        state.end(0, spent(40), now());
        state.confirm(state.unstored().unwrap());
        assert!(!state.close());
        for _ in 0..2 {
            state.give_up_unused();
            assert_eq!(state.slice(), Some(usd(140)));
        }
        state.end(1, None, now());
        assert!(state.close());
        assert_eq!(state.reserve(usd(1), true, now()), Attempt::Closed);
        let books = state.unstored().unwrap();
        assert!(books.open.is_empty() && books.contain(1));
        state.confirm(books);
        assert_eq!(state.unstored(), None);
    }

    #[test]
    fn a_cost_above_its_estimate_is_covered() {
        let mut state = with_slice(100);
        assert_eq!(state.reserve(usd(100), true, now()), Attempt::Reserved(0));
        assert_eq!(state.uncovered(), None);
        state.end(0, spent(130), now());
        assert_eq!(state.uncovered(), Some(usd(130)));
    }
}
