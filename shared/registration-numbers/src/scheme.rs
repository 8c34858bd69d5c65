//! The table of schemes, read from `schemes.toml`.

use std::sync::LazyLock;

use country::Country;
use regex::Regex;
use serde::Deserialize;

use crate::{check::Check, normalize::Normalize};

/// Maximum length of a number that no scheme accepts, in characters.
pub const UNVERIFIED_MAX: usize = 40;

/// The country code of schemes that apply in every country.
pub(crate) const ANYWHERE: &str = "XX";

/// A kind of registration number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// ISO 3166-1 alpha-2 code; `XX` for a scheme that applies in every country.
    pub country: String,
    /// Stable name for programs, unique within the country.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Description of the notation.
    pub form: String,
    /// A valid number.
    pub example: String,
    /// The countries in which a scheme of `XX` applies; empty if it applies in every country.
    #[serde(default)]
    pub(crate) countries: Vec<String>,
    #[serde(default)]
    pub(crate) separators: String,
    #[serde(default)]
    pub(crate) prefixes: Vec<String>,
    pub(crate) normalize: Option<Normalize>,
    #[serde(with = "anchored")]
    pub(crate) pattern: Regex,
    pub(crate) notation: Option<String>,
    #[serde(default, with = "anchored::option")]
    pub(crate) refused: Option<Regex>,
    #[serde(default)]
    pub(crate) check: Vec<Check>,
}

impl PartialEq for Scheme {
    fn eq(&self, other: &Self) -> bool {
        (&self.country, &self.id) == (&other.country, &other.id)
    }
}

impl Eq for Scheme {}

#[derive(Deserialize)]
struct Table {
    scheme: Vec<Scheme>,
}

static SCHEMES: LazyLock<Vec<Scheme>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the binary and a test reads it")]
    toml::from_str::<Table>(include_str!("schemes.toml")).expect("schemes.toml is valid").scheme
});

impl Scheme {
    /// Returns every scheme. The schemes of a country are adjacent, the preferred one first.
    pub fn all() -> &'static [Self] {
        &SCHEMES
    }

    /// Returns the schemes of `country`, an alpha-2 code, without those that apply in every country.
    pub fn of(country: &str) -> impl Iterator<Item = &'static Self> {
        Self::all().iter().filter(move |scheme| scheme.country == country)
    }

    /// Returns the scheme `id` of `country`, an alpha-2 code or `XX`. Schemes that apply in every country are
    /// found under any code.
    pub fn find(country: &str, id: &str) -> Option<&'static Self> {
        Self::of(country).chain(Self::of(ANYWHERE)).find(|scheme| scheme.id == id)
    }

    /// Returns the schemes of every country and those of several countries that apply in `country`.
    pub(crate) fn international(country: Country) -> impl Iterator<Item = &'static Self> {
        let applies = move |scheme: &&Self| {
            scheme.countries.is_empty() || scheme.countries.iter().any(|c| c == country.code())
        };
        Self::of(ANYWHERE).filter(applies)
    }

    /// Returns whether `normalized`, a number of this scheme, belongs to `country`. A number of a scheme of several
    /// countries begins with the code of its own.
    pub(crate) fn belongs_to(&self, country: Country, normalized: &str) -> bool {
        // The European Union writes EL for Greece (Interinstitutional Style Guide, annex A5).
        let greek = || country.code() == "GR" && normalized.starts_with("EL");
        self.countries.is_empty() || normalized.starts_with(country.code()) || greek()
    }

    /// Returns whether the scheme verifies a check digit or character, and not only the form.
    pub fn has_check(&self) -> bool {
        self.check.iter().any(Check::computes_check_digit)
    }
}

/// Deserializes patterns that must match the whole number.
mod anchored {
    use regex::Regex;
    use serde::{Deserialize, Deserializer, de::Error as _};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Regex, D::Error> {
        let pattern = String::deserialize(deserializer)?;
        Regex::new(&format!("^(?:{pattern})$")).map_err(D::Error::custom)
    }

    pub(super) mod option {
        use super::{Deserializer, Regex};

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Regex>, D::Error> {
            super::deserialize(deserializer).map(Some)
        }
    }
}
