//! The client of the register of legal entity identifiers (LEI), the GLEIF API v1.

mod evidence;
mod record;

use domain::{evidence::EvidenceDraft, request::ReportRequest, time::UtcTime};
use reqwest::Url;
use serde::de::DeserializeOwned;

use self::record::{LeiRecord, Records, Relationship, Single};
use super::{number, settings::RegistrySettings};
use crate::{
    error::SourceError,
    http::Http,
    related::{RelatedParty, Relation},
    texts::words,
};

/// Maximum number of records of one answer: the maximum page size of the API. Each of the about 150 German
/// register courts may have given the same number.
const RECORDS_MAX: &str = "200";

/// Maximum number of records that become evidence.
const SHOWN_MAX: usize = 10;

/// The client of the register.
#[derive(Debug)]
pub(super) struct Gleif {
    http: Http,
    url: Url,
}

/// What a register knows about a company.
#[derive(Debug, Default)]
pub(super) struct RegisterAnswer {
    pub(super) evidence: Vec<EvidenceDraft>,
    /// When the edition of the register that answered was published; `None` if the register answers from its live
    /// data or does not say so.
    pub(super) published_at: Option<UtcTime>,
    /// Who owns, controls or runs the company.
    pub(super) related: Vec<RelatedParty>,
}

/// The records that are, or may be, the company's.
struct Found<'a> {
    records: Vec<&'a LeiRecord>,
    /// Whether the records are certain to be the company's, by name and number, or by one that identifies it.
    certain: bool,
}

impl<'a> Found<'a> {
    /// Chooses among the records with the number of the request, all of the company's country. A record with
    /// another name is the company's only if the number identifies one company, and no other record has it.
    fn by_number(records: &'a [LeiRecord], request: &ReportRequest) -> Option<Self> {
        let named: Vec<_> = records.iter().filter(|record| record.is_named(&request.company_name)).collect();
        if !named.is_empty() {
            return Some(Self { records: named, certain: true });
        }
        let identified: Vec<_> =
            records.iter().filter(|record| number::identifies(request, record.city())).collect();
        (identified.len() == 1).then_some(Self { records: identified, certain: true })
    }

    /// Chooses among the records with the name of the request, all of the company's country: those that have
    /// its number, too, or else all. Several without the number may be namesakes.
    fn by_name(records: &'a [LeiRecord], request: &ReportRequest) -> Self {
        let named = || records.iter().filter(|record| record.is_named(&request.company_name));
        let has_number = |record: &&LeiRecord| {
            record.registered_as().and_then(|number| number::agrees(number, request)) == Some(true)
        };
        let numbered: Vec<_> = named().filter(has_number).collect();
        if !numbered.is_empty() {
            return Self { records: numbered, certain: true };
        }
        let records: Vec<_> = named().collect();
        let certain = records.len() == 1;
        Self { records, certain }
    }
}

impl Gleif {
    /// Makes the client, or returns `None` if no service is configured.
    pub(super) fn new(http: &Http, settings: &RegistrySettings) -> Option<Self> {
        let url = settings.gleif_url.as_ref()?.join("api/v1/lei-records").ok()?;
        Some(Self { http: http.for_service("gleif"), url })
    }

    /// Searches for the company by its number, and by its name if no record is its own by the number.
    ///
    /// # Errors
    /// Returns [`SourceError`] if the service gives no usable answer.
    pub(super) async fn search(&self, request: &ReportRequest) -> Result<RegisterAnswer, SourceError> {
        let Records { data: mut numbered, meta } = self.records_by_number(request).await?;
        let mut published_at = Records { data: Vec::new(), meta }.published_at();
        // An LEI identifies one company worldwide, so a record from another country is kept and reported as a
        // mismatch.
        if is_lei(request) {
            let mut evidence: Vec<EvidenceDraft> = numbered
                .iter()
                .take(SHOWN_MAX)
                .map(|record| evidence::of_record(record, request, true))
                .collect();
            let mut related = Vec::new();
            match numbered.as_slice() {
                [] => evidence.push(evidence::of_unknown_lei(request)),
                [record] => self.add_parents(record, request, &mut evidence, &mut related).await,
                _ => {}
            }
            return Ok(RegisterAnswer { evidence, published_at, related });
        }
        let in_country =
            |record: &LeiRecord| record.country().is_none_or(|code| code == request.country.code());
        numbered.retain(in_country);
        let mut by_name;
        let found = match Found::by_number(&numbered, request) {
            Some(found) => found,
            None => {
                let named = self.records("filter[entity.legalName]", &request.company_name).await?;
                published_at = published_at.or(named.published_at());
                by_name = named.data;
                by_name.retain(in_country);
                Found::by_name(&by_name, request)
            }
        };
        let shown = found.records.iter().take(SHOWN_MAX);
        let mut evidence: Vec<EvidenceDraft> =
            shown.map(|record| evidence::of_record(record, request, found.certain)).collect();
        // The parents are only queried if the record is unambiguous.
        let mut related = Vec::new();
        if let ([record], true) = (found.records.as_slice(), found.certain) {
            self.add_parents(record, request, &mut evidence, &mut related).await;
        }
        if evidence.is_empty() {
            evidence.push(evidence::of_no_entry(request));
        }
        let others = numbered.iter().filter(|record| !record.is_named(&request.company_name)).count();
        let is_own = found.records.iter().any(|own| numbered.iter().any(|other| std::ptr::eq(*own, other)));
        if others > 0 && !is_own {
            evidence.push(evidence::of_others_with_number(others, request));
        }
        Ok(RegisterAnswer { evidence, published_at, related })
    }

