//! Helpers that the tests of several sources share.

use domain::request::{ReportRequest, ReportRequestDraft};

/// Makes a valid request for a report on `name`.
pub(crate) fn request(name: &str, number: &str, country: &str) -> ReportRequest {
    let draft = ReportRequestDraft {
        company_name: Some(name.into()),
        corporate_number: Some(number.into()),
        country: Some(country.into()),
        ..ReportRequestDraft::default()
    };
    draft.check().unwrap()
}
