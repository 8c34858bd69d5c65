//! Numbers and tables of the results.

use std::ops::RangeInclusive;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};

/// Text of a figure that the system does not tell.
pub(super) const NOT_MEASURED: &str = "not measured";

/// Returns an empty table with `header`.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(header.iter().copied());
    table
}

/// Aligns the columns to the right.
pub(super) fn align_right(table: &mut Table, columns: RangeInclusive<usize>) {
    for index in columns {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// Returns `number` with this many decimals, or a dash if there is none.
pub(super) fn number(number: Option<f64>, decimals: usize) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.decimals$}"))
}

/// Returns milliseconds with a unit that suits their size, or a dash if there are none.
pub(super) fn millis(millis: Option<f64>) -> String {
    match millis {
        None => "-".to_owned(),
        Some(millis) if millis < 10_000.0 => format!("{millis:.1} ms"),
        Some(millis) => format!("{:.1} s", millis / 1000.0),
    }
}

/// Returns a size in MiB or, if it is small, KiB.
pub(super) fn bytes(bytes: Option<u64>) -> String {
    const KIB: u64 = 1024;
    match bytes {
        None => NOT_MEASURED.to_owned(),
        Some(bytes) if bytes < 10 * KIB * KIB => format!("{} KiB", bytes / KIB),
        Some(bytes) => format!("{} MiB", bytes / (KIB * KIB)),
    }
}

/// Returns `count` per 1,000 of `of`, or `None` if `of` is zero.
#[expect(clippy::cast_precision_loss, reason = "no load test has 2^52 reports or requests")]
pub(super) fn per_1000(count: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| count as f64 * 1000.0 / of as f64)
}

/// Returns the seconds of `time` per 1,000 of `of`, or `None` if `of` is zero.
#[expect(clippy::cast_precision_loss, reason = "no load test has 2^52 reports")]
pub(super) fn seconds_per_1000(time: Duration, of: u64) -> Option<f64> {
    (of > 0).then(|| time.as_secs_f64() * 1000.0 / of as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_units_that_suit_their_size() {
        assert_eq!([millis(Some(1.26)), millis(Some(12_340.0)), millis(None)], ["1.3 ms", "12.3 s", "-"]);
        assert_eq!(
            [bytes(Some(2048)), bytes(Some(20 << 20)), bytes(None)],
            ["2 KiB", "20 MiB", "not measured"]
        );
        assert_eq!((per_1000(3, 2), per_1000(3, 0)), (Some(1500.0), None));
        assert_eq!(seconds_per_1000(Duration::from_secs(3), 2), Some(1500.0));
    }
}
