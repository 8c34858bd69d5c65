//! The checks that stand between the model and the reader. They are deterministic: the same answer
//! to the same evidence always fares the same.

use std::collections::BTreeSet;

use shared::domain::{
    assessment::{Citation, Finding, Summary},
    document::Dropped,
    evidence::{Evidence, Snapshot},
    request::ReportRequest,
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

/// Checks `answer` about the company of `request` against the evidence and the rules.
pub fn check(answer: &Answer, request: &ReportRequest, snapshot: &Snapshot, assessed: &Assessed) -> Checked {
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
        match over.or_else(|| flaw(&finding, request, &evidence)) {
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

fn flaw(finding: &Finding, request: &ReportRequest, evidence: &[&Evidence]) -> Option<String> {
    if let Err(what) = bounded(&finding.statement, STATEMENT_MAX) {
        return Some(what);
    }
    if finding.citations.is_empty() {
        return Some("it cites no evidence".to_owned());
    }
    let unproven = finding.citations.iter().find_map(|citation| unproven(citation, evidence));
    unproven.or_else(|| unsupported_number(finding, request, evidence))
}

/// A number in the statement that stands in nothing that it cites, nor in the company's name or number.
fn unsupported_number(finding: &Finding, request: &ReportRequest, evidence: &[&Evidence]) -> Option<String> {
    let mut known = numbers(&request.company_name);
    known.extend(numbers(&request.corporate_number));
    let cited =
        |piece: &&&Evidence| finding.citations.iter().any(|citation| citation.evidence_id == piece.id);
    for piece in evidence.iter().filter(cited) {
        known.extend(numbers(&piece.title));
        known.extend(numbers(&piece.text));
        known.extend(piece.published_at.iter().flat_map(|date| numbers(&date.to_string())));
    }
    let stated = numbers(&finding.statement);
    let unknown = stated.difference(&known).next()?;
    Some(format!("it says {unknown}, which stands in nothing that it cites"))
}

/// The numbers in a text, without separators and leading zeros, so that 5,000,000 is 5.000.000 and the
/// fifth is 05. Digits behind a letter are part of a name, such as E1.
fn numbers(text: &str) -> BTreeSet<String> {
    let digit = |c: char| match c {
        '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(c) - 0xff10, 10),
        _ => c.is_ascii_digit().then_some(c),
    };
    let characters: Vec<char> = text.chars().collect();
    let mut numbers = BTreeSet::new();
    let mut at = 0;
    while at < characters.len() {
        let Some(first) = digit(characters[at]) else {
            at += 1;
            continue;
        };
        let named = at > 0 && characters[at - 1].is_alphabetic() && characters[at - 1].is_ascii();
        let mut number = String::from(first);
        at += 1;
        while let Some(c) = characters.get(at) {
            let separates = matches!(c, '.' | ',' | '\'' | '’' | '\u{a0}' | '\u{202f}');
            let next = if separates { characters.get(at + 1).copied() } else { Some(*c) };
            let Some(next) = next.and_then(digit) else { break };
            number.push(next);
            at += 1 + usize::from(separates);
        }
        if !named {
            let bare = number.trim_start_matches('0');
            numbers.insert(if bare.is_empty() { "0".to_owned() } else { bare.to_owned() });
        }
    }
    numbers
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
