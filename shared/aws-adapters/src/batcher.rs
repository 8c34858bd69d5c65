//! Lets concurrent calls travel in one request.
//!
//! A call that finds no request under way is sent at once and alone. Calls that arrive while a request is under
//! way wait for it to end, or until they fill a request of their own, and then travel together. No call waits for
//! company: the lower the load, the less a call waits, and at rest it waits for nothing. A request that takes
//! unusually long delays no other call.

use std::{
    collections::VecDeque,
    fmt::{self, Debug, Formatter},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt as _, TryFutureExt as _,
    future::{BoxFuture, join_all},
};
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};
use tracing::{Instrument, Span};

#[cfg(test)]
mod tests;

/// Maximum number of requests of one batcher that are under way at the same time.
const REQUESTS_MAX: usize = 16;

/// Time after which calls no longer wait for a request that is under way. Requests to SQS and DynamoDB normally take
/// less than a tenth of it.
const PATIENCE: Duration = Duration::from_millis(250);

/// Maximum number of times that a call is sent whose entry the service refuses for the moment.
const TRIES_MAX: u32 = 5;

/// Delay before a refused call is sent a second time. It doubles each time.
const FIRST_DELAY: Duration = Duration::from_millis(50);

/// Sends entries of type `E`, and returns a result of type `R` for each, in the same order.
type SendEntries<E, R> = dyn Fn(Vec<E>) -> BoxFuture<'static, Vec<R>> + Send + Sync;

/// Joins calls into requests. Clones join each other's calls.
pub(crate) struct Batcher<E, R>(Arc<Shared<E, R>>);

struct Shared<E, R> {
    /// Maximum number of entries of one request.
    entries_max: usize,
    /// Time after which calls no longer wait for a request that is under way.
    patience: Duration,
    send: Box<SendEntries<E, R>>,
    state: Mutex<State<E, R>>,
}

struct State<E, R> {
    waiting: VecDeque<Call<E, R>>,
    /// Number of requests that are under way.
    under_way: usize,
    /// How many of them take so long that calls no longer wait for them.
    slow: usize,
}

/// A call that waits for its request.
struct Call<E, R> {
    entry: E,
    span: Span,
    result: oneshot::Sender<R>,
}

/// The request of a call ended without a result, because it panicked or the runtime is shutting down. The service
/// may have carried the call out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost;

impl<E, R> Clone for Batcher<E, R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E, R> Debug for Batcher<E, R> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Batcher").field("entries_max", &self.0.entries_max).finish_non_exhaustive()
    }
}

impl<E, R> Batcher<E, R>
where
    E: Send + 'static,
    R: Send + 'static,
{
    /// Returns a batcher of requests with up to `entries_max` entries each, which `send` sends. `send` returns one
    /// result per entry, in the order of the entries.
    pub(crate) fn new(
        entries_max: usize,
        send: impl Fn(Vec<E>) -> BoxFuture<'static, Vec<R>> + Send + Sync + 'static,
    ) -> Self {
        Self::with(entries_max.max(1), PATIENCE, Box::new(send))
    }

    /// Returns a batcher that never has more than one request under way, however long it takes.
    pub(crate) fn one_at_a_time(
        send: impl Fn(Vec<E>) -> BoxFuture<'static, Vec<R>> + Send + Sync + 'static,
    ) -> Self {
        Self::with(usize::MAX, Duration::MAX, Box::new(send))
    }

    fn with(entries_max: usize, patience: Duration, send: Box<SendEntries<E, R>>) -> Self {
        let state = Mutex::new(State { waiting: VecDeque::new(), under_way: 0, slow: 0 });
        Self(Arc::new(Shared { entries_max, patience, send, state }))
    }

    /// Sends `entry`, alone or together with others, and returns its own result. The entry is sent again, up to five
    /// times in all, while `is_refused` says of its result that the service refuses it for the moment; it waits
    /// outside every request, so that it delays no other. If the returned future is dropped before the request is
    /// sent, the entry is not sent.
    ///
    /// # Errors
    /// Returns [`Lost`] if the request ended without a result.
    pub(crate) async fn call(&self, entry: E, is_refused: impl Fn(&R) -> bool) -> Result<R, Lost>
    where
        E: Clone,
    {
        self.call_all([entry], is_refused).await.pop().unwrap_or(Err(Lost))
    }

    /// Does the same as [`Self::call`] for many entries, which share as few requests as possible. Returns a
    /// result for each, in the same order.
    pub(crate) async fn call_all(
        &self,
        entries: impl IntoIterator<Item = E>,
        is_refused: impl Fn(&R) -> bool,
    ) -> Vec<Result<R, Lost>>
    where
        E: Clone,
    {
        let entries: Vec<E> = entries.into_iter().collect();
        let mut results = join_all(self.add(entries.iter().cloned())).await;
        for tries in 1..TRIES_MAX {
            let refused: Vec<usize> =
                (0..results.len()).filter(|index| results[*index].as_ref().is_ok_and(&is_refused)).collect();
            if refused.is_empty() {
                break;
            }
            sleep(FIRST_DELAY * 2_u32.pow(tries - 1)).await;
            let again = join_all(self.add(refused.iter().map(|index| entries[*index].clone()))).await;
            for (index, result) in refused.into_iter().zip(again) {
                results[index] = result;
            }
        }
        results
    }

    /// Adds entries to those that wait, and returns a future of the result of each.
    fn add(&self, entries: impl IntoIterator<Item = E>) -> Vec<impl Future<Output = Result<R, Lost>>> {
        let mut received = Vec::new();
        let mut state = self.0.state();
        for entry in entries {
            let (result, answer) = oneshot::channel();
            state.waiting.push_back(Call { entry, span: Span::current(), result });
            received.push(answer.map_err(|_| Lost));
        }
        drop(state);
        self.0.start();
        received
    }
}

