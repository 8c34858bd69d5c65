//! Queues the requests of this worker to a service that accepts few of them. Turns are shared by all workers,
//! requests of one worker take them in the order of their arrival.

use std::{
    collections::VecDeque,
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_adapters::turns::{Turn, Turns};
use futures::future::BoxFuture;
use service_runtime::clock::Clock;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep},
};

use crate::error::SourceError;

/// The turns of all workers at a service. Tests replace those in the table, to queue for hours while the time
/// of the runtime is paused.
pub(crate) trait TurnBudget: Debug + Send + Sync {
    /// Takes the next free turn, and returns the time until it comes.
    ///
    /// # Errors
    /// Returns [`SourceError`] if it comes after more than `patience`, or no turn can be taken.
    fn take(&self, patience: Duration) -> BoxFuture<'_, Result<Duration, SourceError>>;

    /// Lets no turn begin for `wait`.
    fn hold(&self, wait: Duration) -> BoxFuture<'_, ()>;

    /// Returns whether turns are held at present.
    fn is_held(&self) -> BoxFuture<'_, bool>;
}

/// The turns in the table.
#[derive(Debug)]
pub(crate) struct SharedTurns {
    pub(crate) turns: Turns,
    pub(crate) clock: Clock,
}

impl TurnBudget for SharedTurns {
    fn take(&self, patience: Duration) -> BoxFuture<'_, Result<Duration, SourceError>> {
        Box::pin(async move {
            let now = self.clock.now();
            match self.turns.take(now, now.plus(patience)).await {
                Ok(Turn::At(time)) => Ok(time.since(self.clock.now())),
                Ok(Turn::TooLate) => Err(SourceError::Unavailable(format!(
                    "so many requests wait for it that the next turn comes after more than {} s",
                    patience.as_secs()
                ))),
                Err(error) => {
                    Err(SourceError::Unavailable(format!("the turns of all workers cannot be read: {error}")))
                }
            }
        })
    }

    fn hold(&self, wait: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let now = self.clock.now();
            if let Err(error) = self.turns.hold(now, now.plus(wait)).await {
                tracing::warn!(error = %error, "could not tell other workers that a service limits requests");
            }
        })
    }

    fn is_held(&self) -> BoxFuture<'_, bool> {
        Box::pin(async {
            match self.turns.held_until().await {
                Ok(until) => until.is_some_and(|until| until > self.clock.now()),
                // The service refuses a request that comes too early.
                Err(_) => false,
            }
        })
    }
}

/// The queue of this worker. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct TurnQueue {
    budget: Arc<dyn TurnBudget>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// The requests that wait, in the order of their arrival.
    waiting: VecDeque<Waiting>,
    /// The number of turns that have been taken, or are being taken, and have not come yet. A turn belongs to
    /// whoever is first when it comes, so the turn of a request that is given up is not lost.
    coming: usize,
    last_number: u64,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    answer: oneshot::Sender<Result<(), SourceError>>,
}

/// The place of a request in the queue, which it leaves when this is dropped.
struct Place {
    state: Arc<Mutex<State>>,
    number: u64,
    answer: oneshot::Receiver<Result<(), SourceError>>,
}

impl TurnQueue {
    /// Creates an empty queue.
    pub(crate) fn new(budget: impl TurnBudget + 'static) -> Self {
        Self { budget: Arc::new(budget), state: Arc::default() }
    }

    /// Waits for the next turn, but not for longer than `patience`: a request for which no turn comes in time
    /// is refused at once.
    ///
    /// # Errors
    /// Returns [`SourceError`] if no turn comes in time, or none can be taken.
    pub(crate) async fn wait(&self, patience: Duration) -> Result<(), SourceError> {
        let (sender, answer) = oneshot::channel();
        let (number, needs_turn) = {
            let mut state = lock(&self.state);
            state.last_number += 1;
            let number = state.last_number;
            state.waiting.push_back(Waiting { number, answer: sender });
            let needs_turn = state.coming < state.waiting.len();
            state.coming += usize::from(needs_turn);
            (number, needs_turn)
        };
        let mut place = Place { state: Arc::clone(&self.state), number, answer };
        if needs_turn {
            // A task of its own, because the turn serves another request if this one is given up.
            tokio::spawn(take_turn(Arc::clone(&self.budget), Arc::clone(&self.state), number, patience));
        }
        let closed = |_| Err(SourceError::Unavailable("its queue was closed".to_owned()));
        (&mut place.answer).await.unwrap_or_else(closed)
    }

    /// Lets no turn begin for `wait`, because the service asks for that.
    pub(crate) async fn hold(&self, wait: Duration) {
        self.budget.hold(wait).await;
    }
}

/// Takes a turn for the request `number`, waits until it comes, and gives it to whoever is first by then.
async fn take_turn(budget: Arc<dyn TurnBudget>, state: Arc<Mutex<State>>, number: u64, patience: Duration) {
    let latest = Instant::now() + patience;
    loop {
        match budget.take(latest.duration_since(Instant::now())).await {
            Err(why) => return lock(&state).refuse(number, why),
            Ok(wait) if wait.is_zero() => break,
            Ok(wait) => {
                sleep(wait).await;
                // The service may have asked for a pause since the turn was taken.
                if !budget.is_held().await {
                    break;
                }
            }
        }
    }
    let mut state = lock(&state);
    state.coming = state.coming.saturating_sub(1);
    state.serve_first();
}

impl State {
    /// Gives a turn to the first request that still waits.
    fn serve_first(&mut self) {
        while let Some(first) = self.waiting.pop_front() {
            if first.answer.send(Ok(())).is_ok() {
                return;
            }
        }
    }

    /// Records that no turn comes for the request `number`. If it has got another turn meanwhile, the last
    /// request is refused, for which no turn is left.
    fn refuse(&mut self, number: u64, why: SourceError) {
        self.coming = self.coming.saturating_sub(1);
        if self.coming >= self.waiting.len() {
            return;
        }
        let position = self.waiting.iter().position(|waiting| waiting.number == number);
        let refused = match position {
            Some(position) => self.waiting.remove(position),
            None => self.waiting.pop_back(),
        };
        if let Some(refused) = refused {
            let _ = refused.answer.send(Err(why));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.waiting.retain(|waiting| waiting.number != self.number);
        // The turn came, but the request was given up before it noticed.
        if matches!(self.answer.try_recv(), Ok(Ok(()))) {
            state.serve_first();
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
