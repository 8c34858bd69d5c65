//! Has the evidence assessed by a model, and lets through only what stands up to the checks.
//!
//! The model gets one turn to answer and one to repair; each answer is journalled before it is
//! used. Claims that still fail are dropped and recorded; without a usable answer the rules speak.

pub mod check;
pub mod model;
pub mod opinion;
pub mod prompt;

use std::{sync::Arc, time::Duration};

use shared::{
    aws::{error::Remedy, table::Details},
    domain::{
        assessment::Summary,
        document::{Document, Dropped, Versions},
        evidence::{Snapshot, SourceName},
        lifecycle::Command,
        report::{Report, Review, Usage},
        risk::{Assessed, Rules},
        time::UtcTime,
    },
};
use tokio::time::sleep;

use self::{
    check::{Checked, Problem},
    model::{Answer, Content, Model, TIMED_OUT, Turn},
    opinion::Opinion,
    prompt::Prompt,
};
use crate::{
    failure::{Failure, Stop},
    journal::Journal,
    lease::Lease,
    retry::full_jitter,
    slots::Slots,
};

/// Answers that one report can cost: the first, and one repair.
const TURNS: u32 = 2;

/// Tries of one call before the report is put off: throttles and faults mostly pass in seconds.
const TRIES: u32 = 4;
const RETRY_BASE: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(8);

/// Assesses evidence: rules first, then the model within what they allow.
#[derive(Debug)]
pub struct Assessor {
    model: Model,
    slots: Arc<Slots>,
    mandatory: Vec<SourceName>,
}

/// What came of an assessment.
#[derive(Clone, Debug)]
pub struct Assessment {
    assessed: Assessed,
    opinion: Option<Opinion>,
    summary: Summary,
    dropped: Vec<Dropped>,
    review: Vec<String>,
    model: Option<String>,
    prompt: String,
    /// Every answer of the model, in order.
    pub answers: Vec<Answer>,
}

impl Assessor {
    /// An assessor that asks `model` and tells `slots` how that goes; reports need an answer of each
    /// `mandatory` source.
    pub fn new(model: Model, slots: Arc<Slots>, mandatory: Vec<SourceName>) -> Self {
        Self { model, slots, mandatory }
    }

    /// Whether no report can be LOW without an answer of `source`.
    pub fn is_mandatory(&self, source: SourceName) -> bool {
        self.mandatory.contains(&source)
    }

    /// Assesses `snapshot`. Answers that the journal has are not bought again.
    ///
    /// # Errors
    /// [`Stop`] when the model or the journal does not answer.
    pub async fn assess(
        &self,
        lease: &mut Lease,
        snapshot: &Snapshot,
        journal: &Journal,
    ) -> Result<Assessment, Stop> {
        let assessed = Rules::built_in().assess(snapshot, &self.mandatory);
        let prompt = Prompt::current();
        let question = prompt.question(&lease.report().request, snapshot, &assessed)?;
        let mut answers: Vec<Answer> = Vec::new();
        let mut best = Checked::default();
        let mut problems = Vec::new();
        // Without evidence there is nothing to ask about: nothing that a model says could be proven.
        let turns_left = if snapshot.evidence.is_empty() { 0 } else { TURNS };
        for turn in 1..=turns_left {
            let turns = turns(&question, &answers, &problems);
            let answer = match journal.answer(turn).await? {
                Some(answer) => answer,
                None => {
                    if turn > 1 {
                        // The answer before took its time: only who still holds the lease may buy more.
                        lease.write(|attempt| Command::Advance { attempt }, &Details::default()).await?;
                    }
                    journal.keep_answer(turn, self.ask(prompt, &turns).await?).await?
                }
            };
            let checked = check::check(&answer, &lease.report().request, snapshot, &assessed);
            answers.push(answer);
            problems.clone_from(&checked.problems);
            // A repair can be worse than what it was to mend.
            if turn == 1 || checked.worth() >= best.worth() {
                best = checked;
            }
            if problems.is_empty() {
                break;
            }
        }
        Ok(Assessment::conclude(assessed, best, answers, prompt))
    }

    async fn ask(&self, prompt: &Prompt, turns: &[Turn]) -> Result<Answer, Stop> {
        let mut tries = 0;
        loop {
            let answer = self.model.ask(prompt, turns).await;
            match &answer {
                Ok(_) => self.slots.answered(),
                Err(failure) if failure.remedy == Remedy::Throttled => self.slots.throttled(),
                Err(_) => {}
            }
            match answer {
                Ok(answer) => return Ok(answer),
                Err(failure)
                    if failure.remedy != Remedy::Permanent
                        && failure.code != TIMED_OUT
                        && tries + 1 < TRIES =>
                {
                    tracing::info!(code = failure.code, detail = %failure.detail, "the model gave no answer; asking again");
                    sleep(full_jitter(tries, RETRY_BASE, RETRY_MAX)).await;
                    tries += 1;
                }
                Err(failure) => return Err(Stop::Failed(failure)),
            }
        }
    }
}

