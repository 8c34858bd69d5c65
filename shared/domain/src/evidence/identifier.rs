//! Identifiers of evidence, whose values are open: an earlier version of the program can read, list and show
//! a source or a signal that only a later version knows.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;
#[cfg(feature = "openapi")]
use utoipa::{PartialSchema, ToSchema, openapi};

/// Maximum length of an identifier, in bytes.
const IDENTIFIER_MAX: usize = 64;

/// The error of a text that is not an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "an identifier consists of 1 to 64 lower-case letters, digits and underscores and begins with a letter"
)]
pub struct InvalidIdentifier;

/// Returns whether `name` is in snake case: `[a-z][a-z0-9_]{0,63}`.
const fn is_identifier(name: &[u8]) -> bool {
    if name.is_empty() || name.len() > IDENTIFIER_MAX || !name[0].is_ascii_lowercase() {
        return false;
    }
    // Iterators cannot be used in a `const fn`.
    let mut at = 1;
    while at < name.len() {
        if !(name[at].is_ascii_lowercase() || name[at].is_ascii_digit() || name[at] == b'_') {
            return false;
        }
        at += 1;
    }
    true
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Cow<'static, str>);

        impl $name {
            /// Creates an identifier from a constant. In a constant, an invalid `name` does not compile.
            ///
            /// # Panics
            /// Panics if `name` is invalid and the function is called at run time.
            pub const fn from_static(name: &'static str) -> Self {
                assert!(is_identifier(name.as_bytes()), "not an identifier in snake case");
                Self(Cow::Borrowed(name))
            }

            /// Returns the identifier as reports, settings and metrics show it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidIdentifier;

            fn try_from(name: String) -> Result<Self, InvalidIdentifier> {
                if is_identifier(name.as_bytes()) { Ok(Self(Cow::Owned(name))) } else { Err(InvalidIdentifier) }
            }
        }

        impl FromStr for $name {
            type Err = InvalidIdentifier;

            fn from_str(name: &str) -> Result<Self, InvalidIdentifier> {
                Self::try_from(name.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.into_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identifier! {
    /// The name of a source of evidence, such as `sanctions`. The `sources` crate lists those of this
    /// version.
    SourceName
}

identifier! {
    /// The kind of a [`Signal`](super::Signal), such as `sanctions_match`. A source defines its kinds, and
    /// its rules refer to them; a kind that no rule refers to has no effect.
    SignalKind
}

#[cfg(feature = "openapi")]
impl PartialSchema for SourceName {
    fn schema() -> openapi::RefOr<openapi::schema::Schema> {
        openapi::ObjectBuilder::new()
            .schema_type(openapi::schema::Type::String)
            .description(Some(
                "Name of a source of evidence. The list is open: a later version may add sources, and clients accept names that \
                 they do not know.",
            ))
            .pattern(Some("^[a-z][a-z0-9_]{0,63}$"))
            .examples(["sanctions", "news", "registry", "country_risk"])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl ToSchema for SourceName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_in_snake_case_and_serialises_as_a_plain_string() {
        const NEWS: SourceName = SourceName::from_static("news");
        assert_eq!(serde_json::to_string(&NEWS).unwrap(), "\"news\"");
        assert_eq!(serde_json::from_str::<SourceName>("\"news\"").unwrap(), NEWS);
        assert_eq!("procurement_2".parse::<SignalKind>().unwrap().as_str(), "procurement_2");
        let longest = "a".repeat(IDENTIFIER_MAX);
        assert!(longest.parse::<SourceName>().is_ok());
        for invalid in ["", "News", "2news", "_news", "ad-hoc", "a b", "ニュース", &format!("{longest}a")]
        {
            assert_eq!(invalid.parse::<SourceName>(), Err(InvalidIdentifier), "{invalid}");
            assert!(serde_json::from_value::<SourceName>(invalid.into()).is_err(), "{invalid}");
        }
    }
}
