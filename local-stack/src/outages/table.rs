//! Renders the outcomes as a table or as JSON.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};
use serde_json::{Value, json};

use super::clock::Compression;
use super::outcome::CellOutcome;

const COLUMNS: [&str; 13] = [
    "service",
    "failure",
    "duration",
    "reports",
    "completed",
    "failed",
    "open",
    "paid calls",
    "answers needed",
    "messages",
    "beyond one",
    "sent twice",
    "seconds after",
];

/// Returns a cell as a JSON object with its problems.
pub(super) fn json(outcome: &CellOutcome) -> Value {
    let mut value = json!(outcome);
    value["problems"] = json!(outcome.problems());
    value
}

/// Returns the table in Markdown with a line of totals, and the problems of every cell.
pub(super) fn render(outcomes: &[CellOutcome], compression: Compression) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(COLUMNS);
    for column in table.column_iter_mut().skip(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for outcome in outcomes {
        let names = [outcome.service.to_owned(), outcome.failure.to_owned(), outcome.duration.clone()];
        table.add_row(
            names.into_iter().chain(counts(outcome)).chain([format!("{:.0}", outcome.seconds_after)]),
        );
    }
    let names = ["all", "", ""].map(str::to_owned);
    table.add_row(names.into_iter().chain(counts(&total(outcomes))).chain([String::new()]));
    let mut text = format!("The clock runs {compression} times as fast.\n\n{table}\n");
    let mut sound = true;
    for outcome in outcomes {
        for problem in outcome.problems() {
            sound = false;
            let _ = write!(text, "\n{}:{}:{}: {problem}", outcome.service, outcome.failure, outcome.duration);
        }
    }
    if sound {
        text.push_str("\nNo report failed before its deadline, and nothing was paid or sent without need.");
    }
    text
}

fn counts(outcome: &CellOutcome) -> [String; 9] {
    [
        outcome.reports,
        outcome.completed,
        outcome.failed,
        outcome.open,
        outcome.paid_calls,
        outcome.answers_needed,
        outcome.messages_sent,
        outcome.messages_beyond_one,
        outcome.messages_sent_twice,
    ]
    .map(|count| count.to_string())
}

fn total(outcomes: &[CellOutcome]) -> CellOutcome {
    let sum = |count: fn(&CellOutcome) -> u64| outcomes.iter().map(count).sum();
    CellOutcome {
        reports: sum(|outcome| outcome.reports),
        completed: sum(|outcome| outcome.completed),
        failed: sum(|outcome| outcome.failed),
        open: sum(|outcome| outcome.open),
        paid_calls: sum(|outcome| outcome.paid_calls),
        answers_needed: sum(|outcome| outcome.answers_needed),
        messages_sent: sum(|outcome| outcome.messages_sent),
        messages_beyond_one: sum(|outcome| outcome.messages_beyond_one),
        messages_sent_twice: sum(|outcome| outcome.messages_sent_twice),
        ..CellOutcome::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_totals_and_names_the_cell_of_each_problem() {
        let cell = CellOutcome {
            service: "S3",
            failure: "hang",
            duration: "10m".to_owned(),
            reports: 8,
            completed: 8,
            paid_calls: 8,
            answers_needed: 8,
            messages_sent: 9,
            messages_beyond_one: 1,
            ..CellOutcome::default()
        };
        let compression: Compression = "60".parse().unwrap();
        let sound = render(&[cell.clone(), cell.clone()], compression);
        assert!(sound.contains("60 times as fast") && sound.contains("No report failed"), "{sound}");
        let totals = sound.lines().find(|line| line.starts_with("| all")).unwrap();
        let totals: Vec<&str> = totals.split('|').map(str::trim).collect();
        assert_eq!(totals[4..13], ["16", "16", "0", "0", "16", "16", "18", "2", "0"]);
        let broken = render(&[CellOutcome { open: 1, ..cell.clone() }], compression);
        assert!(broken.contains("S3:hang:10m: 1 reports had not ended"), "{broken}");
        assert_eq!(json(&cell)["problems"], json!([]));
        assert_eq!(json(&cell)["messagesBeyondOne"], 1);
    }
}
