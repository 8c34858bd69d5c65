//! The pauses between the sweeps of a worker. They grow while nothing is due and no message arrives, so that an
//! idle worker costs little, and end when something becomes due.

use std::time::Duration;

/// By how much the pauses grow.
const QUIET_FACTOR: u32 = 6;

/// By what fraction of themselves these pauses vary. That is less than for the others, because what a worker does
/// not foresee waits for their end.
const QUIET_JITTER: f64 = 0.2;

/// What a sweep saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Whether nothing was due, in any partition, and none failed.
    pub(crate) is_quiet: bool,
    /// Time until the first report or webhook becomes due, if the sweep saw one.
    pub(crate) next_due: Option<Duration>,
}

/// The pause before a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    /// The pause if messages arrive.
    pub(crate) least: Duration,
    /// The pause if none arrives.
    pub(crate) most: Duration,
}

/// The pace of the sweeps of a worker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    interval: Duration,
}

impl Pace {
    /// Returns the pace of a worker that sweeps about every `interval` while there is work.
    pub(crate) fn new(interval: Duration) -> Self {
        Self { interval }
    }

    /// Returns how far ahead a sweep must look, so that the pause after it ends before something becomes due.
    pub(crate) fn lookahead(&self) -> Duration {
        (self.interval * QUIET_FACTOR).mul_f64(1.0 + QUIET_JITTER)
    }

    /// Returns the pause after a sweep that `seen` this. `arrived` says whether messages have arrived since the
    /// sweep before. `random` is a number from 0 to 1, by which the sweeps of many workers spread out.
    pub(crate) fn after(&self, seen: Seen, arrived: bool, random: f64) -> Pause {
        let least = self.interval.mul_f64(0.5 + random);
        if arrived || !seen.is_quiet {
            return Pause { least, most: least };
        }
        let quiet = (self.interval * QUIET_FACTOR).mul_f64(1.0 - QUIET_JITTER + 2.0 * QUIET_JITTER * random);
        let until_due = seen.next_due.map_or(quiet, |next_due| next_due.saturating_add(least));
        Pause { least, most: quiet.min(until_due) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Seen = Seen { is_quiet: true, next_due: None };
    const PACE: Pace = Pace { interval: Duration::from_secs(30) };

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn pauses_are_long_while_nothing_is_due_and_no_message_arrives() {
        assert_eq!(PACE.after(QUIET, false, 0.5), Pause { least: seconds(30), most: seconds(180) });
        for (seen, arrived) in [(QUIET, true), (Seen { is_quiet: false, next_due: None }, false)] {
            assert_eq!(PACE.after(seen, arrived, 0.5), Pause { least: seconds(30), most: seconds(30) });
        }
    }

    #[test]
    fn a_pause_ends_when_something_becomes_due() {
        let due_in = |time: u64| {
            let seen = Seen { next_due: Some(seconds(time)), ..QUIET };
            PACE.after(seen, false, 0.5).most.as_secs()
        };
        assert_eq!([0, 10, 60, 500].map(due_in), [30, 40, 90, 180]);
    }

    #[test]
    fn sweeps_spread_out_and_look_ahead_as_far_as_the_longest_pause() {
        let longest = [0.0, 1.0].map(|random| PACE.after(QUIET, false, random).most);
        assert_eq!(longest, [seconds(144), seconds(216)]);
        assert_eq!(longest[1], PACE.lookahead());
        let others = [0.0, 1.0].map(|random| PACE.after(QUIET, true, random).most);
        assert_eq!(others, [seconds(15), seconds(45)]);
    }
}
