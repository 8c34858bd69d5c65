//! The client of the United Kingdom's company register, the Companies House Public Data API.

use domain::{
    evidence::{EvidenceDraft, Signal},
    request::ReportRequest,
};
use reqwest::Url;
use screening::names::same_company;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{settings::RegistrySettings, signals};
use crate::{error::SourceError, http::Http};

/// Statuses of a company that no longer does business.
const ENDED: [&str; 4] = ["dissolved", "converted-closed", "closed", "removed"];
/// Statuses of a company that may be unable to pay its debts.
const DISTRESSED: [&str; 5] =
    ["liquidation", "receivership", "administration", "voluntary-arrangement", "insolvency-proceedings"];

/// The client of the register.
#[derive(Debug)]
pub(super) struct CompaniesHouse {
    http: Http,
    base: Url,
    key: SecretString,
}

#[derive(Deserialize)]
struct Profile {
    company_name: String,
    company_number: String,
    #[serde(default)]
    company_status: Option<String>,
    #[serde(default)]
    date_of_creation: Option<String>,
    #[serde(default)]
    date_of_cessation: Option<String>,
    #[serde(default)]
    registered_office_address: Option<Address>,
    #[serde(default)]
    has_insolvency_history: Option<bool>,
    #[serde(default)]
    previous_company_names: Option<Vec<Previous>>,
    #[serde(default)]
    accounts: Option<Accounts>,
}

#[derive(Deserialize)]
struct Address {
    #[serde(default)]
    address_line_1: Option<String>,
    #[serde(default)]
    locality: Option<String>,
    #[serde(default)]
    postal_code: Option<String>,
    #[serde(default)]
    country: Option<String>,
}

#[derive(Deserialize)]
struct Previous {
    name: String,
}

#[derive(Deserialize)]
struct Accounts {
    #[serde(default)]
    overdue: Option<bool>,
}

impl CompaniesHouse {
    /// Makes the client, or returns `None` if no key is configured.
    pub(super) fn new(http: &Http, settings: &RegistrySettings) -> Option<Self> {
        let key = settings.companies_house_key.clone()?;
        Some(Self {
            http: http.for_service("companies house"),
            base: settings.companies_house_url.clone(),
            key,
        })
    }

    /// Returns whether the register covers the company: it covers British companies, by their company number.
    pub(super) fn covers(request: &ReportRequest) -> bool {
        request.country.code() == "GB" && request.number_scheme.as_deref() == Some("crn")
    }

    /// Reads the profile of the company.
    ///
    /// # Errors
    /// Returns [`SourceError`] if the service gives no usable answer.
    pub(super) async fn search(&self, request: &ReportRequest) -> Result<Vec<EvidenceDraft>, SourceError> {
        let number = request
            .corporate_number
            .as_deref()
            .ok_or_else(|| SourceError::Refused("the request has no number".to_owned()))?;
        let url = self
            .base
            .join(&format!("company/{number}"))
            .map_err(|_| SourceError::Refused("its address is not a URL".to_owned()))?;
        let query = self.http.client().get(url).basic_auth(self.key.expose_secret(), Some(""));
        match self.http.json::<Profile>(query).await {
            Ok(profile) => Ok(vec![profile_evidence(&profile, request)]),
            Err(SourceError::NotFound) => Ok(vec![unknown(number)]),
            Err(error) => Err(error),
        }
    }
}

