//! The checks that stand between the model and the reader. They are deterministic: the same answer
//! to the same evidence always fares the same.

mod flaw;
mod instructions;
mod language;
mod numbers;
mod quote;

use std::collections::BTreeSet;

use domain::{
    assessment::{Citation, Finding, Summary},
    document::Dropped,
    evidence::{Evidence, Snapshot},
    language::Language,
    request::ReportRequest,
    risk::{Assessed, Grade},
    time::UtcTime,
};

use self::numbers::{Date, Numbers, dates, numbers, readings_of_dates};
pub use self::{
    flaw::{Check, Flaw},
    instructions::Instructions,
};
use super::{
    answer::{Content, ModelAnswer},
    opinion::{Answered, Opinion},
};

/// Longest statement of a finding, in characters.
const STATEMENT_MAX: usize = 1_000;
/// Longest summary, in characters.
const SUMMARY_MAX: usize = 3_000;
/// Fewest letters and digits of a quote: shorter ones stand in every text.
const QUOTE_MIN: usize = 4;
/// Most characters of what a model wrote that an error repeats.
const ID_MAX: usize = 80;
/// Most findings of an answer.
const FINDINGS_MAX: usize = 100;

/// A part of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The whole of it.
    ModelAnswer,
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

    /// Returns the entry that the audit bundle keeps for this problem: `{"check", "place", "problem"}`.
    pub fn to_json(&self) -> serde_json::Value {
        let place = match self.place {
            Place::ModelAnswer => "answer".to_owned(),
            Place::Summary => "summary".to_owned(),
            Place::Finding(number) => format!("finding {number}"),
        };
        serde_json::json!({"check": self.flaw.check().as_str(), "place": place, "problem": self.for_model()})
    }

    /// What is wrong, in words that the model can mend it by.
    pub fn for_model(&self) -> String {
        let what = self.flaw.text(Language::ENGLISH.base_words());
        match self.place {
            Place::ModelAnswer => format!("the answer: {what}"),
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
    pub fn check(&self, answer: &ModelAnswer) -> Checked {
        let unusable = |flaw| Checked {
            problems: vec![Problem { place: Place::ModelAnswer, flaw }],
            ..Checked::default()
        };
        // An answer that was cut off may look whole.
        if answer.is_cut_off() {
            return unusable(Flaw::NoAnswer { stop_reason: answer.stop_reason.clone() });
        }
        let answered: Answered = match &answer.content {
            Content::Structured(value) => match serde_json::from_value(value.clone()) {
                Ok(answered) => answered,
                Err(error) => {
                    return unusable(Flaw::Schema {
                        error: safe_text::clean(&error.to_string(), 2 * ID_MAX),
                    });
                }
            },
            Content::Text(_) => {
                return unusable(Flaw::NoAnswer { stop_reason: answer.stop_reason.clone() });
            }
        };
        let words = self.request.language.base_words();
        let mut checked = Checked::default();
        let findings: Vec<Finding> = answered.findings.into_iter().map(Finding::from).collect();
        let quotes: Vec<&str> = findings
            .iter()
            .flat_map(|finding| &finding.citations)
            .map(|citation| citation.quote.as_str())
            .collect();

        // Of a short statement alone no language can be told; of all of them together it can.
        let whole: Vec<&str> = std::iter::once(answered.summary.text.as_str())
            .chain(findings.iter().map(|finding| finding.statement.as_str()))
            .filter(|words| !self.is_foreign(words, &quotes))
            .collect();
        let foreign = self.is_foreign(&whole.join("\n"), &quotes);

        let level = Grade::from(answered.level);
        let floor = self.assessed.floor;
        if level < floor {
            checked
                .problems
                .push(Problem { place: Place::ModelAnswer, flaw: Flaw::UnderFloor { level, floor } });
        }
        let flaws =
            self.flaws_of_summary(&answered.summary.text, &answered.summary.citations, &quotes, foreign);
        let summary = flaws.is_empty().then(|| Summary {
            text: answered.summary.text.trim().to_owned(),
            citations: without_repeats(&answered.summary.citations),
        });
        checked.problems.extend(flaws.into_iter().map(|flaw| Problem { place: Place::Summary, flaw }));

        let mut kept = Vec::new();
        for (index, finding) in findings.iter().enumerate() {
            let flaws = if index < FINDINGS_MAX {
                self.flaws_of_finding(finding, foreign)
            } else {
                vec![Flaw::TooMany { most: FINDINGS_MAX }]
            };
            match flaws.first() {
                None => kept.push(self.as_it_stands(finding)),
                Some(first) => checked.dropped.push(Dropped {
                    statement: safe_text::clean(&finding.statement, STATEMENT_MAX),
                    reason: first.text(words),
                }),
            }
            let place = Place::Finding(index + 1);
            checked.problems.extend(flaws.into_iter().map(|flaw| Problem { place, flaw }));
        }
        checked.opinion = Some(Opinion { level, summary, findings: kept });
        checked
    }

    fn flaws_of_summary(
        &self,
        statement: &str,
        citations: &[String],
        quotes: &[&str],
        foreign: bool,
    ) -> Vec<Flaw> {
        let mut flaws = self.flaws_of_words(statement, SUMMARY_MAX, quotes, foreign);
        if citations.is_empty() && !self.snapshot.evidence.is_empty() {
            flaws.push(Flaw::Uncited);
        }
        let unknown = citations.iter().filter(|id| self.piece(id).is_none());
        flaws.extend(unknown.map(|id| Flaw::UnknownEvidence { id: safe_text::clean(id, ID_MAX) }));
        // The summary speaks of the whole report: of its score, too, and of how much was found where.
        let cited: Vec<&Evidence> = self.snapshot.evidence().collect();
        let mut known = Numbers::default();
        for count in [usize::from(self.assessed.score), 100, self.snapshot.sources.len()] {
            known.add_count(count);
        }
        (0..=cited.len()).for_each(|count| known.add_count(count));
        // It may say when the sources were asked, too.
        let asked = self.snapshot.sources.iter().filter_map(|outcome| outcome.as_of);
        flaws.extend(self.unproven_figures(statement, &cited, asked.collect(), known));
        flaws.extend(self.copied_instruction(statement));
        flaws
    }

    fn flaws_of_finding(&self, finding: &Finding, foreign: bool) -> Vec<Flaw> {
        let quotes: Vec<&str> = finding.citations.iter().map(|citation| citation.quote.as_str()).collect();
        let mut flaws = self.flaws_of_words(&finding.statement, STATEMENT_MAX, &quotes, foreign);
        if finding.citations.is_empty() {
            flaws.push(Flaw::Uncited);
        }
        flaws.extend(finding.citations.iter().filter_map(|citation| self.unproven(citation)));
        let cited: Vec<&Evidence> =
            finding.citations.iter().filter_map(|citation| self.piece(&citation.evidence_id)).collect();
        flaws.extend(self.unproven_figures(&finding.statement, &cited, Vec::new(), Numbers::default()));
        flaws.extend(self.copied_instruction(&finding.statement));
        flaws
    }

    /// A finding whose quotes are the evidence's own letters.
    fn as_it_stands(&self, finding: &Finding) -> Finding {
        let mut finding = finding.clone();
        for citation in &mut finding.citations {
            if let Some(span) = self.span(citation).map(str::to_owned) {
                citation.quote = span;
            }
        }
        finding
    }

    fn flaws_of_words(&self, words: &str, most: usize, quotes: &[&str], foreign: bool) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if foreign || self.is_foreign(words, quotes) {
            let name = self.request.language.base_words().text("name").to_owned();
            flaws.push(Flaw::Language { language: name });
        }
        let words = words.trim();
        if words.is_empty() {
            flaws.push(Flaw::Empty);
        }
        if words.chars().count() > most {
            flaws.push(Flaw::TooLong { most });
        }
        // Line breaks are fair in a model's prose; nothing else that cannot be seen is.
        if let Some(refused) = safe_text::refused_in_line(&words.replace('\n', " ")) {
            flaws.push(Flaw::Character { what: refused.to_string() });
        }
        flaws
    }

    fn is_foreign(&self, words: &str, quotes: &[&str]) -> bool {
        let names = quotes.iter().copied().chain([self.request.company_name.as_str()]);
        language::differs(words, self.request.language, names)
    }

    fn unproven(&self, citation: &Citation) -> Option<Flaw> {
        let id = safe_text::clean(&citation.evidence_id, ID_MAX);
        let Some(piece) = self.piece(&citation.evidence_id) else {
            return Some(Flaw::UnknownEvidence { id });
        };
        let quote = quote::folded(&citation.quote);
        if quote.is_empty() {
            return Some(Flaw::QuoteEmpty { id });
        }
        let letters = quote.chars().filter(|c| c.is_alphanumeric()).count();
        if letters < QUOTE_MIN && quote != quote::folded(&piece.text) && quote != quote::folded(&piece.title)
        {
            return Some(Flaw::QuoteShort { id });
        }
        self.span(citation).is_none().then_some(Flaw::QuoteAbsent { id })
    }

    /// The span of the evidence that a citation quotes, letter by letter as it stands there.
    fn span(&self, citation: &Citation) -> Option<&str> {
        let piece = self.piece(&citation.evidence_id)?;
        quote::find(&piece.text, &citation.quote).or_else(|| quote::find(&piece.title, &citation.quote))
    }

    /// Numbers and dates in a statement that stand in nothing that it cites, nor in the company's name or number, nor
    /// among the `times` and numbers that are `known`. When something was published and when it was found is known, too.
    fn unproven_figures(
        &self,
        statement: &str,
        cited: &[&Evidence],
        mut times: Vec<UtcTime>,
        known: Numbers,
    ) -> Vec<Flaw> {
        times.extend(
            cited.iter().flat_map(|piece| piece.published_at.into_iter().chain([piece.retrieved_at])),
        );
        let times: Vec<String> = times.into_iter().map(|time| time.to_string()).collect();
        let own = [self.request.company_name.as_str(), self.request.corporate_number.as_str()];
        let pieces = cited.iter().flat_map(|piece| [piece.title.as_str(), piece.text.as_str()]);
        let (mut proven, mut proven_dates) = (known, BTreeSet::new());
        for text in own.into_iter().chain(pieces).chain(times.iter().map(String::as_str)) {
            proven.add(text);
            proven_dates.extend(dates(text));
        }
        let number = numbers(statement).into_iter().find(|number| !number.stands_in(&proven));
        let unproven = |readings: &Vec<Date>| !readings.iter().any(|date| date.stands_in(&proven_dates));
        // The day before its month: it says more.
        let date = readings_of_dates(statement)
            .into_iter()
            .filter(unproven)
            .filter_map(|readings| readings.first().copied());
        let number = number.map(|number| Flaw::Number { number: number.written().to_owned() });
        number.into_iter().chain(date.max().map(|date| Flaw::Date { date: date.to_string() })).collect()
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

#[cfg(test)]
mod tests;
