//! The client of the register of exclusions from procurement.

use domain::request::ReportRequest;
use reqwest::Url;
use serde::Deserialize;
use sources::{Http, SourceError};

use super::settings::ProcurementSettings;

/// The client of the register.
#[derive(Debug)]
pub(super) struct Client {
    http: Http,
    url: Option<Url>,
}

/// An answer of the register.
#[derive(Deserialize)]
pub(super) struct Register {
    pub(super) version: String,
    pub(super) exclusions: Vec<Exclusion>,
}

/// An exclusion of a company.
#[derive(Deserialize)]
pub(super) struct Exclusion {
    pub(super) name: String,
    pub(super) reason: String,
    pub(super) until: String,
}

impl Client {
    /// Makes the client.
    pub(super) fn new(http: &Http, settings: &ProcurementSettings) -> Self {
        let url = settings.url.as_ref().and_then(|base| base.join("exclusions").ok());
        Self { http: http.for_service("procurement"), url }
    }

    /// Searches for the company by its registration number.
    ///
    /// # Errors
    /// Returns [`SourceError`] if the register gives no usable answer.
    pub(super) async fn exclusions(&self, request: &ReportRequest) -> Result<Register, SourceError> {
        let url = self.url.clone().ok_or(SourceError::NotAsked("no register is configured"))?;
        let query = [
            ("country", request.country.code()),
            ("number", request.corporate_number.as_deref().unwrap_or_default()),
        ];
        self.http.json(self.http.client().get(url).query(&query)).await
    }
}
