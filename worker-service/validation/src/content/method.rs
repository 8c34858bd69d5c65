//! What was tested and how, and how to repeat it.

use super::{heading, noun, subjects};
use crate::{
    document::{Column, Part, Table},
    format::count,
    pack::Pack,
};

/// Returns what was tested.
pub(super) fn tested(pack: &Pack) -> Vec<Part> {
    let fact = |label: &str, value: String| (label.to_owned(), value);
    let mut facts = vec![
        fact("Engine", format!("screening engine of Dossier {}", pack.version)),
        fact("Rules", format!("version {}", pack.rules)),
        fact("Seed", pack.seed.to_string()),
        fact("Sample", format!("{} queries of each kind", count(pack.sample))),
    ];
    facts.extend(pack.date.iter().map(|date| fact("Date", date.clone())));
    for (_, subject) in subjects(pack) {
        let label = format!("Threshold, {}", noun(subject.subject).to_lowercase());
        if facts.iter().all(|(other, _)| *other != label) {
            facts.push((label, format!("{:.2}", subject.threshold)));
        }
    }
    facts.push(fact(
        "Resemblance",
        format!(
            "entries from {:.2} on are shown as resemblances; this document counts matches only",
            pack.resemblance_threshold
        ),
    ));
    let mut parts = vec![Part::Facts { facts }];
    for list in &pack.lists {
        parts.push(Part::heading(list.name.as_str()));
        let published = list.published.clone();
        let mut facts =
            vec![fact("Published", published.unwrap_or_else(|| "the list states no date".to_owned()))];
        for subject in &list.subjects {
            let figures = format!("{} entries, {} names", count(subject.entries), count(subject.names));
            facts.push(fact(noun(subject.subject), figures));
        }
        facts.extend(
            list.files.iter().map(|file| fact("SHA-256", format!("{} ({})", file.sha256, file.name))),
        );
        parts.push(Part::Facts { facts });
    }
    parts
}

/// Returns how it was tested.
pub(super) fn method(pack: &Pack) -> Vec<Part> {
    let mut parts = vec![
        Part::text(
            "Queries are made from the entries of the list, each kind with its own sequence of random numbers from the \
             seed. A kind takes each entry at most once, in random order, until its sample is full; a kind that applies \
             to fewer entries has fewer queries. Unless the kind says otherwise, a query has the main name of the entry, \
             the first country that the list states for it and, for a person, the first date of birth, with the given \
             name first. Each list is searched on its own, as the service does.",
        ),
        Part::List {
            items: vec![
                "Found: the entry is reported, that is, it scores at least the threshold.".to_owned(),
                "Found first: it is reported, and no other entry scores higher.".to_owned(),
                "Others reported: another entry is reported, alone or beside it. It may be a true relative of the entry."
                    .to_owned(),
                "False alarm: any entry is reported for a clean name.".to_owned(),
                "Interval: the 95\u{a0}% confidence interval by Wilson's score method (E. B. Wilson, \"Probable inference, the \
                 law of succession, and statistical inference\", Journal of the American Statistical Association, 1927)."
                    .to_owned(),
            ],
        },
    ];
    let mut done: Vec<&str> = Vec::new();
    for (list, subject) in subjects(pack) {
        // The kinds of the second list are those of the first.
        if done.contains(&subject.subject) {
            continue;
        }
        done.push(subject.subject);
        parts.push(Part::heading(heading(pack, list, subject)));
        let rows = subject
            .kinds
            .iter()
            .map(|kind| vec![kind.title.to_owned(), kind.method.to_owned(), count(kind.queries)]);
        parts.push(Part::Table(Table {
            caption: format!("Kinds of queries: {}", noun(subject.subject).to_lowercase()),
            columns: vec![
                Column::text("Kind", 1.0),
                Column::text("How its queries are made", 3.0),
                Column::number("Queries"),
            ],
            rows: rows.collect(),
        }));
    }
    parts
}

/// Returns how to repeat the run.
pub(super) fn repeat(pack: &Pack) -> Vec<Part> {
    let mut command = "worker-service validate-screening".to_owned();
    for file in pack.lists.iter().filter_map(|list| list.files.first()) {
        command.push_str(&format!(" --list {}", file.name));
    }
    command.push_str(&format!(" --seed {} --sample {}", pack.seed, pack.sample));
    command.extend(pack.date.iter().map(|date| format!(" --date {date}")));
    command.push_str(" --out FOLDER");
    vec![
        Part::text(
            "The same version, lists, seed and sample give the same files, byte for byte. Another seed draws other queries: \
             its intervals should overlap with these in nearly all kinds.",
        ),
        Part::text(command),
        Part::text(
            "validation.json holds every figure of this document and the listed mistakes, for tools of your own.",
        ),
    ]
}
