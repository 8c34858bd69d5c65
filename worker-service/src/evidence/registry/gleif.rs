//! The register of legal entity identifiers, by the GLEIF API v1.

use domain::{
    evidence::{EvidenceDraft, Signal, SignalKind},
    request::ReportRequest,
};
use reqwest::Url;
use serde::Deserialize;

use super::number;
use crate::{
    evidence::{SourceError, http::Http},
    settings::SourceSettings,
};
use screening::names::same_company;

/// Records that one question brings at most.
const RECORDS_MAX: &str = "10";

/// The register.
#[derive(Debug)]
pub(super) struct Gleif {
    http: Http,
    url: Url,
}

#[derive(Deserialize)]
struct Records {
    data: Vec<LeiRecord>,
}

#[derive(Deserialize)]
struct One {
    data: LeiRecord,
}

#[derive(Deserialize)]
struct LeiRecord {
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
    other_names: Option<Vec<Name>>,
    #[serde(default)]
    transliterated_other_names: Option<Vec<Name>>,
    #[serde(default)]
    registered_as: Option<String>,
    #[serde(default)]
    registered_at: Option<Authority>,
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
struct Authority {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    other: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    #[serde(default)]
    address_lines: Option<Vec<String>>,
    #[serde(default)]
    city: Option<String>,
    #[serde(default)]
    postal_code: Option<String>,
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

impl Gleif {
    /// The register that `settings` name; none when they name none.
    pub(super) fn new(http: &Http, settings: &SourceSettings) -> Option<Self> {
        let url = settings.registry_url.as_ref()?.join("api/v1/lei-records").ok()?;
        Some(Self { http: http.of("gleif"), url })
    }

    pub(super) async fn search(&self, request: &ReportRequest) -> Result<Vec<EvidenceDraft>, SourceError> {
        // An LEI is one body's in every country: that it is of another one is told, not left out.
        let by_lei = request.number_scheme.as_deref() == Some("lei");
        let here = |record: &&LeiRecord| {
            by_lei || record.country().is_none_or(|code| code == request.country.code())
        };
        let records = self.of_number(request).await?;
        let mut kept: Vec<&LeiRecord> = records.iter().filter(here).collect();
        let by_name;
        if kept.is_empty() {
            by_name = self.records("filter[entity.legalName]", &request.company_name).await?;
            kept =
                by_name.iter().filter(here).filter(|record| record.is_named(&request.company_name)).collect();
        }
        let mut findings: Vec<EvidenceDraft> = kept.iter().map(|record| finding(record, request)).collect();
        // Who owns it is asked of the one record that is meant.
        if let [record] = kept.as_slice() {
            findings.extend(self.parents(&record.attributes.lei).await);
        }
        if by_lei && records.is_empty() {
            findings.push(unknown_lei(request));
        } else if findings.is_empty() {
            findings.push(nothing(request));
        }
        Ok(findings)
    }

    async fn of_number(&self, request: &ReportRequest) -> Result<Vec<LeiRecord>, SourceError> {
        if request.number_scheme.as_deref() == Some("lei") {
            return self.records("filter[lei]", &request.corporate_number).await;
        }
        for form in number::forms(request) {
            let records = self.records("filter[entity.registeredAs]", &form).await?;
            if !records.is_empty() {
                return Ok(records);
            }
        }
        Ok(Vec::new())
    }

    async fn records(&self, filter: &str, value: &str) -> Result<Vec<LeiRecord>, SourceError> {
        let question =
            self.http.client().get(self.url.clone()).query(&[(filter, value), ("page[size]", RECORDS_MAX)]);
        let question = question.header("accept", "application/vnd.api+json");
        self.http.json::<Records>(question).await.map(|records| records.data)
    }

    /// The direct and the ultimate parent that the register knows. Most companies name none, and no
    /// report depends on it.
    async fn parents(&self, lei: &str) -> Vec<EvidenceDraft> {
        let parent = async |path: &str| -> Option<LeiRecord> {
            let url = format!("{}/{lei}/{path}", self.url).parse::<Url>().ok()?;
            let question = self.http.client().get(url).header("accept", "application/vnd.api+json");
            match self.http.json::<One>(question).await {
                Ok(one) => Some(one.data),
                Err(SourceError::NotFound) => None,
                Err(error) => {
                    tracing::debug!(error = %error, path, "the register gave no parent");
                    None
                }
            }
        };
        let (direct, ultimate) = tokio::join!(parent("direct-parent"), parent("ultimate-parent"));
        let mut findings = Vec::new();
        for (kind, record) in [("direct", &direct), ("ultimate", &ultimate)] {
            let Some(record) = record else { continue };
            let same = kind == "ultimate"
                && direct.as_ref().is_some_and(|direct| direct.attributes.lei == record.attributes.lei);
            if !same {
                findings.push(owner(kind, record));
            }
        }
        findings
    }
}

impl LeiRecord {
    fn name(&self) -> &str {
        &self.attributes.entity.legal_name.name
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let entity = &self.attributes.entity;
        let others = entity.other_names.iter().chain(&entity.transliterated_other_names).flatten();
        std::iter::once(self.name()).chain(others.map(|other| other.name.as_str()))
    }

    fn is_named(&self, name: &str) -> bool {
        self.names().any(|known| same_company(known, name))
    }

