//! The checks that stand between the model and the reader. They are deterministic: the same answer
//! to the same evidence always fares the same.

mod flaw;
mod instructions;
mod language;
mod numbers;

use std::collections::BTreeSet;

use shared::domain::{
    assessment::{Citation, Finding, Summary},
    document::Dropped,
    evidence::{Evidence, Snapshot},
    language::Language,
    request::ReportRequest,
    risk::{Assessed, Floor},
    text,
};

use self::numbers::{dates, numbers};
pub use self::{
    flaw::{Check, Flaw},
    instructions::Instructions,
};
use super::{
    answer::{Answer, Content},
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

/// A part of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The whole of it.
    Answer,
    /// Its summary.
    Summary,
    /// One of its findings, counted from 1.
    Finding(usize),
}

/// Something that is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What.
    pub flaw: Flaw,
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

/// What answers are checked against.
#[derive(Clone, Copy, Debug)]
pub struct Checks<'a> {
    /// What was asked.
    pub request: &'a ReportRequest,
    /// The evidence.
    pub snapshot: &'a Snapshot,
    /// What the rules say.
    pub assessed: &'a Assessed,
    /// Instructions in the evidence.
    pub instructions: &'a Instructions,
}

impl Problem {
    /// Whether it is a finding's.
    pub fn is_of_finding(&self) -> bool {
        matches!(self.place, Place::Finding(_))
    }

    /// What is wrong, in words that the model can mend it by.
    pub fn for_model(&self) -> String {
        let what = self.flaw.text(Language::ENGLISH.words());
        match self.place {
            Place::Answer => format!("the answer: {what}"),
            Place::Summary => format!("summary: {what}"),
            Place::Finding(number) => format!("finding {number}: {what}"),
        }
    }
}

impl Checked {
    /// How much of the answer can be used: a summary before anything else, then findings.
    pub fn worth(&self) -> (bool, usize) {
        (self.has_summary(), self.opinion.as_ref().map_or(0, |opinion| opinion.findings.len()))
    }

    /// Whether the report can have the model's words at its head.
    pub fn has_summary(&self) -> bool {
        self.opinion.as_ref().is_some_and(|opinion| opinion.summary.is_some())
    }
}

