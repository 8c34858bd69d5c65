//! Writes a report in each of its forms, all from the same document.

mod bundle;
mod html;
mod markdown;
pub mod verify;

use shared::domain::{artifact::ArtifactKind, document::Document, evidence::Snapshot};

use crate::{
    assess::model::Answer,
    failure::{Failure, Stop},
};

/// A file of a report.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Its form.
    pub kind: ArtifactKind,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The files of a report.
///
/// # Errors
/// [`Stop`] when a template cannot be filled, which is a mistake of ours.
pub fn render(document: &Document, snapshot: &Snapshot, answers: &[Answer]) -> Result<Vec<Rendered>, Stop> {
    let json = serde_json::to_vec_pretty(document).map_err(broken)?;
    let files = [
        (ArtifactKind::Html, html::render(document).map_err(broken)?.into_bytes()),
        (ArtifactKind::Md, markdown::render(document).map_err(broken)?.into_bytes()),
        (ArtifactKind::Evidence, bundle::render(document, snapshot, answers, &json).map_err(broken)?),
        (ArtifactKind::Json, json),
    ];
    Ok(files.into_iter().map(|(kind, bytes)| Rendered { kind, bytes }).collect())
}

fn broken(error: impl std::fmt::Display) -> Stop {
    Stop::Failed(Failure {
        remedy: shared::aws::error::Remedy::Permanent,
        code: "template_broken",
        message: "The report could not be put into words. Tell the operator the report's id.",
        detail: error.to_string(),
    })
}

#[cfg(test)]
mod tests;
