//! The checks of each field of a request, as garde calls them.

use url::{Host, Url};

use super::{CALLBACK_URL_MAX, COMPANY_NAME_MAX, PURPOSE_MAX, reject};
use crate::language::Language;
use country::Country;

type Check = Result<(), garde::Error>;

fn bounded(field: &str, value: &str, most: usize) -> Check {
    match value.chars().count() {
        0 => Err(reject("empty", format_args!("{field} is empty: send 1 to {most} characters"))),
        long if long > most => {
            Err(reject("too_long", format_args!("{field} has {long} characters: send {most} at most")))
        }
        _ => Ok(()),
    }
}

pub(super) fn company_name(value: &str, _: &()) -> Check {
    bounded("companyName", value, COMPANY_NAME_MAX)?;
    if let Some(refused) = safe_text::refused_in_name(value) {
        return Err(reject("character_not_allowed", format_args!("companyName holds {refused}: remove it")));
    }
    if !value.chars().any(char::is_alphanumeric) {
        return Err(reject("no_letters", "companyName holds no letter or digit: send the registered name"));
    }
    Ok(())
}

pub(super) fn corporate_number(country: Option<&str>) -> impl FnOnce(&str, &()) -> Check {
    // Without a country there is no scheme: that it is missing or wrong is told by its own field.
    let country = country.and_then(|code| code.parse::<Country>().ok());
    move |value, ()| {
        bounded("corporateNumber", value, registration_numbers::NUMBER_MAX)?;
        let Some(country) = country else { return Ok(()) };
        registration_numbers::check(country, value)
            .map(|_| ())
            .map_err(|error| reject(error.fault.code(), format_args!("corporateNumber {error}")))
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
            Err(reject(
                "language_unsupported",
                format_args!("language is none that reports are written in: use {known}"),
            ))
        }
    }
}

pub(super) fn purpose(value: &str, _: &()) -> Check {
    bounded("purpose", value, PURPOSE_MAX)?;
    match safe_text::refused_in_line(value) {
        Some(refused) => {
            Err(reject("character_not_allowed", format_args!("purpose holds {refused}: remove it")))
        }
        None => Ok(()),
    }
}

pub(super) fn callback_url(value: &str, _: &()) -> Check {
    bounded("callbackUrl", value, CALLBACK_URL_MAX)?;
    let bad = |why: &str| Err(reject("url_not_allowed", format_args!("callbackUrl {why}")));
    // The parser mends what is wrong; what is stored is what was sent, so nothing may need mending.
    let plain = value.bytes().all(|b| b.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&b));
    if !plain {
        return bad("holds a character that a URL must write as %XX: encode it");
    }
    if !value.starts_with("https://") {
        return bad("must begin with https://");
    }
    let Ok(url) = Url::parse(value) else {
        return bad("is not an absolute URL: send one such as https://hooks.example.com/dossier");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return bad("must not carry a user name or password");
    }
    if url.fragment().is_some() {
        return bad("must not have a fragment");
    }
    // The parser folds every spelling of an address (0x7f.1, 2130706433) into one of its kinds.
    match url.host() {
        Some(Host::Domain(name)) if is_public_name(name) => Ok(()),
        _ => bad("must name a public host, such as hooks.example.com, not an address or a private name"),
    }
}

/// Whether a host name can be found by the public: RFC 6761 and RFC 8375 reserve the others.
fn is_public_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let private = ["localhost", "local", "internal", "localdomain", "home.arpa", "onion"];
    name.contains('.') && !private.iter().any(|end| name == *end || name.ends_with(&format!(".{end}")))
}
