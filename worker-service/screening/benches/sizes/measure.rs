//! Measures one list.

use std::{fs, path::Path, thread, time::Duration};

use screening::{
    Hit, Screener, ScreenerBuilder,
    lists::{self, Files},
};
use serde::{Deserialize, Serialize};

use super::Query;

/// Score from which the worker shows an entity.
const RESEMBLANCE_THRESHOLD: f32 = 0.7;
/// Number of times that each query is answered. Its shortest time counts: other processes, which share the caches of
/// the processor, lengthen the others.
const ROUNDS: usize = 3;

/// The answer to a query.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Answer {
    /// The first entity, if it is a match.
    pub(super) id: Option<String>,
    /// Whether the expected entity is a match.
    pub(super) of_expected: bool,
}

impl Answer {
    fn of(hits: &[Hit<'_>], query: &Query) -> Self {
        let first = hits.first().filter(|hit| hit.is_match());
        let is_expected = |hit: &Hit<'_>| hit.entity.id == query.expected && hit.is_match();
        Self { id: first.map(|hit| hit.entity.id.to_owned()), of_expected: hits.iter().any(is_expected) }
    }
}

/// Loads the list at `path`, screens the queries, loads the list again while it is in use, and prints the figures
/// and the answers.
pub(super) fn measure(path: &Path, queries: &[Query]) {
    // The tables of words are read once per process.
    drop(Screener::new(Vec::new()).search("warm up", None, 0.0));
    let started = cpu_time();
    let screener = load(path);
    let loading = cpu_time() - started;
    let (peak, resident) = (memory("VmHWM"), memory("VmRSS"));
    println!(
        "{} bodies: loaded in {:.2} s of CPU time, peak {peak} MiB, then {resident} MiB",
        screener.len(),
        loading.as_secs_f64()
    );
    let mut times: Vec<Duration> = vec![Duration::MAX; queries.len()];
    let mut answers = Vec::new();
    for round in 0..ROUNDS {
        for (query, best) in queries.iter().zip(&mut times) {
            let started = cpu_time();
            let hits = screener.search(&query.name, query.country.as_deref(), RESEMBLANCE_THRESHOLD);
            *best = (cpu_time() - started).min(*best);
            if round == 0 {
                answers.push(Answer::of(&hits, query));
            }
        }
    }
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let mean = times.iter().sum::<Duration>().as_secs_f64() * 1e3 / times.len() as f64;
    println!(
        "  CPU time of a query: mean {mean:.2} ms, median {:.2} ms, 99 % under {:.2} ms, slowest {:.2} ms",
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
    let mut bodies = ScreenerBuilder::default();
    let file = fs::read(path).unwrap();
    let files = Files { main: &file, ..Files::default() };
    lists::read_each(files, |entity| bodies.add(&entity)).unwrap();
    drop(file);
    bodies.finish()
}

/// Returns the time that this thread has computed. Other processes on the machine do not count.
fn cpu_time() -> Duration {
    // The system brings the figure up to date when the thread yields.
    thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// Returns a figure about the memory of this process in MiB.
fn memory(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
