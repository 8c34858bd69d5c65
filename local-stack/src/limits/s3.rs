//! Throttling of S3 by partition. The keys of a bucket begin as one partition; a partition under more load than
//! it serves splits after some time, in the middle of the keys that were requested.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use service_runtime::clock::Clock;

use super::Limits;
use super::bucket::{Rate, TokenBucket};

/// Number of recent keys from which the middle of a partition is estimated.
const SAMPLED_KEYS: usize = 64;
/// Longest pause between two refusals of the same load.
const LOAD_GAP: Duration = Duration::from_secs(60);

/// Reason in the meter.
pub(crate) const SLOW_DOWN: &str = "SlowDown";

/// Throttles requests to S3.
#[derive(Debug)]
pub(crate) struct S3Throttle {
    clock: Clock,
    writes: Rate,
    reads: Rate,
    split_after: Duration,
    /// Partitions by bucket and first key.
    buckets: Mutex<HashMap<String, BTreeMap<String, Partition>>>,
}

#[derive(Debug)]
struct Partition {
    writes: TokenBucket,
    reads: TokenBucket,
    /// First and last refusal of the present load, in milliseconds.
    overload: Option<(i64, i64)>,
    /// Recently requested keys, and the position of the oldest one.
    sample: Vec<String>,
    oldest: usize,
}

impl S3Throttle {
    /// Returns a throttle that takes the time from `clock`.
    pub(crate) fn new(limits: &Limits, clock: Clock) -> Self {
        Self {
            clock,
            writes: Rate::per_second(limits.s3_writes),
            reads: Rate::per_second(limits.s3_reads),
            split_after: limits.s3_split_after,
            buckets: Mutex::default(),
        }
    }

    /// Returns whether S3 serves a request now. `is_read` tells GET and HEAD from all other methods.
    pub(crate) fn admit(&self, bucket: &str, key: &str, is_read: bool) -> bool {
        let now = self.clock.now().epoch_millis();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let partitions = buckets.entry(bucket.to_owned()).or_default();
        if partitions.is_empty() {
            partitions.insert(String::new(), self.partition(now));
        }
        // The partition that begins at the empty key precedes every key.
        let Some((first, partition)) =
            partitions.range_mut::<str, _>((Bound::Unbounded, Bound::Included(key))).next_back()
        else {
            return true;
        };
        partition.sample(key);
        let (tokens, rate) = match is_read {
            true => (&mut partition.reads, self.reads),
            false => (&mut partition.writes, self.writes),
        };
        tokens.refill(rate, now);
        if tokens.has(1.0, rate) {
            tokens.take(1.0);
            return true;
        }
        if partition.overloaded_for(now) >= self.split_after
            && let Some(middle) = partition.middle(first)
        {
            partition.overload = None;
            partition.sample.clear();
            partition.oldest = 0;
            partitions.insert(middle, self.partition(now));
        }
        false
    }

    fn partition(&self, now: i64) -> Partition {
        Partition {
            writes: TokenBucket::full(self.writes, now),
            reads: TokenBucket::full(self.reads, now),
            overload: None,
            sample: Vec::new(),
            oldest: 0,
        }
    }
}

impl Partition {
    fn sample(&mut self, key: &str) {
        if self.sample.len() < SAMPLED_KEYS {
            self.sample.push(key.to_owned());
        } else {
            key.clone_into(&mut self.sample[self.oldest]);
            self.oldest = (self.oldest + 1) % SAMPLED_KEYS;
        }
    }

    /// Records a refusal and returns how long the load has lasted.
    fn overloaded_for(&mut self, now: i64) -> Duration {
        let gap = i64::try_from(LOAD_GAP.as_millis()).unwrap_or(i64::MAX);
        let since = match self.overload {
            Some((since, last)) if now - last <= gap => since,
            _ => now,
        };
        self.overload = Some((since, now));
        Duration::from_millis(u64::try_from(now - since).unwrap_or_default())
    }

    /// Returns the median of the sampled keys, or `None` if all of them are the first key of the partition.
    fn middle(&self, first: &str) -> Option<String> {
        let mut keys: Vec<&String> = self.sample.iter().filter(|key| key.as_str() > first).collect();
        keys.sort_unstable();
        keys.get(keys.len() / 2).map(|key| (*key).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(clock: &Clock) -> S3Throttle {
        S3Throttle::new(&Limits::default(), clock.clone())
    }

    fn clock() -> Clock {
        Clock::fixed("2026-01-05T12:00:00.000Z".parse().unwrap())
    }

    /// Returns how many of `count` requests to keys all over the bucket S3 serves at once.
    fn served(throttle: &S3Throttle, count: u32, is_read: bool) -> u32 {
        let key = |number: u32| format!("{:02x}/report.json", number.wrapping_mul(167) % 256);
        (0..count).map(|number| u32::from(throttle.admit("b", &key(number), is_read))).sum()
    }

    #[test]
    fn a_new_bucket_serves_3500_writes_and_5500_reads_per_second_whatever_the_prefixes() {
        let clock = clock();
        let throttle = throttle(&clock);
        assert_eq!(served(&throttle, 10_000, false), 3_500);
        assert_eq!(served(&throttle, 10_000, true), 5_500);
        assert!(throttle.admit("another", "k", false));
        clock.set(clock.now().plus(Duration::from_millis(100)));
        assert_eq!(served(&throttle, 10_000, false), 350);
    }

    #[test]
    fn a_partition_splits_after_half_an_hour_of_load_and_not_before() {
        let clock = clock();
        let throttle = S3Throttle::new(&Limits { s3_writes: 35.0, ..Limits::default() }, clock.clone());
        for second in 0..1_800 {
            assert_eq!(served(&throttle, 40, false), 35, "second {second}");
            clock.set(clock.now().plus(Duration::from_secs(1)));
        }
        served(&throttle, 40, false);
        clock.set(clock.now().plus(Duration::from_secs(1)));
        // Two partitions with parts of the keys.
        assert_eq!(served(&throttle, 400, false), 70);
    }

    #[test]
    fn load_with_pauses_splits_nothing() {
        let clock = clock();
        let throttle = throttle(&clock);
        for _ in 0..40 {
            assert_eq!(served(&throttle, 4_000, false), 3_500);
            clock.set(clock.now().plus(Duration::from_secs(90)));
        }
    }
}
