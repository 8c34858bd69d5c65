//! `worker-service render`: the forms of a report from its JSON artifact, as by this version of Dossier.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use domain::{artifact::ArtifactKind, document::Document, risk::Rulebook};
use thiserror::Error;

use super::form;

/// Why a report is not rendered.
#[derive(Debug, Error)]
pub enum CommandError {
    /// A file cannot be read or written.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// It is no report.
    #[error("{} is not the JSON artifact of a report: {why}", path.display())]
    Report {
        /// The file.
        path: PathBuf,
        /// Why.
        why: serde_json::Error,
    },
    /// A template cannot be filled.
    #[error("the report cannot be rendered: {0}")]
    Template(String),
    /// The answer cannot be written.
    #[error("the answer cannot be written: {0}")]
    Out(#[from] io::Error),
}

/// Writes HTML, PDF and Markdown of the report at `path` into the folder `into`, and their names to `out`.
///
/// # Errors
/// [`CommandError`] when it is no report or a file cannot be written.
pub fn render(
    path: &Path,
    into: &Path,
    rulebook: &Rulebook,
    out: &mut impl Write,
) -> Result<(), CommandError> {
    let file = |path: &Path| {
        let path = path.to_owned();
        move |why| CommandError::File { path, why }
    };
    let bytes = fs::read(path).map_err(file(path))?;
    let document: Document =
        serde_json::from_slice(&bytes).map_err(|why| CommandError::Report { path: path.to_owned(), why })?;
    fs::create_dir_all(into).map_err(file(into))?;
    for kind in [ArtifactKind::Html, ArtifactKind::Pdf, ArtifactKind::Md] {
        let form =
            form(&document, kind, rulebook).map_err(|error| CommandError::Template(error.to_string()))?;
        let target = into.join(kind.file_name());
        fs::write(&target, form.bytes).map_err(file(&target))?;
        writeln!(out, "{}", target.display())?;
    }
    Ok(())
}
