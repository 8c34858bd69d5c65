//! Lets concurrent calls travel in one request.
//!
//! A call that finds no request under way is sent at once and alone. Calls that arrive while a request is under
//! way wait for it to end, or until they fill a request of their own, and then travel together. There is no
//! timer: the lower the load, the less a call waits, and at rest it waits for nothing.

use std::{
    collections::VecDeque,
    fmt::{self, Debug, Formatter},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{
    TryFutureExt as _,
    future::{BoxFuture, join_all},
};
use tokio::sync::oneshot;
use tracing::{Instrument, Span};

/// Maximum number of requests of one batcher that are under way at the same time.
const REQUESTS_MAX: usize = 16;

/// Sends entries of type `E`, and returns a result of type `R` for each, in the same order.
type SendEntries<E, R> = dyn Fn(Vec<E>) -> BoxFuture<'static, Vec<R>> + Send + Sync;

/// Joins calls into requests. Clones join each other's calls.
pub(crate) struct Batcher<E, R>(Arc<Shared<E, R>>);

struct Shared<E, R> {
    /// Maximum number of entries of one request.
    entries_max: usize,
    send: Box<SendEntries<E, R>>,
    state: Mutex<State<E, R>>,
}

struct State<E, R> {
    waiting: VecDeque<Call<E, R>>,
    under_way: usize,
}

/// A call that waits for its request.
struct Call<E, R> {
    entry: E,
    span: Span,
    result: oneshot::Sender<R>,
}

/// The request of a call ended without a result, because its task panicked or the runtime is shutting down. The
/// service may have carried the call out.
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
        let state = Mutex::new(State { waiting: VecDeque::new(), under_way: 0 });
        Self(Arc::new(Shared { entries_max: entries_max.max(1), send: Box::new(send), state }))
    }

    /// Sends `entry`, alone or together with others, and returns its own result. If the returned future is dropped
    /// before its request is sent, the entry is not sent.
    ///
    /// # Errors
    /// Returns [`Lost`] if the request ended without a result.
    pub(crate) async fn call(&self, entry: E) -> Result<R, Lost> {
        let received = self.add([entry]);
        join_all(received).await.pop().unwrap_or(Err(Lost))
    }

    /// Does the same as [`Self::call`] for many entries, which share as few requests as possible. Returns a result
    /// for each, in the same order.
    pub(crate) async fn call_all(&self, entries: impl IntoIterator<Item = E>) -> Vec<Result<R, Lost>> {
        join_all(self.add(entries)).await
    }

    /// Adds entries to those that wait, and returns a future of the result of each.
    fn add(&self, entries: impl IntoIterator<Item = E>) -> Vec<impl Future<Output = Result<R, Lost>>> {
        let mut state = self.0.state();
        let add = |entry| {
            let (result, received) = oneshot::channel();
            state.waiting.push_back(Call { entry, span: Span::current(), result });
            received.map_err(|_| Lost)
        };
        let received = entries.into_iter().map(add).collect();
        self.0.start(&mut state);
        received
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

    /// Starts a request if none is under way, and one for each full request that need not wait.
    fn start(self: &Arc<Self>, state: &mut State<E, R>) {
        // Requests that have started and have not taken their calls yet.
        let mut left = state.waiting.len();
        while left > 0
            && (state.under_way == 0 || (left >= self.entries_max && state.under_way < REQUESTS_MAX))
        {
            left = left.saturating_sub(self.entries_max);
            state.under_way += 1;
            let place = Place(Arc::clone(self));
            tokio::spawn(async move { while place.0.send_next().await {} });
        }
    }

    /// Sends the calls that wait, up to one request. Returns `false` if none waits.
    async fn send_next(&self) -> bool {
        let calls: Vec<Call<E, R>> = {
            let waiting = &mut self.state().waiting;
            let count = waiting.len().min(self.entries_max);
            // Nobody waits for a dropped call any more.
            waiting.drain(..count).filter(|call| !call.result.is_closed()).collect()
        };
        if calls.is_empty() {
            return !self.state().waiting.is_empty();
        }
        // A request of several traces belongs to none of them.
        let span = if calls.len() == 1 { calls[0].span.clone() } else { Span::none() };
        let (entries, results): (Vec<E>, Vec<oneshot::Sender<R>>) =
            calls.into_iter().map(|call| (call.entry, call.result)).unzip();
        let answers = (self.send)(entries).instrument(span).await;
        for (result, answer) in results.into_iter().zip(answers) {
            // The caller may have stopped waiting.
            let _ = result.send(answer);
        }
        true
    }
}

