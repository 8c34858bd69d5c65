//! The load generator: submits in an open or a closed loop, on a thread of its own, so that its CPU time can be
//! told from that of the embedded AWS in the same process.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context as _;
use service_runtime::clock;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::client::LoadClient;
use super::options::{Limit, Pace};
use super::pacer::{self, Arrival};
use super::process_usage;
use super::submission::{Answer, NoAnswer, Submission};

/// Most requests of an open loop at a time. A submission that is due when all of them wait for an answer is
/// sent later; its latency counts from the time at which it was due.
const MAX_REQUESTS: usize = 256;
/// Time that requests in flight have after the test was ended.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// The running load generator.
pub(super) struct Generator {
    answered: UnboundedReceiver<Submission>,
    thread: JoinHandle<anyhow::Result<Option<Duration>>>,
}

impl Generator {
    /// Starts to submit with `client`.
    ///
    /// # Errors
    /// Returns an error if the thread cannot be started.
    pub(super) fn start(
        pace: Pace,
        limit: Limit,
        client: LoadClient,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let (sender, answered) = unbounded_channel();
        let thread = thread::Builder::new()
            .name("load-generator".to_owned())
            .spawn(move || generate(pace, limit, client, sender, &stop))
            .context("the thread of the load generator could not be started")?;
        Ok(Self { answered, thread })
    }

    /// Moves the submissions that were answered since the last call to `submissions`. Returns whether more can
    /// follow.
    pub(super) fn receive(&mut self, submissions: &mut Vec<Submission>) -> bool {
        loop {
            match self.answered.try_recv() {
                Ok(submission) => submissions.push(submission),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Waits until every submission was answered, moves the last ones to `submissions`, and returns the CPU
    /// time of the generator, if the system tells it.
    ///
    /// # Errors
    /// Returns an error if the generator could not run or panicked.
    pub(super) async fn finish(
        mut self,
        submissions: &mut Vec<Submission>,
    ) -> anyhow::Result<Option<Duration>> {
        while let Some(submission) = self.answered.recv().await {
            submissions.push(submission);
        }
        let ended = tokio::task::spawn_blocking(move || self.thread.join()).await?;
        ended.ok().context("the load generator panicked")?
    }
}

/// Runs the loop on the current thread. Returns the CPU time of the generator, if the system tells it.
fn generate(
    pace: Pace,
    limit: Limit,
    client: LoadClient,
    answered: UnboundedSender<Submission>,
    stop: &CancellationToken,
) -> anyhow::Result<Option<Duration>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime of the load generator could not be started")?;
    let client = Arc::new(client);
    let submit = move |number| {
        let client = Arc::clone(&client);
        async move { client.submit(number).await }
    };
    let recorder = Recorder { start: Instant::now(), answered, stop: stop.clone() };
    let pacing = match pace {
        Pace::Open(arrivals) => {
            let (due, announced) = unbounded_channel();
            thread::scope(|scope| {
                let start = recorder.start.into_std();
                let pacer = thread::Builder::new()
                    .name("load-pacer".to_owned())
                    .spawn_scoped(scope, move || pacer::announce(arrivals, limit, start, &due, stop))
                    .context("the thread that paces the load could not be started")?;
                runtime.block_on(open_loop(announced, recorder, submit));
                pacer.join().ok().context("the thread that paces the load panicked")
            })?
        }
        Pace::Closed { clients, ramp } => {
            runtime.block_on(closed_loop(clients, ramp, limit, recorder, submit));
            Some(Duration::ZERO)
        }
    };
    Ok(process_usage::cpu_of_this_thread().zip(pacing).map(|(submitting, pacing)| submitting + pacing))
}

/// Measures and records submissions.
#[derive(Debug, Clone)]
struct Recorder {
    start: Instant,
    answered: UnboundedSender<Submission>,
    stop: CancellationToken,
}

impl Recorder {
    /// Sends the submission `number`, which is due at the time `due` after the start, and records its answer.
    async fn record(&self, number: u64, due: Duration, submit: impl Future<Output = Answer>) {
        let due_at = clock::now().minus(self.start.elapsed().saturating_sub(due));
        let delay = self.start.elapsed().saturating_sub(due);
        let answer = tokio::select! {
            answer = submit => answer,
            () = async { self.stop.cancelled().await; sleep(STOP_GRACE).await } => {
                Answer::None(NoAnswer::Interrupted)
            }
        };
        let latency = self.start.elapsed().saturating_sub(due);
        // Nobody receives the submissions of a test that failed.
        let _ = self.answered.send(Submission { number, due_at, delay, latency, answer });
    }
}

/// Sends each submission as soon as it arrives, whether or not earlier ones were answered, but at most
/// [`MAX_REQUESTS`] at a time. Returns when every submission was answered.
async fn open_loop<S, A>(mut arrivals: UnboundedReceiver<Arrival>, recorder: Recorder, submit: S)
where
    S: Fn(u64) -> A,
    A: Future<Output = Answer> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(MAX_REQUESTS));
    let mut requests = JoinSet::new();
    loop {
        let next = async {
            let permit = Arc::clone(&permits).acquire_owned().await.ok()?;
            Some((permit, arrivals.recv().await?))
        };
        let (permit, arrival) = tokio::select! {
            biased;
            () = recorder.stop.cancelled() => break,
            next = next => match next {
                Some(next) => next,
                None => break,
            },
        };
        let (recorder, answer) = (recorder.clone(), submit(arrival.number));
        requests.spawn(async move {
            recorder.record(arrival.number, arrival.due, answer).await;
            drop(permit);
        });
        // Forgets the requests that have ended.
        while requests.try_join_next().is_some() {}
    }
    // Those that are due and were not sent when the test was stopped are a part of its result.
    arrivals.close();
    while let Ok(arrival) = arrivals.try_recv() {
        recorder.record(arrival.number, arrival.due, ready(Answer::None(NoAnswer::Interrupted))).await;
    }
    while requests.join_next().await.is_some() {}
}

