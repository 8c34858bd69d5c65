//! OpenSanctions' exports: targets.simple.csv, and entities in the model FollowTheMoney as JSON lines, plain
//! (entities.ftm.json) and nested (targets.nested.json).

pub(super) mod csv;
pub(super) mod json;

use crate::entity::{EntityKind, Topic};

/// The name of the list.
const NAME: &str = "OpenSanctions";

/// Words in the title or name of a data set of which an entry is listed for another reason than sanctions.
/// Bodies that are excluded from contracts have a legal basis in the column of sanctions, too.
const DATASETS: [(&str, Topic); 14] = [
    ("debar", Topic::Debarment),
    ("ineligible", Topic::Debarment),
    ("exclusion", Topic::Debarment),
    ("excluded", Topic::Debarment),
    ("procurement", Topic::Debarment),
    ("politically exposed", Topic::PoliticallyExposed),
    ("pep", Topic::PoliticallyExposed),
    ("wanted", Topic::Wanted),
    ("red notice", Topic::Wanted),
    ("warning", Topic::Regulatory),
    ("enforcement", Topic::Regulatory),
    ("disqualified", Topic::Regulatory),
    ("export control", Topic::ExportControl),
    ("entity list", Topic::ExportControl),
];

/// Returns the kind of an entity with a schema of FollowTheMoney, or `None` if it is left out: vessels,
/// aircraft, securities, wallets, addresses and relations.
fn kind(schema: &str) -> Option<EntityKind> {
    match schema {
        "Person" => Some(EntityKind::Person),
        "Company" | "Organization" | "LegalEntity" | "PublicBody" => Some(EntityKind::Organization),
        _ => None,
    }
}

/// Returns the topic of a data set, or `None` if its title does not say that it is about anything else than
/// sanctions.
fn topic_of_dataset(title: &str) -> Option<Topic> {
    let title = title.to_lowercase();
    DATASETS.iter().find(|(word, _)| title.contains(word)).map(|(_, topic)| *topic)
}
