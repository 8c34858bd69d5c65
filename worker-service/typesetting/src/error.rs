//! Why there is no PDF.

use thiserror::Error;

/// Why a document is not written.
#[derive(Debug, Error)]
pub enum Error {
    /// The document does not meet the standards it asks for; it can be written without them.
    #[error("the document does not meet its standards: {0}")]
    Standards(String),
    /// The PDF cannot be written at all, which is a mistake of this library.
    #[error("the document cannot be written: {0}")]
    Unwritten(String),
}
