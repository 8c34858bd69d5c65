//! Checks of the stored reports and their files.

use domain::lifecycle::Status;

use super::super::run::Run;
use super::Cases;
use crate::inspect::{ObjectContent, ReportContent, ReportItem};

/// Invariant 4: compares every listed artifact with the object in the bucket.
pub(super) fn artifacts(run: &Run<'_>) -> Cases {
    let mut cases = Vec::new();
    for report in run.state.reports.iter().filter(|report| report.status == Status::Completed) {
        let listed = report.outcome.iter().flat_map(|outcome| &outcome.artifacts);
        let mut count = 0;
        for (kind, listed) in listed {
            count += 1;
            let problem = match run.state.artifacts.get(&listed.key) {
                None => "it was not read".to_owned(),
                Some(Err(error)) => error.clone(),
                Some(Ok(object)) if object.sha256 == listed.sha256 && object.bytes == listed.bytes => {
                    continue;
                }
                Some(Ok(ObjectContent { sha256, bytes, .. })) => {
                    format!(
                        "{bytes} bytes with SHA-256 {sha256}, not {} with {}",
                        listed.bytes, listed.sha256
                    )
                }
            };
            cases.push((report.report_id.clone(), format!("{kind} at {}: {problem}", listed.key)));
        }
        if count == 0 {
            cases.push((report.report_id.clone(), "it lists no artifact".to_owned()));
        }
    }
    cases
}

/// Invariant 3: an ended report has no lease, lists the artifacts of its last attempt, and no attempt was taken
/// back while the soak ran.
pub(super) fn foreign_changes(run: &Run<'_>) -> Cases {
    let attempts = run.watch.changed_attempts.iter();
    let mut cases: Cases =
        attempts.map(|(id, change)| (id.clone(), format!("its attempt changed {change}"))).collect();
    for report in run.state.reports.iter().filter(|report| report.status.is_terminal()) {
        if report.lease_holder.is_some() {
            cases.push((report.report_id.clone(), "a worker still holds its lease".to_owned()));
        }
        let segment = format!("/{}/", report.attempt);
        let artifacts = report.outcome.iter().flat_map(|outcome| outcome.artifacts.values());
        for artifact in artifacts.filter(|artifact| !artifact.key.contains(&segment)) {
            let (key, attempt) = (&artifact.key, report.attempt);
            let problem = format!("it lists {key}, but its last attempt is {attempt}");
            cases.push((report.report_id.clone(), problem));
        }
    }
    cases
}

/// Checks attempts, times and leases of ended reports.
pub(super) fn inconsistent(run: &Run<'_>) -> Cases {
    let mut cases = Vec::new();
    for report in run.state.reports.iter().filter(|report| report.status.is_terminal()) {
        let completed = report.status == Status::Completed;
        let problems = [
            (report.attempt == 0, "it ended without an attempt"),
            (report.due_at.is_some() || report.due_shard.is_some(), "the sweeper still considers it due"),
            (
                report.started_at.is_none_or(|started| started < report.created_at),
                "it did not start after its creation",
            ),
            (report.ended_at < report.started_at, "it did not end after its start"),
            (report.status == Status::Cancelled, "nobody cancelled it"),
            (report.status == Status::Failed && report.error.is_none(), "it failed without an error"),
            (completed && report.outcome.is_none(), "it completed without an outcome"),
            (completed && report.error.is_some(), "it completed with an error"),
        ];
        let problems = problems.into_iter().filter(|(applies, _)| *applies);
        cases.extend(problems.map(|(_, problem)| {
            let (status, attempt) = (report.status, report.attempt);
            (report.report_id.clone(), format!("{problem} ({status}, attempt {attempt})"))
        }));
    }
    cases
}

/// Invariant 9: the JSON artifact is about the company of the submission, and its evidence was retrieved after
/// the submission, or not longer before it than a source may answer from its store.
pub(super) fn foreign_evidence(run: &Run<'_>) -> Cases {
    let mut cases = Cases::new();
    for report in run.state.reports.iter().filter(|report| report.status == Status::Completed) {
        let listed = report.outcome.iter().flat_map(|outcome| outcome.artifacts.values());
        let contents: Vec<_> = listed
            .filter_map(|listed| run.state.artifacts.get(&listed.key)?.as_ref().ok()?.report.as_ref())
            .collect();
        let problems = match contents.as_slice() {
            [Ok(content)] => evidence_problems(run, report, content),
            [Err(error)] => vec![format!("its JSON artifact cannot be parsed: {error}")],
            contents => vec![format!("it has {} JSON artifacts that could be read", contents.len())],
        };
        cases.extend(problems.into_iter().map(|problem| (report.report_id.clone(), problem)));
    }
    cases
}

fn evidence_problems(run: &Run<'_>, report: &ReportItem, content: &ReportContent) -> Vec<String> {
    let mut problems = Vec::new();
    if content.report_id != report.report_id {
        problems.push(format!("its JSON artifact is report {}", content.report_id));
    }
    if content.company.corporate_number != report.request.corporate_number {
        let number = content.company.corporate_number.as_deref().unwrap_or("without a number");
        problems.push(format!("its JSON artifact is about the company {number}"));
    }
    for evidence in &content.evidence {
        let status = content.sources.iter().find(|source| source.source == evidence.source);
        let stale = status.is_some_and(|source| source.status == "stale");
        let oldest_allowed = if stale { run.evidence_max_age } else { std::time::Duration::ZERO };
        let age = report.created_at.since(evidence.retrieved_at);
        if age > oldest_allowed {
            let (id, source) = (&evidence.id, &evidence.source);
            problems.push(format!(
                "{id} of {source} was retrieved {} s before the submission",
                age.as_secs_f64()
            ));
        }
        if report.ended_at.is_some_and(|ended| evidence.retrieved_at > ended) {
            problems.push(format!("{} was retrieved after the end of the report", evidence.id));
        }
    }
    problems
}
