//! The checks that a model's answer must pass before it reaches the report. They are deterministic: the same
//! answer to the same evidence always gets the same result.

mod evidence;
mod flaw;
mod instructions;
mod language;
mod problem;
mod proof;
mod quote;

use std::collections::BTreeSet;

use domain::{
    assessment::{Finding, Summary},
    document::Dropped,
    evidence::Snapshot,
    request::ReportRequest,
    risk::{Grade, RulesAssessment},
};

use self::{evidence::Stated, flaw::ID_MAX, proof::Proof};
pub(crate) use self::{
    flaw::{Check, Flaw},
    instructions::Instructions,
    problem::{Place, Problem},
};
use super::{
    answer::{Content, ModelAnswer},
    opinion::{Answered, Opinion},
};

/// Maximum length of a finding's statement, in characters.
const STATEMENT_MAX: usize = 1_000;
/// Maximum length of a summary, in characters.
const SUMMARY_MAX: usize = 3_000;
/// Maximum number of findings in an answer.
const FINDINGS_MAX: usize = 100;

/// An answer after the checks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checked {
    /// The part of the answer that passed; `None` if nothing can be used.
    pub(crate) opinion: Option<Opinion>,
    /// The problems that the model is asked to repair.
    pub(crate) problems: Vec<Problem>,
    /// Findings that are left out of the report.
    pub(crate) dropped: Vec<Dropped>,
    /// Findings that passed but may not follow from what they cite.
    pub(crate) doubts: Vec<Doubt>,
}

/// A finding that may not follow from what it cites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// What the finding states.
    pub(crate) statement: String,
    /// Why it may not follow, in the language of the report.
    pub(crate) reason: String,
}

/// A finding after the checks: with its quotes spelled as in the evidence and a doubt about it, or its flaws.
pub(crate) type CheckedFinding = Result<(Finding, Option<Doubt>), Vec<Flaw>>;

/// The context that answers are checked against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checks<'a> {
    /// The request for the report.
    pub(crate) request: &'a ReportRequest,
    /// The evidence.
    pub(crate) snapshot: &'a Snapshot,
    /// The result of the rules.
    pub(crate) assessed: &'a RulesAssessment,
    /// Instructions in the evidence.
    pub(crate) instructions: &'a Instructions,
}

impl Checked {
    /// Returns the rank of the answer by how much of it can be used. A usable summary outranks any number of
    /// findings.
    pub(crate) fn rank(&self) -> (bool, usize) {
        (self.has_summary(), self.opinion.as_ref().map_or(0, |opinion| opinion.findings.len()))
    }

    /// Returns whether the model's summary passed.
    pub(crate) fn has_summary(&self) -> bool {
        self.opinion.as_ref().is_some_and(|opinion| opinion.summary.is_some())
    }
}

