//! Request units of DynamoDB ("DynamoDB read and write operations", Amazon DynamoDB Developer Guide, read on
//! 2026-11-28).

use std::fmt;

/// Size of the item that one write request unit pays for, in bytes.
const WRITE_UNIT_BYTES: u64 = 1024;
/// Size of the item that one read request unit pays for, in bytes.
const READ_UNIT_BYTES: u64 = 4096;
/// Factor of a write within a transaction: one write prepares it, another one commits it.
const TRANSACTION_FACTOR: u32 = 2;

/// Consistency of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consistency {
    /// Half a unit for 4 KB.
    Eventual,
    /// One unit for 4 KB.
    Strong,
    /// Two units for 4 KB.
    Transactional,
}

/// Whether a write is part of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteKind {
    /// A write of its own.
    Standard,
    /// A write of TransactWriteItems.
    Transactional,
}

/// A table or a global secondary index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Resource {
    /// Name of the table.
    pub(crate) table: String,
    /// Name of the index; `None` for the table itself.
    pub(crate) index: Option<String>,
}

/// Request units of one kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Units {
    /// Read request units, in halves.
    Read(f64),
    /// Write request units.
    Write(f64),
}

/// The units that a request consumes of one partition key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Consumption {
    /// The table or index.
    pub(crate) resource: Resource,
    /// Value of the partition key.
    pub(crate) partition: String,
    /// The consumed units.
    pub(crate) units: Units,
}

impl Resource {
    /// Returns the table `name`.
    pub(crate) fn table(name: &str) -> Self {
        Self { table: name.to_owned(), index: None }
    }

    /// Returns the index `index` of `table`.
    pub(crate) fn index(table: &str, index: &str) -> Self {
        Self { table: table.to_owned(), index: Some(index.to_owned()) }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.index {
            None => formatter.write_str(&self.table),
            Some(index) => write!(formatter, "{}/{index}", self.table),
        }
    }
}

/// Returns the write units of an item of `bytes`, or of an item that does not exist if `bytes` is 0.
pub(crate) fn write_units(bytes: u64, kind: WriteKind) -> Units {
    let units = units(bytes, WRITE_UNIT_BYTES);
    Units::Write(match kind {
        WriteKind::Standard => units,
        WriteKind::Transactional => units * f64::from(TRANSACTION_FACTOR),
    })
}

/// Returns the read units of `bytes`: the size of one item, or the size of all items that a Query or a Scan
/// evaluates.
pub(crate) fn read_units(bytes: u64, consistency: Consistency) -> Units {
    let units = units(bytes, READ_UNIT_BYTES);
    Units::Read(match consistency {
        Consistency::Eventual => units / 2.0,
        Consistency::Strong => units,
        Consistency::Transactional => units * f64::from(TRANSACTION_FACTOR),
    })
}

/// Returns the number of units of `unit` bytes in `bytes`, rounded up, and at least one.
fn units(bytes: u64, unit: u64) -> f64 {
    // An item has at most 400 KB and a page at most 1 MB, so the number fits.
    f64::from(u32::try_from(bytes.div_ceil(unit).max(1)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_rounded_up_to_1_kb() {
        for (bytes, expected) in [(0, 1.0), (1, 1.0), (500, 1.0), (1024, 1.0), (1025, 2.0), (409_600, 400.0)]
        {
            assert_eq!(write_units(bytes, WriteKind::Standard), Units::Write(expected), "{bytes}");
        }
        // "A transactional write request of an item up to 1 KB requires two write units."
        assert_eq!(write_units(1024, WriteKind::Transactional), Units::Write(2.0));
        assert_eq!(write_units(3 * 1024, WriteKind::Transactional), Units::Write(6.0));
    }

    #[test]
    fn reads_are_rounded_up_to_4_kb_and_cost_half_if_eventually_consistent() {
        // The examples of the page: items of 3.5 KB, 8 KB and 10 KB.
        for (bytes, strong) in [(0, 1.0), (3584, 1.0), (4096, 1.0), (8192, 2.0), (10_240, 3.0)] {
            assert_eq!(read_units(bytes, Consistency::Strong), Units::Read(strong), "{bytes}");
            assert_eq!(read_units(bytes, Consistency::Eventual), Units::Read(strong / 2.0), "{bytes}");
            assert_eq!(read_units(bytes, Consistency::Transactional), Units::Read(strong * 2.0), "{bytes}");
        }
        // The page's Query: items of 40.8 KB in total are rounded up to 44 KB.
        assert_eq!(read_units(41_780, Consistency::Strong), Units::Read(11.0));
    }
}
