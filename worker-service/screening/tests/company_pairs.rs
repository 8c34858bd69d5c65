//! Screens pairs of an invented listed name and a query that is, or is not, the same company.
//!
//! `pairs/tuning.csv` may be looked at while the engine is changed. `pairs/held_out.csv` was written before the
//! engine was tuned on the other file, and only its figures are looked at. Each pair is screened against a list
//! of its listed name alone, and against a list of all listed names of its file: rarity means nothing in the
//! first, and little in the second.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs, reason = "a test prints its figures")]

use std::{collections::BTreeMap, path::PathBuf};

use screening::{ListedEntity, MATCH_THRESHOLD, Screener, command::read_list};
use serde::Deserialize;

/// Score from which a listed entity is shown as a resemblance.
const RESEMBLANCE_THRESHOLD: f32 = 0.7;

/// What is expected of a pair.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Same {
    /// The query is the listed company: a match.
    Yes,
    /// The query is another company: no match.
    No,
    /// The query contains the listed name among much else: at least a resemblance.
    Resembles,
}

#[derive(Deserialize)]
struct Pair {
    kind: String,
    listed: String,
    query: String,
    same: Same,
}

/// Counts of one kind of pair, over both lists.
#[derive(Default)]
struct Figures {
    found: u32,
    missed: u32,
    false_alarms: u32,
    cleared: u32,
}

impl Figures {
    fn add(&mut self, same: Same, score: f32) {
        let threshold = if same == Same::Resembles { RESEMBLANCE_THRESHOLD } else { MATCH_THRESHOLD };
        let count = match (same == Same::No, score >= threshold) {
            (false, true) => &mut self.found,
            (false, false) => &mut self.missed,
            (true, true) => &mut self.false_alarms,
            (true, false) => &mut self.cleared,
        };
        *count += 1;
    }

    /// Returns the harmonic mean of precision and recall.
    fn f1(&self) -> f64 {
        let found = f64::from(2 * self.found);
        found / (found + f64::from(self.missed + self.false_alarms)).max(1.0)
    }
}

fn read(file: &str) -> Vec<Pair> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pairs").join(file);
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

fn entity(name: &str) -> ListedEntity {
    ListedEntity { id: name.to_owned(), name: name.to_owned(), ..ListedEntity::default() }
}

/// Returns the score of the listed name `listed` for `query`, or 0 if it is no hit.
fn score(screener: &Screener, listed: &str, query: &str) -> f32 {
    let hits = screener.search(query, None, 0.0);
    hits.iter().find(|hit| hit.entity.id == listed).map_or(0.0, |hit| hit.score)
}

/// Screens the pairs of `file` against their listed names among `others`, prints the figures by kind, and returns those of all kinds together.
fn measure(file: &str, others: Vec<ListedEntity>, show_faults: bool) -> Figures {
    let pairs = read(file);
    let mut names: Vec<&str> = pairs.iter().map(|pair| pair.listed.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let together = Screener::new(names.into_iter().map(entity).chain(others).collect());
    let mut by_kind: BTreeMap<&str, Figures> = BTreeMap::new();
    let mut all = Figures::default();
    for Pair { kind, listed, query, same } in &pairs {
        let alone = Screener::new(vec![entity(listed)]);
        for (list, screener) in [("alone", &alone), ("together", &together)] {
            let score = score(screener, listed, query);
            let before = (all.missed, all.false_alarms);
            all.add(*same, score);
            by_kind.entry(kind).or_default().add(*same, score);
            if show_faults && before != (all.missed, all.false_alarms) {
                let query: String = query.chars().take(60).collect();
                println!("{kind}, {list}: \"{query}\" scores {score:.3} against \"{listed}\"");
            }
        }
    }
    for (kind, figures) in by_kind.iter().chain([(&"all", &all)]) {
        let Figures { found, missed, false_alarms, cleared } = figures;
        println!(
            "{file} {kind:16} found {found:3} of {:3}, false alarms {false_alarms:3} of {:3}, F1 {:.3}",
            found + missed,
            false_alarms + cleared,
            figures.f1()
        );
    }
    all
}

#[test]
fn pairs_for_tuning_are_told_apart() {
    let figures = measure("tuning.csv", Vec::new(), true);
    assert!(figures.f1() >= 0.95, "{}", figures.f1());
}

#[test]
fn held_out_pairs_are_told_apart() {
    let figures = measure("held_out.csv", Vec::new(), false);
    assert!(figures.f1() >= 0.9, "{}", figures.f1());
}

/// Returns the path of a collected file about sanctions, which is not part of the repository.
fn collected(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sanctions").join(file)
}

fn collected_list() -> Vec<ListedEntity> {
    read_list(&collected("entities.jsonl")).unwrap().entities
}

#[test]
#[ignore = "reads ../shared/data; run by .ci/evidence-data"]
fn pairs_are_told_apart_on_the_collected_list() {
    for (file, min) in [("tuning.csv", 0.93), ("held_out.csv", 0.88)] {
        let figures = measure(file, collected_list(), false);
        assert!(figures.f1() >= min, "{file}: {}", figures.f1());
    }
}

#[test]
#[ignore = "reads ../shared/data; run by .ci/evidence-data"]
fn the_collected_queries_find_who_is_listed_and_nobody_else() {
    let screener = Screener::new(collected_list());
    let (mut listed, mut found, mut unlisted, mut reported) = (0, 0, 0, 0);
    for row in csv::Reader::from_path(collected("queries.csv")).unwrap().records() {
        let row = row.unwrap();
        let (query, country, expected) = (&row[0], Some(&row[1]).filter(|code| !code.is_empty()), &row[2]);
        let hits = screener.search(query, country, MATCH_THRESHOLD);
        let first = hits.first().map_or("", |hit| hit.entity.id);
        let (is_expected, count) = match expected {
            "" => (first.is_empty(), &mut unlisted),
            _ => (first == expected, &mut listed),
        };
        *count += 1;
        found += u32::from(!expected.is_empty() && is_expected);
        reported += u32::from(expected.is_empty() && !is_expected);
        if !is_expected {
            let score = hits.first().map_or(0.0, |hit| hit.score);
            println!("{}: \"{query}\" gives {first:?} ({score:.3}), expected {expected:?}", &row[3]);
        }
    }
    println!("collected queries: found {found} of {listed}, false alarms {reported} of {unlisted}");
    assert!(listed > 300 && unlisted > 100, "{listed} and {unlisted} queries");
    assert!(f64::from(found) >= 0.9898 * f64::from(listed), "{found} of {listed} found");
    assert!(f64::from(reported) <= 0.006 * f64::from(unlisted), "{reported} of {unlisted} reported");
}
