//! Tells whether the message of a report may still wait in the queue, from the messages that this worker has
//! received. The sweeper asks, so that it does not send the messages of a backlog again.
//!
//! SQS does not tell whether a message is in a queue. But it delivers messages roughly in the order in which
//! they were sent, so a message that is much older than all those that arrive now is not there any more.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{identity::Tenant, time::UtcTime};

/// How long a received message says something about the queue.
const WINDOW: Duration = Duration::from_secs(600);
/// Number of messages that are remembered of each tenant.
const SAMPLES_MAX: usize = 16;
/// Number of messages below which nothing is concluded.
const SAMPLES_MIN: usize = 3;
/// Maximum number of tenants whose messages are remembered.
const TENANTS_MAX: usize = 1_000;
/// By how many grace periods a message of another tenant must be younger, to show that a message has been
/// passed. SQS fair queues deliver messages of tenants with few messages earlier than those of tenants with
/// many ("Amazon SQS fair queues").
const OTHER_TENANT_GRACES: u32 = 15;

/// The messages that this worker has received recently.
#[derive(Debug)]
pub(crate) struct QueueWitness {
    /// By how much the order of messages may differ from the order in which they were sent.
    grace: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    by_tenant: HashMap<Tenant, Samples>,
    of_all: Samples,
    table_failed_at: Option<UtcTime>,
    seen_empty_at: Option<UtcTime>,
}

/// The newest messages: when each was received, and when it was sent.
#[derive(Debug, Default)]
struct Samples(VecDeque<(UtcTime, UtcTime)>);

impl QueueWitness {
    /// Creates a witness for a queue whose messages are at most `grace` out of order.
    pub(crate) fn new(grace: Duration) -> Self {
        Self { grace, state: Mutex::default() }
    }

    /// Records that a message of `tenant`, sent at `sent_at`, was received at `now` for the first time.
    pub(crate) fn received(&self, tenant: &Tenant, sent_at: UtcTime, now: UtcTime) {
        let mut state = self.state();
        state.of_all.add(sent_at, now);
        if let Some(samples) = state.by_tenant.get_mut(tenant) {
            samples.add(sent_at, now);
            return;
        }
        if state.by_tenant.len() >= TENANTS_MAX {
            state.by_tenant.retain(|_, samples| samples.recent(now).next().is_some());
        }
        if state.by_tenant.len() >= TENANTS_MAX {
            return;
        }
        state.by_tenant.entry(tenant.clone()).or_default().add(sent_at, now);
    }

    /// Records that a message was hidden at `now` because the table did not answer.
    pub(crate) fn table_failed(&self, now: UtcTime) {
        self.state().table_failed_at = Some(now);
    }

    /// Returns whether messages may be hidden at `now` for up to `longest` because the table did not answer
    /// when they were received.
    pub(crate) fn may_hide_messages(&self, now: UtcTime, longest: Duration) -> bool {
        self.state().table_failed_at.is_some_and(|failed_at| now.since(failed_at) <= longest)
    }

    /// Records that the queue had no message to receive at `now`.
    pub(crate) fn saw_empty_queue(&self, now: UtcTime) {
        self.state().seen_empty_at = Some(now);
    }

    /// Returns whether the queue had no message to receive at `time` or later: a message that was visible then
    /// is gone.
    pub(crate) fn was_empty_since(&self, time: UtcTime) -> bool {
        self.state().seen_empty_at.is_some_and(|seen_at| seen_at >= time)
    }

    /// Returns whether this worker has received messages lately. If it has not, it cannot tell what is in the
    /// queue.
    pub(crate) fn receives(&self, now: UtcTime) -> bool {
        self.state().of_all.recent(now).next().is_some()
    }

