//! A sanctions list as read from a file, and the error of a file that is not one.

use std::fmt;

use thiserror::Error;

use crate::entity::ListedEntity;

/// A sanctions list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Its name, or empty if its format does not state one.
    pub name: String,
    /// The date that the list states for itself, in its own notation, or `None` if its format has none.
    pub published: Option<String>,
    /// Companies and other organisations on the list. Persons, vessels and aircraft are left out.
    pub entities: Vec<ListedEntity>,
}

/// The error of a file that cannot be read as a list.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ListError {
    /// The file has none of the known formats.
    #[error(
        "not a sanctions list in a known format: give OFAC's SDN.CSV, the UK sanctions list as CSV, the UN's consolidated list as XML, the EU's as XML or CSV (version 1.1), OpenSanctions' targets.simple.csv, or JSON lines"
    )]
    UnknownFormat,
    /// The file has a known format but is malformed.
    #[error("malformed {format}: {why}")]
    Malformed {
        /// The format.
        format: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// Returns the error for a malformed file.
pub(super) fn malformed(format: &'static str, why: impl fmt::Display) -> ListError {
    ListError::Malformed { format, why: why.to_string() }
}
