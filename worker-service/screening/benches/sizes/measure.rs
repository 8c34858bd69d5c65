//! Measures one list.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use screening::{EntityKind, MATCH_THRESHOLD, Screener, command::read_list};
use serde::{Deserialize, Serialize};

use super::Query;

/// Score from which the worker shows an entity.
const RESEMBLANCE_THRESHOLD: f32 = 0.7;
/// Number of times that the queries are repeated.
const ROUNDS: usize = 3;

/// The answer to a query.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Answer {
    /// The first entity, if it is a match.
    pub(super) id: Option<String>,
    /// Whether the expected entity is a match.
    pub(super) of_expected: bool,
}

/// Loads the list at `path`, screens the queries, loads the list again while it is in use, and prints the figures
/// and the answers.
pub(super) fn measure(path: &Path, queries: &[Query]) {
    // The tables of words are read once per process.
    drop(Screener::new(Vec::new()).search("warm up", None, 0.0));
    let started = Instant::now();
    let screener = load(path);
    let load = started.elapsed();
    let (peak, resident) = (memory("VmHWM"), memory("VmRSS"));
    println!(
        "{} bodies: loaded in {:.2} s, peak {peak} MiB, then {resident} MiB",
        screener.len(),
        load.as_secs_f64()
    );
    let mut times: Vec<Duration> = Vec::new();
    let mut answers = Vec::new();
    for round in 0..=ROUNDS {
        for query in queries {
            let started = Instant::now();
            let hits = screener.search(&query.name, query.country.as_deref(), RESEMBLANCE_THRESHOLD);
            // The first round warms the caches.
            if round > 0 {
                times.push(started.elapsed());
            } else {
                let is_match = |score: f32| score >= MATCH_THRESHOLD;
                let first = hits.first().filter(|hit| is_match(hit.score));
                answers.push(Answer {
                    id: first.map(|hit| hit.entity.id.to_string()),
                    of_expected: hits
                        .iter()
                        .any(|hit| *hit.entity.id == *query.expected && is_match(hit.score)),
                });
            }
        }
    }
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let mean = times.iter().sum::<Duration>().as_secs_f64() * 1e3 / times.len() as f64;
    println!(
        "  query: mean {mean:.2} ms, median {:.2} ms, 99 % under {:.2} ms, slowest {:.2} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    );
    let renewed = load(path);
    println!("  renewed while in use: peak {} MiB for {} bodies twice", memory("VmHWM"), renewed.len());
    println!("answers");
    for answer in answers {
        println!("{}", serde_json::to_string(&answer).unwrap());
    }
}

/// Loads the bodies of the list at `path`.
fn load(path: &Path) -> Screener {
    Screener::new(read_list(path).unwrap().into_entries(EntityKind::Organization).unwrap())
}

/// Returns a figure about the memory of this process in MiB.
fn memory(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
