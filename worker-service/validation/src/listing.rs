//! Reads the lists under test, with the digests of their files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use screening::{
    EntityKind,
    lists::{self, Files, List, ListError},
};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::pack::FileDigest;

/// Why a list cannot be used.
#[derive(Debug, Error)]
pub enum ListingError {
    /// A file cannot be read.
    #[error("{} cannot be read: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        why: io::Error,
    },
    /// The list has an unknown format or is malformed.
    #[error("{}: {why}", path.display())]
    List {
        /// The file.
        path: PathBuf,
        /// The cause.
        why: ListError,
    },
    /// The list names neither a company or another body nor a person.
    #[error(
        "{} names no company, other body or person, so that nothing can be measured: the file is empty or cut off; get it again \
         from its publisher, or give another list",
        path.display()
    )]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// A list under test.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) list: List,
    /// The name that the list states, or that of its file.
    pub(crate) name: String,
    pub(crate) files: Vec<FileDigest>,
}

impl Listing {
    /// Reads the list at `path`, and the other files of OFAC's lists if they are beside it.
    ///
    /// # Errors
    /// Returns [`ListingError`] if a file cannot be read, is no list, or names nobody.
    pub(crate) fn read(path: &Path) -> Result<Self, ListingError> {
        let mut files = Vec::new();
        let mut read = |path: &Path| {
            let bytes = fs::read(path).map_err(|why| ListingError::File { path: path.to_owned(), why })?;
            files.push(FileDigest { name: file_name(path), sha256: hex::encode(Sha256::digest(&bytes)) });
            Ok(bytes)
        };
        let main = read(path)?;
        let full_name = path.to_str().unwrap_or_default();
        let siblings = lists::siblings(full_name);
        let mut read_sibling = |name: Option<&String>| {
            name.map(PathBuf::from).filter(|path| path.exists()).map(|path| read(&path)).transpose()
        };
        let other_names = read_sibling(siblings.as_ref().map(|siblings| &siblings.other_names))?;
        let addresses = read_sibling(siblings.as_ref().map(|siblings| &siblings.addresses))?;
        let remarks = read_sibling(siblings.as_ref().map(|siblings| &siblings.remarks))?;
        let list = lists::read(Files {
            main: &main,
            path: full_name,
            other_names: other_names.as_deref(),
            addresses: addresses.as_deref(),
            remarks: remarks.as_deref(),
        })
        .map_err(|why| ListingError::List { path: path.to_owned(), why })?;
        if list.entities.is_empty() {
            return Err(ListingError::Empty { path: path.to_owned() });
        }
        let name = if list.name.is_empty() { file_name(path) } else { list.name.clone() };
        Ok(Self { list, name, files })
    }

    /// Takes the entries of one kind out of the list.
    pub(crate) fn take(&mut self, kind: EntityKind) -> Vec<screening::ListedEntity> {
        let (taken, rest) =
            std::mem::take(&mut self.list.entities).into_iter().partition(|entity| entity.kind == kind);
        self.list.entities = rest;
        taken
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