    /// Searches by the number in every notation that the register may have. Without a number, nothing is found.
    async fn records_by_number(&self, request: &ReportRequest) -> Result<Records, SourceError> {
        if let (true, Some(lei)) = (is_lei(request), &request.corporate_number) {
            return self.records("filter[lei]", lei).await;
        }
        // One request asks for all notations: the filter takes several values, with commas between them.
        let forms: Vec<String> =
            number::forms(request).into_iter().filter(|form| !form.contains(',')).collect();
        if forms.is_empty() {
            return Ok(Records { meta: None, data: Vec::new() });
        }
        self.records("filter[entity.registeredAs]", &forms.join(",")).await
    }

    async fn records(&self, filter: &str, value: &str) -> Result<Records, SourceError> {
        let query =
            self.http.client().get(self.url.clone()).query(&[(filter, value), ("page[size]", RECORDS_MAX)]);
        let query = query.header("accept", "application/vnd.api+json");
        self.http.json::<Records>(query).await
    }

    /// Adds the direct and the ultimate parent. Most companies report none.
    async fn add_parents(
        &self,
        record: &LeiRecord,
        request: &ReportRequest,
        evidence: &mut Vec<EvidenceDraft>,
        related: &mut Vec<RelatedParty>,
    ) {
        let lei = &record.attributes.lei;
        let (direct, ultimate) = tokio::join!(
            self.parent(lei, Relation::DirectParent),
            self.parent(lei, Relation::UltimateParent)
        );
        let mut shown: Option<String> = None;
        for (relation, parent) in [(Relation::DirectParent, direct), (Relation::UltimateParent, ultimate)] {
            match parent {
                Ok(Some((parent, since))) => {
                    let lei = &parent.attributes.lei;
                    // Without a company between them, the direct parent is the ultimate one.
                    if shown.as_ref() != Some(lei) {
                        let parties = parent.as_parties(relation, since.as_deref(), words(request.language));
                        let named = parties.first().map(RelatedParty::to_fact);
                        let of_parent = |party| evidence::of_parent(party, relation, &parent, request);
                        evidence.extend(named.map(of_parent));
                        related.extend(parties);
                    }
                    shown = Some(lei.clone());
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(error = %error, relation = relation.as_str(), "LEI register named no parent");
                    evidence.push(evidence::of_unknown_parent(relation, request));
                }
            }
        }
    }

