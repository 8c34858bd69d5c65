//! The outcome of the demo as a table.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use serde_json::Value;

/// One report.
pub(super) struct Row {
    pub(super) company: String,
    status: String,
    level: String,
    score: String,
    findings: String,
    took: String,
}

impl Row {
    /// `findings` is none where the report has no file that tells.
    pub(super) fn new(company: &str, report: &Value, findings: Option<usize>, took: Duration) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        Self {
            company: company.to_owned(),
            status: text(&report["status"]),
            level: text(&report["riskLevel"]),
            score: report["riskScore"].as_u64().map_or_else(|| "-".to_owned(), |score| score.to_string()),
            findings: findings.map_or_else(|| "-".to_owned(), |count| count.to_string()),
            took: format!("{:.1} s", took.as_secs_f64()),
        }
    }
}

/// The table of `rows`.
pub(super) fn of<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["Company", "Status", "Level", "Score", "Findings", "Time"]);
    for row in rows {
        table.add_row([&row.company, &row.status, &row.level, &row.score, &row.findings, &row.took]);
    }
    for index in 3..=5 {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("\n{table}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_tells_what_is_known_and_leaves_out_what_is_not() {
        let completed = json!({ "status": "COMPLETED", "riskLevel": "HIGH", "riskScore": 90 });
        let failed = json!({ "status": "FAILED", "riskLevel": null, "riskScore": null });
        let took = Duration::from_millis(1240);
        let table = of([
            Row::new("A", &completed, Some(3), took),
            Row::new("星見川精機株式会社", &failed, None, took),
        ]
        .iter());
        let cells =
            |line: &str| line.split(['│', '┆']).map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let line = |word: &str| cells(table.lines().find(|line| line.contains(word)).unwrap());
        assert_eq!(line("COMPLETED")[1..7], ["A", "COMPLETED", "HIGH", "90", "3", "1.2 s"]);
        assert_eq!(line("FAILED")[1..7], ["星見川精機株式会社", "FAILED", "-", "-", "-", "1.2 s"]);
    }
}