/// The conversation so far: the question, then each answer with what is wrong with it.
fn turns(question: &str, answers: &[Answer], problems: &[Problem]) -> Vec<Turn> {
    let mut turns = vec![Turn::Question(question.to_owned())];
    if let Some(answer) = answers.last() {
        turns.push(Turn::Answer(Box::new(answer.clone())));
        let of_tool = matches!(answer.content, Content::Structured(_));
        turns.push(Turn::Repair { problems: prompt::repair(problems), of_tool });
    }
    turns
}

impl Assessment {
    fn conclude(assessed: Assessed, checked: Checked, answers: Vec<Answer>, prompt: &Prompt) -> Self {
        let Checked { opinion, problems, dropped } = checked;
        let mut review = assessed.review.clone();
        for source in &assessed.missing {
            review.push(format!("The mandatory source {} gave no answer.", source.as_str()));
        }
        if let Some(opinion) = opinion.as_ref().filter(|_| assessed.missing.is_empty()) {
            if opinion.level > assessed.floor {
                let (level, floor) = (opinion.level.as_str(), assessed.floor.as_str());
                review.push(format!("The model rates the company {level}, the rules {floor}."));
            } else if opinion.level < assessed.floor {
                let (level, floor) = (opinion.level.as_str(), assessed.floor.as_str());
                review.push(format!(
                    "The model rates the company {level}; the rules do not allow less than {floor}."
                ));
            }
        }
        if !dropped.is_empty() {
            let claims =
                if dropped.len() == 1 { "1 claim".to_owned() } else { format!("{} claims", dropped.len()) };
            review.push(format!("The model made {claims} that failed a check and were left out."));
        }
        let summary = match opinion.as_ref().and_then(|opinion| opinion.summary.clone()) {
            Some(summary) => summary,
            None => {
                let why = problems
                    .first()
                    .map_or("it was not asked, for want of evidence", |problem| problem.what.as_str());
                review.push(format!("There is no summary of the model: {why}."));
                from_rules(&assessed)
            }
        };
        // What made the report is what was answered, by whichever version of Dossier asked.
        let last = answers.last();
        let prompt = last.map_or_else(|| prompt.name.clone(), |answer| answer.prompt.clone());
        let model = last.filter(|_| opinion.is_some()).map(|answer| answer.model.clone());
        Self { assessed, opinion, summary, dropped, review, model, prompt, answers }
    }

    /// What the answers cost, in all.
    pub fn usage(&self) -> Usage {
        self.answers.iter().fold(Usage::default(), |sum, answer| sum.plus(answer.usage))
    }

    /// The finished report.
    pub fn into_document(self, report: &Report, snapshot: &Snapshot, now: UtcTime) -> Document {
        let level = self.opinion.as_ref().map(|opinion| opinion.level);
        Document {
            report_id: report.id,
            company: report.request.clone(),
            risk_level: self.assessed.level(level),
            risk_score: self.assessed.score,
            rules: self.assessed.rules,
            summary: self.summary,
            findings: self.opinion.map(|opinion| opinion.findings).unwrap_or_default(),
            evidence: snapshot.evidence().cloned().collect(),
            sources: snapshot.sources.clone(),
            dropped: self.dropped,
            review: Review::because(self.review),
            versions: Versions {
                dossier: env!("CARGO_PKG_VERSION").to_owned(),
                rules: Rules::built_in().version.clone(),
                sources: snapshot.versions.clone(),
                prompt: self.prompt,
                model: self.model,
                written_at: now,
            },
        }
    }
}

/// A summary that no model wrote: what the rules found, in their own words.
fn from_rules(assessed: &Assessed) -> Summary {
    let level = assessed.level(None);
    let mut text =
        format!("This summary was composed from the rules alone. The rules rate the company {level}.");
    let mut citations: Vec<String> = Vec::new();
    for rule in &assessed.rules {
        text.push(' ');
        text.push_str(&rule.effect);
        citations
            .extend(rule.because.iter().filter(|id| !citations.contains(id)).cloned().collect::<Vec<_>>());
    }
    if !assessed.missing.is_empty() {
        let names: Vec<&str> = assessed.missing.iter().map(|source| source.as_str()).collect();
        text.push_str(&format!(
            " No answer came from {}: what it would have shown is not known.",
            names.join(", ")
        ));
    } else if assessed.rules.is_empty() {
        text.push_str(" No rule was set off by the evidence.");
    }
    Summary { text, citations }
}

/// A prompt that cannot be made is a mistake of ours.
fn unrenderable(error: impl std::fmt::Display) -> Stop {
    Stop::Failed(Failure {
        remedy: Remedy::Permanent,
        code: "template_broken",
        message: "The report could not be put into words. Tell the operator the report's id.",
        detail: error.to_string(),
    })
}
