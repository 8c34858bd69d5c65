//! Evidence of a file, as a worker would store it.

use domain::{
    evidence::{EvidenceDraft, Snapshot, SourceName, SourceOutcome, SourceStatus},
    time::UtcTime,
};

/// Returns the evidence as a worker would store it that retrieved it at `at`: numbered by source, and within a
/// source in the order of `pieces`. The sources in `failed` did not answer.
pub(super) fn snapshot(
    pieces: Vec<(SourceName, EvidenceDraft)>,
    failed: &[SourceName],
    at: UtcTime,
) -> Snapshot {
    let mut answers: Vec<(SourceOutcome, Vec<EvidenceDraft>)> = sources::REGISTERED
        .iter()
        .map(|definition| {
            let source = definition.name.clone();
            let status = if failed.contains(&source) { SourceStatus::Failed } else { SourceStatus::Ok };
            let as_of = status.has_answer().then_some(at);
            (SourceOutcome { source, status, as_of, items: 0 }, Vec::new())
        })
        .collect();
    for (source, draft) in pieces {
        if let Some((outcome, findings)) = answers.iter_mut().find(|(outcome, _)| outcome.source == source) {
            outcome.items += 1;
            findings.push(draft);
        }
    }
    Snapshot::freeze(answers, at)
}

/// Returns whether there is a source with this name.
pub(super) fn is_source(name: &SourceName) -> bool {
    sources::REGISTERED.iter().any(|source| source.name == *name)
}
