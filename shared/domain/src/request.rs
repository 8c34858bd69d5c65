//! The request for a report, and its validation: all errors are reported together, each with a JSON pointer.

use country::Country;
use garde::Validate;
use registration_numbers::{Accepted, Scheme};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use self::errors::field_errors;
pub use self::{
    checks::{CALLBACK_URL_MAX, COMPANY_NAME_MAX, PURPOSE_MAX},
    errors::FieldError,
};
use crate::{format::Format, language::Language};

mod checks;
mod errors;

/// A request as it was sent, before its values are validated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Validate)]
#[garde(allow_unvalidated)]
pub struct ReportRequestDraft {
    /// See [`ReportRequest::company_name`].
    #[garde(
        required,
        inner(
            custom(checks::length("companyName", COMPANY_NAME_MAX)),
            custom(checks::name_characters),
            custom(checks::name_letters)
        )
    )]
    pub company_name: Option<String>,
    /// See [`ReportRequest::corporate_number`].
    #[garde(
        custom(checks::number_is_given(self.country.as_deref())),
        inner(custom(checks::corporate_number(self.country.as_deref())))
    )]
    pub corporate_number: Option<String>,
    /// See [`ReportRequest::country`].
    #[garde(required, inner(custom(checks::country)))]
    pub country: Option<String>,
    /// See [`ReportRequest::language`].
    #[garde(inner(custom(checks::language)))]
    pub language: Option<String>,
    /// See [`ReportRequest::purpose`].
    #[garde(inner(custom(checks::length("purpose", PURPOSE_MAX)), custom(checks::purpose_characters)))]
    pub purpose: Option<String>,
    /// See [`ReportRequest::callback_url`].
    #[garde(inner(custom(checks::length("callbackUrl", CALLBACK_URL_MAX)), custom(checks::callback_url)))]
    pub callback_url: Option<String>,
    /// See [`ReportRequest::formats`]. The names are checked apart from the other fields, because each can have an
    /// error of its own.
    pub formats: Option<Vec<String>>,
}

/// A valid request for a report on one company.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReportRequest {
    /// The name of the company as its register writes it, in any script; 1 to 200 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "Sakura Precision Works K.K.", min_length = 1, max_length = 200)
    )]
    pub company_name: String,
    /// The company's number in the register of its country or with its tax authority, or its LEI; normalized
    /// by the scheme that accepted it. Null if the request has none, which only countries without public company
    /// numbers allow.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = "2503947854819", min_length = 1, max_length = 80))]
    pub corporate_number: Option<String>,
    /// The scheme that accepted the number; null if none did, so that the form of the number is not verified, and if
    /// there is no number.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = "corporate_number"))]
    pub number_scheme: Option<String>,
    /// The country of the register.
    pub country: Country,
    /// The language of the report.
    pub language: Language,
    /// The purpose of the report, for the audit trail.
    #[cfg_attr(feature = "openapi", schema(max_length = 500))]
    pub purpose: Option<String>,
    /// The URL of the webhook that is called when the report has ended.
    #[cfg_attr(feature = "openapi", schema(format = "uri", max_length = 2000))]
    pub callback_url: Option<String>,
    /// The formats that the report is rendered in, each once; null if the request named none, so that the
    /// installation chooses them.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(min_items = 1))]
    pub formats: Option<Vec<Format>>,
}

impl ReportRequestDraft {
    /// Validates the request and normalizes its values.
    ///
    /// # Errors
    /// Returns a [`FieldError`] for every field that is missing or invalid.
    pub fn check(self) -> Result<ReportRequest, Vec<FieldError>> {
        let draft = self.normalized();
        let mut errors = draft.validate().err().map(field_errors).unwrap_or_default();
        let formats = match draft.formats.as_deref().map(checks::formats).transpose() {
            Ok(formats) => formats,
            Err(more) => {
                errors.extend(more);
                None
            }
        };
        match (errors.is_empty(), draft) {
            (
                true,
                Self {
                    company_name: Some(company_name),
                    corporate_number,
                    country: Some(country),
                    language,
                    purpose,
                    callback_url,
                    formats: _,
                },
            ) => match checked_number(&country, corporate_number.as_deref()) {
                Some((country, accepted)) => Ok(ReportRequest {
                    company_name,
                    number_scheme: accepted
                        .as_ref()
                        .and_then(|accepted| accepted.scheme)
                        .map(|scheme| scheme.id.clone()),
                    corporate_number: accepted.map(|accepted| accepted.normalized),
                    country,
                    language: language.and_then(|tag| Language::find(&tag)).unwrap_or_default(),
                    purpose,
                    callback_url,
                    formats,
                }),
                None => Err(errors),
            },
            _ => Err(errors),
        }
    }

    fn normalized(self) -> Self {
        let normalize = |text: Option<String>| text.map(|text| trim(&text).nfc().collect::<String>());
        Self { company_name: normalize(self.company_name), purpose: normalize(self.purpose), ..self }
    }
}

/// Returns the country and the number, if there is one, as they are stored. Returns `None` if either is invalid.
fn checked_number(country: &str, number: Option<&str>) -> Option<(Country, Option<Accepted>)> {
    let country = country.parse().ok()?;
    let accepted = number.map(|number| registration_numbers::check(country, number)).transpose();
    Some((country, accepted.ok()?))
}

/// Trims spaces only. A tab or line break at either end stays, so that the client learns of the error.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\u{3000}'])
}

impl ReportRequest {
    /// Returns the scheme that accepted the number.
    pub fn scheme(&self) -> Option<&'static Scheme> {
        Scheme::find(self.country.code(), self.number_scheme.as_deref()?)
    }

    /// Returns whether schemes of registration numbers are known for the country.
    pub fn country_has_schemes(&self) -> bool {
        Scheme::of(self.country.code()).next().is_some()
    }

    /// Returns a SHA-256 of the request, in hexadecimal. All requests with the same idempotency key must have
    /// the same fingerprint.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let parts = [
            Some(self.company_name.as_str()),
            self.corporate_number.as_deref(),
            Some(self.country.code()),
            Some(self.language.tag()),
            self.purpose.as_deref(),
            self.callback_url.as_deref(),
        ];
        // A request without formats has the fingerprint that it had in versions without this member.
        let formats = self.formats.as_ref().map(|formats| formats.iter().map(|format| format.as_str()));
        let formats = formats.map(|names| names.collect::<Vec<_>>().join(","));
        for part in parts.into_iter().chain(formats.as_deref().map(Some)) {
            // The length prefix keeps the boundaries of the parts, so that different requests have different
            // hashes.
            let length = part.map_or(-1, |part| i64::try_from(part.len()).unwrap_or(i64::MAX));
            hash.update(length.to_be_bytes());
            hash.update(part.unwrap_or_default());
        }
        hex::encode(hash.finalize())
    }
}

#[cfg(test)]
mod tests;
