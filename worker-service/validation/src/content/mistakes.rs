//! The queries with a wrong answer.

use super::{heading, subjects};
use crate::{
    document::{Column, Part, Table},
    format::{count, score},
    pack::{Entry, KindResult, Mistake, Pack},
};

/// Returns the queries whose entry was not reported.
pub(super) fn misses(pack: &Pack) -> Vec<Part> {
    let mut parts = vec![Part::text(
        "Queries whose entry scores less than the threshold. A reviewer can judge by them which differences the engine does \
         not bridge. Each list shows at most 50 queries of a kind, in the random order in which they were drawn.",
    )];
    for (list, subject) in subjects(pack) {
        parts.push(Part::heading(heading(pack, list, subject)));
        let mut any = false;
        for kind in subject.kinds.iter().filter(|kind| kind.listed.is_some() && kind.mistakes.count > 0) {
            any = true;
            parts.push(Part::Table(Table {
                caption: caption(kind, "not found"),
                columns: vec![
                    Column::text("Query", 3.0),
                    Column::text("Expected entry", 3.0),
                    Column::number("Score"),
                    Column::text("Best hit", 3.0),
                    Column::number("Score"),
                ],
                rows: kind.mistakes.shown.iter().map(missed).collect(),
            }));
        }
        if !any {
            parts.push(Part::text("None."));
        }
    }
    parts
}

/// Returns the clean names for which an entry was reported.
pub(super) fn false_alarms(pack: &Pack) -> Vec<Part> {
    let mut parts = vec![Part::text(
        "Clean names for which an entry scores at least the threshold, at most 50 of a kind.",
    )];
    for (list, subject) in subjects(pack) {
        parts.push(Part::heading(heading(pack, list, subject)));
        let mut any = false;
        for kind in subject.kinds.iter().filter(|kind| kind.clean.is_some() && kind.mistakes.count > 0) {
            any = true;
            parts.push(Part::Table(Table {
                caption: caption(kind, "reported"),
                columns: vec![
                    Column::text("Query", 1.0),
                    Column::text("Reported entry", 1.0),
                    Column::number("Score"),
                ],
                rows: kind.mistakes.shown.iter().map(reported).collect(),
            }));
        }
        if !any {
            parts.push(Part::text("None."));
        }
    }
    parts
}

fn caption(kind: &KindResult, what: &str) -> String {
    let KindResult { title, queries, mistakes, .. } = kind;
    let shown = mistakes.shown.len();
    let part = if shown < mistakes.count { format!("; the first {shown} of them") } else { String::new() };
    format!("{title}: {} of {} {what}{part}", count(mistakes.count), count(*queries))
}

fn missed(mistake: &Mistake) -> Vec<String> {
    vec![
        query(mistake),
        entry(mistake.expected.as_ref()),
        score(mistake.expected_score),
        entry(mistake.best.as_ref()),
        score(mistake.best_score),
    ]
}

fn reported(mistake: &Mistake) -> Vec<String> {
    vec![query(mistake), entry(mistake.best.as_ref()), score(mistake.best_score)]
}

/// Returns the name of a query with its country and date of birth.
fn query(mistake: &Mistake) -> String {
    let details: Vec<&str> = mistake.country.iter().chain(&mistake.birth_date).map(String::as_str).collect();
    if details.is_empty() {
        mistake.query.clone()
    } else {
        format!("{} ({})", mistake.query, details.join(", "))
    }
}

fn entry(entry: Option<&Entry>) -> String {
    entry.map_or_else(|| "nothing similar".to_owned(), |entry| format!("{} ({})", entry.name, entry.id))
}
