//! How fast companies are screened, and how much memory a list takes: `cargo bench -p worker-service`.
//!
//! It reads the list and the queries of `../shared/data/sanctions` where they are at hand, and otherwise a list that
//! it makes up.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark that tells what it saw"
)]

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use screening::{Entry, MATCH_THRESHOLD, Screen, command::read_list};

/// Queries a second of the most accurate reference engine on the same data (nomenklatura logic-v2, by the data's README),
/// measured on a machine of the same kind.
const REFERENCE: f64 = 5.0;

/// Words to make names of.
const SYLLABLES: [&str; 16] = [
    "kar", "mol", "ven", "tis", "bro", "qui", "zan", "lek", "dor", "fay", "hul", "nim", "pas", "rud", "sev",
    "wyn",
];

fn invented(count: usize) -> (Vec<Entry>, Vec<(String, String)>) {
    let name = |mut number: usize| {
        let mut word = String::new();
        for _ in 0..4 {
            word.push_str(SYLLABLES[number % SYLLABLES.len()]);
            number = number / SYLLABLES.len() + number * 31 % 97;
        }
        format!("{word} International Trading Company Limited")
    };
    let entry = |number: usize| Entry { id: number.to_string(), name: name(number), ..Entry::default() };
    let queries = (0..500).map(|number| (name(number * 7).to_uppercase(), String::new())).collect();
    ((0..count).map(entry).collect(), queries)
}

/// The list and the queries, with the name of where they are from.
fn data() -> (Vec<Entry>, Vec<(String, String)>, &'static str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sanctions");
    let (list, queries) = (folder.join("entities.jsonl"), folder.join("queries.csv"));
    if !list.exists() || !queries.exists() {
        println!("the shared list is not at hand: a list of 7,000 invented names is used");
        let (entries, queries) = invented(7_000);
        return (entries, queries, "invented");
    }
    let mut reader = csv::Reader::from_path(queries).unwrap();
    let rows = reader.records().map(Result::unwrap).map(|row| (row[0].to_owned(), row[1].to_owned()));
    (read_list(&list).unwrap().entries, rows.collect(), "shared")
}

/// Memory of this process that is in use, in bytes; none where the system does not tell.
fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

fn main() {
    let (entries, queries, from) = data();
    let bodies = entries.len();
    let before = memory();
    let started = Instant::now();
    let screen = Screen::new(entries);
    let prepared = started.elapsed();
    let held = memory().zip(before).map(|(after, before)| after.saturating_sub(before) / (1024 * 1024));
    // Once to have everything in memory, then in earnest.
    let mut times: Vec<Duration> = Vec::new();
    let mut found = 0;
    for round in 0..3 {
        for (name, country) in &queries {
            let country = Some(country.as_str()).filter(|country| !country.is_empty());
            let started = Instant::now();
            found += screen.search(name, country, MATCH_THRESHOLD).len();
            if round > 0 {
                times.push(started.elapsed());
            }
        }
    }
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let second = times.len() as f64 / times.iter().sum::<Duration>().as_secs_f64();
    println!("list: {from}, {bodies} bodies, prepared in {prepared:?}, {held:?} MiB");
    println!("{} queries on one core, {found} bodies reported", times.len());
    println!("median {:?}, 99 % under {:?}, slowest {:?}", at(0.5), at(0.99), at(1.0));
    println!("{second:.0} queries a second, {:.0} times the reference", second / REFERENCE);
}
