//! Has the evidence assessed by a model, and lets through only what stands up to the checks.
//!
//! The model gets one turn to answer and one to repair; each answer is journalled before it is
//! used. Claims that still fail are dropped and recorded; without a usable answer the rules speak.

pub mod answer;
pub mod catalogue;
pub mod checks;
mod conclude;
mod course;
mod json;
pub mod model;
pub mod opinion;
pub mod prompt;
pub mod purse;
pub mod record;

use std::{sync::Arc, time::Duration};

use aws_adapters::error::Remedy;
use domain::{
    document::PassedOver,
    evidence::{Snapshot, SourceName},
    report::Usage,
    request::ReportRequest,
    risk::Rules,
};
use telemetry::metrics::metrics;
use tokio::time::sleep;

pub use self::conclude::Assessment;
use self::{
    answer::{Answer, Content},
    checks::{Checked, Checks, Instructions, Problem},
    conclude::Conclusion,
    course::{Course, Next},
    model::{Model, Turn},
    prompt::Prompt,
    record::{Cost, Record},
};
use crate::{
    failure::{BUDGET_EXCEEDED, Failure, Stop},
    retry::full_jitter,
    slots::Slots,
};

/// Tries of one call before the report is put off: throttles and faults mostly pass in seconds.
const TRIES: u32 = 4;
const RETRY_BASE: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(8);

/// Assesses evidence: rules first, then a model within what they allow.
#[derive(Debug)]
pub struct Assessor {
    models: Vec<Model>,
    prompt: &'static Prompt,
    slots: Arc<Slots>,
    mandatory: Vec<SourceName>,
}

/// What is asked of a model.
struct Asked<'a> {
    model: &'a Model,
    turns: Vec<Turn>,
    used: Usage,
    passed_over: &'a [PassedOver],
}

impl Assessor {
    /// An assessor that asks the `models` in their order with `prompt` and tells `slots` how that goes; reports need an
    /// answer of each `mandatory` source.
    pub fn new(
        models: Vec<Model>,
        prompt: &'static Prompt,
        slots: Arc<Slots>,
        mandatory: Vec<SourceName>,
    ) -> Self {
        Self { models, prompt, slots, mandatory }
    }

    /// Whether no report can be LOW without an answer of `source`.
    pub fn is_mandatory(&self, source: SourceName) -> bool {
        self.mandatory.contains(&source)
    }

    /// Version and SHA-256 of the prompt.
    pub fn prompt_name(&self) -> &str {
        &self.prompt.name
    }

    /// The models, in the order in which they are asked.
    pub fn model_ids(&self) -> Vec<String> {
        self.models.iter().map(|model| model.id().to_owned()).collect()
    }

    /// Assesses `snapshot` as `request` asks. Answers that the `record` has are not bought again.
    ///
    /// # Errors
    /// [`Stop`] when no model answers, or the record does not.
    pub async fn assess<R: Record>(
        &self,
        request: &ReportRequest,
        snapshot: &Snapshot,
        record: &mut R,
    ) -> Result<Assessment, Stop> {
        let words = request.language.words();
        let assessed = Rules::built_in().assess(snapshot, &self.mandatory, words);
        let instructions = Instructions::of(snapshot, &request.company_name);
        let checks = Checks { request, snapshot, assessed: &assessed, instructions: &instructions };
        let question = self.prompt.question(request, snapshot, &assessed)?;
        let mut answers: Vec<(Answer, Vec<Problem>)> = Vec::new();
        let mut best: Option<(usize, Checked)> = None;
        // Without evidence there is nothing to ask about: nothing that a model says could be proven.
        let models = if snapshot.evidence.is_empty() { &[] } else { self.models.as_slice() };
        let mut course = Course::new(models.iter().map(|model| model.id().to_owned()).collect());
        loop {
            let (index, turns) = match course.next() {
                Next::End => break,
                Next::Ask(index) => (index, vec![Turn::Question(question.clone())]),
                Next::Repair(index) => (index, repair(&question, answers.last())),
            };
            let number = u32::try_from(answers.len() + 1).unwrap_or(u32::MAX);
            let answer = match record.answer(number).await? {
                Some(answer) => {
                    course.resume(&answer);
                    answer
                }
                None => {
                    let asked = Asked {
                        model: &models[index],
                        turns,
                        used: used(&answers),
                        passed_over: course.passed_over(),
                    };
                    match self.ask(number, asked, record).await {
                        Ok(answer) => answer,
                        Err(stop) => {
                            let last = record.is_last_attempt();
                            pass_over(&mut course, models[index].id(), stop, !answers.is_empty(), last)?;
                            continue;
                        }
                    }
                }
            };
            let checked = checks.check(&answer);
            for problem in &checked.problems {
                metrics().check_failed(problem.flaw.check().as_str());
            }
            course.answered(&answer, &checked);
            // A repair can be worse than what it was to mend.
            if best.as_ref().is_none_or(|(_, best)| checked.worth() >= best.worth()) {
                best = Some((answers.len(), checked.clone()));
            }
            answers.push((answer, checked.problems));
        }
        let passed_over = course.passed_over().to_vec();
        let prompt = self.prompt.name.clone();
        let conclusion =
            Conclusion { assessed, instructions: &instructions, best, answers, passed_over, prompt };
        Ok(Assessment::conclude(conclusion, words))
    }

