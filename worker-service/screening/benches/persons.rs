//! Measures the accuracy, speed and memory of screening persons for lists of different sizes:
//! `cargo bench -p screening --bench persons`, with sizes as arguments (7000 70000 700000 by default).
//!
//! It uses the persons and queries in `../shared/data/persons`, and makes larger lists by varying the persons: given
//! names, family names and dates of birth are exchanged between them, and some letters changed. If the data does not
//! exist, nothing is measured.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs, reason = "a benchmark prints its results")]

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use screening::{
    BirthDate, EntityKind, ListedEntity,
    command::read_list,
    persons::{MATCH_THRESHOLD, PersonQuery, PersonScreener},
};

/// Number of times that each query is run.
const ROUNDS: usize = 5;

/// A query with the id of the person who is expected, or an empty text.
struct Query {
    name: String,
    birth_date: Option<BirthDate>,
    country: Option<String>,
    expected: String,
}

/// A generator of numbers (xorshift64*), for the same lists in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }
}

/// Returns nanoseconds that this thread has run, or `None` if the system does not report them. Unlike the time of day,
/// it does not count what other processes on the machine take.
fn processor_time() -> Option<u64> {
    fs::read_to_string("/proc/thread-self/schedstat").ok()?.split_whitespace().next()?.parse().ok()
}

/// Returns a value of this process's memory in MiB.
fn memory(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// Returns the parts of a name: the family name before a comma or the last word, and the rest.
fn parts(name: &str) -> (&str, &str) {
    name.split_once(", ")
        .or_else(|| name.rsplit_once(' ').map(|(given, family)| (family, given)))
        .unwrap_or((name, ""))
}

/// Returns `name` with one letter dropped, doubled or exchanged.
fn misspelled(name: &str, numbers: &mut Numbers) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    let at = numbers.below(letters.len());
    match numbers.below(3) {
        0 if letters.len() > 4 => drop(letters.remove(at)),
        1 => letters.insert(at, letters[at]),
        _ => letters[at] = char::from(b'a' + u8::try_from(numbers.below(26)).unwrap()),
    }
    letters.into_iter().collect()
}

/// Returns a list of `size` persons: the real ones, and variations of them.
fn list(real: &[ListedEntity], size: usize) -> Vec<ListedEntity> {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut list: Vec<ListedEntity> = Vec::with_capacity(size.max(real.len()));
    list.extend(real.iter().map(|entity| ListedEntity { topics: Vec::new(), ..entity.clone() }));
    while list.len() < size {
        let (one, other) = (&real[numbers.below(real.len())], &real[numbers.below(real.len())]);
        let ((family, _), (_, given)) = (parts(&one.name), parts(&other.name));
        let family = if numbers.below(4) == 0 { misspelled(family, &mut numbers) } else { family.to_owned() };
        let given = if numbers.below(8) == 0 {
            misspelled(&format!("{given} "), &mut numbers)
        } else {
            given.to_owned()
        };
        let mut aliases = Vec::new();
        for _ in 0..numbers.below(3) {
            aliases.push(format!("{}, {given}", misspelled(&family, &mut numbers)));
        }
        let year = u16::try_from(1930 + numbers.below(75)).unwrap();
        let month = u8::try_from(1 + numbers.below(12)).ok();
        let birth_dates =
            BirthDate::new(year, month, u8::try_from(1 + numbers.below(28)).ok()).into_iter().collect();
        list.push(ListedEntity {
            id: format!("varied-{}", list.len()),
            kind: EntityKind::Person,
            name: format!("{family}, {given}"),
            aliases,
            birth_dates,
            countries: one.countries.clone(),
            ..ListedEntity::default()
        });
    }
    list
}

fn queries(path: PathBuf) -> Vec<Query> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| Query {
        name: row[0].to_owned(),
        birth_date: row[1].parse().ok(),
        country: Some(row[2].to_owned()).filter(|country| !country.is_empty()),
        expected: row[4].to_owned(),
    })
    .collect()
}

fn measure(real: &[ListedEntity], queries: &[Query], size: usize) {
    let list = list(real, size);
    let names: usize = list.iter().map(|entity| entity.names().count()).sum();
    let (count, before) = (list.len(), memory("VmRSS"));
    let started = processor_time().unwrap();
    let screener = PersonScreener::new(list);
    let loaded = processor_time().unwrap() - started;
    let (resident, peak) = (memory("VmRSS"), memory("VmHWM"));
    // The fastest of several runs counts: others are interrupted on a shared machine.
    let mut times = vec![Duration::MAX; queries.len()];
    let (mut found, mut expected, mut alarms) = (0_u32, 0_u32, 0_u32);
    for round in 0..ROUNDS {
        for (query, time) in queries.iter().zip(&mut times) {
            let sought = PersonQuery {
                name: &query.name,
                birth_date: query.birth_date.as_ref(),
                country: query.country.as_deref(),
                number: None,
            };
            let started = Instant::now();
            let hits = screener.search(&sought, MATCH_THRESHOLD);
            *time = started.elapsed().min(*time);
            let best = hits.first().map_or(0.0, |hit| hit.score);
            if round > 0 {
                continue;
            }
            if query.expected.is_empty() {
                alarms += u32::from(!hits.is_empty());
            } else {
                expected += 1;
                let is_found = hits.iter().any(|hit| hit.entity.id == query.expected && hit.score >= best);
                found += u32::from(is_found);
            }
        }
    }
    times.sort_unstable();
    let percentile = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let percent = |part: u32, whole: u32| 100.0 * f64::from(part) / f64::from(whole);
    println!("{count} persons, {names} names: indexed in {:.2} s of processor time", loaded as f64 / 1e9);
    println!(
        "  memory: {before} MiB with the entries alone, {resident} MiB with the index, at most {peak} MiB"
    );
    println!(
        "  time of a query: median {:.2} ms, 99 % under {:.2} ms, slowest {:.2} ms",
        percentile(0.5),
        percentile(0.99),
        percentile(1.0)
    );
    println!(
        "  found first {:.1} %, false alarms {:.1} %",
        percent(found, expected),
        percent(alarms, u32::try_from(queries.len()).unwrap() - expected)
    );
}

fn main() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/persons");
    if !folder.join("entities.jsonl").exists() {
        println!("../shared/data/persons does not exist: nothing is measured");
        return;
    }
    if processor_time().is_none() {
        println!("this system does not report processor time: nothing is measured");
        return;
    }
    let list = read_list(&folder.join("entities.jsonl")).unwrap();
    let real = list.into_entries(EntityKind::Person).unwrap();
    let queries = queries(folder.join("queries.csv"));
    let sizes: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![7_000, 70_000, 700_000] } else { sizes };
    for size in sizes {
        measure(&real, &queries, size);
    }
}
