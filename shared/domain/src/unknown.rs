//! Names of values that only a later version knows, such as a status that this version does not have.
//!
//! Versions run side by side while a deployment rolls. What a later version stores must be readable: it is
//! shown as it is, and nothing is decided by it.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use thiserror::Error;

/// Maximum length of a name, in bytes.
const LENGTH_MAX: usize = 64;

/// Maximum number of different names that a process remembers. Names come from Dossier's own records, so a
/// process meets a few of them while a deployment rolls.
const NAMES_MAX: usize = 1_000;

static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The name of a value that this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownName(&'static str);

/// The error of a text that is not the name of a value.
#[derive(Debug, Error)]
#[error("{0:?} is not the name of a value: names have 1 to 64 visible ASCII characters")]
pub struct NotAName(String);

impl UnknownName {
    /// Returns `text` as a name. The process keeps one copy of each name until it ends, so that values that
    /// hold a name can be copied like all others.
    ///
    /// # Errors
    /// Returns [`NotAName`] if the text does not have 1 to 64 visible ASCII characters, or if the process
    /// already keeps a thousand other names.
    pub fn new(text: &str) -> Result<Self, NotAName> {
        let error = || NotAName(text.chars().take(LENGTH_MAX).collect());
        if text.is_empty() || text.len() > LENGTH_MAX || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(error());
        }
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = names.get(text) {
            return Ok(Self(kept));
        }
        if names.len() >= NAMES_MAX {
            return Err(error());
        }
        let kept: &'static str = Box::leak(Box::from(text));
        names.insert(kept);
        Ok(Self(kept))
    }

    /// Returns the name.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

/// Implements serialization by name for an enumeration with `ALL`, `as_str` and a variant `Unknown` that holds
/// an [`UnknownName`]. The OpenAPI schema lists the known names.
macro_rules! serialized_by_name {
    ($type:ident, $description:literal) => {
        impl $type {
            /// Returns the value with this name, which may be one that only a later version knows.
            fn named(name: &str) -> Result<Self, $crate::unknown::NotAName> {
                match Self::ALL.into_iter().find(|value| value.as_str() == name) {
                    Some(value) => Ok(value),
                    None => $crate::unknown::UnknownName::new(name).map(Self::Unknown),
                }
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::named(&name).map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some($description))
                    .enum_values(Some(Self::ALL.map(Self::as_str)))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $type {}
    };
}

pub(crate) use serialized_by_name;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once_and_as_it_is() {
        let [first, second] = ["ON_HOLD", "ON_HOLD"].map(|text| UnknownName::new(text).unwrap());
        assert!(std::ptr::eq(first.as_str(), second.as_str()));
        assert_eq!(first.as_str(), "ON_HOLD");
    }

    #[test]
    fn other_texts_are_not_names() {
        for text in ["", "two words", "é", "\n", &"x".repeat(65)] {
            assert!(UnknownName::new(text).is_err(), "{text:?}");
        }
    }
}
