//! Company registers, by the GLEIF LEI API: what the register says, and where it disagrees with
//! what was asked.

use futures::future::BoxFuture;
use reqwest::Url;
use serde::Deserialize;
use shared::domain::{
    evidence::{Finding, Signal, SignalKind, SourceName},
    request::ReportRequest,
    time::UtcTime,
};

use super::{
    Answer, Source, SourceError,
    http::{self, Http},
};
use crate::{names::same_company, settings::SourceSettings};

/// Records that one question brings at most.
const RECORDS_MAX: &str = "10";

/// The registry service.
#[derive(Debug)]
pub struct Registry {
    http: Http,
    url: Url,
}

#[derive(Deserialize)]
struct Records {
    data: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Attributes {
    lei: String,
    entity: Entity,
    #[serde(default)]
    registration: Registration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entity {
    legal_name: Name,
    #[serde(default)]
    registered_as: Option<String>,
    #[serde(default)]
    jurisdiction: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    expiration: Option<Expiration>,
    #[serde(default)]
    legal_address: Option<Address>,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
struct Address {
    #[serde(default)]
    country: Option<String>,
}

#[derive(Deserialize)]
struct Expiration {
    #[serde(default)]
    date: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registration {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    last_update_date: Option<String>,
}

impl Registry {
    /// The registry service that `settings` name; none when they name none.
    pub(super) fn new(http: &Http, settings: &SourceSettings) -> Option<Self> {
        let url = settings.registry_url.as_ref()?.join("api/v1/lei-records").ok()?;
        Some(Self { http: http.clone(), url })
    }

    async fn search(&self, request: &ReportRequest) -> Result<Answer, SourceError> {
        let as_of = UtcTime::now();
        let by_number = self.records("filter[entity.registeredAs]", &request.corporate_number).await?;
        let here = |record: &Record| record.country().is_none_or(|code| code == request.country.code());
        let mut findings: Vec<Finding> =
            by_number.iter().filter(|record| here(record)).map(|record| finding(record, request)).collect();
        if findings.is_empty() {
            let by_name = self.records("filter[entity.legalName]", &request.company_name).await?;
            let named = |record: &&Record| here(record) && same_company(record.name(), &request.company_name);
            findings = by_name.iter().filter(named).map(|record| finding(record, request)).collect();
        }
        if findings.is_empty() {
            findings.push(nothing(request));
        }
        Ok(Answer { as_of, findings })
    }

    async fn records(&self, filter: &str, value: &str) -> Result<Vec<Record>, SourceError> {
        let question =
            self.http.client().get(self.url.clone()).query(&[(filter, value), ("page[size]", RECORDS_MAX)]);
        let question = question.header("accept", "application/vnd.api+json");
        http::json::<Records>(question).await.map(|records| records.data)
    }
}

impl Record {
    fn name(&self) -> &str {
        &self.attributes.entity.legal_name.name
    }

    fn country(&self) -> Option<&str> {
        let entity = &self.attributes.entity;
        let address = entity.legal_address.as_ref().and_then(|address| address.country.as_deref());
        // A jurisdiction can be a part of a country, such as US-DE.
        address.or(entity.jurisdiction.as_deref()).map(|code| code.split('-').next().unwrap_or(code))
    }
}

fn finding(record: &Record, request: &ReportRequest) -> Finding {
    let Attributes { lei, entity, registration } = &record.attributes;
    let name = record.name();
    let mut text = format!("The register knows {name} by the LEI {lei}.");
    let mut add = |label: &str, value: Option<&str>| {
        if let Some(value) = value {
            text.push_str(&format!(" {label}: {value}."));
        }
    };
    add("Registered as", entity.registered_as.as_deref());
    add("Jurisdiction", entity.jurisdiction.as_deref());
    add("Status", entity.status.as_deref());
    let expiration = entity.expiration.as_ref();
    add("Ended on", expiration.and_then(|end| end.date.as_deref()));
    add("Reason", expiration.and_then(|end| end.reason.as_deref()));
    add("LEI registration", registration.status.as_deref());
    // An entry's last update is no publication.
    add("Entry last updated on", registration.last_update_date.as_deref().and_then(|date| date.get(..10)));

    let mut signals = Vec::new();
    if entity.status.as_deref() == Some("INACTIVE") {
        signals.push(Signal { kind: SignalKind::RegistryInactive, strength: 100 });
    }
    if !same_company(name, &request.company_name) {
        text.push_str(&format!(" This is not the name that was given, {}.", request.company_name));
        signals.push(Signal { kind: SignalKind::RegistryMismatch, strength: 80 });
    }
    if entity.registered_as.as_deref().is_some_and(|number| !same_number(number, &request.corporate_number)) {
        text.push_str(&format!(" This is not the number that was given, {}.", request.corporate_number));
        signals.push(Signal { kind: SignalKind::RegistryMismatch, strength: 80 });
    }
    Finding { title: format!("Register entry: {name}"), text, url: None, published_at: None, signals }
}

fn nothing(request: &ReportRequest) -> Finding {
    let ReportRequest { company_name, corporate_number, country, .. } = request;
    Finding {
        title: "No register entry".to_owned(),
        text: format!(
            "The register of legal entity identifiers has no entry for \"{company_name}\" or the number {corporate_number} in {country}; many companies have none."
        ),
        url: None,
        published_at: None,
        signals: Vec::new(),
    }
}

/// Registers write numbers with and without separators.
fn same_number(a: &str, b: &str) -> bool {
    let bare = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
    };
    bare(a) == bare(b)
}

impl Source for Registry {
    fn name(&self) -> SourceName {
        SourceName::Registry
    }

    fn ask<'a>(&'a self, request: &'a ReportRequest) -> BoxFuture<'a, Result<Answer, SourceError>> {
        Box::pin(self.search(request))
    }
}
