//! The formats of a report that its request may choose.

use std::{fmt, str::FromStr};

use thiserror::Error;

use super::{
    artifact::ArtifactKind,
    unknown::{UnknownName, serialized_by_name},
};

/// A format of a report that its request may choose. The JSON document, from which these formats are rendered,
/// and the audit bundle are no choice: every completed report has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// The report as a web page.
    Html,
    /// The report as a PDF file.
    Pdf,
    /// The report as Markdown.
    Md,
    /// A format that only a later version knows.
    Unknown(UnknownName),
}

serialized_by_name!(Format, "A format of a report.");

impl Format {
    /// Every format of this version.
    pub const ALL: [Self; 3] = [Self::Html, Self::Pdf, Self::Md];

    /// Returns the name used in requests and settings, which is also that of the file in routes and links.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Md => "md",
            Self::Unknown(name) => name.as_str(),
        }
    }

    /// Returns the kind of file in this format, or `None` if only a later version knows the format.
    pub fn artifact(self) -> Option<ArtifactKind> {
        match self {
            Self::Html => Some(ArtifactKind::Html),
            Self::Pdf => Some(ArtifactKind::Pdf),
            Self::Md => Some(ArtifactKind::Md),
            Self::Unknown(_) => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a name in a list of formats is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidFormat {
    /// There is no such format.
    #[error(
        "is not a format that can be chosen: use html, pdf or md; the JSON document and the evidence bundle are always written"
    )]
    Unknown,
    /// An earlier name in the list is the same.
    #[error("is named twice: name each format once")]
    Repeated,
}

impl FromStr for Format {
    type Err = InvalidFormat;

    fn from_str(name: &str) -> Result<Self, InvalidFormat> {
        Self::ALL.into_iter().find(|format| format.as_str() == name).ok_or(InvalidFormat::Unknown)
    }
}

/// Returns the formats with these names, in the order of [`Format::ALL`].
///
/// # Errors
/// Returns each invalid name by its index.
pub fn choose<'a>(
    names: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Format>, Vec<(usize, InvalidFormat)>> {
    let (mut chosen, mut invalid) = (Vec::new(), Vec::new());
    for (index, name) in names.into_iter().enumerate() {
        match name.parse() {
            Ok(format) if chosen.contains(&format) => invalid.push((index, InvalidFormat::Repeated)),
            Ok(format) => chosen.push(format),
            Err(error) => invalid.push((index, error)),
        }
    }
    chosen.sort_unstable();
    if invalid.is_empty() { Ok(chosen) } else { Err(invalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_chosen_by_name_in_any_order() {
        assert_eq!(choose(["md", "html"]), Ok(vec![Format::Html, Format::Md]));
        assert_eq!(choose(Format::ALL.map(Format::as_str)), Ok(Format::ALL.to_vec()));
        assert_eq!(choose([]), Ok(vec![]));
    }

    #[test]
    fn every_invalid_name_is_told_with_its_index() {
        let names = ["pdf", "PDF", "json", "pdf", "", "evidence"];
        let expected = [
            (1, InvalidFormat::Unknown),
            (2, InvalidFormat::Unknown),
            (3, InvalidFormat::Repeated),
            (4, InvalidFormat::Unknown),
            (5, InvalidFormat::Unknown),
        ];
        assert_eq!(choose(names), Err(expected.to_vec()));
    }

    #[test]
    fn a_format_has_the_name_of_its_file() {
        for format in Format::ALL {
            assert_eq!(format.artifact().map(ArtifactKind::as_str), Some(format.as_str()));
        }
        let later: Format = serde_json::from_str("\"xlsx\"").unwrap();
        assert_eq!((later.as_str(), later.artifact()), ("xlsx", None));
        assert_eq!(serde_json::to_string(&later).unwrap(), "\"xlsx\"");
    }
}