    /// Returns whether the queue has passed a message of `tenant` that was sent at `sent_at`: all messages of
    /// the tenant that arrived lately are younger, or, if none arrived, all messages are much younger.
    pub(crate) fn has_passed(&self, tenant: &Tenant, sent_at: UtcTime, now: UtcTime) -> bool {
        let state = self.state();
        let of_tenant = state.by_tenant.get(tenant).and_then(|samples| samples.oldest(now));
        match of_tenant {
            Some(oldest) => sent_at.plus(self.grace) < oldest,
            None => state
                .of_all
                .oldest(now)
                .is_some_and(|oldest| sent_at.plus(self.grace * OTHER_TENANT_GRACES) < oldest),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Samples {
    fn add(&mut self, sent_at: UtcTime, now: UtcTime) {
        if self.0.len() == SAMPLES_MAX {
            self.0.pop_front();
        }
        self.0.push_back((now, sent_at));
    }

    /// Returns when each of the messages was sent that were received lately.
    fn recent(&self, now: UtcTime) -> impl Iterator<Item = UtcTime> {
        self.0.iter().filter(move |(received, _)| now.since(*received) <= WINDOW).map(|(_, sent)| *sent)
    }

    /// Returns when the oldest of these messages was sent, or `None` if there are too few.
    fn oldest(&self, now: UtcTime) -> Option<UtcTime> {
        (self.recent(now).count() >= SAMPLES_MIN).then(|| self.recent(now).min()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UtcTime {
        UtcTime::from_epoch_millis(seconds * 1000)
    }

    fn tenant(name: &str) -> Tenant {
        name.parse().unwrap()
    }

    fn witness() -> QueueWitness {
        QueueWitness::new(Duration::from_secs(120))
    }

    #[test]
    fn messages_may_be_hidden_for_the_given_time_after_the_table_failed() {
        let (witness, longest) = (witness(), Duration::from_secs(182));
        assert!(!witness.may_hide_messages(at(0), longest));
        witness.table_failed(at(1_000));
        assert!(witness.may_hide_messages(at(1_182), longest));
        assert!(!witness.may_hide_messages(at(1_183), longest));
    }

    #[test]
    fn a_message_of_a_backlog_is_not_passed_however_long_it_waits() {
        let (witness, tenant) = (witness(), tenant("a"));
        // A thousand messages that were sent within five seconds are received during hours.
        for second in 0..10_000 {
            witness.received(&tenant, at(second % 5), at(second));
            assert!(!witness.has_passed(&tenant, at(0), at(second)));
        }
    }

    #[test]
    fn a_message_that_is_older_than_all_that_arrive_was_passed() {
        let (witness, tenant) = (witness(), tenant("a"));
        for second in 0..2 {
            witness.received(&tenant, at(1_000 + second), at(1_100));
            assert!(!witness.has_passed(&tenant, at(0), at(1_100)), "two messages prove nothing");
        }
        witness.received(&tenant, at(1_000), at(1_100));
        assert!(witness.has_passed(&tenant, at(0), at(1_100)));
        assert!(!witness.has_passed(&tenant, at(900), at(1_100)), "the order of messages is not exact");
        assert!(!witness.has_passed(&tenant, at(0), at(1_800)), "what arrived long ago proves nothing");
    }

    #[test]
    fn the_messages_of_other_tenants_count_only_if_they_are_much_younger() {
        let (witness, busy, quiet) = (witness(), tenant("a"), tenant("b"));
        for _ in 0..3 {
            witness.received(&busy, at(5_000), at(5_001));
        }
        assert!(witness.has_passed(&quiet, at(3_000), at(5_002)));
        assert!(!witness.has_passed(&quiet, at(4_000), at(5_002)));
        assert!(witness.has_passed(&busy, at(4_000), at(5_002)));
    }

    #[test]
    fn a_queue_that_was_empty_holds_no_older_message() {
        let witness = witness();
        assert!(!witness.was_empty_since(at(0)));
        witness.saw_empty_queue(at(100));
        assert!(witness.was_empty_since(at(100)) && !witness.was_empty_since(at(101)));
    }

    #[test]
    fn memory_is_bounded() {
        let witness = witness();
        for number in 0..3_000 {
            witness.received(&tenant(&format!("t{number}")), at(number), at(number / 10));
        }
        assert_eq!(witness.state().by_tenant.len(), TENANTS_MAX);
    }
}
