//! The client of the United Kingdom's company register, the Companies House Public Data API.

mod people;

use domain::{
    evidence::{Event, EvidenceDraft, Facts, Signal},
    language::Words,
    request::ReportRequest,
};
use reqwest::Url;
use screening::names::same_company;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, de::DeserializeOwned};

use self::people::{Page, People};
use super::{gleif::RegisterAnswer, settings::RegistrySettings, signals};
use crate::{
    error::SourceError,
    http::Http,
    related::Relation,
    texts::{Texts, words},
};

/// Statuses of a company that no longer does business.
const ENDED: [&str; 4] = ["dissolved", "converted-closed", "closed", "removed"];
/// Statuses of a company that may be unable to pay its debts.
const DISTRESSED: [&str; 5] =
    ["liquidation", "receivership", "administration", "voluntary-arrangement", "insolvency-proceedings"];

/// The detail of the status of a company that the registrar or its directors are about to remove from the register.
const STRIKE_OFF: &str = "active-proposal-to-strike-off";
/// Entries of one page of officers or controllers: the most that the API gives.
const PAGE_SIZE: &str = "100";

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
    accounts: Option<Filing>,
    #[serde(default)]
    confirmation_statement: Option<Filing>,
    #[serde(default)]
    company_status_detail: Option<String>,
    #[serde(default)]
    undeliverable_registered_office_address: Option<bool>,
    #[serde(default)]
    registered_office_is_in_dispute: Option<bool>,
    #[serde(default)]
    has_been_liquidated: Option<bool>,
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

/// What a company files every year.
#[derive(Deserialize)]
struct Filing {
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

    /// Reads the profile of the company, its officers and those who control it.
    ///
    /// # Errors
    /// Returns [`SourceError`] if the service gives no usable answer about the company itself.
    pub(super) async fn search(&self, request: &ReportRequest) -> Result<RegisterAnswer, SourceError> {
        let words = words(request.language);
        let number = request
            .corporate_number
            .as_deref()
            .ok_or_else(|| SourceError::Refused("the request has no number".to_owned()))?;
        let profile = match self.get::<Profile>(number, "", &[]).await {
            Ok(profile) => profile,
            // The register answers from its live data.
            Err(SourceError::NotFound) => {
                return Ok(RegisterAnswer {
                    evidence: vec![unknown(number, words)],
                    ..RegisterAnswer::default()
                });
            }
            Err(error) => return Err(error),
        };
        let (controllers, officers) = tokio::join!(
            self.people(number, "/persons-with-significant-control", Relation::Controller, words),
            self.people(number, "/officers", Relation::Officer, words)
        );
        let mut answer = RegisterAnswer {
            evidence: vec![profile_evidence(&profile, request)],
            ..RegisterAnswer::default()
        };
        for People { evidence, parties } in [controllers, officers] {
            answer.evidence.extend(evidence);
            answer.related.extend(parties);
        }
        Ok(answer)
    }

