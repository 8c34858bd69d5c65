//! Turns records of the register into evidence.

use domain::{
    evidence::{Event, EvidenceDraft, Facts, Party, Signal},
    request::ReportRequest,
};

use super::record::{Address, Attributes, LeiRecord};
use crate::{
    country_name::country_name,
    registry::{number, signals},
    related::Relation,
    texts::{Texts, words},
};

/// Maximum number of other names of a company that its evidence gives.
const NAMES_MAX: usize = 5;

/// Returns the words for texts about records, in the language of `request`.
fn texts(request: &ReportRequest) -> Texts<'static> {
    Texts::new(words(request.language), "registry.lei")
}

/// Returns the evidence of a record. If the record is not `certain` to be the company's, it gives no signal.
pub(super) fn of_record(record: &LeiRecord, request: &ReportRequest, certain: bool) -> EvidenceDraft {
    let Attributes { lei, entity, registration } = &record.attributes;
    let (name, texts) = (record.name(), texts(request));
    let (shared, words) = (Texts::new(texts.words, "registry"), texts.words);
    let mut text = texts.paragraph();
    text.say("knows", &[("name", name), ("lei", lei)]);
    let others: Vec<&str> = record.names().skip(1).take(NAMES_MAX).collect();
    text.list("other_names", &others, NAMES_MAX);
    text.field("registered_as", entity.registered_as.as_deref());
    let authority = entity.registered_at.as_ref().and_then(|at| at.id.as_deref().or(at.other.as_deref()));
    text.field("authority", authority);
    let jurisdiction = entity.jurisdiction.as_deref().map(|code| country_name(code, words));
    text.field("jurisdiction", jurisdiction.as_deref());
    let address = entity.legal_address.as_ref().and_then(|address| Address::formatted(address, words));
    text.field("legal_address", address.as_deref());
    text.field_of(shared, "status", entity.status.as_deref());
    let expiration = entity.expiration.as_ref();
    text.field_of(shared, "ended_on", expiration.and_then(|end| end.date.as_deref()));
    text.field("reason", expiration.and_then(|end| end.reason.as_deref()));
    text.field("registration", registration.status.as_deref());
    // The last update of an entry is not a date of publication.
    let updated = registration.last_update_date.as_deref().and_then(|date| date.get(..10));
    text.field("updated_on", updated);
    let ended = expiration.and_then(|end| end.date.as_deref()).map(|date| date.get(..10).unwrap_or(date));
    let events: Vec<Event> =
        [Event::on("ended", ended), Event::on("entry_updated", updated)].into_iter().flatten().collect();

    if !certain {
        text.say("namesake", &[]);
        return EvidenceDraft::note(texts.fill("namesake_title", &[("name", name)]), text.finish());
    }
    let mut found = Vec::new();
    if entity.status.as_deref() == Some("INACTIVE") {
        found.push(Signal { kind: signals::INACTIVE, strength: 100 });
    }
    if !record.is_named(&request.company_name) {
        text.push(shared.fill("other_name_given", &[("name", &request.company_name)]));
        found.push(signals::mismatch());
    }
    if let Some(country) = record.country().filter(|code| *code != request.country.code()) {
        let country = country_name(country, words);
        text.say("other_country", &[("country", &country), ("given", words.country(request.country))]);
        found.push(signals::mismatch());
    }
    let number = entity.registered_as.as_deref().and_then(|registered| number::agrees(registered, request));
    if let (Some(false), Some(given)) = (number, &request.corporate_number) {
        text.say("other_number", &[("number", given)]);
        found.push(signals::mismatch());
    }
    EvidenceDraft {
        title: texts.fill("title", &[("name", name)]),
        text: text.finish(),
        url: None,
        published_at: None,
        signals: found,
        facts: Facts { events, ..Facts::default() },
    }
}

/// Returns the evidence of the parent `party`, whose entry is `record`.
pub(super) fn of_parent(
    party: Party,
    relation: Relation,
    record: &LeiRecord,
    request: &ReportRequest,
) -> EvidenceDraft {
    let texts = texts(request);
    let country = record.country().map(|code| country_name(code, texts.words));
    let key = if country.is_some() { "parent_of_country" } else { "parent" };
    let values = [
        ("name", record.name()),
        ("country", &country.unwrap_or_default()),
        ("lei", &record.attributes.lei),
        ("relation", relation.noun(texts.words)),
    ];
    EvidenceDraft {
        facts: Facts { party: Some(party), ..Facts::default() },
        ..EvidenceDraft::note(texts.fill("parent_title", &values), texts.fill(key, &values))
    }
}

/// Returns the note that the register was asked for a parent and gave no answer.
pub(super) fn of_unknown_parent(relation: Relation, request: &ReportRequest) -> EvidenceDraft {
    let texts = texts(request);
    let values = [("relation", relation.noun(texts.words))];
    EvidenceDraft::gap(
        texts.fill("parent_unanswered_title", &values),
        texts.fill("parent_unanswered", &values),
    )
}

pub(super) fn of_unknown_lei(request: &ReportRequest) -> EvidenceDraft {
    let texts = texts(request);
    let lei = request.corporate_number.as_deref().unwrap_or_default();
    EvidenceDraft {
        signals: vec![signals::mismatch()],
        ..EvidenceDraft::note(texts.text("unknown_lei_title"), texts.fill("unknown_lei", &[("lei", lei)]))
    }
}

pub(super) fn of_no_entry(request: &ReportRequest) -> EvidenceDraft {
    let texts = texts(request);
    let key = if request.corporate_number.is_some() { "no_entry_of_number" } else { "no_entry" };
    EvidenceDraft::note(texts.text("no_entry_title"), texts.fill(key, &of_request(request, texts)))
}

/// Returns the evidence that `count` companies have the number of the request, but none has its name. Numbers
/// of local registers, such as those of German courts, are given more than once.
pub(super) fn of_others_with_number(count: usize, request: &ReportRequest) -> EvidenceDraft {
    let texts = texts(request);
    let key = if count == 1 { "other_with_number" } else { "others_with_number" };
    let [name, number, country] = of_request(request, texts);
    let values = [name, number, country, ("count", &*count.to_string())];
    EvidenceDraft::note(texts.text("others_title"), texts.fill(key, &values))
}

/// Returns what the texts say of the request.
fn of_request<'a>(request: &'a ReportRequest, texts: Texts<'a>) -> [(&'static str, &'a str); 3] {
    [
        ("name", &request.company_name),
        ("number", request.corporate_number.as_deref().unwrap_or_default()),
        ("country", texts.words.country(request.country)),
    ]
}
