//! The units that each partition key consumes, and the most in any one second.

use std::collections::HashMap;

use super::units::Units;

/// Number of partition keys whose peaks are kept. Each report is a partition key of its own, so the number of
/// keys grows with the load.
const KEPT_KEYS: usize = 1_000;

/// Read and write units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Total {
    pub(super) read: f64,
    pub(super) write: f64,
}

/// The units of one table or index.
#[derive(Debug, Default)]
pub(super) struct Usage {
    pub(super) total: Total,
    /// Most units in any one second, counted over all partition keys.
    pub(super) peak: Total,
    /// Most units in any one second, by partition key.
    keys: HashMap<String, Total>,
    /// The current second, in seconds since the epoch.
    second: i64,
    in_second: Total,
    keys_in_second: HashMap<String, Total>,
}

impl Total {
    fn add(&mut self, units: Units) {
        match units {
            Units::Read(units) => self.read += units,
            Units::Write(units) => self.write += units,
        }
    }

    fn raise(&mut self, other: Self) {
        self.read = self.read.max(other.read);
        self.write = self.write.max(other.write);
    }

    /// Returns the share of a partition's throughput that these units take: it serves 1,000 write units or
    /// 3,000 read units per second, or a combination of both.
    fn heat(&self) -> f64 {
        self.write * 3.0 + self.read
    }
}

impl Usage {
    /// Counts `units` of the partition key `key` in the second `now`.
    pub(super) fn add(&mut self, now: i64, key: &str, units: Units) {
        if now != self.second {
            self.merge_second();
            self.second = now;
            self.in_second = Total::default();
            self.keys_in_second.clear();
        }
        self.total.add(units);
        self.in_second.add(units);
        match self.keys_in_second.get_mut(key) {
            Some(total) => total.add(units),
            None => self.keys_in_second.entry(key.to_owned()).or_default().add(units),
        }
    }

    /// Returns the partition keys that consumed most in any one second, the hottest first.
    pub(super) fn hottest(&mut self) -> Vec<(&str, Total)> {
        self.merge_second();
        let mut keys: Vec<(&str, Total)> =
            self.keys.iter().map(|(key, peak)| (key.as_str(), *peak)).collect();
        keys.sort_by(|a, b| b.1.heat().total_cmp(&a.1.heat()).then(a.0.cmp(b.0)));
        keys
    }

    /// Merges the current second into the peaks. The second stays open: its next request counts on top.
    fn merge_second(&mut self) {
        self.peak.raise(self.in_second);
        for (key, total) in &self.keys_in_second {
            match self.keys.get_mut(key) {
                Some(peak) => peak.raise(*total),
                None => {
                    self.keys.insert(key.clone(), *total);
                }
            }
        }
        if self.keys.len() > 2 * KEPT_KEYS {
            self.forget_cool_keys();
        }
    }

    fn forget_cool_keys(&mut self) {
        let mut keys: Vec<(String, Total)> = self.keys.drain().collect();
        keys.sort_by(|a, b| b.1.heat().total_cmp(&a.1.heat()));
        keys.truncate(KEPT_KEYS);
        self.keys.extend(keys);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_the_highest_sum_of_one_second() {
        let mut usage = Usage::default();
        for (now, key, units) in [
            (1, "a", Units::Write(2.0)),
            (1, "a", Units::Write(3.0)),
            (1, "b", Units::Read(0.5)),
            (2, "a", Units::Write(4.0)),
            (2, "b", Units::Write(2.0)),
        ] {
            usage.add(now, key, units);
        }
        let peak = |write, read| Total { read, write };
        assert_eq!(usage.hottest(), [("a", peak(5.0, 0.0)), ("b", peak(2.0, 0.5))]);
        assert_eq!(usage.peak, peak(6.0, 0.5));
        assert_eq!(usage.total, peak(11.0, 0.5));
        // Reading the peaks does not end the second.
        usage.add(2, "b", Units::Write(9.0));
        assert_eq!(usage.hottest()[0], ("b", peak(11.0, 0.5)));
    }

    #[test]
    fn only_the_hottest_of_very_many_keys_are_kept() {
        let mut usage = Usage::default();
        for key in 0..10_000_u16 {
            let units = if key == 77 { 50.0 } else { 1.0 + f64::from(key % 7) };
            usage.add(i64::from(key), &key.to_string(), Units::Write(units));
        }
        let hottest = usage.hottest();
        assert!((KEPT_KEYS..=2 * KEPT_KEYS + 1).contains(&hottest.len()));
        assert_eq!((hottest[0].0, hottest[1].1.write), ("77", 7.0));
    }
}
