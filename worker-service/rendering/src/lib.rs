//! Renders a report as files: HTML, PDF, Markdown and JSON from its document, and the audit bundle beside
//! them.
//!
//! The worker renders a report after its assessment and before it is stored. HTML, PDF and Markdown are
//! filled from one view, so they have the same content in the same order.

mod bundle;
mod charts;
pub mod command;
mod html;
mod markdown;
mod pdf;
mod rendered;
mod schema;
mod texts;
pub mod verify;
mod view;

use domain::{
    artifact::ArtifactKind, document::Document, evidence::Snapshot, format::Format, risk::Rulebook,
};
use thiserror::Error;

use self::view::View;
pub use self::{
    bundle::{AuditTrail, AuditedAnswer},
    html::STYLE,
    rendered::Rendered,
    schema::schema,
};

/// The error of a file that cannot be rendered.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct RenderError(String);

/// Returns the files of a report: one for each of `formats`, its JSON document, and, as the last one, the audit
/// bundle, which holds the digests of the others.
///
/// # Errors
/// Returns [`RenderError`] if a template cannot be filled, which is a defect of this program.
pub fn render(
    document: &Document,
    snapshot: &Snapshot,
    trail: &AuditTrail,
    rulebook: &Rulebook,
    formats: &[Format],
) -> Result<Vec<Rendered>, RenderError> {
    let kinds = formats.iter().filter_map(|format| format.artifact()).chain([ArtifactKind::Json]);
    let mut files: Vec<Rendered> =
        kinds.map(|kind| form(document, kind, rulebook)).collect::<Result<_, _>>()?;
    let bytes = bundle::render(document, snapshot, trail, &files).map_err(broken)?;
    files.push(Rendered { kind: ArtifactKind::Evidence, bytes });
    Ok(files)
}

/// Returns one file of a report.
///
/// # Errors
/// Returns [`RenderError`] if a template cannot be filled, which is a defect of this program, and for the
/// audit bundle, which holds more than the document and is rendered by [`render`] only.
pub fn form(document: &Document, kind: ArtifactKind, rulebook: &Rulebook) -> Result<Rendered, RenderError> {
    let view = || View::of(document, rulebook);
    let bytes = match kind {
        ArtifactKind::Html => html::render(&view()).map_err(broken)?.into_bytes(),
        ArtifactKind::Pdf => pdf::render(&view()).map_err(broken)?,
        ArtifactKind::Md => markdown::render(&view()).map_err(broken)?.into_bytes(),
        ArtifactKind::Json => serde_json::to_vec_pretty(document).map_err(broken)?,
        ArtifactKind::Evidence => {
            return Err(broken("the audit bundle can only be rendered together with the other files"));
        }
    };
    Ok(Rendered { kind, bytes })
}

fn broken(error: impl std::fmt::Display) -> RenderError {
    RenderError(error.to_string())
}

#[cfg(test)]
mod tests;
