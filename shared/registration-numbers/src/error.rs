//! Why a registration number is refused, in words that help to mend it.

use std::fmt;

use super::{Scheme, UNVERIFIED_MAX};
use country::Country;

/// What is wrong with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It holds a character that the scheme does not know.
    Character {
        /// The character.
        character: char,
        /// Its place, counted from 1.
        position: usize,
    },
    /// It is too short or too long.
    Length {
        /// Its length without separators and prefix, in characters.
        length: usize,
    },
    /// Its characters and length are right, their order is not.
    Form,
    /// It has the form, but such numbers are not given to companies.
    NotIssued,
    /// Its check digit or character does not agree with the others.
    CheckDigit,
}

impl Fault {
    /// Its name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Character { .. } => "number_characters",
            Self::Length { .. } => "number_length",
            Self::Form => "number_form",
            Self::NotIssued => "number_not_issued",
            Self::CheckDigit => "number_check_digit",
        }
    }

    /// How near the number is to being right: of several schemes the nearest one is told.
    pub(super) fn closeness(self) -> u8 {
        match self {
            Self::Character { .. } => 0,
            Self::Length { .. } => 1,
            Self::Form => 2,
            Self::NotIssued => 3,
            Self::CheckDigit => 4,
        }
    }
}

/// Why a number is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberError {
    /// What is wrong.
    pub fault: Fault,
    /// The scheme that the number comes closest to; none where the country has none.
    pub scheme: Option<&'static Scheme>,
    others: Vec<&'static Scheme>,
}

impl NumberError {
    pub(super) fn of(scheme: &'static Scheme, fault: Fault) -> Self {
        Self { fault, scheme: Some(scheme), others: Vec::new() }
    }

    pub(super) fn unverified(fault: Fault) -> Self {
        Self { fault, scheme: None, others: Vec::new() }
    }

    /// Names the other schemes of the country, too.
    pub(super) fn with_others(self, mut others: Vec<&'static Scheme>) -> Self {
        others.retain(|other| Some(*other) != self.scheme);
        Self { others, ..self }
    }
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme {
            Some(scheme) => {
                let country = scheme.country.parse::<Country>().map_or("any country", Country::name);
                write!(f, "is no {} ({country}): ", scheme.name)?;
            }
            None => f.write_str("is no registration number: ")?,
        }
        match self.fault {
            Fault::Character { character, position } => {
                let code = u32::from(character);
                let kind =
                    safe_text::refused_in_line(&character.to_string()).map_or("", |refused| refused.kind());
                let named = if kind.is_empty() { format!("{character:?}") } else { kind.to_owned() };
                write!(
                    f,
                    "it holds U+{code:04X} ({named}) at character {position}, which does not belong there"
                )?;
            }
            Fault::Length { length: 0 } => f.write_str("it is empty")?,
            Fault::Length { length } => write!(f, "its length of {length} is wrong")?,
            Fault::Form => f.write_str("its letters and digits are not in the places where they belong")?,
            Fault::NotIssued => f.write_str("it has the form, but such a number is given to no company")?,
            Fault::CheckDigit => {
                f.write_str(
                    "its check digit does not agree with the other characters: compare it with the register",
                )?;
            }
        }
        match self.scheme {
            Some(Scheme { form, example, .. }) => write!(f, ". It is written as {form}, such as {example}")?,
            None => {
                write!(
                    f,
                    ". Write it as 1 to {UNVERIFIED_MAX} letters, digits and dashes, a letter or digit in front"
                )?;
            }
        }
        if !self.others.is_empty() {
            f.write_str("; also taken:")?;
            for (index, Scheme { name, example, .. }) in self.others.iter().enumerate() {
                let comma = if index > 0 { "," } else { "" };
                write!(f, "{comma} {name} ({example})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for NumberError {}
