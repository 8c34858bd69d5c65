//! The words and tables of the document.

mod guidance;
mod method;
mod mistakes;
mod results;
mod threshold;

use jiff::civil::Date;

use crate::{
    document::{Document, Figure, Part, Section},
    format::{count, interval, percent},
    pack::{ListResult, Pack, SubjectResult},
};

/// The date that a PDF states if neither the command nor a list gives one: a PDF for archives must have a date, and
/// that of the clock would make each run different.
const NO_DATE: (u16, u8, u8) = (1970, 1, 1);

/// Returns the document. `date` is the date that was given, if any.
pub(crate) fn document(pack: &Pack, date: Option<Date>) -> Document {
    let names: Vec<&str> = pack.lists.iter().map(|list| list.name.as_str()).collect();
    let sections = [
        section("summary", "Summary", summary(pack)),
        section("tested", "What was tested", method::tested(pack)),
        section("method", "How it was tested", method::method(pack)),
        section("results", "Results by kind of query", results::results(pack)),
        section("threshold", "The threshold", threshold::threshold(pack)),
        section("alerts", "Alerts on clean names", results::alerts(pack)),
        section("misses", "Misses", mistakes::misses(pack)),
        section("false-alarms", "False alarms", mistakes::false_alarms(pack)),
        section("limits", "Limits of the method", limits(pack)),
        section("guidance", "What reviewers ask for", guidance::guidance()),
        section("repeat", "How to repeat this", method::repeat(pack)),
    ];
    Document {
        title: "Validation of sanctions screening".to_owned(),
        subtitle: format!("Dossier {} · {}", pack.version, names.join(" · ")),
        footer: pack.date.clone().unwrap_or_else(|| format!("Dossier {}", pack.version)),
        written: written(pack, date),
        sections: numbered(sections),
    }
}

fn section(id: &'static str, title: &str, parts: Vec<Part>) -> Section {
    Section { id, title: title.to_owned(), parts }
}

/// Numbers the sections, so that they can be cited.
fn numbered(sections: impl IntoIterator<Item = Section>) -> Vec<Section> {
    let numbers = 1..;
    let numbered = sections.into_iter().zip(numbers);
    numbered
        .map(|(section, number): (Section, u8)| Section {
            title: format!("{number}. {}", section.title),
            ..section
        })
        .collect()
}

/// Returns the date that was given, or the latest publication date of the lists that is written as ISO 8601.
fn written(pack: &Pack, date: Option<Date>) -> (u16, u8, u8) {
    let published = pack.lists.iter().filter_map(|list| list.published.as_deref()?.get(..10)?.parse().ok());
    let parts = |date: Date| {
        let year = u16::try_from(date.year()).ok()?;
        Some((year, u8::try_from(date.month()).ok()?, u8::try_from(date.day()).ok()?))
    };
    date.or_else(|| published.max()).and_then(parts).unwrap_or(NO_DATE)
}

/// Returns the heading of a subject: what it is and of which list, if there are several.
fn heading(pack: &Pack, list: &ListResult, subject: &SubjectResult) -> String {
    let noun = noun(subject.subject);
    if pack.lists.len() > 1 { format!("{noun}: {}", list.name) } else { noun.to_owned() }
}

fn noun(subject: &str) -> &'static str {
    if subject == "persons" { "Persons" } else { "Companies and other bodies" }
}

/// Returns every subject with its list.
fn subjects(pack: &Pack) -> impl Iterator<Item = (&ListResult, &SubjectResult)> {
    pack.lists.iter().flat_map(|list| list.subjects.iter().map(move |subject| (list, subject)))
}

fn summary(pack: &Pack) -> Vec<Part> {
    let mut parts = vec![Part::text(
        "This document measures how the screening engine of Dossier behaves on the sanctions lists named below: how \
         often it finds listed names that are written differently, and how often it reports names that are not listed. \
         It is meant for the model-risk file of the institution that uses the engine. Every figure has a 95\u{a0}% \
         confidence interval.",
    )];
    for (list, subject) in subjects(pack) {
        let (listed, ordinary) = (subject.totals.listed, subject.totals.ordinary);
        let alerts = ordinary.alerts_per_100_000;
        parts.push(Part::Figures {
            title: format!("{}, threshold {:.2}", heading(pack, list, subject), subject.threshold),
            figures: vec![
                Figure {
                    label: "Listed names found",
                    value: percent(listed.found.share),
                    detail: format!("{}, n = {}", interval(listed.found), count(listed.found.of)),
                },
                Figure {
                    label: "Found first",
                    value: percent(listed.found_first.share),
                    detail: format!("{}, n = {}", interval(listed.found_first), count(listed.found_first.of)),
                },
                Figure {
                    label: "Alerts per 100,000 clean names",
                    value: alerts.map_or_else(|| "–".to_owned(), |alerts| count(alerts.alerts as usize)),
                    detail: alerts.map_or_else(
                        || "no clean names".to_owned(),
                        |alerts| {
                            let n = count(ordinary.false_alarms.of);
                            format!("{}–{}, n = {n}", count(alerts.low as usize), count(alerts.high as usize))
                        },
                    ),
                },
            ],
        });
        parts.push(Part::text(weakest(subject)));
    }
    parts
}

/// Returns a sentence on the kinds of which least is found.
fn weakest(subject: &SubjectResult) -> String {
    let mut kinds: Vec<(f64, &str)> = subject
        .kinds
        .iter()
        .filter_map(|kind| Some((kind.listed?.found.share?, kind.title)))
        .filter(|(share, _)| *share < 1.0)
        .collect();
    kinds.sort_by(|one, other| one.0.total_cmp(&other.0));
    if kinds.is_empty() {
        return "Every query that means an entry was answered with it.".to_owned();
    }
    let named: Vec<String> =
        kinds.iter().take(3).map(|(share, title)| format!("{title} ({})", percent(Some(*share)))).collect();
    format!("Least is found of: {}.", named.join(", "))
}

fn limits(pack: &Pack) -> Vec<Part> {
    let items = pack.limits.iter().map(|limit| (*limit).to_owned()).collect();
    vec![Part::text("Read the figures with these limits in mind:"), Part::List { items }]
}