fn profile_evidence(profile: &Profile, request: &ReportRequest) -> EvidenceDraft {
    let name = &profile.company_name;
    let mut text = format!("Companies House knows {name} by the number {}.", profile.company_number);
    let mut add = |label: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            text.push_str(&format!(" {label}: {value}."));
        }
    };
    let status = profile.company_status.as_deref();
    add("Status", status);
    add("Incorporated on", profile.date_of_creation.as_deref());
    add("Ended on", profile.date_of_cessation.as_deref());
    let address = profile.registered_office_address.as_ref().map(|address| {
        let parts = [&address.address_line_1, &address.locality, &address.postal_code, &address.country];
        parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", ")
    });
    add("Registered office", address.as_deref());
    let previous: Vec<&str> = profile
        .previous_company_names
        .iter()
        .flatten()
        .take(5)
        .map(|previous| previous.name.as_str())
        .collect();
    add("Earlier names", Some(previous.join("; ")).as_deref());
    let history = profile.has_insolvency_history.unwrap_or_default();
    add("Insolvency", history.then_some("the register holds an insolvency history"));
    let overdue = profile.accounts.as_ref().and_then(|accounts| accounts.overdue).unwrap_or_default();
    add("Accounts", overdue.then_some("overdue"));

    let mut found = Vec::new();
    let mut signal = |kind, strength| found.push(Signal { kind, strength });
    if status.is_some_and(|status| ENDED.contains(&status)) {
        signal(signals::INACTIVE, 100);
    }
    if status.is_some_and(|status| DISTRESSED.contains(&status)) {
        signal(signals::DISTRESSED, 90);
    } else if history || overdue {
        signal(signals::DISTRESSED, 60);
    }
    let names = std::iter::once(name.as_str()).chain(previous.iter().copied());
    if !names.into_iter().any(|known| same_company(known, &request.company_name)) {
        text.push_str(&format!(" This is not the name that was given, {}.", request.company_name));
        found.push(signals::mismatch());
    }
    EvidenceDraft {
        title: format!("Companies House: {name}"),
        text,
        url: None,
        published_at: None,
        signals: found,
    }
}

fn unknown(number: &str) -> EvidenceDraft {
    EvidenceDraft {
        signals: vec![signals::mismatch()],
        ..EvidenceDraft::note(
            "Not at Companies House",
            format!("Companies House has no company with the number {number}."),
        )
    }
}

#[cfg(test)]
mod tests {
    use domain::evidence::SignalKind;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::testing::request;

    fn company() -> ReportRequest {
        request("Calder Vane Shipping Ltd", "99104372", "GB")
    }

    fn found(profile: serde_json::Value) -> Vec<(SignalKind, u8)> {
        let profile: Profile = serde_json::from_value(profile).unwrap();
        let draft = profile_evidence(&profile, &company());
        draft.signals.iter().map(|signal| (signal.kind.clone(), signal.strength)).collect()
    }

    #[test]
    fn status_history_and_names_become_signals() {
        let profile = |more: serde_json::Value| {
            let mut profile =
                json!({"company_name": "CALDER VANE SHIPPING LIMITED", "company_number": "99104372"});
            profile.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            profile
        };
        assert_eq!(found(profile(json!({"company_status": "active"}))), []);
        assert_eq!(found(profile(json!({"company_status": "dissolved"}))), [(signals::INACTIVE, 100)]);
        assert_eq!(found(profile(json!({"company_status": "liquidation"}))), [(signals::DISTRESSED, 90)]);
        assert_eq!(found(profile(json!({"accounts": {"overdue": true}}))), [(signals::DISTRESSED, 60)]);
        let renamed = json!({"company_name": "OTHER PLC", "previous_company_names": [{"name": "CALDER VANE SHIPPING LTD"}]});
        assert_eq!(found(profile(renamed)), []);
        assert_eq!(found(profile(json!({"company_name": "OTHER PLC"}))), [(signals::MISMATCH, 80)]);
    }

    const PROFILE: &str = r#"{"company_name":"CALDER VANE SHIPPING LIMITED","company_number":"99104372","company_status":"active",
        "registered_office_address":{"address_line_1":"4 Ropewalk Quay","postal_code":"KQ4 9ZZ"},"accounts":{"overdue":true},
        "previous_company_names":[{"name":"CALDER LTD"}],"has_insolvency_history":false,"date_of_creation":"2018-01-05"}"#;

    proptest! {
        #[test]
        fn no_answer_makes_the_parser_panic(at in any::<prop::sample::Index>(), byte: u8) {
            let mut bytes = PROFILE.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(profile) = serde_json::from_slice::<Profile>(&bytes) {
                let _ = profile_evidence(&profile, &company());
            }
        }
    }
}