/// Lets each of the clients submit when its last submission was answered. Returns when every submission was
/// answered.
async fn closed_loop<S, A>(clients: u16, ramp: Duration, limit: Limit, recorder: Recorder, submit: S)
where
    S: Fn(u64) -> A + Clone + Send + 'static,
    A: Future<Output = Answer> + Send + 'static,
{
    let next = Arc::new(AtomicU64::new(0));
    let mut running = JoinSet::new();
    for client in 0..clients {
        let (next, recorder, submit) = (Arc::clone(&next), recorder.clone(), submit.clone());
        running.spawn(async move {
            tokio::select! {
                () = recorder.stop.cancelled() => return,
                () = sleep(ramp * u32::from(client) / u32::from(clients)) => {}
            }
            while !recorder.stop.is_cancelled() {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let due = recorder.start.elapsed();
                if limit.is_reached(number, due) {
                    return;
                }
                recorder.record(number, due, submit(number)).await;
            }
        });
    }
    while running.join_next().await.is_some() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorder() -> (Recorder, UnboundedReceiver<Submission>) {
        let (answered, submissions) = unbounded_channel();
        (Recorder { start: Instant::now(), answered, stop: CancellationToken::new() }, submissions)
    }

    /// Returns the latencies in milliseconds, by the number of the submission.
    fn latencies(mut submissions: UnboundedReceiver<Submission>) -> Vec<u128> {
        let mut all: Vec<_> = std::iter::from_fn(|| submissions.try_recv().ok()).collect();
        all.sort_by_key(|submission| submission.number);
        all.iter().map(|submission| submission.latency.as_millis()).collect()
    }

    /// Runs an open loop against an API that answers each request after 10 ms, but answers nothing from the
    /// first to the second second. `arrivals` submissions arrive at equal distances within three seconds.
    async fn through_a_stall(arrivals: u64) -> Vec<u128> {
        let (recorder, submissions) = recorder();
        let start = recorder.start;
        let api = move |_| async move {
            let answered = Instant::now() + Duration::from_millis(10);
            let stall = start + Duration::from_secs(1)..start + Duration::from_secs(2);
            let answered = if stall.contains(&answered) { stall.end } else { answered };
            tokio::time::sleep_until(answered).await;
            Answer::Accepted("r".to_owned())
        };
        let (due, announced) = unbounded_channel();
        let announce = async move {
            for number in 0..arrivals {
                let arrival = Arrival { number, due: Duration::from_micros(3_000_000 * number / arrivals) };
                tokio::time::sleep_until(start + arrival.due).await;
                due.send(arrival).unwrap();
            }
        };
        tokio::join!(announce, open_loop(announced, recorder, api));
        latencies(submissions)
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_counts_for_every_submission_that_was_due_meanwhile() {
        let latencies = through_a_stall(300).await;
        assert_eq!(latencies.len(), 300);
        // A hundred submissions were due while the API stood still. They waited for half a second on average,
        // which a client that waits for each answer would have seen once.
        let held_up = latencies.iter().filter(|latency| **latency > 15).count();
        assert!((95..=105).contains(&held_up), "{held_up}");
        assert!((990..=1010).contains(latencies.iter().max().unwrap()), "{latencies:?}");
        let total: u128 = latencies.iter().filter(|latency| **latency > 15).sum();
        assert!((45_000..55_000).contains(&total), "{total}");
    }

    #[tokio::test(start_paused = true)]
    async fn submissions_that_find_no_free_connection_count_from_their_scheduled_time() {
        // 600 submissions are due in the second without an answer, but only 256 can be sent.
        let latencies = through_a_stall(1800).await;
        assert_eq!(latencies.len(), 1800);
        let held_up: Vec<_> = latencies.iter().filter(|latency| **latency > 15).collect();
        assert!((595..=620).contains(&held_up.len()), "{}", held_up.len());
        let total: u128 = held_up.into_iter().sum();
        assert!((290_000..320_000).contains(&total), "{total}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_loop_submits_the_number_of_reports_with_the_number_of_clients() {
        let (recorder, submissions) = recorder();
        let in_flight = Arc::new(AtomicU64::new(0));
        let most = Arc::new(AtomicU64::new(0));
        let counters = (Arc::clone(&in_flight), Arc::clone(&most));
        let api = move |_| {
            let (in_flight, most) = counters.clone();
            async move {
                most.fetch_max(in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                sleep(Duration::from_millis(10)).await;
                in_flight.fetch_sub(1, Ordering::SeqCst);
                Answer::Accepted("r".to_owned())
            }
        };
        closed_loop(4, Duration::ZERO, Limit::Reports(30), recorder, api).await;
        assert_eq!(latencies(submissions), [10; 30]);
        assert_eq!(most.load(Ordering::SeqCst), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn the_clients_of_a_closed_loop_start_one_after_the_other_during_the_ramp() {
        let (recorder, mut submissions) = recorder();
        let start = recorder.start;
        let (sender, mut begun) = unbounded_channel();
        let api = move |_| {
            sender.send(start.elapsed().as_secs()).unwrap();
            async { std::future::pending().await }
        };
        let stop = recorder.stop.clone();
        let ramp = Duration::from_secs(8);
        let running = tokio::spawn(closed_loop(4, ramp, Limit::Reports(9), recorder, api));
        let mut times = Vec::new();
        for _ in 0..4 {
            times.push(begun.recv().await.unwrap());
        }
        assert_eq!(times, [0, 2, 4, 6]);
        stop.cancel();
        running.await.unwrap();
        let answers: Vec<_> =
            std::iter::from_fn(|| submissions.try_recv().ok()).map(|one| one.answer).collect();
        assert_eq!(answers, vec![Answer::None(NoAnswer::Interrupted); 4]);
    }
}
