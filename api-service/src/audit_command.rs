//! The command `api-service audit verify`: verifies the audit logs of both services, exported from wherever they are kept.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use clap::Subcommand;
use flate2::bufread::MultiGzDecoder;
use telemetry::audit::{ChainReport, Verifier};
use thiserror::Error;

/// The name that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// The first bytes of a file that gzip has packed (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The subcommands of `audit`.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Verifies that no line of the audit log was changed, removed, inserted or reordered. Prints a JSON object for each
    /// chain: the lines of one process. The exit code is 1 if there is a problem or no line at all.
    Verify {
        /// Files with lines of the log, in any order, or folders of such files; `-` is standard input. Files may be
        /// packed with gzip, as a bucket holds them. Other lines than those of the audit log are ignored.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// The error of an `audit` command.
#[derive(Debug, Error)]
pub enum AuditError {
    /// The files have no line of the audit log.
    #[error(
        "there is no line of the audit log in what was read: lines have \"target\":\"dossier::audit\" and are JSON"
    )]
    Empty,
    /// Something is wrong with the log.
    #[error("the audit log has problems (number: {problems}, in chains: {chains}); each is described above")]
    Problems {
        /// The number of problems.
        problems: usize,
        /// The number of chains with a problem.
        chains: usize,
    },
    /// The result cannot be printed.
    #[error("the result cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// Runs `command`, and prints its result to `output`.
///
/// # Errors
/// Returns [`AuditError`] if the log has a problem or no line, or if `output` fails. A file that cannot be read is a problem
/// of the log, and the others are verified.
pub fn run(command: &AuditCommand, output: &mut impl Write) -> Result<(), AuditError> {
    let AuditCommand::Verify { files } = command;
    let mut verifier = Verifier::default();
    for path in files {
        read(path, &mut verifier);
    }
    let reports = verifier.reports();
    for report in &reports {
        serde_json::to_writer(&mut *output, report).map_err(io::Error::from)?;
        writeln!(output)?;
    }
    output.flush()?;
    let with_problems: Vec<&ChainReport> = reports.iter().filter(|report| report.problem_count > 0).collect();
    match (reports.is_empty(), with_problems.len()) {
        (true, _) => Err(AuditError::Empty),
        (false, 0) => Ok(()),
        (false, chains) => Err(AuditError::Problems {
            problems: with_problems.iter().map(|report| report.problem_count).sum(),
            chains,
        }),
    }
}

/// Reads a file, standard input, or all files of a folder and its folders.
fn read(path: &Path, verifier: &mut Verifier) {
    let outcome = match path.is_dir() {
        true => fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>).map(|entries| {
            entries.iter().for_each(|entry| read(&entry.path(), verifier));
        }),
        false => read_lines(path, verifier),
    };
    if let Err(why) = outcome {
        verifier.could_not_read(format!("{} cannot be read to its end: {why}", path.display()));
    }
}

fn read_lines(path: &Path, verifier: &mut Verifier) -> io::Result<()> {
    let input: Box<dyn BufRead> = match path.as_os_str() == STANDARD_INPUT {
        true => Box::new(io::stdin().lock()),
        false => Box::new(BufReader::new(File::open(path)?)),
    };
    verifier.read(&path.display().to_string(), unpacked(input)?)
}