    /// Buys an answer, with some tries: throttles and faults mostly pass in seconds.
    async fn ask<R: Record>(&self, number: u32, asked: Asked<'_>, record: &mut R) -> Result<Answer, Stop> {
        let Asked { model, turns, used, passed_over } = asked;
        let cost = Cost {
            most: model.most(self.prompt, &turns),
            quota_tokens: model.quota_tokens(self.prompt, &turns),
            used,
        };
        let mut tries = 0;
        loop {
            let permit = record.open(number, model, cost).await?;
            let failure = match model.ask(self.prompt, &turns).await {
                Ok(answer) => {
                    self.slots.answered();
                    let answer = Answer { passed_over: passed_over.to_vec(), ..answer };
                    return record.keep(number, model, permit, answer).await;
                }
                Err(failure) => failure,
            };
            if failure.remedy == Remedy::Throttled {
                self.slots.throttled();
            }
            record.failed(model, permit, &failure).await?;
            let again = failure.remedy != Remedy::Permanent && !failure.may_be_paid() && tries + 1 < TRIES;
            if !again {
                return Err(Stop::Failed(failure));
            }
            tracing::info!(code = failure.code, detail = %failure.detail, "the model gave no answer; asking again");
            sleep(full_jitter(tries, RETRY_BASE, RETRY_MAX)).await;
            tries += 1;
        }
    }
}

/// Goes on from a model that gave no answer, where that is possible: with the next one, or, where there are answers
/// already and no attempt would get a better one, with those.
fn pass_over(
    course: &mut Course,
    model: &str,
    stop: Stop,
    has_answers: bool,
    is_last_attempt: bool,
) -> Result<(), Stop> {
    let failure = match stop {
        Stop::Failed(failure) => failure,
        stop => return Err(stop),
    };
    if !calls_another(&failure) {
        // What was passed over in this attempt may have been paid for: another round of it spends an attempt.
        let throttled = failure.remedy == Remedy::Throttled && course.has_outage();
        let remedy = if throttled { Remedy::Transient } else { failure.remedy };
        return Err(Stop::Failed(Failure { remedy, ..failure }));
    }
    let is_next = course.out_of_order(model);
    let hopeless = failure.remedy == Remedy::Permanent || is_last_attempt;
    let rules_can_speak = has_answers && hopeless;
    if !is_next && !rules_can_speak {
        return Err(Stop::Failed(failure));
    }
    tracing::warn!(model, code = failure.code, detail = %failure.detail, another = is_next, "the model gives no answer");
    if !is_next {
        course.give_up(model);
    }
    Ok(())
}

/// Whether another model may have the answer that this one did not give: throttles pass by themselves, a
/// spent budget is spent for all, and the table's failures are not the model's.
fn calls_another(failure: &Failure) -> bool {
    failure.code != BUDGET_EXCEEDED && failure.is_of_model() && failure.remedy != Remedy::Throttled
}

/// The question, the last answer, and what is wrong with it.
fn repair(question: &str, last: Option<&(Answer, Vec<Problem>)>) -> Vec<Turn> {
    let mut turns = vec![Turn::Question(question.to_owned())];
    if let Some((answer, problems)) = last {
        let of_structured = matches!(answer.content, Content::Structured(_));
        turns.push(Turn::Answer(Box::new(answer.clone())));
        turns.push(Turn::Repair { problems: prompt::repair(problems), of_structured });
    }
    turns
}

fn used(answers: &[(Answer, Vec<Problem>)]) -> Usage {
    answers.iter().fold(Usage::default(), |sum, (answer, _)| sum.plus(answer.usage))
}

/// A prompt that cannot be made is a mistake of ours.
pub(crate) fn unrenderable(error: impl std::fmt::Display) -> Stop {
    Stop::Failed(Failure {
        remedy: Remedy::Permanent,
        code: "template_broken",
        message: "The report could not be put into words. Tell the operator the report's id.",
        detail: error.to_string(),
    })
}
