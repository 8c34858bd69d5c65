//! Has the evidence assessed by a model, and lets through only what stands up to the checks.
//!
//! The model gets one turn to answer and one to repair; each answer is journalled before it is
//! used. Claims that still fail are dropped and recorded; without a usable answer the rules speak.

pub mod check;
pub mod model;
pub mod opinion;
pub mod prompt;

use std::time::Duration;

use shared::{
    aws::error::Remedy,
    domain::{
        assessment::Summary,
        document::{Document, Dropped, Versions},
        evidence::{Snapshot, SourceName},
        report::{Report, Review, Usage},
        request::ReportRequest,
        risk::{Assessed, Rules},
        time::UtcTime,
    },
};
use tokio::time::sleep;

use self::{
    check::{Checked, Problem},
    model::{Answer, Content, Model, Turn},
    opinion::Opinion,
    prompt::Prompt,
};
use crate::{
    failure::{Failure, Stop},
    journal::Journal,
    retry::full_jitter,
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
    model: String,
    prompt: String,
    /// Every answer of the model, in order.
    pub answers: Vec<Answer>,
}

impl Assessor {
    /// An assessor that asks `model`; reports need an answer of each `mandatory` source.
    pub fn new(model: Model, mandatory: Vec<SourceName>) -> Self {
        Self { model, mandatory }
    }

    /// Assesses `snapshot`. Answers that the journal has are not bought again.
    ///
    /// # Errors
    /// [`Stop`] when the model or the journal does not answer.
    pub async fn assess(
        &self,
        request: &ReportRequest,
        snapshot: &Snapshot,
        journal: &Journal<'_>,
    ) -> Result<Assessment, Stop> {
        let assessed = Rules::built_in().assess(snapshot, &self.mandatory);
        let prompt = Prompt::current();
        let question = prompt.question(request, snapshot, &assessed)?;
        let mut answers: Vec<Answer> = Vec::new();
        let mut checked = Checked::default();
        for turn in 1..=TURNS {
            let turns = turns(&question, &answers, &checked.problems);
            let answer = match journal.answer(turn).await? {
                Some(answer) => answer,
                None => journal.keep_answer(turn, self.ask(prompt, &turns).await?).await?,
            };
            checked = check::check(&answer, snapshot, &assessed);
            answers.push(answer);
            if checked.problems.is_empty() {
                break;
            }
        }
        Ok(Assessment::conclude(assessed, checked, answers, self.model.id(), prompt))
    }

    async fn ask(&self, prompt: &Prompt, turns: &[Turn]) -> Result<Answer, Stop> {
        let mut tries = 0;
        loop {
            match self.model.ask(&prompt.system, turns).await {
                Ok(answer) => return Ok(answer),
                Err(failure) if failure.remedy != Remedy::Permanent && tries + 1 < TRIES => {
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
    fn conclude(
        assessed: Assessed,
        checked: Checked,
        answers: Vec<Answer>,
        model: &str,
        prompt: &Prompt,
    ) -> Self {
        let Checked { opinion, problems, dropped } = checked;
        let mut review = Vec::new();
        for source in &assessed.missing {
            review.push(format!("The mandatory source {} gave no answer.", source.as_str()));
        }
        if let Some(opinion) = &opinion {
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
            review.push(format!("{} claims of the model failed a check and were dropped.", dropped.len()));
        }
        let summary = match opinion.as_ref().and_then(|opinion| opinion.summary.clone()) {
            Some(summary) => summary,
            None => {
                let why = problems.first().map_or("it gave none", |problem| problem.what.as_str());
                review.push(format!("The model's summary could not be used: {why}."));
                from_rules(&assessed)
            }
        };
        let (model, prompt) = (model.to_owned(), prompt.name.clone());
        Self { assessed, opinion, summary, dropped, review, model, prompt, answers }
    }

    /// What the answers cost, in all.
    pub fn usage(&self) -> Usage {
        self.answers.iter().fold(Usage::default(), |sum, answer| sum.plus(answer.usage))
    }

    /// The finished report.
    pub fn into_document(self, report: &Report, snapshot: &Snapshot, now: UtcTime) -> Document {
        let level = self.opinion.as_ref().map(|opinion| opinion.level);
        let from_model = self.opinion.as_ref().is_some_and(|opinion| opinion.summary.is_some());
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
                prompt: self.prompt,
                model: from_model.then_some(self.model),
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
    if assessed.rules.is_empty() {
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
