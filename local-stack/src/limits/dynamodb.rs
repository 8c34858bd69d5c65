//! Throttling of DynamoDB: by partition key, by the throughput of a table or index, and by the quota of the
//! account.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use service_runtime::clock::Clock;

use super::Limits;
use super::bucket::{Rate, TokenBucket};
use super::throughput::Throughput;
use super::values::ACCOUNT_UNITS;
use crate::metering::units::{Consumption, Resource, Units};

/// Number of partition keys from which on idle ones are forgotten.
const KEPT_PARTITIONS: usize = 20_000;

/// Throttles requests by the units that they consume.
#[derive(Debug)]
pub(crate) struct DynamoDbThrottle {
    clock: Clock,
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    partitions: HashMap<Resource, HashMap<String, TokenBucket>>,
    tables: HashMap<Resource, Table>,
}

#[derive(Debug)]
struct Table {
    throughput: Throughput,
    account_reads: TokenBucket,
    account_writes: TokenBucket,
}

/// Why a request was refused ("ThrottlingReason", Amazon DynamoDB API Reference).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Throttled {
    /// The table or index that refused the request.
    pub(crate) resource: Resource,
    /// The reason, such as `TableWriteKeyRangeThroughputExceeded`.
    pub(crate) reason: &'static str,
    /// Whether the quota of the account was exceeded, and not the throughput of the table.
    pub(crate) by_account: bool,
}

#[derive(Debug, Clone, Copy)]
enum Exceeded {
    KeyRange,
    Account,
}

impl Throttled {
    fn new(consumption: &Consumption, exceeded: Exceeded) -> Self {
        let of_index = consumption.resource.index.is_some();
        let is_write = matches!(consumption.units, Units::Write(_));
        let reason = match (exceeded, of_index, is_write) {
            (Exceeded::KeyRange, false, false) => "TableReadKeyRangeThroughputExceeded",
            (Exceeded::KeyRange, false, true) => "TableWriteKeyRangeThroughputExceeded",
            (Exceeded::KeyRange, true, false) => "IndexReadKeyRangeThroughputExceeded",
            (Exceeded::KeyRange, true, true) => "IndexWriteKeyRangeThroughputExceeded",
            (Exceeded::Account, false, false) => "TableReadAccountLimitExceeded",
            (Exceeded::Account, false, true) => "TableWriteAccountLimitExceeded",
            (Exceeded::Account, true, false) => "IndexReadAccountLimitExceeded",
            (Exceeded::Account, true, true) => "IndexWriteAccountLimitExceeded",
        };
        let by_account = matches!(exceeded, Exceeded::Account);
        Self { resource: consumption.resource.clone(), reason, by_account }
    }
}

impl DynamoDbThrottle {
    /// Returns a throttle that takes the time from `clock`.
    pub(crate) fn new(limits: &Limits, clock: Clock) -> Self {
        Self { clock, limits: limits.clone(), state: Mutex::default() }
    }

    /// Admits a request that is expected to consume `expected`, and takes these units. A write is refused if
    /// any of the indexes that it changes has no capacity, as AWS does.
    ///
    /// # Errors
    /// Returns the first reason to refuse the request. It then takes no units.
    pub(crate) fn admit(&self, expected: &[Consumption]) -> Result<(), Throttled> {
        let now = self.clock.now().epoch_millis();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for consumption in expected {
            if !state
                .partition(consumption, self.partition_rate(), now)
                .has(self.share(consumption), self.partition_rate())
            {
                return Err(Throttled::new(consumption, Exceeded::KeyRange));
            }
            let table = state.table(&consumption.resource, now);
            if !table.account_has(consumption.units, now) {
                return Err(Throttled::new(consumption, Exceeded::Account));
            }
            // The partitions of a table serve its throughput together, so AWS gives the same reason.
            if !table.throughput.has(self.table_share(consumption.units), now) {
                return Err(Throttled::new(consumption, Exceeded::KeyRange));
            }
        }
        for consumption in expected {
            self.take(&mut state, consumption, 1.0, now);
        }
        Ok(())
    }

