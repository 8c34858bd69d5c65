//! How many reports are in flight at a time.

use domain::time::UtcTime;
use serde::Serialize;

/// Number of reports in flight.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct InFlight {
    /// Most reports at a time.
    pub(super) max: u64,
    /// Mean over the time from the first beginning to the last end.
    pub(super) mean: f64,
}

impl InFlight {
    /// Returns the number of overlapping intervals, each from its beginning to its end, or `None` if there
    /// are none.
    pub(super) fn of(intervals: &[(UtcTime, UtcTime)]) -> Option<Self> {
        let first = intervals.iter().map(|(begin, _)| *begin).min()?;
        let last = intervals.iter().map(|(_, end)| *end).max()?;
        // An end sorts before a beginning at the same time, so an interval without length would end before it
        // begins.
        let lasting = || intervals.iter().filter(|(begin, end)| begin < end);
        let begins = lasting().map(|(begin, _)| (*begin, true));
        let ends = lasting().map(|(_, end)| (*end, false));
        let mut changes: Vec<_> = begins.chain(ends).collect();
        changes.sort_unstable();
        let (mut current, mut max) = (0_u64, 0);
        for (_, begins) in changes {
            current = if begins { current + 1 } else { current.saturating_sub(1) };
            max = max.max(current);
        }
        let total: f64 = intervals.iter().map(|(begin, end)| end.since(*begin).as_secs_f64()).sum();
        let time = last.since(first).as_secs_f64();
        Some(Self { max, mean: if time > 0.0 { total / time } else { 0.0 } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_flight(intervals: &[(i64, i64)]) -> Option<InFlight> {
        let at = UtcTime::from_epoch_millis;
        let intervals: Vec<_> = intervals.iter().map(|(begin, end)| (at(*begin), at(*end))).collect();
        InFlight::of(&intervals)
    }

    #[test]
    fn overlapping_intervals_are_in_flight_together() {
        let intervals = [(0, 100), (50, 150), (60, 90), (100, 200)];
        assert_eq!(in_flight(&intervals), Some(InFlight { max: 3, mean: 330.0 / 200.0 }));
        assert_eq!(in_flight(&[(0, 10), (10, 20)]), Some(InFlight { max: 1, mean: 1.0 }));
        assert_eq!(in_flight(&[(0, 10), (5, 5)]), Some(InFlight { max: 1, mean: 1.0 }));
        assert_eq!(in_flight(&[]), None);
    }
}
