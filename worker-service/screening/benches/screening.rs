//! Measures how fast companies are screened and how much memory a list takes: `cargo bench -p screening`.
//!
//! It uses the list and the queries in `../shared/data/sanctions` if they exist, and an invented list
//! otherwise.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs, reason = "a benchmark prints its results")]

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use screening::{ListedEntity, MATCH_THRESHOLD, Screener, command::read_list};

/// Queries per second of the most accurate reference engine on the same data (nomenklatura logic-v2,
/// according to the README of the data), measured on a machine of the same kind.
const REFERENCE: f64 = 5.0;

/// Syllables of invented names.
const SYLLABLES: [&str; 16] = [
    "kar", "mol", "ven", "tis", "bro", "qui", "zan", "lek", "dor", "fay", "hul", "nim", "pas", "rud", "sev",
    "wyn",
];

/// Returns an invented list of `count` entities, and queries as pairs of name and country.
fn invented(count: usize) -> (Vec<ListedEntity>, Vec<(String, String)>) {
    let name = |mut number: usize| {
        let mut word = String::new();
        for _ in 0..4 {
            word.push_str(SYLLABLES[number % SYLLABLES.len()]);
            number = number / SYLLABLES.len() + number * 31 % 97;
        }
        format!("{word} International Trading Company Limited")
    };
    let entity = |number: usize| ListedEntity {
        id: number.to_string(),
        name: name(number),
        ..ListedEntity::default()
    };
    let queries = (0..500).map(|number| (name(number * 7).to_uppercase(), String::new())).collect();
    ((0..count).map(entity).collect(), queries)
}

/// Returns the list and the queries with the name of their origin.
fn data() -> (Vec<ListedEntity>, Vec<(String, String)>, &'static str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sanctions");
    let (list, queries) = (folder.join("entities.jsonl"), folder.join("queries.csv"));
    if !list.exists() || !queries.exists() {
        println!("the shared list does not exist: using a list of 7,000 invented names");
        let (entities, queries) = invented(7_000);
        return (entities, queries, "invented");
    }
    let mut reader = csv::Reader::from_path(queries).unwrap();
    let rows = reader.records().map(Result::unwrap).map(|row| (row[0].to_owned(), row[1].to_owned()));
    (read_list(&list).unwrap().entities, rows.collect(), "shared")
}

/// Returns the resident memory of this process in bytes, or `None` if the system does not report it.
fn resident_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

fn main() {
    let (entities, queries, origin) = data();
    let count = entities.len();
    let before = resident_memory();
    let started = Instant::now();
    let screener = Screener::new(entities);
    let prepared = started.elapsed();
    let memory =
        resident_memory().zip(before).map(|(after, before)| after.saturating_sub(before) / (1024 * 1024));
    // The first round warms the caches and is not measured.
    let mut times: Vec<Duration> = Vec::new();
    let mut found = 0;
    for round in 0..3 {
        for (name, country) in &queries {
            let country = Some(country.as_str()).filter(|country| !country.is_empty());
            let started = Instant::now();
            found += screener.search(name, country, MATCH_THRESHOLD).len();
            if round > 0 {
                times.push(started.elapsed());
            }
        }
    }
    times.sort();
    let percentile = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let per_second = times.len() as f64 / times.iter().sum::<Duration>().as_secs_f64();
    println!("list: {origin}, {count} entities, indexed in {prepared:?}, {memory:?} MiB");
    println!("{} queries on one core, {found} entities reported", times.len());
    println!(
        "median {:?}, 99 % under {:?}, slowest {:?}",
        percentile(0.5),
        percentile(0.99),
        percentile(1.0)
    );
    println!("{per_second:.0} queries per second, {:.0} times the reference", per_second / REFERENCE);
}
