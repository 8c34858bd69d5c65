//! A list as read from a file, and the error of a file that is not one.

use std::fmt;

use thiserror::Error;

use crate::entity::{EntityKind, ListedEntity};

/// A list of sanctions or another watch list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Its name, or empty if its format does not state one.
    pub name: String,
    /// The date that the list states for itself, in its own notation, or `None` if its format has none.
    pub published: Option<String>,
    /// The organisations and persons on the list. Vessels and aircraft are left out.
    pub entities: Vec<ListedEntity>,
}

impl List {
    /// Returns the entries of one kind.
    ///
    /// # Errors
    /// Returns [`ListError::NoEntry`] if there are none: such a list would clear everybody.
    pub fn into_entries(self, kind: EntityKind) -> Result<Vec<ListedEntity>, ListError> {
        let mut entries = self.entities;
        let others = entries.len();
        entries.retain(|entry| entry.kind == kind);
        if entries.is_empty() { Err(ListError::no_entry(kind, others)) } else { Ok(entries) }
    }
}

/// The error of a file that cannot be read as a list.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ListError {
    /// The file has none of the known formats.
    #[error(
        "not a list in a known format: docs/EVIDENCE.md (Formats of lists) names the files of each publisher that can be read, and \
         the members of a list of your own in JSON lines"
    )]
    UnknownFormat,
    /// The file is packed or a spreadsheet.
    #[error("{what} cannot be read: {advice}")]
    Packed {
        /// What the file is.
        what: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// The file has a known format but is malformed.
    #[error("malformed {format}: {why}")]
    Malformed {
        /// The format.
        format: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The list consists of several files, and one that is needed is missing.
    #[error(
        "the file of {part} is not beside it, and without it names or countries would be missing: put all files of OFAC's list into one place under \
         their own names, or give the list as XML, which is one file"
    )]
    PartMissing {
        /// What the file holds, and its name.
        part: &'static str,
    },
    /// The list has no entry of the kind that is screened.
    #[error(
        "it names no {kind} ({others} other entries), so that nobody could be found on it: the file is empty or cut off, or it is a \
         list of others; get it again from its publisher, or give another list"
    )]
    NoEntry {
        /// The kind of entry, as a noun.
        kind: &'static str,
        /// The number of entries of other kinds.
        others: usize,
    },
}

impl ListError {
    /// Returns the error of a list that has no entry of `kind` among its entries, of which `others` are of other
    /// kinds.
    pub fn no_entry(kind: EntityKind, others: usize) -> Self {
        Self::NoEntry { kind: noun(kind), others }
    }
}

/// Returns the noun for entries of `kind`.
fn noun(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Organization => "organization",
        EntityKind::Person => "person",
    }
}

/// Returns the error for a malformed file.
pub(super) fn malformed(format: &'static str, why: impl fmt::Display) -> ListError {
    ListError::Malformed { format, why: why.to_string() }
}
