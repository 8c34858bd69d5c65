//! Has the evidence assessed by a model, and lets through only what stands up to the checks.
//!
//! The model gets one turn to answer and one to repair; each answer is journalled before it is
//! used. Claims that still fail are dropped and recorded; without a usable answer the rules speak.

pub mod answer;
mod assessment;
pub mod catalogue;
pub mod checks;
mod fallback;
mod json;
pub mod ledger;
pub mod model;
pub mod model_budget;
pub mod opinion;
pub mod prompt;

use std::{sync::Arc, time::Duration};

use aws_adapters::error::ErrorClass;
use domain::{
    document::PassedOver,
    evidence::{Snapshot, SourceName},
    report::Usage,
    request::ReportRequest,
    risk::Rulebook,
};
use telemetry::metrics::metrics;
use tokio::time::sleep;

pub use self::assessment::Assessment;
use self::{
    answer::{Content, ModelAnswer},
    assessment::AssessmentParts,
    checks::{Checked, Checks, Instructions, Problem},
    fallback::{FallbackPolicy, Next},
    ledger::{AnswerLedger, Cost},
    model::{Model, Turn},
    prompt::Prompt,
};
use crate::{
    concurrency_limit::ConcurrencyLimit,
    failure::{AttemptError, BUDGET_EXCEEDED, Failure},
    retry::full_jitter,
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
    slots: Arc<ConcurrencyLimit>,
    mandatory: Vec<SourceName>,
    rulebook: &'static Rulebook,
}

