//! Renders a report in each of its forms (HTML, PDF, Markdown, JSON, audit bundle), all from the same document.

mod bundle;
mod charts;
pub mod command;
mod html;
mod markdown;
mod pdf;
mod schema;
pub mod verify;
mod view;

use domain::{artifact::ArtifactKind, document::Document, evidence::Snapshot, risk::Rulebook};
use thiserror::Error;

use self::view::View;
pub use self::{bundle::AuditedAnswer, schema::schema};

/// A file of a report.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Its form.
    pub kind: ArtifactKind,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A template that could not be filled.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct RenderError(String);

/// The forms that are made from the document alone.
const FORMS: [ArtifactKind; 4] =
    [ArtifactKind::Html, ArtifactKind::Pdf, ArtifactKind::Md, ArtifactKind::Json];

/// The files of a report.
///
/// # Errors
/// Returns [`RenderError`] if a template cannot be filled, which is a defect of this program.
pub fn render(
    document: &Document,
    snapshot: &Snapshot,
    answers: &[AuditedAnswer],
    rulebook: &Rulebook,
) -> Result<Vec<Rendered>, RenderError> {
    let mut files: Vec<Rendered> =
        FORMS.into_iter().map(|kind| form(document, kind, rulebook)).collect::<Result<_, _>>()?;
    let bytes = bundle::render(document, snapshot, answers, &files).map_err(broken)?;
    files.push(Rendered { kind: ArtifactKind::Evidence, bytes });
    Ok(files)
}

/// One form of a report. The audit bundle is none: it holds what the document does not.
///
/// # Errors
/// Returns [`RenderError`] if a template cannot be filled, which is a defect of this program.
pub fn form(document: &Document, kind: ArtifactKind, rulebook: &Rulebook) -> Result<Rendered, RenderError> {
    let view = || View::of(document, rulebook);
    let bytes = match kind {
        ArtifactKind::Html => html::render(&view()).map_err(broken)?.into_bytes(),
        ArtifactKind::Pdf => pdf::render(&view()).map_err(broken)?,
        ArtifactKind::Md => markdown::render(&view()).map_err(broken)?.into_bytes(),
        ArtifactKind::Json => serde_json::to_vec_pretty(document).map_err(broken)?,
        ArtifactKind::Evidence => return Err(broken("the audit bundle is made with the other files")),
    };
    Ok(Rendered { kind, bytes })
}

fn broken(error: impl std::fmt::Display) -> RenderError {
    RenderError(error.to_string())
}

#[cfg(test)]
mod tests;