/// Returns the content of `input`, which may be packed, also more than once: CloudWatch Logs packs each record of a
/// subscription, and a delivery stream may pack the records together.
fn unpacked(mut input: Box<dyn BufRead>) -> io::Result<Box<dyn BufRead>> {
    while input.fill_buf()?.starts_with(&GZIP) {
        input = Box::new(BufReader::new(MultiGzDecoder::new(input)));
    }
    Ok(input)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn verify(content: &[u8]) -> (Result<(), AuditError>, String) {
        let folder = std::env::temp_dir().join(format!("audit-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("log");
        fs::write(&file, content).unwrap();
        let mut output = Vec::new();
        let result = run(&AuditCommand::Verify { files: vec![file] }, &mut output);
        fs::remove_dir_all(&folder).unwrap();
        (result, String::from_utf8(output).unwrap())
    }

    #[test]
    fn a_log_without_lines_of_the_audit_log_proves_nothing() {
        let (result, output) = verify(b"{\"target\":\"api_service\"}\nplain\n");
        assert!(matches!(result, Err(AuditError::Empty)) && output.is_empty());
    }

    #[test]
    fn problems_are_printed_and_counted() {
        let (result, output) = verify(b"{\"target\":\"dossier::audit\",\"action\":\"report.submit\"}\n");
        assert_eq!(
            result.unwrap_err().to_string(),
            "the audit log has problems (number: 1, in chains: 1); each is described above"
        );
        assert!(output.contains("lacks a member of the chain"), "{output}");
    }

    #[test]
    fn a_damaged_file_is_a_problem_and_the_others_are_verified() {
        let folder = std::env::temp_dir().join(format!("audit-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("damaged.gz"), b"\x1f\x8b\x08\xff\xff").unwrap();
        fs::write(folder.join("picture.png"), b"\x89PNG\xff\xfe\n\xff").unwrap();
        fs::write(folder.join("whole"), LINES).unwrap();
        let mut output = Vec::new();
        let files = vec![folder.clone(), folder.join("missing")];
        let result = run(&AuditCommand::Verify { files }, &mut output);
        fs::remove_dir_all(&folder).unwrap();
        assert!(matches!(result, Err(AuditError::Problems { problems: 2, chains: 1 })), "{result:?}");
        let output = String::from_utf8(output).unwrap();
        assert!(output.contains("damaged.gz cannot be read to its end"), "{output}");
        assert!(output.contains("missing cannot be read to its end"), "{output}");
        assert!(output.lines().any(|line| line.contains(r#""problemCount":0"#)), "the whole chain: {output}");
    }

    fn packed(content: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    /// Returns the record of a subscription with these messages.
    fn record(messages: &[&str]) -> String {
        let events: Vec<Value> =
            messages.iter().map(|message| json!({"id": "1", "timestamp": 1, "message": message})).collect();
        json!({"messageType": "DATA_MESSAGE", "logGroup": "/dossier/api", "logEvents": events}).to_string()
    }

    /// The lines of a chain, as the services write them.
    const LINES: &str = include_str!("../tests/audit-lines.jsonl");

    #[test]
    fn the_files_of_a_bucket_are_read_as_a_delivery_stream_writes_them() {
        let lines: Vec<&str> = LINES.lines().collect();
        let control = r#"{"messageType":"CONTROL_MESSAGE","logEvents":[{"message":"CWL CONTROL MESSAGE"}]}"#;
        // Records are packed one by one and follow each other without a line break; some come twice.
        let records = [control.to_owned(), record(&lines[1..3]), record(&lines[..1]), record(&lines[1..2])];
        let object: Vec<u8> = records.iter().flat_map(|record| packed(record)).collect();
        let folder = std::env::temp_dir().join(format!("audit-{}", uuid::Uuid::now_v7()));
        let day = folder.join("2026/11/29");
        fs::create_dir_all(&day).unwrap();
        fs::write(day.join("first.gz"), object).unwrap();
        fs::write(day.join("second.gz"), packed(&record(&lines[3..]))).unwrap();
        let mut output = Vec::new();
        let result = run(&AuditCommand::Verify { files: vec![folder.clone()] }, &mut output);
        fs::remove_dir_all(&folder).unwrap();
        let report: Value = serde_json::from_slice(&output).unwrap();
        assert!(result.is_ok(), "{result:?}: {report}");
        assert_eq!((&report["lines"], &report["ended"]), (&json!(lines.len()), &json!(true)));

        let twice: Vec<u8> = packed(&record(&lines));
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&twice).unwrap();
        assert!(verify(&encoder.finish().unwrap()).0.is_ok(), "packed by both");
        let (result, _) = verify(&packed(&record(&[lines[0], lines[2]])));
        assert!(matches!(result, Err(AuditError::Problems { problems: 1, .. })), "a line is missing");
    }
}
