//! Measures the time and memory of rendering each file of a report: `cargo bench -p rendering`.
//!
//! The goal for a report with 200 pieces of evidence is less than one second and 100 MB for each file.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs, reason = "a benchmark prints its results")]

use std::{fs, process::Command, time::Instant};

use domain::{
    artifact::{ArtifactKind, sha256_hex},
    assessment::{Category, Citation, Finding, Severity},
    document::Document,
    evidence::{Evidence, Facts, SourceName},
    time::UtcTime,
};
use rendering::form;

const FORMS: [ArtifactKind; 4] =
    [ArtifactKind::Html, ArtifactKind::Pdf, ArtifactKind::Md, ArtifactKind::Json];
const SIZES: [usize; 3] = [5, 50, 200];
const ROUNDS: usize = 5;

/// Returns a report with `pieces` pieces of evidence in several scripts, and a finding for every fourth of
/// them.
fn report(pieces: usize) -> Document {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/high.json");
    let mut document: Document = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let texts = [
        "The regulator fined the company 4.2 million pounds for hiding the losses of its clients. It appealed.",
        "検査データの不正を理由に、同社は行政処分を受けた。社長は記者会見で謝罪した。",
        "Суд оштрафовал компанию за уклонение от уплаты налогов и обязал её вернуть средства.",
        "Die Staatsanwaltschaft hat die Ermittlungen auf zwei weitere Länder ausgeweitet.",
    ];
    let at = |month: usize| UtcTime::from_epoch_millis(1_700_000_000_000 + month as i64 * 2_600_000_000);
    document.evidence = (0..pieces)
        .map(|index| {
            let text = [texts[index % texts.len()]; 6].join(" ");
            Evidence {
                id: format!("E{}", index + 1),
                source: SourceName::from_static("news"),
                title: format!("Report {} on the company", index + 1),
                sha256: sha256_hex(text.as_bytes()),
                text,
                url: Some(format!("https://news.example/articles/{index}?section=companies")),
                published_at: Some(at(index % 24)),
                retrieved_at: at(25),
                facts: Some(Facts::none()),
            }
        })
        .collect();
    document.findings = (0..pieces)
        .step_by(4)
        .map(|index| Finding {
            category: Category::AdverseMedia,
            severity: Severity::Medium,
            statement: "A news item speaks of a fine.".into(),
            citations: vec![Citation { evidence_id: format!("E{}", index + 1), quote: texts[0].into() }],
        })
        .collect();
    document
}

/// Returns the peak memory of this process in MiB, or `None` if the system does not report it.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes / 1024)
}

/// Measures one file. It runs in a process of its own, because the peak memory is that of the process.
fn measure(kind: ArtifactKind, pieces: usize) {
    let document = report(pieces);
    let started = Instant::now();
    let first = form(&document, kind, sources::rulebook()).unwrap();
    let cold = started.elapsed();
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            form(&document, kind, sources::rulebook()).unwrap();
            started.elapsed()
        })
        .collect();
    times.sort();
    let (warm, size) = (times[ROUNDS / 2], first.bytes.len() / 1024);
    let peak = peak_memory().map_or_else(|| "unknown".to_owned(), |peak| peak.to_string());
    println!("| {kind} | {pieces} | {cold:.1?} | {warm:.1?} | {peak} | {size} |");
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, kind, pieces] = arguments.as_slice()
        && flag == "--measure"
    {
        return measure(kind.parse().unwrap(), pieces.parse().unwrap());
    }
    println!("| form | evidence | first | median | peak memory, MiB | size, KiB |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for pieces in SIZES {
        for kind in FORMS {
            let itself = std::env::current_exe().unwrap();
            let arguments = ["--measure".to_owned(), kind.to_string(), pieces.to_string()];
            assert!(Command::new(itself).args(arguments).status().unwrap().success());
        }
    }
}