    /// Returns a parent and the date since which it is one, or `None` if the register names none.
    async fn parent(
        &self,
        lei: &str,
        relation: Relation,
    ) -> Result<Option<(LeiRecord, Option<String>)>, SourceError> {
        let path = if relation == Relation::DirectParent { "direct-parent" } else { "ultimate-parent" };
        let parent = match self.single::<Single>(lei, path).await {
            Ok(Single { data }) => data,
            Err(SourceError::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        // The date is worth a request, but no parent is left out for want of it.
        let relationship = self.single::<Relationship>(lei, &format!("{path}-relationship")).await;
        let since = relationship.ok().and_then(|relationship| relationship.since());
        Ok(Some((parent, since)))
    }

    async fn single<T: DeserializeOwned>(&self, lei: &str, path: &str) -> Result<T, SourceError> {
        let url = format!("{}/{lei}/{path}", self.url).parse::<Url>();
        let url = url.map_err(|_| SourceError::Refused("its address is not a URL".to_owned()))?;
        let query = self.http.client().get(url).header("accept", "application/vnd.api+json");
        self.http.json::<T>(query).await
    }
}

fn is_lei(request: &ReportRequest) -> bool {
    request.number_scheme.as_deref() == Some("lei")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use domain::evidence::SignalKind;

    use crate::{registry::signals, testing::request};

    const ANSWER: &str = r#"{"data":[{"attributes":{"lei":"LAU9ICDEA8HNHMPF3C63","entity":{"legalName":{"name":"QUILLMARSH LTD"},
        "otherNames":[{"name":"Quillmarsh Holdings"}],"registeredAs":"24257037","registeredAt":{"id":"RA000585"},"jurisdiction":"GB",
        "legalAddress":{"addressLines":["1 Sedge Quay"],"city":"Nettle","country":"GB"},"status":"ACTIVE"},
        "registration":{"status":"LAPSED","lastUpdateDate":"2026-01-05T00:00:00Z"}}}]}"#;

    fn kinds(request: &ReportRequest) -> Vec<SignalKind> {
        let records: Records = serde_json::from_str(ANSWER).unwrap();
        evidence::of_record(&records.data[0], request, true)
            .signals
            .iter()
            .map(|signal| signal.kind.clone())
            .collect()
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

    /// Records with `(name, city)` that share a number, in Germany.
    fn german(companies: &[(&str, &str)]) -> Vec<LeiRecord> {
        let record = |(name, city): &(&str, &str)| {
            let record = serde_json::json!({"attributes": {"lei": "X", "entity": {
                "legalName": {"name": name}, "registeredAs": "HRB 20417", "jurisdiction": "DE",
                "legalAddress": {"city": city, "country": "DE"}, "status": "INACTIVE"}}});
            serde_json::from_value(record).unwrap()
        };
        companies.iter().map(record).collect()
    }

    fn names<'a>(found: &Found<'a>) -> Vec<&'a str> {
        found.records.iter().map(|record| record.name()).collect()
    }

    #[test]
    fn a_number_without_its_court_finds_only_companies_of_the_same_name() {
        let records = german(&[
            ("Nordlicht Handels GmbH", "Bremen"),
            ("Quillmarsh GmbH", "Augsburg"),
            ("Olderbeek AG", "Kiel"),
        ]);
        let found = Found::by_number(&records, &request("Quillmarsh GmbH", "HRB 20417", "DE")).unwrap();
        assert_eq!((names(&found), found.certain), (vec!["Quillmarsh GmbH"], true));
        // Strangers are not the company, however many there are.
        for records in [&records[..], &records[..1]] {
            assert!(Found::by_number(records, &request("Tamberly Werke GmbH", "HRB 20417", "DE")).is_none());
        }
    }

    #[test]
    fn a_number_with_its_court_contradicts_only_the_name_of_a_company_of_that_court() {
        let records = german(&[("Nordlicht Handels GmbH", "Bremen"), ("Olderbeek AG", "Kiel")]);
        let given = request("Quillmarsh GmbH", "Bremen HRB 20417", "DE");
        let found = Found::by_number(&records, &given).unwrap();
        assert_eq!(names(&found), ["Nordlicht Handels GmbH"]);
        let draft = evidence::of_record(found.records[0], &given, found.certain);
        assert!(draft.signals.contains(&signals::mismatch()));
        assert!(Found::by_number(&records[1..], &given).is_none());
    }

    #[test]
    fn a_number_that_identifies_one_company_contradicts_another_name() {
        let records: Records = serde_json::from_str(ANSWER).unwrap();
        let given = request("Olderbeek Ltd", "24257037", "GB");
        assert!(Found::by_number(&records.data, &given).unwrap().certain);
        // Two records of one number: neither is certain to be the company's.
        let twice: Records = serde_json::from_str(&ANSWER.replace(
            "{\"data\":[",
            "{\"data\":[{\"attributes\":{\"lei\":\"Y\",\"entity\":{\"legalName\":{\"name\":\"Z\"}}}},",
        ))
        .unwrap();
        assert!(Found::by_number(&twice.data, &given).is_none());
    }

    #[test]
    fn namesakes_give_no_signal() {
        let records = german(&[("Quillmarsh GmbH", "Bremen"), ("Quillmarsh GmbH", "Kiel")]);
        let given = request("Quillmarsh GmbH", "HRB 20418", "DE");
        let found = Found::by_name(&records, &given);
        assert_eq!((found.records.len(), found.certain), (2, false));
        let draft = evidence::of_record(found.records[0], &given, found.certain);
        assert_eq!(draft.signals, []);
        // The only company of the name, with another number, contradicts the request.
        let found = Found::by_name(&records[..1], &given);
        let draft = evidence::of_record(found.records[0], &given, found.certain);
        assert!(draft.signals.contains(&signals::mismatch()));
        // A namesake does not hide the company that has the number.
        let found = Found::by_name(&records, &request("Quillmarsh GmbH", "HRB 20417", "DE"));
        assert!(found.certain);
    }

    #[test]
    fn without_a_number_only_the_name_is_told() {
        let given = ReportRequest { corporate_number: None, ..request("Quillmarsh GmbH", "4711", "KP") };
        let text = evidence::of_no_entry(&given).text;
        assert!(text.contains("Quillmarsh GmbH") && !text.contains("number"), "{text}");
        assert!(evidence::of_no_entry(&request("Quillmarsh GmbH", "4711", "KP")).text.contains("4711"));
        assert!(Found::by_number(&[], &given).is_none());
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
                        let _ = evidence::of_record(record, &request("Quillmarsh Ltd", "24257037", "GB"), true);
                    }
                }
            }
        }
    }
}
