//! The client of the register of legal entity identifiers (LEI), by the GLEIF API v1.

use domain::{
    evidence::{EvidenceDraft, Signal},
    request::ReportRequest,
};
use reqwest::Url;
use screening::names::same_company;
use serde::Deserialize;

use super::{number, settings::RegistrySettings, signals};
use crate::{error::SourceError, http::Http};

/// Maximum number of records of one answer.
const RECORDS_MAX: &str = "10";

/// The client of the register.
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
struct Single {
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
    /// Makes the client, or returns `None` if no service is configured.
    pub(super) fn new(http: &Http, settings: &RegistrySettings) -> Option<Self> {
        let url = settings.gleif_url.as_ref()?.join("api/v1/lei-records").ok()?;
        Some(Self { http: http.for_service("gleif"), url })
    }

    /// Searches for the company by its number, and by its name if the number is not found.
    ///
    /// # Errors
    /// Returns [`SourceError`] if the service gives no usable answer.
    pub(super) async fn search(&self, request: &ReportRequest) -> Result<Vec<EvidenceDraft>, SourceError> {
        // An LEI identifies one company in every country: a record of another country is a mismatch and is not left out.
        let by_lei = request.number_scheme.as_deref() == Some("lei");
        let in_country = |record: &&LeiRecord| {
            by_lei || record.country().is_none_or(|code| code == request.country.code())
        };
        let records = self.records_by_number(request).await?;
        let mut matching: Vec<&LeiRecord> = records.iter().filter(in_country).collect();
        let by_name;
        if matching.is_empty() {
            by_name = self.records("filter[entity.legalName]", &request.company_name).await?;
            matching = by_name
                .iter()
                .filter(in_country)
                .filter(|record| record.is_named(&request.company_name))
                .collect();
        }
        let mut evidence: Vec<EvidenceDraft> =
            matching.iter().map(|record| record_evidence(record, request)).collect();
        // The parents are only queried if the record is unambiguous.
        if let [record] = matching.as_slice() {
            evidence.extend(self.parents(&record.attributes.lei).await);
        }
        if by_lei && records.is_empty() {
            evidence.push(unknown_lei(request));
        } else if evidence.is_empty() {
            evidence.push(no_entry(request));
        }
        Ok(evidence)
    }

    async fn records_by_number(&self, request: &ReportRequest) -> Result<Vec<LeiRecord>, SourceError> {
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
        let query =
            self.http.client().get(self.url.clone()).query(&[(filter, value), ("page[size]", RECORDS_MAX)]);
        let query = query.header("accept", "application/vnd.api+json");
        self.http.json::<Records>(query).await.map(|records| records.data)
    }

    /// Returns the direct and the ultimate parent as evidence. Most companies report none, and no report depends on them: an error
    /// is only logged.
    async fn parents(&self, lei: &str) -> Vec<EvidenceDraft> {
        let parent = async |path: &str| -> Option<LeiRecord> {
            let url = format!("{}/{lei}/{path}", self.url).parse::<Url>().ok()?;
            let query = self.http.client().get(url).header("accept", "application/vnd.api+json");
            match self.http.json::<Single>(query).await {
                Ok(single) => Some(single.data),
                Err(SourceError::NotFound) => None,
                Err(error) => {
                    tracing::debug!(error = %error, path, "LEI register gave no parent");
                    None
                }
            }
        };
        let (direct, ultimate) = tokio::join!(parent("direct-parent"), parent("ultimate-parent"));
        let mut evidence = Vec::new();
        for (kind, record) in [("direct", &direct), ("ultimate", &ultimate)] {
            let Some(record) = record else { continue };
            let same = kind == "ultimate"
                && direct.as_ref().is_some_and(|direct| direct.attributes.lei == record.attributes.lei);
            if !same {
                evidence.push(parent_evidence(kind, record));
            }
        }
        evidence
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
        // A jurisdiction may be a part of a country, such as US-DE.
        address.or(entity.jurisdiction.as_deref()).map(|code| code.split('-').next().unwrap_or(code))
    }
}

