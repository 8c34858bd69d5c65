//! The checks that stand between the model and the reader. They are deterministic: the same answer
//! to the same evidence always fares the same.

use std::collections::BTreeSet;

use shared::domain::{
    assessment::{Citation, Finding, Summary},
    document::Dropped,
    evidence::{Evidence, Snapshot},
    risk::{Assessed, Floor},
    text,
};

use super::{
    model::{Answer, Content},
    opinion::{Answered, Opinion},
};

/// Longest statement of a finding, in characters.
const STATEMENT_MAX: usize = 1_000;
/// Longest summary, in characters.
const SUMMARY_MAX: usize = 3_000;
/// Fewest letters and digits of a quote: shorter ones stand in every text.
const QUOTE_MIN: usize = 4;
/// Most findings of an answer.
const FINDINGS_MAX: usize = 100;

/// Something that is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What, in words that the model can mend it by.
    pub what: String,
}

/// An answer after the checks.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// What stood up; none when nothing can be used.
    pub opinion: Option<Opinion>,
    /// What is wrong, for the repair.
    pub problems: Vec<Problem>,
    /// Claims that are left out.
    pub dropped: Vec<Dropped>,
}

impl Checked {
    /// How much of the answer can be used: a summary before anything else, then findings.
    pub fn worth(&self) -> (bool, usize) {
        let opinion = self.opinion.as_ref();
        (opinion.is_some_and(|o| o.summary.is_some()), opinion.map_or(0, |o| o.findings.len()))
    }
}

/// Checks `answer` against the evidence and the rules.
pub fn check(answer: &Answer, snapshot: &Snapshot, assessed: &Assessed) -> Checked {
    let answered: Answered = match &answer.content {
        Content::Structured(value) => match serde_json::from_value(value.clone()) {
            Ok(answered) => answered,
            Err(error) => return unusable(format!("the answer does not follow the schema: {error}")),
        },
        Content::Text(_) => {
            return unusable(format!(
                "the answer is not a call of the tool (it ended with {})",
                answer.stop_reason
            ));
        }
    };
    let mut checked = Checked::default();
    let mut problem = |what: String| checked.problems.push(Problem { what });

    let level = Floor::from(answered.level);
    if level < assessed.floor {
        problem(format!("level is {}, under the floor {}", level.as_str(), assessed.floor.as_str()));
    }
    if answered.findings.len() > FINDINGS_MAX {
        problem(format!("there are {} findings, more than {FINDINGS_MAX}", answered.findings.len()));
    }
    let evidence: Vec<&Evidence> = snapshot.evidence().collect();
    let summary = match check_summary(&answered.summary.text, &answered.summary.citations, &evidence) {
        Ok(summary) => Some(summary),
        Err(what) => {
            problem(format!("summary: {what}"));
            None
        }
    };
    let mut findings = Vec::new();
    let mut dropped = Vec::new();
    for (index, finding) in answered.findings.into_iter().enumerate() {
        let finding = Finding::from(finding);
        let over = if index < FINDINGS_MAX { None } else { Some("there are too many findings".to_owned()) };
        match over.or_else(|| flaw(&finding, &evidence)) {
            None => findings.push(finding),
            Some(reason) => {
                let number = index + 1;
                problem(format!("finding {number}: {reason}"));
                dropped.push(Dropped { statement: text::clean(&finding.statement, STATEMENT_MAX), reason });
            }
        }
    }
    checked.opinion = Some(Opinion { level, summary, findings });
    checked.dropped = dropped;
    checked
}

fn unusable(what: String) -> Checked {
    Checked { problems: vec![Problem { what }], ..Checked::default() }
}

fn check_summary(words: &str, citations: &[String], evidence: &[&Evidence]) -> Result<Summary, String> {
    bounded(words, SUMMARY_MAX)?;
    if citations.is_empty() && !evidence.is_empty() {
        return Err("it cites no evidence".to_owned());
    }
    if let Some(unknown) = citations.iter().find(|id| !evidence.iter().any(|piece| piece.id == **id)) {
        return Err(format!("it cites {unknown:?}, which is no evidence"));
    }
    let mut seen = BTreeSet::new();
    let citations = citations.iter().filter(|id| seen.insert(id.as_str())).cloned().collect();
    Ok(Summary { text: words.trim().to_owned(), citations })
}

fn flaw(finding: &Finding, evidence: &[&Evidence]) -> Option<String> {
    if let Err(what) = bounded(&finding.statement, STATEMENT_MAX) {
        return Some(what);
    }
    if finding.citations.is_empty() {
        return Some("it cites no evidence".to_owned());
    }
    finding.citations.iter().find_map(|citation| unproven(citation, evidence))
}

fn bounded(words: &str, most: usize) -> Result<(), String> {
    let words = words.trim();
    if words.is_empty() {
        return Err("it says nothing".to_owned());
    }
    if words.chars().count() > most {
        return Err(format!("it has more than {most} characters"));
    }
    // Line breaks are fair in a model's prose; nothing else that cannot be seen is.
    match text::refused_in_line(&words.replace('\n', " ")) {
        Some(refused) => Err(format!("it holds {refused}")),
        None => Ok(()),
    }
}

fn unproven(citation: &Citation, evidence: &[&Evidence]) -> Option<String> {
    let Citation { evidence_id, quote } = citation;
    let Some(piece) = evidence.iter().find(|piece| piece.id == *evidence_id) else {
        return Some(format!("it cites {evidence_id:?}, which is no evidence"));
    };
    let quote = folded(quote);
    if quote.is_empty() {
        return Some(format!("it quotes nothing of {evidence_id}"));
    }
    let (text, title) = (folded(&piece.text), folded(&piece.title));
    if quote.chars().filter(|c| c.is_alphanumeric()).count() < QUOTE_MIN && quote != text && quote != title {
        return Some(format!("its quote of {evidence_id} is too short to prove anything"));
    }
    if text.contains(&quote) || title.contains(&quote) {
        None
    } else {
        Some(format!("its quote does not stand in {evidence_id}"))
    }
}

/// Models break lines anew; every other character of a quote counts.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
