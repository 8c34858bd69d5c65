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
};

/// Returns the evidence of a record. If the record is not `certain` to be the company's, it gives no signal.
pub(super) fn of_record(record: &LeiRecord, request: &ReportRequest, certain: bool) -> EvidenceDraft {
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
    add("Jurisdiction", entity.jurisdiction.as_deref().map(country_name).as_deref());
    let address = entity.legal_address.as_ref().and_then(Address::formatted);
    add("Legal address", address.as_deref());
    add("Status", entity.status.as_deref());
    let expiration = entity.expiration.as_ref();
    add("Ended on", expiration.and_then(|end| end.date.as_deref()));
    add("Reason", expiration.and_then(|end| end.reason.as_deref()));
    add("LEI registration", registration.status.as_deref());
    // The last update of an entry is not a date of publication.
    let updated = registration.last_update_date.as_deref().and_then(|date| date.get(..10));
    add("Entry last updated on", updated);
    let ended = expiration.and_then(|end| end.date.as_deref()).map(|date| date.get(..10).unwrap_or(date));
    let events: Vec<Event> =
        [Event::on("ended", ended), Event::on("entry_updated", updated)].into_iter().flatten().collect();

    if !certain {
        text.push_str(" Several companies have this name; it is not known whether this is the one.");
        return EvidenceDraft::note(format!("Register entry of the same name: {name}"), text);
    }
    let mut found = Vec::new();
    if entity.status.as_deref() == Some("INACTIVE") {
        found.push(Signal { kind: signals::INACTIVE, strength: 100 });
    }
    if !record.is_named(&request.company_name) {
        text.push_str(&format!(" This is not the name that was given, {}.", request.company_name));
        found.push(signals::mismatch());
    }
    if let Some(country) = record.country().filter(|code| *code != request.country.code()) {
        text.push_str(&format!(
            " Its country is {}, not {}, which was given.",
            country_name(country),
            request.country.name()
        ));
        found.push(signals::mismatch());
    }
    let number = entity.registered_as.as_deref().and_then(|registered| number::agrees(registered, request));
    if let (Some(false), Some(given)) = (number, &request.corporate_number) {
        text.push_str(&format!(" This is not the number that was given, {given}."));
        found.push(signals::mismatch());
    }
    EvidenceDraft {
        title: format!("Register entry: {name}"),
        text,
        url: None,
        published_at: None,
        signals: found,
        facts: Facts { events, ..Facts::default() },
    }
}

/// Returns the evidence of the parent `party`, whose entry is `record`.
pub(super) fn of_parent(party: Party, relation: Relation, record: &LeiRecord) -> EvidenceDraft {
    let (name, noun) = (record.name(), relation.noun());
    let country = record.country().map(|code| format!(" ({})", country_name(code))).unwrap_or_default();
    EvidenceDraft {
        facts: Facts { party: Some(party), ..Facts::default() },
        ..EvidenceDraft::note(
            format!("Parent: {name}"),
            format!("The register names {name}{country}, LEI {}, as the {noun}.", record.attributes.lei),
        )
    }
}

/// Returns the note that the register was asked for a parent and gave no answer.
pub(super) fn of_unknown_parent(relation: Relation) -> EvidenceDraft {
    let noun = relation.noun();
    EvidenceDraft::gap(
        format!("No answer about the {noun}"),
        format!(
            "The register of legal entity identifiers was asked for the {noun} and gave no answer. None was screened."
        ),
    )
}

pub(super) fn of_unknown_lei(request: &ReportRequest) -> EvidenceDraft {
    let lei = request.corporate_number.as_deref().unwrap_or_default();
    EvidenceDraft {
        signals: vec![signals::mismatch()],
        ..EvidenceDraft::note(
            "Unknown LEI",
            format!("The register of legal entity identifiers has no entry {lei}."),
        )
    }
}

pub(super) fn of_no_entry(request: &ReportRequest) -> EvidenceDraft {
    let ReportRequest { company_name, corporate_number, country, .. } = request;
    let or_number = corporate_number.as_ref().map(|number| format!(" or the number {number}"));
    let or_number = or_number.unwrap_or_default();
    EvidenceDraft::note(
        "No register entry",
        format!(
            "The register of legal entity identifiers has no entry for \"{company_name}\"{or_number} in {}; many companies have none.",
            country.name()
        ),
    )
}

/// Returns the evidence that `count` companies have the number of the request, but none has its name. Numbers
/// of local registers, such as those of German courts, are given more than once.
pub(super) fn of_others_with_number(count: usize, request: &ReportRequest) -> EvidenceDraft {
    let ReportRequest { company_name, corporate_number, country, .. } = request;
    let number = corporate_number.as_deref().unwrap_or_default();
    let companies = if count == 1 { "1 company".to_owned() } else { format!("{count} companies") };
    EvidenceDraft::note(
        "The number alone identifies no company",
        format!(
            "The register knows {companies} with the number {number} in {}, and none of them by the name {company_name}. Several registers of this country give the same number, so this contradicts nothing.",
            country.name()
        ),
    )
}
