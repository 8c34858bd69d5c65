//! Measures how load time, memory, speed and accuracy depend on the length of a list:
//! `cargo bench -p screening --bench sizes`.
//!
//! The list in `../shared/data/sanctions` is made longer with variants of its entries, and the queries there are
//! screened against each length. Without that data nothing is measured. Each length is measured in a process of
//! its own, so that the peak of its memory is not that of another one.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs, reason = "a benchmark prints its results")]

mod measure;
mod varied;

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use self::measure::Answer;

/// The worker's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Numbers of bodies that are measured. The first is that of the list itself.
const SIZES: [usize; 3] = [7_270, 70_000, 300_000];

/// The member of the command line that makes a process measure one list.
const MEASURE: &str = "measure";

/// A query with the id of the entity that is expected, or an empty one.
struct Query {
    name: String,
    country: Option<String>,
    expected: String,
}

fn main() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sanctions");
    let (list, queries) = (folder.join("entities.jsonl"), folder.join("queries.csv"));
    if !list.exists() || !queries.exists() {
        println!("{} or queries.csv does not exist: nothing was measured", list.display());
        return;
    }
    let queries = read_queries(&queries);
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [command, path] = arguments.as_slice()
        && command == MEASURE
    {
        measure::measure(Path::new(path), &queries);
        return;
    }
    let mut first: Vec<Answer> = Vec::new();
    for size in SIZES {
        let varied = env::temp_dir().join(format!("dossier-sizes-{}-{size}.jsonl", std::process::id()));
        varied::write(&list, &varied, size);
        let answers = measure_apart(&varied);
        fs::remove_file(varied).unwrap();
        if first.is_empty() {
            first.clone_from(&answers);
        }
        report(&queries, &first, &answers);
    }
}

fn read_queries(path: &Path) -> Vec<Query> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let query = |row: csv::StringRecord| Query {
        name: row[0].to_owned(),
        country: Some(row[1].to_owned()).filter(|country| !country.is_empty()),
        expected: row[2].to_owned(),
    };
    reader.records().map(|row| query(row.unwrap())).collect()
}

/// Measures a list in another process, and returns the answers to the queries.
fn measure_apart(list: &Path) -> Vec<Answer> {
    let mut command = Command::new(env::current_exe().unwrap());
    let output = command.args([MEASURE.as_ref(), list.as_os_str()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (figures, answers) = text.split_once("answers\n").unwrap();
    print!("{figures}");
    answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Prints the accuracy, and how many verdicts are those of the list itself.
fn report(queries: &[Query], first: &[Answer], answers: &[Answer]) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut count = |what, condition: bool| *counts.entry(what).or_default() += usize::from(condition);
    for ((query, before), answer) in queries.iter().zip(first).zip(answers) {
        let is_listed = !query.expected.is_empty();
        count("listed", is_listed);
        count("unlisted", !is_listed);
        count("found", is_listed && answer.id.as_deref() == Some(query.expected.as_str()));
        count("reported", is_listed && answer.id.is_some());
        count("false alarms", !is_listed && answer.id.is_some());
        count("same", answer.of_expected == before.of_expected);
        let is_lost = before.of_expected && !answer.of_expected;
        if is_lost {
            println!("  no longer a match: {:?}, expected {}", query.name, query.expected);
        }
    }
    let get = |what| counts.get(what).copied().unwrap_or_default();
    println!(
        "  found first {} of {} ({} reported), false alarms {} of {}, same verdict on the expected entry {} of {}",
        get("found"),
        get("listed"),
        get("reported"),
        get("false alarms"),
        get("unlisted"),
        get("same"),
        queries.len()
    );
}