impl Checks<'_> {
    /// Checks `answer`.
    pub fn check(&self, answer: &Answer) -> Checked {
        let unusable =
            |flaw| Checked { problems: vec![Problem { place: Place::Answer, flaw }], ..Checked::default() };
        let answered: Answered = match &answer.content {
            Content::Structured(value) => match serde_json::from_value(value.clone()) {
                Ok(answered) => answered,
                Err(error) => return unusable(Flaw::Schema { error: error.to_string() }),
            },
            Content::Text(_) => {
                return unusable(Flaw::NoAnswer { stop_reason: answer.stop_reason.clone() });
            }
        };
        let words = self.request.language.words();
        let mut checked = Checked::default();
        let findings: Vec<Finding> = answered.findings.into_iter().map(Finding::from).collect();
        let quotes: Vec<&str> = findings
            .iter()
            .flat_map(|finding| &finding.citations)
            .map(|citation| citation.quote.as_str())
            .collect();

        let level = Floor::from(answered.level);
        let floor = self.assessed.floor;
        if level < floor {
            checked.problems.push(Problem { place: Place::Answer, flaw: Flaw::UnderFloor { level, floor } });
        }
        let flaws = self.flaws_of_summary(&answered.summary.text, &answered.summary.citations, &quotes);
        let summary = flaws.is_empty().then(|| Summary {
            text: answered.summary.text.trim().to_owned(),
            citations: without_repeats(&answered.summary.citations),
        });
        checked.problems.extend(flaws.into_iter().map(|flaw| Problem { place: Place::Summary, flaw }));

        let mut kept = Vec::new();
        for (index, finding) in findings.iter().enumerate() {
            let flaws = if index < FINDINGS_MAX {
                self.flaws_of_finding(finding)
            } else {
                vec![Flaw::TooMany { most: FINDINGS_MAX }]
            };
            match flaws.first() {
                None => kept.push(finding.clone()),
                Some(first) => checked.dropped.push(Dropped {
                    statement: text::clean(&finding.statement, STATEMENT_MAX),
                    reason: first.text(words),
                }),
            }
            let place = Place::Finding(index + 1);
            checked.problems.extend(flaws.into_iter().map(|flaw| Problem { place, flaw }));
        }
        checked.opinion = Some(Opinion { level, summary, findings: kept });
        checked
    }

    fn flaws_of_summary(&self, statement: &str, citations: &[String], quotes: &[&str]) -> Vec<Flaw> {
        let mut flaws = self.flaws_of_words(statement, SUMMARY_MAX, quotes);
        if citations.is_empty() && !self.snapshot.evidence.is_empty() {
            flaws.push(Flaw::Uncited);
        }
        let unknown = citations.iter().filter(|id| self.piece(id).is_none());
        flaws.extend(unknown.map(|id| Flaw::UnknownEvidence { id: id.clone() }));
        // The summary speaks of the whole report: of its score, too, and of how much was found where.
        let cited: Vec<&Evidence> = self.snapshot.evidence().collect();
        let mut known = vec![self.assessed.score.to_string(), "100".to_owned()];
        known.push(cited.len().to_string());
        known.push(self.snapshot.sources.len().to_string());
        known.extend(self.snapshot.sources.iter().map(|outcome| outcome.items.to_string()));
        let dated = self.snapshot.sources.iter().filter_map(|outcome| outcome.as_of);
        known.extend(dated.map(|time| time.to_string()));
        flaws.extend(self.unproven_figures(statement, &cited, &known));
        flaws.extend(self.copied_instruction(statement));
        flaws
    }

    fn flaws_of_finding(&self, finding: &Finding) -> Vec<Flaw> {
        let quotes: Vec<&str> = finding.citations.iter().map(|citation| citation.quote.as_str()).collect();
        let mut flaws = self.flaws_of_words(&finding.statement, STATEMENT_MAX, &quotes);
        if finding.citations.is_empty() {
            flaws.push(Flaw::Uncited);
        }
        flaws.extend(finding.citations.iter().filter_map(|citation| self.unproven(citation)));
        let cited: Vec<&Evidence> =
            finding.citations.iter().filter_map(|citation| self.piece(&citation.evidence_id)).collect();
        flaws.extend(self.unproven_figures(&finding.statement, &cited, &[]));
        flaws.extend(self.copied_instruction(&finding.statement));
        flaws
    }

    fn flaws_of_words(&self, words: &str, most: usize, quotes: &[&str]) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let language = self.request.language;
        let foreign = quotes.iter().copied().chain([self.request.company_name.as_str()]);
        if language::differs(words, language, foreign) {
            flaws.push(Flaw::Language { language: language.words().text("name").to_owned() });
        }
        let words = words.trim();
        if words.is_empty() {
            flaws.push(Flaw::Empty);
        }
        if words.chars().count() > most {
            flaws.push(Flaw::TooLong { most });
        }
        // Line breaks are fair in a model's prose; nothing else that cannot be seen is.
        if let Some(refused) = text::refused_in_line(&words.replace('\n', " ")) {
            flaws.push(Flaw::Character { what: refused.to_string() });
        }
        flaws
    }

    fn unproven(&self, citation: &Citation) -> Option<Flaw> {
        let id = citation.evidence_id.clone();
        let Some(piece) = self.piece(&id) else { return Some(Flaw::UnknownEvidence { id }) };
        let quote = folded(&citation.quote);
        if quote.is_empty() {
            return Some(Flaw::QuoteEmpty { id });
        }
        let (text, title) = (folded(&piece.text), folded(&piece.title));
        let letters = quote.chars().filter(|c| c.is_alphanumeric()).count();
        if letters < QUOTE_MIN && quote != text && quote != title {
            return Some(Flaw::QuoteShort { id });
        }
        (!text.contains(&quote) && !title.contains(&quote)).then_some(Flaw::QuoteAbsent { id })
    }

    /// Numbers and dates in a statement that stand in nothing that it cites, nor in the company's name or number, nor
    /// are `known`.
    fn unproven_figures(&self, statement: &str, cited: &[&Evidence], known: &[String]) -> Vec<Flaw> {
        let published = cited.iter().filter_map(|piece| piece.published_at).map(|date| date.to_string());
        let texts: Vec<String> = published.chain(known.iter().cloned()).collect();
        let proof = || {
            let own = [self.request.company_name.as_str(), self.request.corporate_number.as_str()];
            let pieces = cited.iter().flat_map(|piece| [piece.title.as_str(), piece.text.as_str()]);
            own.into_iter().chain(pieces).chain(texts.iter().map(String::as_str))
        };
        let proven: BTreeSet<String> = proof().flat_map(numbers).collect();
        let number = numbers(statement).difference(&proven).next().cloned();
        let proven: BTreeSet<_> = proof().flat_map(dates).collect();
        // The day before its month: it says more.
        let date = dates(statement).into_iter().rev().find(|date| !date.stands_in(&proven));
        let number = number.map(|number| Flaw::Number { number });
        number.into_iter().chain(date.map(|date| Flaw::Date { date: date.to_string() })).collect()
    }

    fn copied_instruction(&self, statement: &str) -> Option<Flaw> {
        self.instructions.copied_into(statement).map(|id| Flaw::Instruction { id: id.to_owned() })
    }

    fn piece(&self, id: &str) -> Option<&Evidence> {
        self.snapshot.evidence().find(|piece| piece.id == id)
    }
}

fn without_repeats(citations: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    citations.iter().filter(|id| seen.insert(id.as_str())).cloned().collect()
}

/// Models break lines anew; every other character of a quote counts.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