impl<E, R> State<E, R> {
    /// Takes the calls of a request that can start now: one if no other is under way, and each full one.
    fn next_request(&mut self, entries_max: usize) -> Option<Vec<Call<E, R>>> {
        let must_wait = self.under_way > self.slow && self.waiting.len() < entries_max;
        if must_wait || self.under_way >= REQUESTS_MAX {
            return None;
        }
        let mut calls = Vec::new();
        while calls.len() < entries_max
            && let Some(call) = self.waiting.pop_front()
        {
            // Nobody waits for a dropped call any more.
            if !call.result.is_closed() {
                calls.push(call);
            }
        }
        self.under_way += usize::from(!calls.is_empty());
        Some(calls).filter(|calls| !calls.is_empty())
    }
}

impl<E, R> Shared<E, R>
where
    E: Send + 'static,
    R: Send + 'static,
{
    fn state(&self) -> MutexGuard<'_, State<E, R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the requests that need not wait.
    fn start(self: &Arc<Self>) {
        loop {
            let Some(calls) = self.state().next_request(self.entries_max) else { return };
            // Not under the lock: a runtime that is shutting down drops the task here, which frees its place.
            tokio::spawn(self.place().run(calls));
        }
    }

    fn place(self: &Arc<Self>) -> Place<E, R> {
        Place { shared: Arc::clone(self), is_slow: false, has_ended: false }
    }
}

/// The place of a request that is under way. It is freed even if its task is cancelled.
struct Place<E, R>
where
    E: Send + 'static,
    R: Send + 'static,
{
    shared: Arc<Shared<E, R>>,
    is_slow: bool,
    has_ended: bool,
}

impl<E, R> Place<E, R>
where
    E: Send + 'static,
    R: Send + 'static,
{
    /// Sends the request of `calls`, and then starts those that waited for it.
    async fn run(mut self, calls: Vec<Call<E, R>>) {
        self.send(calls).await;
        self.has_ended = true;
        let shared = Arc::clone(&self.shared);
        drop(self);
        shared.start();
    }

    async fn send(&mut self, calls: Vec<Call<E, R>>) {
        // A request of several traces belongs to none of them.
        let span = if calls.len() == 1 { calls[0].span.clone() } else { Span::none() };
        let (entries, results): (Vec<E>, Vec<oneshot::Sender<R>>) =
            calls.into_iter().map(|call| (call.entry, call.result)).unzip();
        // A panic loses the calls of its request only; the panic hook reports it.
        let mut sending = AssertUnwindSafe((self.shared.send)(entries).instrument(span)).catch_unwind();
        let answers = match timeout(self.shared.patience, &mut sending).await {
            Ok(answers) => answers,
            Err(_) => {
                self.is_slow = true;
                self.shared.state().slow += 1;
                self.shared.start();
                sending.await
            }
        };
        for (result, answer) in results.into_iter().zip(answers.unwrap_or_default()) {
            // The caller may have stopped waiting.
            let _ = result.send(answer);
        }
    }
}

impl<E, R> Drop for Place<E, R>
where
    E: Send + 'static,
    R: Send + 'static,
{
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.under_way -= 1;
        state.slow -= usize::from(self.is_slow);
        // The runtime is shutting down, so nothing can send the calls that wait: they are lost.
        let waiting = if self.has_ended { VecDeque::new() } else { std::mem::take(&mut state.waiting) };
        drop(state);
        drop(waiting);
    }
}
