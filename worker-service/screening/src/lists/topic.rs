//! Topics: why somebody is listed.

use crate::entity::Topic;

/// Returns the topic with a code of OpenSanctions, for example `sanction`, `debarment` or `role.pep`
/// ("Topics and risk tags"). A code with a further part is the topic of its beginning.
pub(super) fn of_code(code: &str) -> Topic {
    let code = code.trim().to_ascii_lowercase();
    let is =
        |topic: &str| code.strip_prefix(topic).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    match code.as_str() {
        "sanction.linked" => Topic::SanctionLinked,
        "role.rca" => Topic::RelatedToPoliticallyExposed,
        _ if is("sanction") => Topic::Sanction,
        _ if is("debarment") => Topic::Debarment,
        _ if is("export") => Topic::ExportControl,
        _ if is("wanted") => Topic::Wanted,
        _ if is("crime") => Topic::Crime,
        _ if is("reg") => Topic::Regulatory,
        _ if is("role.pep") || is("role.pol") || is("gov") => Topic::PoliticallyExposed,
        _ => Topic::Other,
    }
}

/// Adds `topic` unless it is a duplicate.
pub(super) fn add(topics: &mut Vec<Topic>, topic: Topic) {
    if !topics.contains(&topic) {
        topics.push(topic);
    }
}
