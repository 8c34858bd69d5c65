//! Countries by their officially assigned ISO 3166-1 alpha-2 codes.

use std::{fmt, str::FromStr};

use celes::Country as IsoCountry;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use thiserror::Error;
#[cfg(feature = "openapi")]
use utoipa::{PartialSchema, ToSchema, openapi};

/// A country, identified by its officially assigned ISO 3166-1 alpha-2 code in upper case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Country(&'static str);

/// The error of a text that is not a country code. The message is a predicate, to follow the name of the
/// field.
#[derive(Debug, Error)]
#[error("is not an ISO 3166-1 alpha-2 code in capitals that is assigned to a country, such as JP, GB or DE")]
pub struct InvalidCountry;

impl Country {
    /// Returns the two-letter code.
    pub fn code(self) -> &'static str {
        self.0
    }

    /// Returns the English name of the country.
    pub fn name(self) -> &'static str {
        IsoCountry::from_alpha2(self.0).map_or(self.0, |country| country.long_name)
    }

    /// Returns every country, ordered by code.
    pub fn all() -> impl Iterator<Item = Self> {
        let pairs = ('A'..='Z').flat_map(|a| ('A'..='Z').map(move |b| [a, b].iter().collect::<String>()));
        pairs.filter_map(|code| code.parse().ok())
    }
}

#[cfg(feature = "openapi")]
impl PartialSchema for Country {
    fn schema() -> openapi::RefOr<openapi::schema::Schema> {
        openapi::ObjectBuilder::new()
            .schema_type(openapi::schema::Type::String)
            .description(Some("ISO 3166-1 alpha-2, officially assigned"))
            .enum_values(Some(Self::all().map(Self::code)))
            .examples(["JP"])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl ToSchema for Country {}

impl FromStr for Country {
    type Err = InvalidCountry;

    fn from_str(text: &str) -> Result<Self, InvalidCountry> {
        let country = IsoCountry::from_alpha2(text).map_err(|_| InvalidCountry)?;
        // The lookup ignores case and accepts XK for Kosovo, a code that ISO leaves to private use.
        if country.alpha2 == text && text != "XK" { Ok(Self(country.alpha2)) } else { Err(InvalidCountry) }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_249_assigned_codes_parse() {
        assert_eq!(Country::all().count(), 249);
        for bad in ["", "J", "JPN", "jp", "UK", "EU", "XX", "ZZ", "JP ", "ＪＰ", "<>", "392", "Japan"] {
            assert!(bad.parse::<Country>().is_err(), "{bad:?}");
        }
        assert_eq!("JP".parse::<Country>().unwrap().name(), "Japan");
    }
}
