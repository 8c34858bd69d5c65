//! Validation of a number, by one scheme or by all schemes of a country.

use std::{collections::BTreeSet, sync::LazyLock};

use country::Country;

use crate::{
    characters::{fold, fold_width, uppercase},
    error::NumberError,
    fault::Fault,
    german_register,
    normalize::Normalize,
    plausible::{SEPARATORS, is_letter_or_digit, plausible},
    scheme::{ANYWHERE, Scheme},
    shape::Shape,
};

/// A number that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The number as it is stored and displayed.
    pub normalized: String,
    /// The scheme that accepted the number; `None` if none did, so that its form is not verified.
    pub scheme: Option<&'static Scheme>,
    /// Why the scheme that the number is closest to does not accept it; `None` if a scheme accepted it, or if no scheme
    /// is known for the country.
    pub doubt: Option<NumberError>,
}

/// Validates `number` by the schemes of `country` and those of all countries. A number that none of them accepts is
/// accepted without a scheme if it is plausible (module `plausible`) and not certainly wrong.
///
/// # Errors
/// Returns [`NumberError`] if the number has the form of a scheme, but its check digit is wrong or no such number is
/// assigned; or if no register writes numbers like it. The error describes the scheme that the number is closest to.
pub fn check(country: Country, number: &str) -> Result<Accepted, NumberError> {
    let national: Vec<_> = Scheme::of(country.code()).collect();
    let mut closest: Option<NumberError> = None;
    for scheme in national.iter().copied().chain(Scheme::international(country)) {
        match scheme.check(number) {
            Ok(normalized) if scheme.belongs_to(country, &normalized) => {
                return Ok(Accepted { normalized, scheme: Some(scheme), doubt: None });
            }
            Ok(_) => {}
            // An error mentions an international scheme only if the number follows it except for its check digits.
            Err(error)
                if scheme.country == ANYWHERE
                    && (national.is_empty() || error.fault != Fault::CheckDigit) => {}
            Err(error) => {
                if closest.as_ref().is_none_or(|other| error.fault.closeness() > other.fault.closeness()) {
                    closest = Some(error);
                }
            }
        }
    }
    let closest = closest.map(|error| error.with_alternatives(national));
    match (plausible(number), closest) {
        (_, Some(error)) if error.fault.is_certain() => Err(error),
        (Ok(normalized), doubt) => Ok(Accepted { normalized, scheme: None, doubt }),
        (Err(_), Some(error)) => Err(error),
        (Err(fault), None) => Err(NumberError::unverified(fault)),
    }
}

/// Checks what holds for the numbers of every country: the characters that some scheme uses. For a number
/// whose country is unknown.
///
/// # Errors
/// Returns [`NumberError`] if no country has such a number.
pub fn check_characters(number: &str) -> Result<(), NumberError> {
    let reject = |fault| Err(NumberError::unverified(fault));
    match fold(number) {
        Ok(folded) if folded.is_empty() => return reject(Fault::Length { length: 0 }),
        Ok(_) => {}
        Err(fault) => return reject(fault),
    }
    let mut characters = number.chars().map(fold_width).enumerate();
    match characters.find(|(_, character)| !USED.contains(*character)) {
        Some((index, character)) => reject(Fault::Character { character, position: index + 1 }),
        None => Ok(()),
    }
}

/// The characters that the numbers of some country contain.
static USED: LazyLock<UsedCharacters> = LazyLock::new(|| {
    // The pattern of German numbers leaves the name of the court to a list.
    let with_shape = Scheme::all().iter().filter(|scheme| scheme.normalize != Some(Normalize::DeRegister));
    let notation = |scheme: &'static Scheme| {
        scheme.separators.chars().chain(scheme.prefixes.iter().flat_map(|prefix| prefix.chars()))
    };
    UsedCharacters {
        shapes: with_shape.map(|scheme| Shape::of(scheme.pattern.as_str())).collect(),
        notation: Scheme::all()
            .iter()
            .flat_map(notation)
            // What `Normalize` and German courts need.
            .chain("\\\u{308}ΑΕΗ".chars())
            .collect(),
    }
});