    /// Reads the first page of the parties at `path`. The register answers 404 if it has none.
    async fn people(&self, number: &str, path: &str, relation: Relation, words: &Words) -> People {
        match self.get::<Page>(number, path, &[("items_per_page", PAGE_SIZE)]).await {
            Ok(page) => People::read(page, relation, words),
            Err(SourceError::NotFound) => People::default(),
            Err(error) => {
                tracing::warn!(error = %error, relation = relation.as_str(), "Companies House named no related parties");
                People::unanswered(relation, words)
            }
        }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        number: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, SourceError> {
        let url = self
            .base
            .join(&format!("company/{number}{path}"))
            .map_err(|_| SourceError::Refused("its address is not a URL".to_owned()))?;
        let request = self.http.client().get(url).query(query);
        self.http.json::<T>(request.basic_auth(self.key.expose_secret(), Some(""))).await
    }
}

fn profile_evidence(profile: &Profile, request: &ReportRequest) -> EvidenceDraft {
    let (name, words) = (&profile.company_name, words(request.language));
    let (texts, shared) = (Texts::new(words, "registry.profile"), Texts::new(words, "registry"));
    let mut text = texts.paragraph();
    text.say("knows", &[("name", name), ("number", &profile.company_number)]);
    let status = profile.company_status.as_deref();
    text.field_of(shared, "status", status);
    text.field("incorporated_on", profile.date_of_creation.as_deref());
    text.field_of(shared, "ended_on", profile.date_of_cessation.as_deref());
    let address = profile.registered_office_address.as_ref().map(|address| {
        let parts = [&address.address_line_1, &address.locality, &address.postal_code, &address.country];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        parts.join(words.text("texts.address_separator"))
    });
    text.field("office", address.as_deref());
    let previous: Vec<&str> = profile
        .previous_company_names
        .iter()
        .flatten()
        .take(5)
        .map(|previous| previous.name.as_str())
        .collect();
    text.list("earlier_names", &previous, usize::MAX);
    let is_true = |flag: Option<bool>| flag == Some(true);
    let history = is_true(profile.has_insolvency_history);
    let liquidated = is_true(profile.has_been_liquidated);
    let is_overdue = |filing: &Option<Filing>| filing.as_ref().is_some_and(|filing| is_true(filing.overdue));
    let (accounts, statement) = (is_overdue(&profile.accounts), is_overdue(&profile.confirmation_statement));
    let strike_off = profile.company_status_detail.as_deref() == Some(STRIKE_OFF);
    let undeliverable = is_true(profile.undeliverable_registered_office_address);
    let disputed = is_true(profile.registered_office_is_in_dispute);
    let said = |value: &str, is_set: bool| is_set.then(|| texts.text(value));
    text.field("insolvency", said("insolvency_history", history).as_deref());
    text.field("liquidation", said("liquidated", liquidated).as_deref());
    text.field("accounts", said("overdue", accounts).as_deref());
    text.field("statement", said("overdue", statement).as_deref());
    let detail = profile.company_status_detail.as_ref().map(|detail| detail.replace('-', " "));
    text.field("status_detail", detail.as_deref());
    text.field("mail", said("undeliverable", undeliverable).as_deref());
    text.field("office", said("disputed", disputed).as_deref());

    let events = [
        Event::on("incorporated", profile.date_of_creation.as_deref()),
        Event::on("ended", profile.date_of_cessation.as_deref()),
    ];
    let mut found = Vec::new();
    let mut signal = |kind, strength| found.push(Signal { kind, strength });
    if status.is_some_and(|status| ENDED.contains(&status)) {
        signal(signals::INACTIVE, 100);
    }
    if status.is_some_and(|status| DISTRESSED.contains(&status)) {
        signal(signals::DISTRESSED, 90);
    } else if history || liquidated || accounts || statement {
        signal(signals::DISTRESSED, 60);
    }
    if strike_off {
        signal(signals::STRIKE_OFF, 90);
    }
    if undeliverable || disputed {
        signal(signals::OFFICE, 80);
    }
    let names = std::iter::once(name.as_str()).chain(previous.iter().copied());
    if !names.into_iter().any(|known| same_company(known, &request.company_name)) {
        text.push(shared.fill("other_name_given", &[("name", &request.company_name)]));
        found.push(signals::mismatch());
    }
    EvidenceDraft {
        title: texts.fill("title", &[("name", name)]),
        text: text.finish(),
        url: None,
        published_at: None,
        signals: found,
        facts: Facts { events: events.into_iter().flatten().collect(), ..Facts::default() },
    }
}

fn unknown(number: &str, words: &Words) -> EvidenceDraft {
    let texts = Texts::new(words, "registry.profile");
    EvidenceDraft {
        signals: vec![signals::mismatch()],
        ..EvidenceDraft::note(texts.text("unknown_title"), texts.fill("unknown", &[("number", number)]))
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
        assert_eq!(
            found(profile(json!({"confirmation_statement": {"overdue": true}}))),
            [(signals::DISTRESSED, 60)]
        );
        assert_eq!(found(profile(json!({"has_been_liquidated": true}))), [(signals::DISTRESSED, 60)]);
        let striking = json!({"company_status_detail": "active-proposal-to-strike-off"});
        assert_eq!(found(profile(striking)), [(signals::STRIKE_OFF, 90)]);
        for office in ["undeliverable_registered_office_address", "registered_office_is_in_dispute"] {
            assert_eq!(found(profile(json!({ office: true }))), [(signals::OFFICE, 80)], "{office}");
        }
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
