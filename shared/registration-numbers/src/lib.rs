//! Registration numbers of companies, checked by the schemes of their country.
//!
//! One policy holds for every scheme: full-width characters are read as the plain ones that they
//! show, spaces around the number do not count, letters may be of either case, and separators inside
//! count only where the scheme's notation has none. Everything else that is not in the scheme (tabs
//! and line ends, digits of other scripts, look-alikes, invisible characters) is refused.

mod check;
mod dated;
mod error;
mod iso7064;
mod luhn;
mod national;
mod normalize;
mod shape;
mod weighted;

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

pub use self::error::{Fault, NumberError};
use self::{
    check::{Check, is_verified_by_check},
    normalize::Normalize,
    shape::Shape,
};
use country::Country;

/// Longest number, in characters: the longest court's name with its register number is shorter.
pub const NUMBER_MAX: usize = 80;

/// Longest number of a country whose schemes are not known, in characters.
pub const UNVERIFIED_MAX: usize = 40;

/// Stands for every country in the table of schemes.
const ANYWHERE: &str = "XX";

/// A kind of registration number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// ISO 3166-1 alpha-2; `XX` for a scheme of every country.
    pub country: String,
    /// Its name for programs, unique within the country.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// How it is written, in words.
    pub form: String,
    /// A number of that form.
    pub example: String,
    #[serde(default)]
    separators: String,
    #[serde(default)]
    prefixes: Vec<String>,
    normalize: Option<Normalize>,
    #[serde(with = "whole")]
    pattern: Regex,
    #[serde(default, with = "whole::option")]
    refused: Option<Regex>,
    #[serde(default)]
    check: Vec<Check>,
}

/// A number that a scheme accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The number as it is stored and shown.
    pub normalized: String,
    /// The scheme; none where none is known for the country, so that the form is not verified.
    pub scheme: Option<&'static Scheme>,
}

impl PartialEq for Scheme {
    fn eq(&self, other: &Self) -> bool {
        (&self.country, &self.id) == (&other.country, &other.id)
    }
}

impl Eq for Scheme {}

#[derive(Deserialize)]
struct File {
    scheme: Vec<Scheme>,
}

static SCHEMES: LazyLock<Vec<Scheme>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the binary and a test reads it")]
    toml::from_str::<File>(include_str!("schemes.toml")).expect("schemes.toml is valid").scheme
});

impl Scheme {
    /// Every scheme; those of a country stand together, the one to name first in front.
    pub fn all() -> &'static [Self] {
        &SCHEMES
    }

    /// The schemes of `country`, without those of every country.
    pub fn of(country: &str) -> impl Iterator<Item = &'static Self> {
        Self::all().iter().filter(move |scheme| scheme.country == country)
    }

    /// The scheme `id` of `country`, an alpha-2 code or `XX`; those of every country go by any code.
    pub fn find(country: &str, id: &str) -> Option<&'static Self> {
        Self::of(country).chain(Self::of(ANYWHERE)).find(|scheme| scheme.id == id)
    }

    /// Whether a check digit or character is verified, not only the form.
    pub fn has_check(&self) -> bool {
        self.check.iter().any(is_verified_by_check)
    }

    /// `number` in the form in which it is stored.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&'static self, number: &str) -> Result<String, NumberError> {
        let refuse = |fault| Err(NumberError::of(self, fault));
        let folded = match fold(number) {
            Ok(folded) => folded,
            Err(fault) => return refuse(fault),
        };
        if let Some(character) = folded.chars().next().filter(|c| self.separators.contains(*c)) {
            return refuse(Fault::Character { character, position: 1 });
        }
        if let Some(character) = folded.chars().next_back().filter(|c| self.separators.contains(*c)) {
            return refuse(Fault::Character { character, position: folded.chars().count() });
        }
        let plain = self.plain(&folded);
        if !self.pattern.is_match(&plain) {
            return refuse(self.misfit(number, &plain));
        }
        if self.refused.as_ref().is_some_and(|refused| refused.is_match(&plain)) {
            return refuse(Fault::NotIssued);
        }
        let characters: Vec<char> = plain.chars().collect();
        if !self.check.iter().all(|check| check.holds(&characters)) {
            let digit = self.has_check();
            return refuse(if digit { Fault::CheckDigit } else { Fault::NotIssued });
        }
        Ok(self.normalize.map_or(plain.clone(), |normalize| normalize.display(plain)))
    }

    /// The number without separators and prefix, in the scheme's letter case.
    fn plain(&self, folded: &str) -> String {
        let bare: String = folded.chars().filter(|c| !self.separators.contains(*c)).collect();
        let upper: String = bare.chars().map(capital).collect();
        let mut plain = upper.as_str();
        if let Some(rest) = self.prefixes.iter().find_map(|prefix| upper.strip_prefix(prefix.as_str())) {
            plain = rest;
        }
        match self.normalize {
            Some(Normalize::DeRegister) => normalize::german_register(folded),
            Some(normalize) => normalize.normalized(plain),
            None => plain.to_owned(),
        }
    }

    /// Which fault keeps `plain`, which was made of `number`, from the pattern.
    fn misfit(&self, number: &str, plain: &str) -> Fault {
        let shape = Shape::of(self.pattern.as_str());
        if let Some((at, c)) = plain.chars().enumerate().find(|(_, c)| !shape.has_character(*c)) {
            let behind = plain.chars().count() - at;
            return Fault::Character { character: c, position: self.place(number, behind) };
        }
        let length = plain.chars().count();
        if shape.has_length(length) { Fault::Form } else { Fault::Length { length } }
    }

    /// The place in `number`, counted from 1, of the character with `behind` of its kind, itself
    /// included, from the end: spaces and separators do not count.
    fn place(&self, number: &str, behind: usize) -> usize {
        let counts = |c: char| c != ' ' && c != '\u{3000}' && !self.separators.contains(plain_form(c));
        let places: Vec<usize> =
            number.chars().enumerate().filter(|(_, c)| counts(*c)).map(|(at, _)| at + 1).collect();
        places.len().checked_sub(behind).and_then(|at| places.get(at)).copied().unwrap_or(1)
    }
}

