//! The command `api-service audit verify`: verifies the audit logs of both services, exported from wherever they are kept.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use clap::Subcommand;
use telemetry::audit::{ChainReport, Verifier};
use thiserror::Error;

/// The name that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// The subcommands of `audit`.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Verifies that no line of the audit log was changed, removed, inserted or reordered. Prints a JSON object for each
    /// chain: the lines of one process. The exit code is 1 if there is a problem or no line at all.
    Verify {
        /// Files with lines of the log, in any order; `-` is standard input. Other lines than those of the audit log
        /// are ignored.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// The error of an `audit` command.
#[derive(Debug, Error)]
pub enum AuditError {
    /// A file cannot be read.
    #[error("{} cannot be read: {why}; a packed file is unpacked first, with gunzip -c FILE | api-service audit verify -", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        why: io::Error,
    },
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
/// Returns [`AuditError`] if a file cannot be read, if the log has a problem or no line, or if `output` fails.
pub fn run(command: &AuditCommand, output: &mut impl Write) -> Result<(), AuditError> {
    let AuditCommand::Verify { files } = command;
    let mut verifier = Verifier::default();
    for path in files {
        read(path, &mut verifier).map_err(|why| AuditError::File { path: path.clone(), why })?;
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

fn read(path: &Path, verifier: &mut Verifier) -> io::Result<()> {
    let input: Box<dyn BufRead> = match path.as_os_str() == STANDARD_INPUT {
        true => Box::new(io::stdin().lock()),
        false => Box::new(BufReader::new(File::open(path)?)),
    };
    for line in input.lines() {
        verifier.read(&line?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

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
    fn a_packed_file_is_refused_with_advice() {
        let (result, _) = verify(b"\x1f\x8b\x08\xff\xff");
        assert!(result.unwrap_err().to_string().contains("gunzip -c"));
    }
}
