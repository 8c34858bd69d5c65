//! The error of a rejected number, whose message says how to correct it.

use std::fmt;

use country::Country;

use crate::{
    fault::Fault,
    scheme::{Scheme, UNVERIFIED_MAX},
};

/// Why a number was rejected. The message is a predicate, to follow the name of the number or field, such as
/// "is not a valid SIREN (France): …".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberError {
    /// What is wrong.
    pub fault: Fault,
    /// The scheme that the number comes closest to; `None` if the country has no scheme.
    pub scheme: Option<&'static Scheme>,
    alternatives: Vec<&'static Scheme>,
}

impl NumberError {
    /// Returns the error of a number that `scheme` rejects.
    pub(crate) fn of(scheme: &'static Scheme, fault: Fault) -> Self {
        Self { fault, scheme: Some(scheme), alternatives: Vec::new() }
    }

    /// Returns the error of a rejected number of a country without a scheme.
    pub(crate) fn unverified(fault: Fault) -> Self {
        Self { fault, scheme: None, alternatives: Vec::new() }
    }

    /// Adds the other schemes of the country, so that the message names them.
    pub(crate) fn with_alternatives(self, mut alternatives: Vec<&'static Scheme>) -> Self {
        alternatives.retain(|other| Some(*other) != self.scheme);
        Self { alternatives, ..self }
    }
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme {
            Some(scheme) => {
                let country = scheme.country.parse::<Country>().map_or("any country", Country::name);
                write!(f, "is not a valid {} ({country}): ", scheme.name)?;
            }
            None => f.write_str("is not a valid registration number: ")?,
        }
        write_fault(f, self.fault)?;
        match self.scheme {
            Some(Scheme { form, example, .. }) => write!(f, ". Expected: {form}, for example {example}")?,
            None => write!(
                f,
                ". Expected: 1 to {UNVERIFIED_MAX} letters and digits, with single separators (space - . / , : and \
                 parentheses) between them, and a digit other than 0"
            )?,
        }
        for (index, Scheme { name, example, .. }) in self.alternatives.iter().enumerate() {
            let separator = if index > 0 { "," } else { "; also accepted:" };
            write!(f, "{separator} {name} ({example})")?;
        }
        Ok(())
    }
}

fn write_fault(f: &mut fmt::Formatter<'_>, fault: Fault) -> fmt::Result {
    match fault {
        Fault::Character { character, position } => {
            let code = u32::from(character);
            let description = match safe_text::refused_in_line(&character.to_string()) {
                Some(refused) => refused.kind().to_owned(),
                None => format!("{character:?}"),
            };
            write!(
                f,
                "it contains U+{code:04X} ({description}) at character {position}, which is not allowed there"
            )
        }
        Fault::Length { length: 0 } => f.write_str("it is empty"),
        Fault::Length { length } => write!(f, "its length of {length} characters is wrong"),
        Fault::Form => f.write_str("its letters and digits are not in the expected places"),
        Fault::NotIssued => {
            f.write_str("it has the right form, but such numbers are not assigned to companies")
        }
        Fault::NotListed => {
            f.write_str("it has the right form, but its prefix, court or county is not in the published list")
        }
        Fault::CheckDigit => f.write_str(
            "its check digit does not match the other characters; compare the number with the register",
        ),
    }
}

impl std::error::Error for NumberError {}
