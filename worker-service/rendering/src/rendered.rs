//! Rendered files of a report.

use domain::artifact::ArtifactKind;

/// A rendered file of a report.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Which file of the report it is.
    pub kind: ArtifactKind,
    /// Its content.
    pub bytes: Vec<u8>,
}
