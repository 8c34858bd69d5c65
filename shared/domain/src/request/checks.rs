//! The validators of each field of a request, called by garde.

use country::Country;
use url::{Host, Url};

use super::errors::{FieldError, reject};
use crate::{
    format::{self, Format, InvalidFormat},
    language::Language,
};

/// Maximum length of a company name, in characters after NFC.
pub const COMPANY_NAME_MAX: usize = 200;
/// Maximum length of a purpose, in characters.
pub const PURPOSE_MAX: usize = 500;
/// Maximum number of formats that are checked one by one. There are three, so a longer list is one error.
const FORMATS_CHECKED: usize = 50;
/// Maximum length of a webhook URL, in characters.
pub const CALLBACK_URL_MAX: usize = 2_000;

type Check = Result<(), garde::Error>;

/// Returns a check that `field` has 1 to `max` characters.
pub(super) fn length(field: &'static str, max: usize) -> impl FnOnce(&str, &()) -> Check {
    move |value, ()| match value.chars().count() {
        0 => Err(reject("empty", format_args!("{field} is empty: send 1 to {max} characters"))),
        length if length > max => {
            Err(reject("too_long", format_args!("{field} has {length} characters: send at most {max}")))
        }
        _ => Ok(()),
    }
}

pub(super) fn name_characters(value: &str, _: &()) -> Check {
    match safe_text::refused_in_name(value) {
        Some(refused) => {
            Err(reject("character_not_allowed", format_args!("companyName contains {refused}: remove it")))
        }
        None => Ok(()),
    }
}

pub(super) fn name_letters(value: &str, _: &()) -> Check {
    if value.is_empty() || value.chars().any(char::is_alphanumeric) {
        return Ok(());
    }
    Err(reject("no_letters", "companyName contains no letter or digit: send the registered name"))
}

/// Returns a check that a number is given, unless the companies of the country have no public number.
pub(super) fn number_is_given(country: Option<&str>) -> impl FnOnce(&Option<String>, &()) -> Check {
    let country = country.and_then(|code| code.parse::<Country>().ok());
    move |value, ()| {
        if value.is_some()
            || country.is_some_and(|country| !registration_numbers::has_public_numbers(country))
        {
            return Ok(());
        }
        let exempt: Vec<&str> = registration_numbers::without_public_numbers().map(Country::code).collect();
        Err(reject(
            "required",
            format_args!(
                "corporateNumber is required: send the number of the company in the register of its country, or its LEI; \
                 only for {} may it be left out",
                exempt.join(", ")
            ),
        ))
    }
}

pub(super) fn corporate_number(country: Option<&str>) -> impl FnOnce(&str, &()) -> Check {
    let country = country.and_then(|code| code.parse::<Country>().ok());
    move |value, ()| {
        length("corporateNumber", registration_numbers::NUMBER_MAX)(value, &())?;
        // Without a valid country, the scheme is unknown. What holds in every country is checked all the same.
        let checked = match country {
            Some(country) => registration_numbers::check(country, value).map(drop),
            None => registration_numbers::check_characters(value),
        };
        checked.map_err(|error| reject(error.fault.code(), format_args!("corporateNumber {error}")))
    }
}

pub(super) fn country(value: &str, _: &()) -> Check {
    value
        .parse::<Country>()
        .map(|_| ())
        .map_err(|error| reject("country_unknown", format_args!("country {error}")))
}

pub(super) fn language(value: &str, _: &()) -> Check {
    match Language::find(value) {
        Some(_) => Ok(()),
        None => {
            let known: Vec<&str> = Language::all().map(Language::tag).collect();
            let known = known.join(", ");
            Err(reject("language_unsupported", format_args!("language is not supported: use {known}")))
        }
    }
}

pub(super) fn purpose_characters(value: &str, _: &()) -> Check {
    match safe_text::refused_in_line(value) {
        Some(refused) => {
            Err(reject("character_not_allowed", format_args!("purpose contains {refused}: remove it")))
        }
        None => Ok(()),
    }
}

pub(super) fn callback_url(value: &str, _: &()) -> Check {
    if value.is_empty() {
        return Ok(());
    }
    let reject_url = |reason: &str| Err(reject("url_not_allowed", format_args!("callbackUrl {reason}")));
    // The URL is stored as it was sent, so it must not rely on the corrections that the parser makes.
    let is_plain = value.bytes().all(|b| b.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&b));
    if !is_plain {
        return reject_url("contains a character that must be percent-encoded (%XX): encode it");
    }
    if !value.starts_with("https://") {
        return reject_url("must begin with https://");
    }
    let Ok(url) = Url::parse(value) else {
        return reject_url("is not an absolute URL: send one like https://hooks.example.com/dossier");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return reject_url("must not carry a user name or password");
    }
    if url.fragment().is_some() {
        return reject_url("must not have a fragment");
    }
    // The parser recognises every notation of an IP address (0x7f.1, 2130706433).
    match url.host() {
        Some(Host::Domain(name)) if is_public_name(name) => Ok(()),
        _ => {
            reject_url("must name a public host, such as hooks.example.com, not an address or a private name")
        }
    }
}

/// Returns the formats with these names.
///
/// # Errors
/// Returns an error for the list or for each invalid name.
pub(super) fn formats(names: &[String]) -> Result<Vec<Format>, Vec<FieldError>> {
    let error = |code: &str, message: String| Err(vec![FieldError::new("/formats", code, message)]);
    match names.len() {
        0 => {
            let message = "formats is empty: name at least one of html, pdf and md, or leave formats out";
            error("empty", message.to_owned())
        }
        count if count > FORMATS_CHECKED => error(
            "count_invalid",
            format!("formats has {count} names: name each of html, pdf and md at most once"),
        ),
        _ => format::choose(names.iter().map(String::as_str)).map_err(|invalid| {
            let error = |(index, error): (usize, InvalidFormat)| {
                let code = match error {
                    InvalidFormat::Unknown => "format_unknown",
                    InvalidFormat::Repeated => "format_repeated",
                };
                FieldError::new(
                    format!("/formats/{index}"),
                    code,
                    format!("name {} of formats {error}", index + 1),
                )
            };
            invalid.into_iter().map(error).collect()
        }),
    }
}

/// Returns whether a host name is public. RFC 6761 and RFC 8375 reserve the private ones.
fn is_public_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let reserved = ["localhost", "local", "internal", "localdomain", "home.arpa", "onion"];
    name.contains('.')
        && !reserved.iter().any(|suffix| name == *suffix || name.ends_with(&format!(".{suffix}")))
}
