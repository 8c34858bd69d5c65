//! The results of the demo as a table.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use serde_json::Value;

/// The row of one report.
pub(super) struct Row {
    pub(super) company: String,
    status: String,
    level: String,
    score: String,
    findings: String,
    took: String,
}

impl Row {
    /// Returns the row of `report`. `findings` is `None` if the report has no JSON file.
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

/// Renders `rows` as a table.
pub(super) fn render<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["Company", "Status", "Risk level", "Risk score", "Findings", "Time"]);
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
    fn missing_values_are_shown_as_a_dash() {
        let completed = json!({ "status": "COMPLETED", "riskLevel": "HIGH", "riskScore": 90 });
        let failed = json!({ "status": "FAILED", "riskLevel": null, "riskScore": null });
        let took = Duration::from_millis(1240);
        let table = render(
            [Row::new("A", &completed, Some(3), took), Row::new("星見川精機株式会社", &failed, None, took)]
                .iter(),
        );
        let cells =
            |line: &str| line.split(['│', '┆']).map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let row = |status: &str| cells(table.lines().find(|line| line.contains(status)).unwrap());
        assert_eq!(row("COMPLETED")[1..7], ["A", "COMPLETED", "HIGH", "90", "3", "1.2 s"]);
        assert_eq!(row("FAILED")[1..7], ["星見川精機株式会社", "FAILED", "-", "-", "-", "1.2 s"]);
    }
}
