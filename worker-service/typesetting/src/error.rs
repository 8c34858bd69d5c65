//! The error of rendering.

use thiserror::Error;

/// Why a document could not be rendered.
#[derive(Debug, Error)]
pub enum Error {
    /// The document does not meet its standards. It can be rendered with
    /// [`Standards::None`](crate::Standards::None).
    #[error("the document does not meet its standards: {0}")]
    Standards(String),
    /// The PDF cannot be written at all. This is a bug in this crate.
    #[error("the document cannot be written: {0}")]
    Unwritten(String),
}
