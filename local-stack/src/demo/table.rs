//! The results of the demo as a table.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use serde_json::Value;
use service_runtime::config::process_environment;

/// Width of the table where there is no terminal, in columns.
const WIDTH: u16 = 100;

/// The row of one report.
pub(super) struct Row {
    company: String,
    /// The risk level, or the status of a report that has none.
    level: String,
    score: String,
    reason: String,
    attempts: String,
    took: String,
}

impl Row {
    /// Returns the row of `report`. `document` is its JSON file, if it has one.
    pub(super) fn new(company: &str, report: &Value, document: Option<&Value>, took: Duration) -> Self {
        let level = report["riskLevel"].as_str().or(report["status"].as_str());
        let number =
            |value: &Value| value.as_u64().map_or_else(|| "-".to_owned(), |number| number.to_string());
        Self {
            company: company.to_owned(),
            level: level.unwrap_or("-").to_owned(),
            score: number(&report["riskScore"]),
            reason: document.map_or_else(|| "-".to_owned(), reason),
            attempts: number(&report["attempt"]),
            took: format!("{:.1} s", took.as_secs_f64()),
        }
    }

    fn cells(&self, is_coloured: bool) -> Vec<Cell> {
        let level = Cell::new(&self.level);
        let level = match self.level.as_str() {
            "HIGH" if is_coloured => level.fg(Color::Red),
            "MEDIUM" | "UNDETERMINED" if is_coloured => level.fg(Color::Yellow),
            "LOW" if is_coloured => level.fg(Color::Green),
            _ => level,
        };
        let number = |text: &String| Cell::new(text).set_alignment(CellAlignment::Right);
        vec![
            Cell::new(&self.company),
            level,
            number(&self.score),
            Cell::new(&self.reason),
            number(&self.attempts),
            number(&self.took),
        ]
    }
}

/// Returns the effect of the rule that decided the level, up to its explanation.
fn reason(document: &Value) -> String {
    let effect = document["rules"][0]["effect"].as_str().unwrap_or("No rule applies to the evidence.");
    effect.split(": ").next().unwrap_or(effect).trim_end_matches('.').to_owned()
}

/// Renders `rows` as a table, as wide as the terminal.
pub(super) fn render<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    let is_terminal = io::stdout().is_terminal();
    if !is_terminal {
        table.set_width(WIDTH);
    }
    let is_coloured = is_terminal && !process_environment().contains_key("NO_COLOR");
    table.set_header(["Company", "Level", "Score", "Why", "Tries", "Time"]);
    for row in rows {
        table.add_row(row.cells(is_coloured));
    }
    format!("\n{table}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn missing_values_are_shown_as_a_dash() {
        let completed = json!({ "status": "COMPLETED", "riskLevel": "HIGH", "riskScore": 90, "attempt": 2 });
        let document = json!({ "rules": [{ "effect": "It is listed: HIGH until cleared." }] });
        let failed = json!({ "status": "FAILED", "riskLevel": null, "riskScore": null, "attempt": 1 });
        let took = Duration::from_millis(1240);
        let table = render(
            [
                Row::new("A", &completed, Some(&document), took),
                Row::new("星見川精機株式会社", &failed, None, took),
            ]
            .iter(),
        );
        let cells =
            |line: &str| line.split(['│', '┆']).map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let row = |level: &str| cells(table.lines().find(|line| line.contains(level)).unwrap());
        assert_eq!(row("HIGH")[1..7], ["A", "HIGH", "90", "It is listed", "2", "1.2 s"]);
        assert_eq!(row("FAILED")[1..7], ["星見川精機株式会社", "FAILED", "-", "-", "1", "1.2 s"]);
    }

    #[test]
    fn a_report_without_a_rule_says_so() {
        assert_eq!(reason(&json!({ "rules": [] })), "No rule applies to the evidence");
    }
}
