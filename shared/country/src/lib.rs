//! Countries by their officially assigned ISO 3166-1 alpha-2 codes.

use std::{fmt, str::FromStr};

use celes::Country as IsoCountry;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use thiserror::Error;
#[cfg(feature = "openapi")]
use utoipa::{PartialSchema, ToSchema, openapi};

/// A country, identified by its officially assigned ISO 3166-1 alpha-2 code in upper case. A code that is
/// read from a record may be one that only a later version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Country(&'static str);

/// The error of a text that is not a country code. The message is a predicate, to follow the name of the
/// field.
#[derive(Debug, Error)]
#[error("is not an ISO 3166-1 alpha-2 code in capitals that is assigned to a country, such as JP, GB or DE")]
pub struct InvalidCountry;

/// Every pair of two capital letters, one after the other.
static PAIRS: [u8; 26 * 26 * 2] = {
    let mut pairs = [0; 26 * 26 * 2];
    let (mut first, mut at) = (b'A', 0);
    while first <= b'Z' {
        let mut second = b'A';
        while second <= b'Z' {
            pairs[at] = first;
            pairs[at + 1] = second;
            at += 2;
            second += 1;
        }
        first += 1;
    }
    pairs
};

/// The everyday names of countries whose names in the library are formal or turned around, ordered by code: those by
/// which people and newspapers call them.
const EVERYDAY_NAMES: &[(&str, &str)] = &[
    ("AE", "United Arab Emirates"),
    ("AG", "Antigua and Barbuda"),
    ("AX", "Åland Islands"),
    ("BA", "Bosnia and Herzegovina"),
    ("BL", "Saint Barthélemy"),
    ("BN", "Brunei"),
    ("BS", "Bahamas"),
    ("CC", "Cocos (Keeling) Islands"),
    ("CD", "Democratic Republic of the Congo"),
    ("CF", "Central African Republic"),
    ("CG", "Republic of the Congo"),
    ("CI", "Côte d'Ivoire"),
    ("CK", "Cook Islands"),
    ("CV", "Cape Verde"),
    ("DO", "Dominican Republic"),
    ("FK", "Falkland Islands"),
    ("FM", "Micronesia"),
    ("FO", "Faroe Islands"),
    ("GB", "United Kingdom"),
    ("GM", "Gambia"),
    ("GS", "South Georgia and the South Sandwich Islands"),
    ("GW", "Guinea-Bissau"),
    ("HM", "Heard Island and McDonald Islands"),
    ("IM", "Isle of Man"),
    ("IR", "Iran"),
    ("KM", "Comoros"),
    ("KN", "Saint Kitts and Nevis"),
    ("KP", "North Korea"),
    ("KR", "South Korea"),
    ("KY", "Cayman Islands"),
    ("LA", "Laos"),
    ("MD", "Moldova"),
    ("MF", "Saint Martin"),
    ("MH", "Marshall Islands"),
    ("MK", "North Macedonia"),
    ("MP", "Northern Mariana Islands"),
    ("NE", "Niger"),
    ("NL", "Netherlands"),
    ("PH", "Philippines"),
    ("PM", "Saint Pierre and Miquelon"),
    ("PS", "Palestine"),
    ("RU", "Russia"),
    ("SD", "Sudan"),
    ("SH", "Saint Helena, Ascension and Tristan da Cunha"),
    ("SJ", "Svalbard and Jan Mayen"),
    ("ST", "São Tomé and Príncipe"),
    ("SX", "Sint Maarten"),
    ("SY", "Syria"),
    ("TC", "Turks and Caicos Islands"),
    ("TF", "French Southern Territories"),
    ("TL", "Timor-Leste"),
    ("TT", "Trinidad and Tobago"),
    ("TW", "Taiwan"),
    ("TZ", "Tanzania"),
    ("UM", "United States Minor Outlying Islands"),
    ("US", "United States"),
    ("VA", "Holy See"),
    ("VC", "Saint Vincent and the Grenadines"),
    ("VE", "Venezuela"),
    ("WF", "Wallis and Futuna"),
];

impl Country {
    /// Returns whether the code is assigned, as far as this version knows.
    pub fn is_known(self) -> bool {
        self.0.parse::<Self>().is_ok()
    }

    /// Returns the country with this code, even if this version does not know the code. Returns `None` if the
    /// text is not two capital letters.
    fn of_any_version(code: &str) -> Option<Self> {
        let pair = PAIRS.chunks(2).find(|pair| *pair == code.as_bytes())?;
        std::str::from_utf8(pair).ok().map(Self)
    }

    /// Returns the two-letter code.
    pub fn code(self) -> &'static str {
        self.0
    }

    /// Returns the everyday English name of the country, without an article.
    pub fn name(self) -> &'static str {
        match EVERYDAY_NAMES.binary_search_by_key(&self.0, |(code, _)| *code) {
            Ok(at) => EVERYDAY_NAMES[at].1,
            Err(_) => self.formal_name(),
        }
    }

    /// Returns the English name of the standard, with the article of names such as `The Niger`, and turned around where
    /// the standard has a comma.
    pub fn formal_name(self) -> &'static str {
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
        let code = String::deserialize(deserializer)?;
        Self::of_any_version(&code).ok_or_else(|| D::Error::custom(InvalidCountry))
    }
}

#[cfg(test)]
mod tests {
    use serde::de::{IntoDeserializer as _, value::Error};

    use super::*;

    fn read(code: &str) -> Result<Country, Error> {
        Country::deserialize(code.into_deserializer())
    }

    #[test]
    fn a_code_of_a_later_version_is_read_as_it_is() {
        for (code, is_known) in [("AA", false), ("JP", true), ("XK", false), ("ZZ", false)] {
            let country = read(code).unwrap();
            assert_eq!((country.code(), country.is_known()), (code, is_known));
            assert_eq!(country == "JP".parse().unwrap(), code == "JP");
        }
        for bad in ["", "J", "jp", "JPN", "J1"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_the_249_assigned_codes_parse() {
        assert_eq!(Country::all().count(), 249);
        for bad in ["", "J", "JPN", "jp", "UK", "EU", "XX", "ZZ", "JP ", "ＪＰ", "<>", "392", "Japan"] {
            assert!(bad.parse::<Country>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_are_those_of_everyday_use() {
        let name = |code: &str| code.parse::<Country>().unwrap().name();
        for (code, expected) in [
            ("JP", "Japan"),
            ("GB", "United Kingdom"),
            ("RU", "Russia"),
            ("KP", "North Korea"),
            ("CD", "Democratic Republic of the Congo"),
            ("NL", "Netherlands"),
        ] {
            assert_eq!(name(code), expected);
        }
        assert!(EVERYDAY_NAMES.is_sorted_by_key(|(code, _)| *code), "for the binary search");
        assert!(EVERYDAY_NAMES.iter().all(|(code, _)| code.parse::<Country>().is_ok()));
        for country in Country::all() {
            let name = country.name();
            let is_formal =
                ["The ", "Republic Of", "State Of", " Of ", " And "].iter().any(|part| name.contains(part));
            assert!(!is_formal, "{name}");
        }
    }
}