/// What is asked of a model.
struct ModelQuestion<'a> {
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
        slots: Arc<ConcurrencyLimit>,
        mandatory: Vec<SourceName>,
        rulebook: &'static Rulebook,
    ) -> Self {
        Self { models, prompt, slots, mandatory, rulebook }
    }

    /// Returns the rules that it applies, with the words that it writes.
    pub fn rulebook(&self) -> &'static Rulebook {
        self.rulebook
    }

    /// Whether no report can be LOW without an answer of `source`.
    pub fn is_mandatory(&self, source: &SourceName) -> bool {
        self.mandatory.contains(source)
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
    /// [`AttemptError`] when no model answers, or the record does not.
    pub async fn assess<R: AnswerLedger>(
        &self,
        request: &ReportRequest,
        snapshot: &Snapshot,
        ledger: &mut R,
    ) -> Result<Assessment, AttemptError> {
        let assessed = self.rulebook.assess(snapshot, &self.mandatory, request.language);
        let instructions = Instructions::of(snapshot, &request.company_name);
        let checks = Checks { request, snapshot, assessed: &assessed, instructions: &instructions };
        let question = self.prompt.question(request, snapshot, &assessed)?;
        let mut answers: Vec<(ModelAnswer, Vec<Problem>)> = Vec::new();
        let mut best: Option<(usize, Checked)> = None;
        // Without evidence there is nothing to ask about: nothing that a model says could be proven.
        let models = if snapshot.evidence.is_empty() { &[] } else { self.models.as_slice() };
        let mut fallback = FallbackPolicy::new(models.iter().map(|model| model.id().to_owned()).collect());
        loop {
            let (index, turns) = match fallback.next() {
                Next::End => break,
                Next::Ask(index) => (index, vec![Turn::Question(question.clone())]),
                Next::Repair(index) => (index, repair(&question, answers.last())),
            };
            let number = u32::try_from(answers.len() + 1).unwrap_or(u32::MAX);
            let answer = match ledger.answer(number).await? {
                Some(answer) => {
                    fallback.resume(&answer);
                    answer
                }
                None => {
                    let asked = ModelQuestion {
                        model: &models[index],
                        turns,
                        used: used(&answers),
                        passed_over: fallback.passed_over(),
                    };
                    match self.ask(number, asked, ledger).await {
                        Ok(answer) => answer,
                        Err(stop) => {
                            let last = ledger.is_last_attempt();
                            pass_over(&mut fallback, models[index].id(), stop, !answers.is_empty(), last)?;
                            continue;
                        }
                    }
                }
            };
            let checked = checks.check(&answer);
            for problem in &checked.problems {
                metrics().check_failed(problem.flaw.check().as_str());
            }
            fallback.answered(&answer, &checked);
            // A repair can be worse than what it was to mend.
            if best.as_ref().is_none_or(|(_, best)| checked.worth() >= best.worth()) {
                best = Some((answers.len(), checked.clone()));
            }
            answers.push((answer, checked.problems));
        }
        let passed_over = fallback.passed_over().to_vec();
        let prompt = self.prompt.name.clone();
        let conclusion =
            AssessmentParts { assessed, instructions: &instructions, best, answers, passed_over, prompt };
        Ok(Assessment::build(conclusion, self.rulebook, request.language))
    }

    /// Buys an answer, with some tries: throttles and faults mostly pass in seconds.
    async fn ask<R: AnswerLedger>(
        &self,
        number: u32,
        asked: ModelQuestion<'_>,
        ledger: &mut R,
    ) -> Result<ModelAnswer, AttemptError> {
        let ModelQuestion { model, turns, used, passed_over } = asked;
        let cost = Cost {
            most: model.most(self.prompt, &turns),
            quota_tokens: model.quota_tokens(self.prompt, &turns),
            used,
        };
        let mut tries = 0;
        loop {
            let permit = ledger.open(number, model, cost).await?;
            let failure = match model.ask(self.prompt, &turns).await {
                Ok(answer) => {
                    self.slots.answered();
                    let answer = ModelAnswer { passed_over: passed_over.to_vec(), ..answer };
                    return ledger.keep(number, model, permit, answer).await;
                }
                Err(failure) => failure,
            };
            if failure.class == ErrorClass::Throttled {
                self.slots.throttled();
            }
            ledger.failed(model, permit, &failure).await?;
            let again = failure.class != ErrorClass::Permanent && !failure.may_be_paid() && tries + 1 < TRIES;
            if !again {
                return Err(AttemptError::Failed(failure));
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
    fallback: &mut FallbackPolicy,
    model: &str,
    stop: AttemptError,
    has_answers: bool,
    is_last_attempt: bool,
) -> Result<(), AttemptError> {
    let failure = match stop {
        AttemptError::Failed(failure) => failure,
        stop => return Err(stop),
    };
    if !calls_another(&failure) {
        // What was passed over in this attempt may have been paid for: another round of it spends an attempt.
        let throttled = failure.class == ErrorClass::Throttled && fallback.has_outage();
        let class = if throttled { ErrorClass::Transient } else { failure.class };
        return Err(AttemptError::Failed(Failure { class, ..failure }));
    }
    let is_next = fallback.out_of_order(model);
    let hopeless = failure.class == ErrorClass::Permanent || is_last_attempt;
    let rules_can_speak = has_answers && hopeless;
    if !is_next && !rules_can_speak {
        return Err(AttemptError::Failed(failure));
    }
    tracing::warn!(model, code = failure.code, detail = %failure.detail, another = is_next, "the model gives no answer");
    if !is_next {
        fallback.give_up(model);
    }
    Ok(())
}

/// Whether another model may have the answer that this one did not give: throttles pass by themselves, a
/// spent budget is spent for all, and the table's failures are not the model's.
fn calls_another(failure: &Failure) -> bool {
    failure.code != BUDGET_EXCEEDED && failure.is_of_model() && failure.class != ErrorClass::Throttled
}

/// The question, the last answer, and what is wrong with it.
fn repair(question: &str, last: Option<&(ModelAnswer, Vec<Problem>)>) -> Vec<Turn> {
    let mut turns = vec![Turn::Question(question.to_owned())];
    if let Some((answer, problems)) = last {
        let of_structured = matches!(answer.content, Content::Structured(_));
        turns.push(Turn::ModelAnswer(Box::new(answer.clone())));
        turns.push(Turn::Repair { problems: prompt::repair(problems), of_structured });
    }
    turns
}

fn used(answers: &[(ModelAnswer, Vec<Problem>)]) -> Usage {
    answers.iter().fold(Usage::default(), |sum, (answer, _)| sum.plus(answer.usage))
}

/// A prompt that cannot be made is a mistake of ours.
pub(crate) fn unrenderable(error: impl std::fmt::Display) -> AttemptError {
    AttemptError::Failed(Failure {
        class: ErrorClass::Permanent,
        code: "template_broken",
        message: "The report could not be put into words. Tell the operator the report's id.",
        detail: error.to_string(),
    })
}