/// The place of a task that sends requests. It is freed even if the task panics.
struct Place<E, R>(Arc<Shared<E, R>>)
where
    E: Send + 'static,
    R: Send + 'static;

impl<E, R> Drop for Place<E, R>
where
    E: Send + 'static,
    R: Send + 'static,
{
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.under_way -= 1;
        // A call may have arrived after the task found none, or the task has panicked.
        if tokio::runtime::Handle::try_current().is_ok() {
            self.0.start(&mut state);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
    use tokio::sync::{Semaphore, mpsc};

    use super::*;

    /// A service that records the entries of each request, and answers each entry with its double once a permit
    /// is available. It panics at entry 13.
    struct Service {
        batcher: Batcher<u32, u32>,
        requests: mpsc::UnboundedReceiver<Vec<u32>>,
        permits: Arc<Semaphore>,
    }

    fn service(entries_max: usize) -> Service {
        let (sender, requests) = mpsc::unbounded_channel();
        let permits = Arc::new(Semaphore::new(0));
        let available = Arc::clone(&permits);
        let batcher = Batcher::new(entries_max, move |entries: Vec<u32>| {
            sender.send(entries.clone()).unwrap();
            let available = Arc::clone(&available);
            async move {
                available.acquire().await.unwrap().forget();
                assert!(!entries.contains(&13), "the service cannot answer 13");
                entries.into_iter().map(|entry| entry * 2).collect()
            }
            .boxed()
        });
        Service { batcher, requests, permits }
    }

    /// Starts a call for each of `entries`, in this order.
    fn start(
        batcher: &Batcher<u32, u32>,
        entries: impl IntoIterator<Item = u32>,
    ) -> Vec<tokio::task::JoinHandle<Result<u32, Lost>>> {
        let call = |entry| {
            let batcher = batcher.clone();
            // Polled once, so that it waits before the next one starts.
            let mut call = async move { batcher.call(entry).await }.boxed();
            assert!((&mut call).now_or_never().is_none());
            tokio::spawn(call)
        };
        entries.into_iter().map(call).collect()
    }

    async fn results(calls: Vec<tokio::task::JoinHandle<Result<u32, Lost>>>) -> Vec<Result<u32, Lost>> {
        join_all(calls).await.into_iter().map(Result::unwrap).collect()
    }

    #[tokio::test]
    async fn a_call_at_rest_is_sent_at_once_and_alone() {
        let mut service = service(10);
        for entry in 1..4 {
            let calls = start(&service.batcher, [entry]);
            assert_eq!(service.requests.recv().await, Some(vec![entry]));
            service.permits.add_permits(1);
            assert_eq!(results(calls).await, [Ok(entry * 2)]);
        }
    }

    #[tokio::test]
    async fn calls_that_arrive_during_a_request_travel_together_and_each_gets_its_own_result() {
        let mut service = service(10);
        let first = start(&service.batcher, [1]);
        assert_eq!(service.requests.recv().await, Some(vec![1]));
        let others = start(&service.batcher, 2..7);
        assert!(service.requests.try_recv().is_err(), "they wait for the first request");
        service.permits.add_permits(2);
        assert_eq!(results(first).await, [Ok(2)]);
        assert_eq!(results(others).await, [Ok(4), Ok(6), Ok(8), Ok(10), Ok(12)]);
        assert_eq!(service.requests.recv().await, Some(vec![2, 3, 4, 5, 6]));
    }

    #[tokio::test]
    async fn calls_that_are_made_together_travel_together() {
        let mut service = service(3);
        service.permits.add_permits(3);
        assert_eq!(
            service.batcher.call_all(1..8).await,
            (1..8).map(|entry| Ok(entry * 2)).collect::<Vec<_>>()
        );
        let mut requests = Vec::new();
        while let Ok(request) = service.requests.try_recv() {
            requests.push(request);
        }
        assert_eq!(requests, [vec![1, 2, 3], vec![4, 5, 6], vec![7]]);
        assert!(service.batcher.call_all([]).await.is_empty());
    }

    #[tokio::test]
    async fn a_full_request_does_not_wait_until_the_maximum_is_under_way() {
        let mut service = service(2);
        let calls = start(&service.batcher, [0]);
        assert_eq!(service.requests.recv().await, Some(vec![0]));
        let count = u32::try_from(REQUESTS_MAX).unwrap() * 2 + 3;
        let mut calls: Vec<_> = calls.into_iter().chain(start(&service.batcher, 20..20 + count)).collect();
        for request in 0..u32::try_from(REQUESTS_MAX).unwrap() - 1 {
            let first = 20 + request * 2;
            assert_eq!(service.requests.recv().await, Some(vec![first, first + 1]));
        }
        tokio::task::yield_now().await;
        assert!(service.requests.try_recv().is_err(), "the maximum is under way");
        service.permits.add_permits(1_000);
        assert!(results(calls.split_off(0)).await.into_iter().all(|result| result.is_ok()));
        let mut rest = Vec::new();
        while let Ok(request) = service.requests.try_recv() {
            assert!(request.len() <= 2);
            rest.extend(request);
        }
        assert_eq!(rest.len(), 5);
    }

    #[tokio::test]
    async fn a_call_that_is_dropped_before_its_request_is_not_sent() {
        let mut service = service(10);
        let first = start(&service.batcher, [1]);
        assert_eq!(service.requests.recv().await, Some(vec![1]));
        let dropped = start(&service.batcher, [2]);
        let others = start(&service.batcher, [3]);
        for call in dropped {
            call.abort();
            assert!(call.await.unwrap_err().is_cancelled());
        }
        service.permits.add_permits(2);
        assert_eq!(results(others).await, [Ok(6)]);
        assert_eq!(results(first).await, [Ok(2)]);
        assert_eq!(service.requests.recv().await, Some(vec![3]));
    }

    #[tokio::test]
    async fn a_panic_loses_the_calls_of_its_request_and_no_others() {
        let mut service = service(10);
        let first = start(&service.batcher, [13]);
        assert_eq!(service.requests.recv().await, Some(vec![13]));
        let others = start(&service.batcher, [4, 5]);
        service.permits.add_permits(3);
        assert_eq!(results(first).await, [Err(Lost)]);
        assert_eq!(results(others).await, [Ok(8), Ok(10)]);
        assert_eq!(results(start(&service.batcher, [6])).await, [Ok(12)]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_call_is_forgotten_or_answered_twice_under_load() {
        let service = service(10);
        service.permits.add_permits(1_000_000);
        let callers = (0..64_u32).map(|caller| {
            let batcher = service.batcher.clone();
            tokio::spawn(async move {
                for number in 0..200 {
                    let entry = 1_000 + caller * 1_000 + number;
                    assert_eq!(batcher.call(entry).await, Ok(entry * 2));
                }
            })
        });
        let mut callers: FuturesUnordered<_> = callers.collect();
        while let Some(ended) = callers.next().await {
            ended.unwrap();
        }
        let mut requests = service.requests;
        let mut entries = Vec::new();
        while let Ok(request) = requests.try_recv() {
            entries.extend(request);
        }
        entries.sort_unstable();
        let expected: Vec<u32> =
            (0..64).flat_map(|caller| (0..200).map(move |number| 1_000 + caller * 1_000 + number)).collect();
        assert_eq!(entries, expected);
    }
}
