//! What is known about the person who is screened.

use crate::birth_date::BirthDate;

/// A person to search for.
#[derive(Clone, Copy, Debug, Default)]
pub struct PersonQuery<'a> {
    /// The name, in any order and script.
    pub name: &'a str,
    /// The date of birth, which may be known in part.
    pub birth_date: Option<&'a BirthDate>,
    /// The nationality: ISO 3166-1 alpha-2.
    pub country: Option<&'a str>,
    /// The number of a document, such as a passport.
    pub number: Option<&'a str>,
}