struct UsedCharacters {
    shapes: Vec<Shape>,
    notation: BTreeSet<char>,
}

impl UsedCharacters {
    fn contains(&self, c: char) -> bool {
        let upper = uppercase(c);
        is_letter_or_digit(c)
            || SEPARATORS.contains(c)
            || self.notation.contains(&c)
            || self.notation.contains(&upper)
            || self.shapes.iter().any(|shape| shape.has_character(c) || shape.has_character(upper))
    }
}

impl Scheme {
    /// Validates `number` and returns the form in which it is stored.
    ///
    /// # Errors
    /// Returns [`NumberError`] if the number does not follow this scheme.
    pub fn check(&'static self, number: &str) -> Result<String, NumberError> {
        self.normalized(number).map_err(|fault| NumberError::of(self, fault))
    }

    fn normalized(&self, number: &str) -> Result<String, Fault> {
        let folded = fold(number)?;
        let is_separator = |c: &char| self.separators.contains(*c);
        if let Some(character) = folded.chars().next().filter(is_separator) {
            return Err(Fault::Character { character, position: 1 });
        }
        if let Some(character) = folded.chars().next_back().filter(is_separator) {
            return Err(Fault::Character { character, position: folded.chars().count() });
        }
        let plain = self.plain(&folded);
        if !self.pattern.is_match(&plain) {
            return Err(self.mismatch(number, &plain));
        }
        if self.refused.as_ref().is_some_and(|refused| refused.is_match(&plain)) {
            return Err(Fault::NotIssued);
        }
        let characters: Vec<char> = plain.chars().collect();
        if !self.check.iter().all(|check| check.holds(&characters)) {
            return Err(if self.has_check() { Fault::CheckDigit } else { Fault::NotListed });
        }
        let written = match &self.notation {
            Some(notation) => self.pattern.replace(&plain, notation).into_owned(),
            None => plain,
        };
        Ok(match self.normalize {
            Some(normalize) => normalize.display(written),
            None => written,
        })
    }

    /// Returns the number without separators and prefix, in the letter case of the scheme.
    fn plain(&self, folded: &str) -> String {
        // Separators divide the court from the register: they must stay until both are found.
        if self.normalize == Some(Normalize::DeRegister) {
            return german_register::normalized(folded);
        }
        let upper: String = folded.chars().filter(|c| !self.separators.contains(*c)).map(uppercase).collect();
        let without_prefix = self.prefixes.iter().find_map(|prefix| upper.strip_prefix(prefix.as_str()));
        let plain = without_prefix.unwrap_or(&upper);
        self.normalize.map_or(plain.to_owned(), |normalize| normalize.normalized(plain))
    }

    /// Returns why `plain`, the result of [`Self::plain`] for `number`, does not match the pattern.
    fn mismatch(&self, number: &str, plain: &str) -> Fault {
        let shape = Shape::of(self.pattern.as_str());
        let length = plain.chars().count();
        if let Some((index, character)) = plain.chars().enumerate().find(|(_, c)| !shape.has_character(*c)) {
            return Fault::Character { character, position: self.position_from_end(number, length - index) };
        }
        if shape.has_length(length) { Fault::Form } else { Fault::Length { length } }
    }

    /// Returns the position in `number`, from 1, of its `from_end`th character from the end (1 is the last),
    /// without counting spaces and separators. Counted from the end, prefixes and restored leading characters
    /// do not shift the position.
    fn position_from_end(&self, number: &str, from_end: usize) -> usize {
        let counts = |c: char| c != ' ' && c != '\u{3000}' && !self.separators.contains(fold_width(c));
        let positions: Vec<usize> =
            number.chars().enumerate().filter(|(_, c)| counts(*c)).map(|(index, _)| index + 1).collect();
        positions.len().checked_sub(from_end).and_then(|index| positions.get(index)).copied().unwrap_or(1)
    }
}
