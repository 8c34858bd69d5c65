//! `worker-service render`: renders a report from its JSON artifact with the templates of this version of
//! Dossier.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use domain::{artifact::ArtifactKind, document::Document, risk::Rulebook};
use thiserror::Error;

use super::form;

/// The error of a run of `render`.
#[derive(Debug, Error)]
pub enum CommandError {
    /// A file cannot be read or written.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        why: io::Error,
    },
    /// The file is not the JSON artifact of a report.
    #[error("{} is not the JSON artifact of a report: {why}", path.display())]
    Report {
        /// The file.
        path: PathBuf,
        /// The cause.
        why: serde_json::Error,
    },
    /// A template cannot be filled.
    #[error("the report cannot be rendered: {0}")]
    Template(String),
    /// The names of the files cannot be written.
    #[error("the output cannot be written: {0}")]
    Out(#[from] io::Error),
}

/// Renders the report at `path` as HTML, PDF and Markdown into the folder `into`, and writes the paths of the
/// files to `out`.
///
/// # Errors
/// Returns [`CommandError`] if `path` is not the JSON artifact of a report or a file cannot be written.
pub fn render(
    path: &Path,
    into: &Path,
    rulebook: &Rulebook,
    out: &mut impl Write,
) -> Result<(), CommandError> {
    let file_error = |path: &Path| {
        let path = path.to_owned();
        move |why| CommandError::File { path, why }
    };
    let bytes = fs::read(path).map_err(file_error(path))?;
    let document: Document =
        serde_json::from_slice(&bytes).map_err(|why| CommandError::Report { path: path.to_owned(), why })?;
    fs::create_dir_all(into).map_err(file_error(into))?;
    for kind in [ArtifactKind::Html, ArtifactKind::Pdf, ArtifactKind::Md] {
        let rendered =
            form(&document, kind, rulebook).map_err(|error| CommandError::Template(error.to_string()))?;
        let target = into.join(kind.file_name());
        fs::write(&target, rendered.bytes).map_err(file_error(&target))?;
        writeln!(out, "{}", target.display())?;
    }
    Ok(())
}