impl Checks<'_> {
    /// Checks `answer`, and separates the parts that passed from those that did not.
    pub(crate) fn check(&self, answer: &ModelAnswer) -> Checked {
        let unusable =
            |flaw| Checked { problems: vec![Problem { place: Place::Answer, flaw }], ..Checked::default() };
        // An answer that was cut off may look complete.
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
        let proof = self.proof();
        let mut checked = Checked::default();
        let findings: Vec<Finding> = answered.findings.into_iter().map(Finding::from).collect();
        let quotes: Vec<&str> = findings
            .iter()
            .flat_map(|finding| &finding.citations)
            .map(|citation| citation.quote.as_str())
            .collect();

        // A single short statement is too short for detecting its language, but all of them together are not.
        let texts: Vec<&str> = std::iter::once(answered.summary.text.as_str())
            .chain(findings.iter().map(|finding| finding.statement.as_str()))
            .filter(|text| !self.is_foreign(text, &quotes))
            .collect();
        let foreign = self.is_foreign(&texts.join("\n"), &quotes);

        let level = Grade::from(answered.level);
        let floor = self.assessed.floor;
        if level < floor {
            checked.problems.push(Problem { place: Place::Answer, flaw: Flaw::UnderFloor { level, floor } });
        }
        let flaws =
            self.summary_flaws(&proof, &answered.summary.text, &answered.summary.citations, &quotes, foreign);
        let summary = flaws.is_empty().then(|| Summary {
            text: answered.summary.text.trim().to_owned(),
            citations: deduplicated(&answered.summary.citations),
        });
        checked.problems.extend(flaws.into_iter().map(|flaw| Problem { place: Place::Summary, flaw }));

        let mut passed = Vec::new();
        for (index, finding) in findings.iter().enumerate() {
            let finding_checked = if index < FINDINGS_MAX {
                self.check_finding(&proof, finding, foreign)
            } else {
                Err(vec![Flaw::TooMany { max: FINDINGS_MAX }])
            };
            let flaws = match finding_checked {
                Ok((finding, doubt)) => {
                    passed.push(finding);
                    checked.doubts.extend(doubt);
                    continue;
                }
                Err(flaws) => flaws,
            };
            checked.dropped.extend(flaws.first().map(|first| Dropped {
                statement: safe_text::clean(&finding.statement, STATEMENT_MAX),
                reason: first.text(words),
            }));
            let place = Place::Finding(index + 1);
            checked.problems.extend(flaws.into_iter().map(|flaw| Problem { place, flaw }));
        }
        checked.opinion = Some(Opinion { level, summary, findings: passed });
        checked
    }

    fn summary_flaws(
        &self,
        proof: &Proof<'_>,
        statement: &str,
        citations: &[String],
        quotes: &[&str],
        foreign: bool,
    ) -> Vec<Flaw> {
        let mut flaws = self.text_flaws(statement, SUMMARY_MAX, quotes, foreign);
        if citations.is_empty() && !self.snapshot.evidence.is_empty() {
            flaws.push(Flaw::Uncited);
        }
        let unknown = citations.iter().filter(|id| proof.piece(id).is_none());
        flaws.extend(unknown.map(|id| Flaw::UnknownEvidence { id: safe_text::clean(id, ID_MAX) }));
        let pieces = self.snapshot.evidence().count();
        let counts = [usize::from(self.assessed.score), 100, self.snapshot.sources.len()];
        let queried_at = self.snapshot.sources.iter().filter_map(|outcome| outcome.as_of).collect();
        flaws.extend(evidence::summary_flaws(
            proof,
            statement,
            counts.into_iter().chain(0..=pieces),
            queried_at,
        ));
        flaws.extend(self.instruction_flaw(statement));
        flaws
    }

    /// Checks each of `findings` alone, in the language of the report.
    pub(crate) fn check_findings(&self, findings: &[Finding]) -> Vec<CheckedFinding> {
        let proof = self.proof();
        findings.iter().map(|finding| self.check_finding(&proof, finding, false)).collect()
    }

    /// Checks `finding`. Returns it with its quotes spelled as in the evidence, and a doubt about it. `foreign`
    /// tells whether the statements of the answer, taken together, are in another language than the report's.
    ///
    /// # Errors
    /// Returns the flaws with which the finding is not published.
    fn check_finding(&self, proof: &Proof<'_>, finding: &Finding, foreign: bool) -> CheckedFinding {
        let quotes: Vec<&str> = finding.citations.iter().map(|citation| citation.quote.as_str()).collect();
        let mut flaws = self.text_flaws(&finding.statement, STATEMENT_MAX, &quotes, foreign);
        if finding.citations.is_empty() {
            flaws.push(Flaw::Uncited);
        }
        flaws.extend(finding.citations.iter().filter_map(|citation| proof.citation_flaw(citation)));
        let words = self.request.language.base_words();
        let Stated { figures, doubt } = evidence::check(proof, finding, words);
        flaws.extend(figures);
        flaws.extend(self.instruction_flaw(&finding.statement));
        if !flaws.is_empty() {
            return Err(flaws);
        }
        let doubt = doubt.map(|reason| Doubt { statement: finding.statement.clone(), reason });
        Ok((with_exact_quotes(proof, finding), doubt))
    }

    fn text_flaws(&self, text: &str, max: usize, quotes: &[&str], foreign: bool) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if foreign || self.is_foreign(text, quotes) {
            let name = self.request.language.base_words().text("name").to_owned();
            flaws.push(Flaw::Language { language: name });
        }
        let text = text.trim();
        if text.is_empty() {
            flaws.push(Flaw::Empty);
        }
        if text.chars().count() > max {
            flaws.push(Flaw::TooLong { max });
        }
        // Prose may contain line breaks, but no other invisible characters.
        if let Some(refused) = safe_text::refused_in_line(&text.replace('\n', " ")) {
            flaws.push(Flaw::Character { what: refused.to_string() });
        }
        flaws
    }

    /// Returns whether `text` is in another language than the report's, apart from quotes and the company's
    /// name.
    fn is_foreign(&self, text: &str, quotes: &[&str]) -> bool {
        let exempt = quotes.iter().copied().chain([self.request.company_name.as_str()]);
        language::differs(text, self.request.language, exempt)
    }

    fn instruction_flaw(&self, statement: &str) -> Option<Flaw> {
        self.instructions.repeated_in(statement).map(|id| Flaw::Instruction { id: id.to_owned() })
    }

    fn proof(&self) -> Proof<'_> {
        Proof::new(self.request, self.snapshot)
    }
}

/// Returns `finding` with its quotes spelled exactly as in the evidence.
fn with_exact_quotes(proof: &Proof<'_>, finding: &Finding) -> Finding {
    let mut finding = finding.clone();
    for citation in &mut finding.citations {
        if let Some(span) = proof.span(citation).map(str::to_owned) {
            citation.quote = span;
        }
    }
    finding
}

fn deduplicated(citations: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    citations.iter().filter(|id| seen.insert(id.as_str())).cloned().collect()
}

#[cfg(test)]
mod tests;