/// `number` as the schemes of `country` know it, or as an LEI; where the country has no scheme in the
/// table, any number of up to [`UNVERIFIED_MAX`] letters, digits and dashes.
///
/// # Errors
/// What is wrong with it, by the scheme that it comes closest to.
pub fn check(country: Country, number: &str) -> Result<Accepted, NumberError> {
    let own: Vec<_> = Scheme::of(country.code()).collect();
    let mut closest: Option<NumberError> = None;
    for scheme in own.iter().copied().chain(Scheme::of(ANYWHERE)) {
        match scheme.check(number) {
            Ok(normalized) => return Ok(Accepted { normalized, scheme: Some(scheme) }),
            // An LEI is named only to those who nearly wrote one, where other numbers have a scheme.
            Err(error)
                if scheme.country == ANYWHERE && (own.is_empty() || error.fault != Fault::CheckDigit) => {}
            Err(error) => {
                if closest.as_ref().is_none_or(|other| error.fault.closeness() > other.fault.closeness()) {
                    closest = Some(error);
                }
            }
        }
    }
    match closest {
        Some(error) => Err(error.with_others(own)),
        None => unverified(number),
    }
}

fn unverified(number: &str) -> Result<Accepted, NumberError> {
    let refuse = |fault| Err(NumberError::unverified(fault));
    let folded = match fold(number) {
        Ok(folded) => folded,
        Err(fault) => return refuse(fault),
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if let Some((index, character)) = folded.chars().enumerate().find(|(_, c)| !allowed(*c)) {
        return refuse(Fault::Character { character, position: index + 1 });
    }
    let length = folded.len();
    if length == 0 || length > UNVERIFIED_MAX {
        return refuse(Fault::Length { length });
    }
    if !folded.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return refuse(Fault::Form);
    }
    Ok(Accepted { normalized: folded.to_ascii_uppercase(), scheme: None })
}

/// The capital of a letter that schemes have. Those that others are the small letters of, such as the
/// long s, stay what they are and are refused.
fn capital(c: char) -> char {
    match c {
        'ñ' => 'Ñ',
        'ö' => 'Ö',
        'а'..='я' => c.to_uppercase().next().unwrap_or(c),
        _ => c.to_ascii_uppercase(),
    }
}

/// A full-width character as the plain one that it shows.
fn plain_form(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    }
}

/// Full-width forms as what they show (U+FF01 to U+FF5E, U+3000), without spaces around.
fn fold(number: &str) -> Result<String, Fault> {
    let folded: String = number.chars().map(plain_form).collect();
    let before = folded.chars().take_while(|c| *c == ' ').count();
    let folded = folded.trim_matches(' ');
    let length = folded.chars().count();
    if length > NUMBER_MAX {
        return Err(Fault::Length { length });
    }
    match safe_text::refused_in_line(folded) {
        Some(refused) => {
            let (character, position) = (refused.character(), before + refused.position());
            Err(Fault::Character { character, position })
        }
        None => Ok(folded.to_owned()),
    }
}

/// Patterns match the whole number.
mod whole {
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

#[cfg(test)]
mod tests;
