//! The clock of an open loop: a thread that announces each submission when it is due. A runtime's timer wakes
//! up to a millisecond late, which would be a considerable part of a latency; a sleeping thread is more exact.

use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::arrivals::Arrivals;
use super::options::Limit;
use super::process_usage;

/// Longest sleep, so that a cancellation is noticed.
const MAX_SLEEP: Duration = Duration::from_millis(100);

/// A submission that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival {
    /// Number of the submission, counted from zero.
    pub(super) number: u64,
    /// When it is due, as the time since the start.
    pub(super) due: Duration,
}

/// Sends each arrival when it is due, until the limit is reached, `stop` is cancelled, or nobody receives them.
/// Returns the CPU time of the thread, if the system tells it.
pub(super) fn announce(
    arrivals: Arrivals,
    limit: Limit,
    start: Instant,
    due: &UnboundedSender<Arrival>,
    stop: &CancellationToken,
) -> Option<Duration> {
    for number in 0.. {
        let arrival = Arrival { number, due: arrivals.due(number) };
        if limit.is_reached(number, arrival.due) {
            break;
        }
        loop {
            let wait = arrival.due.saturating_sub(start.elapsed());
            if wait.is_zero() || stop.is_cancelled() {
                break;
            }
            thread::sleep(wait.min(MAX_SLEEP));
        }
        if stop.is_cancelled() || due.send(arrival).is_err() {
            break;
        }
    }
    process_usage::cpu_of_this_thread()
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    /// Returns the announced arrivals. The start lies so far back that all of them are due.
    fn announced(limit: Limit, stop: &CancellationToken) -> Vec<Arrival> {
        let (sender, mut receiver) = unbounded_channel();
        let arrivals = Arrivals { rate: 2.0, ramp: Duration::ZERO };
        let start = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        announce(arrivals, limit, start, &sender, stop);
        drop(sender);
        std::iter::from_fn(|| receiver.try_recv().ok()).collect()
    }

    #[test]
    fn every_arrival_within_the_limit_is_announced_with_its_scheduled_time() {
        let go_on = CancellationToken::new();
        let expected: Vec<_> = (0..4)
            .map(|number| Arrival { number, due: Duration::from_millis(500) * number as u32 })
            .collect();
        assert_eq!(announced(Limit::Reports(4), &go_on), expected);
        assert_eq!(announced(Limit::Time(Duration::from_secs(2)), &go_on), expected);
    }

    #[test]
    fn nothing_is_announced_after_a_cancellation() {
        let stop = CancellationToken::new();
        stop.cancel();
        assert_eq!(announced(Limit::Reports(4), &stop), []);
    }
}
