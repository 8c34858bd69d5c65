//! How far the registration number of a request was verified, for the API and the report.

use registration_numbers::Scheme;
use serde::{Deserialize, Serialize};

use super::{
    language::Words,
    request::ReportRequest,
    unknown::{UnknownName, serialized_by_name},
};

/// How far a registration number was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NumberStatus {
    /// Its form and its check digit are right.
    Verified,
    /// Its form is right; its scheme has no check digit.
    FormVerified,
    /// It follows no scheme that is known for the country.
    FormNotVerified,
    /// The request has no number.
    Absent,
    /// A status that only a later version knows.
    Unknown(UnknownName),
}

serialized_by_name!(
    NumberStatus,
    "How far a registration number was verified: `verified`, form and check digit; `formVerified`, the form, as the scheme has no check digit; `formNotVerified`, not at all, as it follows no scheme that is known for the country; `absent`, there is none."
);

impl NumberStatus {
    /// Every status of this version.
    pub const ALL: [Self; 4] = [Self::Verified, Self::FormVerified, Self::FormNotVerified, Self::Absent];

    /// Returns the name used in the API and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::FormVerified => "formVerified",
            Self::FormNotVerified => "formNotVerified",
            Self::Absent => "absent",
            Self::Unknown(name) => name.as_str(),
        }
    }

    /// Returns the status of a number that `scheme` accepted, or that no scheme did.
    pub fn of_number(scheme: Option<&Scheme>) -> Self {
        match scheme {
            Some(scheme) if scheme.has_check() => Self::Verified,
            Some(_) => Self::FormVerified,
            None => Self::FormNotVerified,
        }
    }
}

/// The registration number of a request as it was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NumberCheck {
    /// How far the number was verified.
    pub status: NumberStatus,
    /// The name of the scheme that accepted the number; null if none did.
    #[cfg_attr(feature = "openapi", schema(example = "company number (CRN)"))]
    pub scheme: Option<String>,
    /// What this means for the report, for people.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "company number (CRN), form verified; it has no check digit")
    )]
    pub message: String,
}

impl NumberCheck {
    /// Returns how far the number of `request` was verified, in the language of `words`. It follows from the request,
    /// so requests that earlier versions stored have it, too.
    pub fn of(request: &ReportRequest, words: &Words) -> Self {
        let known = request.scheme();
        let (status, scheme, key) = match (&request.corporate_number, &request.number_scheme, known) {
            (None, ..) => (NumberStatus::Absent, None, "numbers.absent"),
            (Some(_), None, _) => (NumberStatus::FormNotVerified, None, "numbers.unverified"),
            (Some(_), Some(_), Some(scheme)) if scheme.has_check() => {
                (NumberStatus::Verified, Some(scheme.name.as_str()), "numbers.checked")
            }
            (Some(_), Some(_), Some(scheme)) => {
                (NumberStatus::FormVerified, Some(scheme.name.as_str()), "numbers.form")
            }
            // Whichever version knows the scheme has verified the form at least.
            (Some(_), Some(id), None) => (NumberStatus::FormVerified, Some(id.as_str()), "numbers.later"),
        };
        // The names of schemes are those of their countries; a language may have its own for some.
        let named = known.and_then(|scheme| words.find(&format!("schemes.{}.{}", scheme.country, scheme.id)));
        let message = words.fill(key, &[("scheme", named.or(scheme).unwrap_or_default())]);
        Self { status, scheme: scheme.map(str::to_owned), message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{language::Language, request::ReportRequestDraft};

    fn request(country: &str, number: Option<&str>) -> ReportRequest {
        let draft = ReportRequestDraft {
            company_name: Some("Acme".into()),
            corporate_number: number.map(str::to_owned),
            country: Some(country.into()),
            ..ReportRequestDraft::default()
        };
        draft.check().unwrap()
    }

    #[test]
    fn the_status_says_what_was_verified_in_every_language() {
        let later =
            ReportRequest { number_scheme: Some("crn_2027".into()), ..request("GB", Some("24257037")) };
        for (request, status, scheme) in [
            (request("JP", Some("2503947854819")), "verified", Some("Corporate Number (Hojin Bango)")),
            (request("GB", Some("24257037")), "formVerified", Some("company number (CRN)")),
            (request("GB", Some("R0521")), "formNotVerified", None),
            (request("AQ", Some("X-1")), "formNotVerified", None),
            (request("KP", None), "absent", None),
            (later, "formVerified", Some("crn_2027")),
        ] {
            let mut messages = Vec::new();
            for language in Language::all() {
                let check = NumberCheck::of(&request, language.base_words());
                assert_eq!((check.status.as_str(), check.scheme.as_deref()), (status, scheme), "{request:?}");
                assert!(!check.message.contains("numbers.") && !check.message.contains('{'), "{check:?}");
                messages.push(check.message);
            }
            messages.dedup();
            assert_eq!(messages.len(), Language::all().count(), "{messages:?}");
        }
        let japanese = Language::find("ja").unwrap().base_words();
        let check = NumberCheck::of(&request("JP", Some("2503947854819")), japanese);
        assert_eq!(check.message, "法人番号、形式と検査数字を確認済み");
        assert_eq!(check.scheme.as_deref(), Some("Corporate Number (Hojin Bango)"), "programs read one name");
        let absent = NumberCheck::of(&request("KP", None), Language::ENGLISH.base_words()).message;
        assert!(
            absent.contains("not asked by number") && absent.contains("cannot be told apart"),
            "{absent}"
        );
    }

    #[test]
    fn a_status_of_a_later_version_is_read() {
        let check: NumberCheck = serde_json::from_value(
            serde_json::json!({"status": "registerVerified", "scheme": null, "message": "m"}),
        )
        .unwrap();
        assert_eq!(check.status.as_str(), "registerVerified");
    }
}
