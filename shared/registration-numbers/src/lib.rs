//! Validation of company registration numbers by the schemes of their country.
//!
//! [`check`] takes a country and a number. It tries every scheme known for the country, such as company
//! numbers, tax numbers and VAT numbers, and then the Legal Entity Identifier (LEI, ISO 17442) and, in its
//! countries, the European Unique Identifier (EUID). It returns the number in the form in which it should be
//! stored, and the scheme that accepted it, if one did. A [`NumberError`] says what is wrong, at which
//! character, and what a valid number looks like.
//!
//! ```
//! use country::Country;
//! use registration_numbers::{Fault, Scheme, check};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let japan: Country = "JP".parse()?;
//! let accepted = check(japan, " 2503-9478-54819 ")?;
//! assert_eq!(accepted.normalized, "2503947854819");
//! assert_eq!(accepted.scheme.map(|scheme| scheme.name.as_str()), Some("Corporate Number (Hojin Bango)"));
//!
//! // One wrong digit.
//! let error = check(japan, "2503947854818").unwrap_err();
//! assert_eq!(error.fault, Fault::CheckDigit);
//! assert_eq!(error.fault.code(), "number_check_digit");
//!
//! // A single scheme, by its country and id.
//! let siren = Scheme::find("FR", "siren").ok_or("unknown scheme")?;
//! assert_eq!(siren.check("165 230 624")?, "165230624");
//! # Ok(())
//! # }
//! ```
//!
//! # What is verified
//! - The form, for every scheme, and the check digit, range or prefix where the scheme has one
//!   ([`Scheme::has_check`]). Nothing is looked up: an accepted number may still be unassigned.
//! - A number that follows no scheme of its country is accepted unverified if some register could write it: 1
//!   to [`UNVERIFIED_MAX`] letters and digits with single separators between them, and a digit other than 0.
//!   [`Accepted::scheme`] is then `None`, and [`Accepted::doubt`] says why the closest scheme does not accept it.
//! - A number that has the form of a scheme is refused if its check digit is wrong or if the scheme says that no
//!   such number is assigned, unless another scheme of the country accepts it. Lists of prefixes and courts
//!   change, so a number that is not in them is unverified.
//!
//! # Characters
//! One policy holds for every scheme. Full-width characters are read as the characters that they show,
//! surrounding spaces are ignored, letters may have either case, and separators are ignored where the
//! notation of the scheme uses them. All other characters are rejected: tabs and line ends, digits of other
//! scripts, look-alikes and invisible characters.
//!
//! # Adding a scheme
//! Add a table to `schemes.toml`; its header describes the keys.

mod characters;
mod check;
mod digits;
mod error;
mod fault;
mod german_register;
mod iso7064;
mod luhn;
mod national;
mod normalize;
mod plausible;
mod scheme;
mod shape;
mod validate;
mod weighted;
mod without_numbers;

pub use self::{
    characters::NUMBER_MAX,
    error::NumberError,
    fault::Fault,
    scheme::{Scheme, UNVERIFIED_MAX},
    validate::{Accepted, check, check_characters},
    without_numbers::{has_public_numbers, without_public_numbers},
};

#[cfg(test)]
mod tests;