impl Address {
    /// Formats the address, or returns `None` if it has no part.
    fn formatted(&self) -> Option<String> {
        let lines = self.address_lines.iter().flatten().map(String::as_str);
        let rest = [&self.city, &self.postal_code, &self.country].into_iter().flatten().map(String::as_str);
        let parts: Vec<&str> = lines.chain(rest).filter(|part| !part.is_empty()).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

fn record_evidence(record: &LeiRecord, request: &ReportRequest) -> EvidenceDraft {
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
    let address = entity.legal_address.as_ref().and_then(Address::formatted);
    add("Legal address", address.as_deref());
    add("Status", entity.status.as_deref());
    let expiration = entity.expiration.as_ref();
    add("Ended on", expiration.and_then(|end| end.date.as_deref()));
    add("Reason", expiration.and_then(|end| end.reason.as_deref()));
    add("LEI registration", registration.status.as_deref());
    // The last update of an entry is not a date of publication.
    add("Entry last updated on", registration.last_update_date.as_deref().and_then(|date| date.get(..10)));

    let mut found = Vec::new();
    if entity.status.as_deref() == Some("INACTIVE") {
        found.push(Signal { kind: signals::INACTIVE, strength: 100 });
    }
    if !record.is_named(&request.company_name) {
        text.push_str(&format!(" This is not the name that was given, {}.", request.company_name));
        found.push(signals::mismatch());
    }
    if let Some(country) = record.country().filter(|code| *code != request.country.code()) {
        text.push_str(&format!(" Its country is {country}, not {}, which was given.", request.country));
        found.push(signals::mismatch());
    }
    let number = entity.registered_as.as_deref().and_then(|registered| number::agrees(registered, request));
    if number == Some(false) {
        text.push_str(&format!(" This is not the number that was given, {}.", request.corporate_number));
        found.push(signals::mismatch());
    }
    EvidenceDraft {
        title: format!("Register entry: {name}"),
        text,
        url: None,
        published_at: None,
        signals: found,
    }
}

fn parent_evidence(kind: &str, record: &LeiRecord) -> EvidenceDraft {
    let name = record.name();
    let country = record.country().map(|code| format!(" ({code})")).unwrap_or_default();
    EvidenceDraft::note(
        format!("Parent: {name}"),
        format!("The register names {name}{country}, LEI {}, as the {kind} parent.", record.attributes.lei),
    )
}

fn unknown_lei(request: &ReportRequest) -> EvidenceDraft {
    let lei = &request.corporate_number;
    EvidenceDraft {
        signals: vec![signals::mismatch()],
        ..EvidenceDraft::note(
            "Unknown LEI",
            format!("The register of legal entity identifiers has no entry {lei}."),
        )
    }
}

fn no_entry(request: &ReportRequest) -> EvidenceDraft {
    let ReportRequest { company_name, corporate_number, country, .. } = request;
    EvidenceDraft::note(
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
    use domain::evidence::SignalKind;

    use crate::testing::request;

    const ANSWER: &str = r#"{"data":[{"attributes":{"lei":"LAU9ICDEA8HNHMPF3C63","entity":{"legalName":{"name":"QUILLMARSH LTD"},
        "otherNames":[{"name":"Quillmarsh Holdings"}],"registeredAs":"24257037","registeredAt":{"id":"RA000585"},"jurisdiction":"GB",
        "legalAddress":{"addressLines":["1 Sedge Quay"],"city":"Nettle","country":"GB"},"status":"ACTIVE"},
        "registration":{"status":"LAPSED","lastUpdateDate":"2026-01-05T00:00:00Z"}}}]}"#;

    fn kinds(request: &ReportRequest) -> Vec<SignalKind> {
        let records: Records = serde_json::from_str(ANSWER).unwrap();
        record_evidence(&records.data[0], request).signals.iter().map(|signal| signal.kind.clone()).collect()
    }

    #[test]
    fn a_record_that_contradicts_the_request_is_a_mismatch() {
        assert_eq!(kinds(&request("Quillmarsh Limited", "24257037", "GB")), []);
        assert_eq!(kinds(&request("Quillmarsh Holdings", "24257037", "GB")), []);
        assert_eq!(kinds(&request("Olderbeek Ltd", "24257037", "GB")), [signals::MISMATCH]);
        assert_eq!(kinds(&request("Quillmarsh Ltd", "24257038", "GB")), [signals::MISMATCH]);
        // The same LEI in another country.
        let abroad = request("Quillmarsh Ltd", "LAU9ICDEA8HNHMPF3C63", "JP");
        assert_eq!(kinds(&abroad), [signals::MISMATCH]);
        // A lapsed LEI is no fact about the company, and a VAT number is not compared with a register number.
        assert_eq!(kinds(&request("Quillmarsh Ltd", "GB 901623014", "GB")), []);
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_parser_panic(at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()) {
            let mut bytes = ANSWER.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            for bytes in [&bytes[..], &bytes[..cut.index(bytes.len())]] {
                if let Ok(records) = serde_json::from_slice::<Records>(bytes) {
                    for record in &records.data {
                        let _ = record_evidence(record, &request("Quillmarsh Ltd", "24257037", "GB"));
                    }
                }
            }
        }
    }
}
