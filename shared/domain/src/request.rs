//! What a client asks for, checked: every problem is found at once and named by JSON pointer.

use std::fmt;

use garde::Validate;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::language::{Language, Words};
use country::Country;
use registration_numbers::{self, Accepted, Scheme};

mod checks;

/// Longest company name, in characters after NFC.
pub const COMPANY_NAME_MAX: usize = 200;
/// Longest purpose, in characters.
pub const PURPOSE_MAX: usize = 500;
/// Longest call-back address, in characters.
pub const CALLBACK_URL_MAX: usize = 2_000;

/// A request as it was sent: shape checked, values not yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Validate)]
#[garde(allow_unvalidated)]
pub struct ReportRequestDraft {
    /// See [`ReportRequest::company_name`].
    #[garde(required, inner(custom(checks::company_name)))]
    pub company_name: Option<String>,
    /// See [`ReportRequest::corporate_number`].
    #[garde(required, inner(custom(checks::corporate_number(self.country.as_deref()))))]
    pub corporate_number: Option<String>,
    /// See [`ReportRequest::country`].
    #[garde(required, inner(custom(checks::country)))]
    pub country: Option<String>,
    /// See [`ReportRequest::language`].
    #[garde(inner(custom(checks::language)))]
    pub language: Option<String>,
    /// See [`ReportRequest::purpose`].
    #[garde(inner(custom(checks::purpose)))]
    pub purpose: Option<String>,
    /// See [`ReportRequest::callback_url`].
    #[garde(inner(custom(checks::callback_url)))]
    pub callback_url: Option<String>,
}

/// A valid request for a report on one company.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReportRequest {
    /// The company's name as its registry writes it, in any script; 1 to 200 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "Sakura Precision Works K.K.", min_length = 1, max_length = 200)
    )]
    pub company_name: String,
    /// The company's number in the registry of its country or with its tax authority, or its LEI; in
    /// the form in which the scheme stores it.
    #[cfg_attr(feature = "openapi", schema(example = "2503947854819", min_length = 1, max_length = 80))]
    pub corporate_number: String,
    /// The scheme that the number was checked by; none where none is known for the country, so that
    /// its form is not verified.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = "corporate_number"))]
    pub number_scheme: Option<String>,
    /// The country of that registry.
    pub country: Country,
    /// The language of the report.
    pub language: Language,
    /// Why the report is wanted, for the audit trail.
    #[cfg_attr(feature = "openapi", schema(max_length = 500))]
    pub purpose: Option<String>,
    /// Where to send word when the report has ended.
    #[cfg_attr(feature = "openapi", schema(format = "uri", max_length = 2000))]
    pub callback_url: Option<String>,
}

/// One thing that is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Where (JSON pointer, RFC 6901).
    #[cfg_attr(feature = "openapi", schema(example = "/country"))]
    pub pointer: String,
    /// What, for programs.
    #[cfg_attr(feature = "openapi", schema(example = "country_unknown"))]
    pub code: String,
    /// What and what to do, for people.
    pub message: String,
}

impl FieldError {
    /// An error `code` at `pointer`.
    pub fn new(pointer: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.to_owned(), message: message.into() }
    }
}

impl ReportRequestDraft {
    /// The checked and normalised request.
    ///
    /// # Errors
    /// Everything that is wrong, by the names of the fields.
    pub fn check(self) -> Result<ReportRequest, Vec<FieldError>> {
        let draft = self.normalised();
        let errors = draft.validate().err().map(field_errors).unwrap_or_default();
        match (errors.is_empty(), draft) {
            (
                true,
                Self {
                    company_name: Some(company_name),
                    corporate_number: Some(corporate_number),
                    country: Some(country),
                    language,
                    purpose,
                    callback_url,
                },
            ) => match checked_number(&country, &corporate_number) {
                Some((country, Accepted { normalized, scheme })) => Ok(ReportRequest {
                    company_name,
                    corporate_number: normalized,
                    number_scheme: scheme.map(|scheme| scheme.id.clone()),
                    country,
                    language: language.and_then(|tag| Language::find(&tag)).unwrap_or_default(),
                    purpose,
                    callback_url,
                }),
                None => Err(errors),
            },
            _ => Err(errors),
        }
    }

    fn normalised(self) -> Self {
        let tidy = |text: Option<String>| text.map(|text| trim(&text).nfc().collect::<String>());
        Self { company_name: tidy(self.company_name), purpose: tidy(self.purpose), ..self }
    }
}

fn checked_number(country: &str, number: &str) -> Option<(Country, Accepted)> {
    let country = country.parse().ok()?;
    Some((country, registration_numbers::check(country, number).ok()?))
}

/// Only plain spaces are trimmed: a tab or a line break at an end is a mistake worth telling.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\u{3000}'])
}

impl ReportRequest {
    /// The scheme that the number was checked by.
    pub fn scheme(&self) -> Option<&'static Scheme> {
        Scheme::find(self.country.code(), self.number_scheme.as_deref()?)
    }

    /// What is known of the number beside its characters, in `words`.
    pub fn number_note(&self, words: &Words) -> String {
        match self.scheme() {
            Some(scheme) if scheme.has_check() => words.fill("numbers.checked", &[("scheme", &scheme.name)]),
            Some(scheme) => words.fill("numbers.form", &[("scheme", &scheme.name)]),
            None => words.text("numbers.unverified").to_owned(),
        }
    }

    /// SHA-256, in hexadecimal, of what was asked: two requests with one idempotency key must agree in it.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let parts = [
            Some(self.company_name.as_str()),
            Some(self.corporate_number.as_str()),
            Some(self.country.code()),
            Some(self.language.tag()),
            self.purpose.as_deref(),
            self.callback_url.as_deref(),
        ];
        for part in parts {
            // Length first, so that no two different requests run together into one text.
            let length = part.map_or(-1, |part| i64::try_from(part.len()).unwrap_or(i64::MAX));
            hash.update(length.to_be_bytes());
            hash.update(part.unwrap_or_default());
        }
        hex::encode(hash.finalize())
    }
}

/// Splits code and message, which garde carries as one text.
const CODE_END: char = '\u{1f}';

fn reject(code: &str, message: impl fmt::Display) -> garde::Error {
    garde::Error::new(format!("{code}{CODE_END}{message}"))
}

fn field_errors(report: garde::Report) -> Vec<FieldError> {
    let errors = report.into_inner().into_iter().map(|(path, error)| {
        let pointer = format!("/{}", camel_case(&path.to_string()));
        match error.message().split_once(CODE_END) {
            Some((code, message)) => FieldError::new(pointer, code, message),
            None => {
                let field = pointer.trim_start_matches('/').to_owned();
                FieldError::new(pointer, "required", format!("{field} is required"))
            }
        }
    });
    errors.collect()
}

fn camel_case(snake: &str) -> String {
    let mut words = snake.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut camel, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        camel.push_str(&head.to_ascii_uppercase());
        camel.push_str(tail);
        camel
    })
}

#[cfg(test)]
mod tests;