    /// Replaces the units that were taken for a request by those that it consumed.
    pub(crate) fn correct(&self, expected: &[Consumption], consumed: &[Consumption]) {
        if expected == consumed {
            return;
        }
        let now = self.clock.now().epoch_millis();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for (consumptions, sign) in [(expected, -1.0), (consumed, 1.0)] {
            for consumption in consumptions {
                self.take(&mut state, consumption, sign, now);
            }
        }
    }

    fn take(&self, state: &mut State, consumption: &Consumption, sign: f64, now: i64) {
        let share = self.share(consumption) * sign;
        state.partition(consumption, self.partition_rate(), now).take(share);
        let table = state.table(&consumption.resource, now);
        table.throughput.take(self.table_share(consumption.units) * sign, now);
        table.account_take(consumption.units, sign);
    }

    /// Returns the share of one second of a partition's throughput. A partition serves its write units, or its
    /// read units, or a combination of both.
    fn share(&self, consumption: &Consumption) -> f64 {
        match consumption.units {
            Units::Read(units) => units / self.limits.partition_read_units,
            Units::Write(units) => units / self.limits.partition_write_units,
        }
    }

    fn table_share(&self, units: Units) -> f64 {
        match units {
            Units::Read(units) => units / self.limits.table_read_units,
            Units::Write(units) => units / self.limits.table_write_units,
        }
    }

    fn partition_rate(&self) -> Rate {
        Rate { per_second: 1.0, capacity: 1.0 + self.limits.partition_burst.as_secs_f64() }
    }
}

impl State {
    /// Returns the filled bucket of a partition key.
    fn partition(&mut self, consumption: &Consumption, rate: Rate, now: i64) -> &mut TokenBucket {
        let keys = self.partitions.entry(consumption.resource.clone()).or_default();
        if keys.len() > KEPT_PARTITIONS {
            keys.retain(|_, bucket| {
                bucket.refill(rate, now);
                !bucket.is_full(rate)
            });
        }
        let bucket =
            keys.entry(consumption.partition.clone()).or_insert_with(|| TokenBucket::full(rate, now));
        bucket.refill(rate, now);
        bucket
    }

    fn table(&mut self, resource: &Resource, now: i64) -> &mut Table {
        self.tables.entry(resource.clone()).or_insert_with(|| Table {
            throughput: Throughput::new(now),
            account_reads: TokenBucket::full(Rate::per_second(ACCOUNT_UNITS), now),
            account_writes: TokenBucket::full(Rate::per_second(ACCOUNT_UNITS), now),
        })
    }
}

impl Table {
    fn account_has(&mut self, units: Units, now: i64) -> bool {
        let rate = Rate::per_second(ACCOUNT_UNITS);
        let (bucket, units) = match units {
            Units::Read(units) => (&mut self.account_reads, units),
            Units::Write(units) => (&mut self.account_writes, units),
        };
        bucket.refill(rate, now);
        bucket.has(units, rate)
    }