    fn country(&self) -> Option<&str> {
        let entity = &self.attributes.entity;
        let address = entity.legal_address.as_ref().and_then(|address| address.country.as_deref());
        // A jurisdiction can be a part of a country, such as US-DE.
        address.or(entity.jurisdiction.as_deref()).map(|code| code.split('-').next().unwrap_or(code))
    }
}

impl Address {
    fn in_words(&self) -> Option<String> {
        let lines = self.address_lines.iter().flatten().map(String::as_str);
        let rest = [&self.city, &self.postal_code, &self.country].into_iter().flatten().map(String::as_str);
        let parts: Vec<&str> = lines.chain(rest).filter(|part| !part.is_empty()).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

fn finding(record: &LeiRecord, request: &ReportRequest) -> EvidenceDraft {
    let Attributes { lei, entity, registration } = &record.attributes;
    let name = record.name();
    let mut text = format!("The register knows {name} by the LEI {lei}.");
    let mut add = |label: &str, value: Option<&str>| {
        if let Some(value) = value {
            text.push_str(&format!(" {label}: {value}."));
        }
    };
    let others: Vec<&str> = record.names().skip(1).take(5).collect();
    add("Other names", Some(others.join("; ")).filter(|names| !names.is_empty()).as_deref());
    add("Registered as", entity.registered_as.as_deref());
    let authority = entity.registered_at.as_ref().and_then(|at| at.id.as_deref().or(at.other.as_deref()));
    add("Registration authority", authority);
    add("Jurisdiction", entity.jurisdiction.as_deref());
    let address = entity.legal_address.as_ref().and_then(Address::in_words);
    add("Legal address", address.as_deref());
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
    if !record.is_named(&request.company_name) {
        text.push_str(&format!(" This is not the name that was given, {}.", request.company_name));
        signals.push(Signal { kind: SignalKind::RegistryMismatch, strength: 80 });
    }
    if let Some(country) = record.country().filter(|code| *code != request.country.code()) {
        text.push_str(&format!(" Its country is {country}, not {}, which was given.", request.country));
        signals.push(Signal { kind: SignalKind::RegistryMismatch, strength: 80 });
    }
    let number = entity.registered_as.as_deref().and_then(|registered| number::agrees(registered, request));
    if number == Some(false) {
        text.push_str(&format!(" This is not the number that was given, {}.", request.corporate_number));
        signals.push(Signal { kind: SignalKind::RegistryMismatch, strength: 80 });
    }
    EvidenceDraft { title: format!("Register entry: {name}"), text, url: None, published_at: None, signals }
}

fn owner(kind: &str, record: &LeiRecord) -> EvidenceDraft {
    let name = record.name();
    let country = record.country().map(|code| format!(" ({code})")).unwrap_or_default();
    super::plain(
        &format!("Parent: {name}"),
        format!("The register names {name}{country}, LEI {}, as the {kind} parent.", record.attributes.lei),
    )
}

fn unknown_lei(request: &ReportRequest) -> EvidenceDraft {
    let lei = &request.corporate_number;
    EvidenceDraft {
        signals: vec![Signal { kind: SignalKind::RegistryMismatch, strength: 80 }],
        ..super::plain("Unknown LEI", format!("The register of legal entity identifiers has no entry {lei}."))
    }
}

fn nothing(request: &ReportRequest) -> EvidenceDraft {
    let ReportRequest { company_name, corporate_number, country, .. } = request;
    super::plain(
        "No register entry",
        format!(
            "The register of legal entity identifiers has no entry for \"{company_name}\" or the number {corporate_number} in {country}; many companies have none."
        ),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evidence::testing::request;

    const ANSWER: &str = r#"{"data":[{"attributes":{"lei":"LAU9ICDEA8HNHMPF3C63","entity":{"legalName":{"name":"QUILLMARSH LTD"},
        "otherNames":[{"name":"Quillmarsh Holdings"}],"registeredAs":"24257037","registeredAt":{"id":"RA000585"},"jurisdiction":"GB",
        "legalAddress":{"addressLines":["1 Sedge Quay"],"city":"Nettle","country":"GB"},"status":"ACTIVE"},
        "registration":{"status":"LAPSED","lastUpdateDate":"2026-01-05T00:00:00Z"}}}]}"#;

    fn signals(request: &ReportRequest) -> Vec<SignalKind> {
        let records: Records = serde_json::from_str(ANSWER).unwrap();
        finding(&records.data[0], request).signals.iter().map(|signal| signal.kind).collect()
    }

    #[test]
    fn a_record_that_differs_from_what_was_asked_says_in_what() {
        assert_eq!(signals(&request("Quillmarsh Limited", "24257037", "GB")), []);
        assert_eq!(signals(&request("Quillmarsh Holdings", "24257037", "GB")), []);
        assert_eq!(signals(&request("Olderbeek Ltd", "24257037", "GB")), [SignalKind::RegistryMismatch]);
        assert_eq!(signals(&request("Quillmarsh Ltd", "24257038", "GB")), [SignalKind::RegistryMismatch]);
        // The same LEI in another country.
        let abroad = request("Quillmarsh Ltd", "LAU9ICDEA8HNHMPF3C63", "JP");
        assert_eq!(signals(&abroad), [SignalKind::RegistryMismatch]);
        // A lapsed LEI says nothing of the company, and a VAT number nothing of its register number.
        assert_eq!(signals(&request("Quillmarsh Ltd", "GB 901623014", "GB")), []);
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_reader_panic(at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()) {
            let mut bytes = ANSWER.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            for bytes in [&bytes[..], &bytes[..cut.index(bytes.len())]] {
                if let Ok(records) = serde_json::from_slice::<Records>(bytes) {
                    for record in &records.data {
                        let _ = finding(record, &request("Quillmarsh Ltd", "24257037", "GB"));
                    }
                }
            }
        }
    }
}
