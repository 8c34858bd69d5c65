//! Countries as ISO 3166-1 assigns them.

use std::{fmt, str::FromStr};

use celes::Country as IsoCountry;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use thiserror::Error;
use utoipa::ToSchema;

/// A country by its ISO 3166-1 alpha-2 code, upper case. Only officially assigned codes exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, example = "JP", pattern = "^[A-Z]{2}$")]
pub struct Country(&'static str);

/// Why a text is no country.
#[derive(Debug, Error)]
#[error("is not an ISO 3166-1 alpha-2 code in capitals that is assigned to a country, such as JP, GB or DE")]
pub struct InvalidCountry;

impl Country {
    /// The two-letter code.
    pub fn code(self) -> &'static str {
        self.0
    }

    /// The country's English name.
    pub fn name(self) -> &'static str {
        IsoCountry::from_alpha2(self.0).map_or(self.0, |country| country.long_name)
    }
}

impl FromStr for Country {
    type Err = InvalidCountry;

    fn from_str(text: &str) -> Result<Self, InvalidCountry> {
        let country = IsoCountry::from_alpha2(text).map_err(|_| InvalidCountry)?;
        // The lookup folds case and reads XK, which ISO leaves to private use, as Kosovo.
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
    fn knows_the_249_assigned_codes_and_no_other() {
        let all = ('A'..='Z').flat_map(|a| ('A'..='Z').map(move |b| format!("{a}{b}")));
        assert_eq!(all.filter(|code| code.parse::<Country>().is_ok()).count(), 249);
        for bad in ["", "J", "JPN", "jp", "UK", "EU", "XX", "ZZ", "JP ", "ＪＰ", "<>", "392", "Japan"] {
            assert!(bad.parse::<Country>().is_err(), "{bad:?}");
        }
        assert_eq!("JP".parse::<Country>().unwrap().name(), "Japan");
    }
}