    fn account_take(&mut self, units: Units, sign: f64) {
        match units {
            Units::Read(units) => self.account_reads.take(units * sign),
            Units::Write(units) => self.account_writes.take(units * sign),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn clock() -> Clock {
        Clock::fixed("2026-01-05T12:00:00.000Z".parse().unwrap())
    }

    fn used(resource: &Resource, partition: &str, units: Units) -> Consumption {
        Consumption { resource: resource.clone(), partition: partition.to_owned(), units }
    }

    /// Returns how many requests that consume `expected` are admitted before one is refused, and why that is.
    fn admitted(throttle: &DynamoDbThrottle, expected: &[Consumption]) -> (u32, Throttled) {
        let mut count = 0;
        loop {
            match throttle.admit(expected) {
                Ok(()) => count += 1,
                Err(throttled) => return (count, throttled),
            }
        }
    }

    #[test]
    fn a_partition_key_serves_1000_writes_or_3000_reads_per_second_or_a_combination() {
        let (clock, table) = (clock(), Resource::table("t"));
        let throttle = DynamoDbThrottle::new(&Limits::default(), clock.clone());
        let write = [used(&table, "k", Units::Write(1.0))];
        let read = [used(&table, "k", Units::Read(0.5))];
        let (count, throttled) = admitted(&throttle, &write);
        assert_eq!((count, throttled.reason), (1_000, "TableWriteKeyRangeThroughputExceeded"));
        assert_eq!(admitted(&throttle, &read).0, 0);
        clock.set(clock.now().plus(Duration::from_millis(500)));
        let (count, throttled) = admitted(&throttle, &read);
        assert_eq!((count, throttled.reason), (3_000, "TableReadKeyRangeThroughputExceeded"));
        // Unused capacity is not kept.
        clock.set(clock.now().plus(Duration::from_secs(60)));
        assert_eq!(admitted(&throttle, &write).0, 1_000);
        assert!(throttle.admit(&[used(&table, "other", Units::Write(1.0))]).is_ok());
    }

    #[test]
    fn a_partition_keeps_up_to_300_seconds_of_unused_capacity_if_bursts_are_on() {
        let clock = clock();
        let limits = Limits {
            partition_burst: super::super::values::MAX_BURST,
            partition_write_units: 10.0,
            ..Limits::default()
        };
        let throttle = DynamoDbThrottle::new(&limits, clock.clone());
        let write = [used(&Resource::table("t"), "k", Units::Write(1.0))];
        assert_eq!(admitted(&throttle, &write).0, 3_010);
        clock.set(clock.now().plus(Duration::from_secs(20)));
        assert_eq!(admitted(&throttle, &write).0, 200);
    }

    #[test]
    fn an_index_whose_partition_is_full_refuses_writes_of_the_table() {
        let (table, index) = (Resource::table("t"), Resource::index("t", "by_age"));
        let throttle = DynamoDbThrottle::new(&Limits::default(), clock());
        let write = |key: u32| {
            [used(&table, &key.to_string(), Units::Write(1.0)), used(&index, "dev", Units::Write(2.0))]
        };
        for key in 0..500 {
            throttle.admit(&write(key)).unwrap();
        }
        let throttled = throttle.admit(&write(501)).unwrap_err();
        assert_eq!(throttled.reason, "IndexWriteKeyRangeThroughputExceeded");
        assert_eq!((&throttled.resource, throttled.by_account), (&index, false));
        // Refused requests take nothing: the table still has its capacity.
        assert!(throttle.admit(&write(501)[..1]).is_ok());
    }

    #[test]
    fn a_table_serves_4000_writes_per_second_over_all_its_keys() {
        let table = Resource::table("t");
        let throttle = DynamoDbThrottle::new(&Limits::default(), clock());
        let mut count = 0;
        while throttle.admit(&[used(&table, &(count % 100).to_string(), Units::Write(1.0))]).is_ok() {
            count += 1;
        }
        assert_eq!(count, 4_000);
    }

    #[test]
    fn the_quota_of_the_account_ends_the_doubling() {
        let limits = Limits { table_write_units: 1e6, ..Limits::default() };
        let throttle = DynamoDbThrottle::new(&limits, clock());
        let write = |key: u32| [used(&Resource::table("t"), &key.to_string(), Units::Write(400.0))];
        let mut key = 0;
        let throttled = loop {
            match throttle.admit(&write(key)) {
                Ok(()) => key += 1,
                Err(throttled) => break throttled,
            }
        };
        assert_eq!((key, throttled.reason), (100, "TableWriteAccountLimitExceeded"));
        assert!(throttled.by_account);
    }

    #[test]
    fn the_actual_consumption_replaces_the_expected_one() {
        let (clock, table) = (clock(), Resource::table("t"));
        let throttle = DynamoDbThrottle::new(&Limits::default(), clock.clone());
        let expected = [used(&table, "k", Units::Write(1.0))];
        throttle.admit(&expected).unwrap();
        throttle.correct(&expected, &[used(&table, "k", Units::Write(1_500.0))]);
        clock.set(clock.now().plus(Duration::from_millis(499)));
        assert!(throttle.admit(&expected).is_err());
        clock.set(clock.now().plus(Duration::from_millis(2)));
        assert!(throttle.admit(&expected).is_ok());
    }
}
