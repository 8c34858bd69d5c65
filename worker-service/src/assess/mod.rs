//! Assesses the evidence of a report. The rules give the score and the floor, which is the minimum level. A
//! model then proposes a level and writes the summary and the findings, and only claims that pass the checks
//! reach the report.
//!
//! A model may answer once and repair its answer once; each answer is journalled before it is used.
//! Claims that still fail a check are dropped and recorded. A verifier, another model as a rule, then judges
//! each remaining claim by its evidence. Without a usable answer the summary comes from the rules.

pub(crate) mod answer;
mod assessment;
mod bedrock;
mod catalogue;
mod checks;
mod fallback;
mod form;
mod json;
mod ledger;
mod model;
mod model_budget;
mod opinion;
mod paid_call;
mod price;
mod prompt;
mod residency;
mod schema_compilation;
mod settings;
mod turn;
mod verification;

use std::sync::Arc;

use aws_adapters::error::ErrorClass;
use domain::{
    document::PassedOver,
    evidence::{Snapshot, SourceName},
    report::Usage,
    request::ReportRequest,
    risk::Rulebook,
};
use futures::FutureExt as _;
use telemetry::metrics::metrics;

use self::{
    answer::Content,
    assessment::AssessmentParts,
    checks::Checked,
    fallback::{FallbackPolicy, Step},
    ledger::{AnswerLedger, PlannedCall},
    opinion::Opinion,
    paid_call::pay,
};
pub use self::{
    answer::ModelAnswer,
    assessment::Assessment,
    catalogue::list_price,
    ledger::NoLedger,
    model::Model,
    price::ListPrice,
    prompt::Prompt,
    settings::ModelSettings,
    turn::Turn,
    verification::{ClaimVerifier, JudgedStatement, VerifierFindings, configured_verifier},
};
pub(crate) use self::{
    checks::{Check, CheckedFinding, Checks, Instructions, Problem},
    ledger::ReportLedger,
    model_budget::ModelBudget,
    settings::MODEL_SETTINGS,
    verification::{Claim, ClaimSet, Verdict, Verification, verify},
};
use crate::{
    concurrency_limit::ConcurrencyLimit,
    failure::{AttemptError, Failure},
    journal::JournaledAnswer,
};

/// An assessor of evidence, which applies the rules first and then asks a model.
#[derive(Debug)]
pub struct Assessor {
    models: Vec<Model>,
    prompt: &'static Prompt,
    concurrency: Arc<ConcurrencyLimit>,
    mandatory: Vec<SourceName>,
    rulebook: &'static Rulebook,
    verifier: Option<Arc<dyn ClaimVerifier>>,
}

/// A question to one model.
struct ModelQuestion<'a> {
    model: &'a Model,
    turns: Vec<Turn>,
    /// Usage of the report's earlier answers.
    used: Usage,
    passed_over: &'a [PassedOver],
}

impl Assessor {
    /// Creates an assessor that asks `models` in order of preference with `prompt` and adjusts `concurrency`
    /// to how they respond. Without an answer of each `mandatory` source, no report is LOW.
    pub fn new(
        models: Vec<Model>,
        prompt: &'static Prompt,
        concurrency: Arc<ConcurrencyLimit>,
        mandatory: Vec<SourceName>,
        rulebook: &'static Rulebook,
    ) -> Self {
        Self { models, prompt, concurrency, mandatory, rulebook, verifier: None }
    }

    /// Sets the verifier of claims; `None` means that only the checks apply.
    #[must_use]
    pub fn with_verifier(self, verifier: Option<Arc<dyn ClaimVerifier>>) -> Self {
        Self { verifier, ..self }
    }

    /// Returns the rulebook: the rules that the assessor applies, and the words that it writes.
    pub(crate) fn rulebook(&self) -> &'static Rulebook {
        self.rulebook
    }

    /// Returns whether a report without an answer of `source` cannot be LOW.
    pub(crate) fn mandatory(&self) -> &[SourceName] {
        &self.mandatory
    }

    /// Returns the version and SHA-256 of the prompt.
    pub(crate) fn prompt_name(&self) -> &str {
        &self.prompt.name
    }

    /// Returns the ids of the models, in order of preference.
    pub(crate) fn model_ids(&self) -> Vec<String> {
        self.models.iter().map(|model| model.id().to_owned()).collect()
    }

    /// Assesses `snapshot` for `request`. Answers that the `ledger` has stored are not requested again.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if no model answers, if the `ledger` fails, or if the prompt cannot be
    /// filled in.
    pub async fn assess<L: AnswerLedger>(
        &self,
        request: &ReportRequest,
        snapshot: &Snapshot,
        ledger: &mut L,
    ) -> Result<Assessment, AttemptError> {
        let assessed = self.rulebook.assess(snapshot, &self.mandatory, request.language);
        let instructions = Instructions::find(snapshot, &request.company_name);
        let checks = Checks { request, snapshot, assessed: &assessed, instructions: &instructions };
        let question = self.prompt.question(request, snapshot, &assessed)?;
        let mut answers: Vec<(ModelAnswer, Vec<Problem>)> = Vec::new();
        let mut best: Option<(usize, Checked)> = None;
        // Without evidence no model is asked, because nothing that it says could be proven.
        let models = if snapshot.evidence.is_empty() { &[] } else { self.models.as_slice() };
        let mut fallback = FallbackPolicy::new(models.iter().map(|model| model.id().to_owned()).collect());
        loop {
            let (index, turns) = match fallback.next() {
                Step::Finish => break,
                Step::Ask(index) => (index, vec![Turn::Question(question.clone())]),
                Step::Repair(index) => (index, repair_turns(&question, answers.last())),
            };
            let number = u32::try_from(answers.len() + 1).unwrap_or(u32::MAX);
            let answer = match ledger.stored_answer(JournaledAnswer::Assessment(number)).await? {
                Some(answer) => {
                    fallback.resume(&answer);
                    answer
                }
                None => {
                    let question = ModelQuestion {
                        model: &models[index],
                        turns,
                        used: total_usage(&answers),
                        passed_over: fallback.passed_over(),
                    };
                    match self.ask(number, question, ledger).await {
                        Ok(answer) => answer,
                        Err(error) => {
                            let is_last = ledger.is_last_attempt();
                            fall_back(
                                &mut fallback,
                                models[index].id(),
                                error,
                                !answers.is_empty(),
                                is_last,
                            )?;
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
            // A repaired answer can be worse than the one before it.
            if best.as_ref().is_none_or(|(_, best)| checked.rank() >= best.rank()) {
                best = Some((answers.len(), checked.clone()));
            }
            answers.push((answer, checked.problems));
        }
        let opinion = best.as_ref().and_then(|(_, checked)| checked.opinion.as_ref());
        let verification = self.verify(request, snapshot, opinion, total_usage(&answers), ledger).await?;
        let parts = AssessmentParts {
            assessed,
            instructions: &instructions,
            best,
            answers,
            passed_over: fallback.passed_over().to_vec(),
            verification,
            prompt: self.prompt.name.clone(),
        };
        Ok(Assessment::build(parts, self.rulebook, request.language))
    }

    /// Requests the `number`-th answer.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the model does not answer, or if the `ledger` fails.
    async fn ask<L: AnswerLedger>(
        &self,
        number: u32,
        question: ModelQuestion<'_>,
        ledger: &mut L,
    ) -> Result<ModelAnswer, AttemptError> {
        let ModelQuestion { model, turns, used, passed_over } = question;
        let planned = PlannedCall {
            answer: JournaledAnswer::Assessment(number),
            called: model.id(),
            max_cost: model.max_cost(self.prompt, &turns),
            quota_tokens: model.quota_tokens(self.prompt, &turns),
            used,
        };
        let send = || {
            async {
                let answer = model.ask(self.prompt, &turns).await?;
                let quota_used = model.quota_used(answer.tokens);
                Ok((ModelAnswer { passed_over: passed_over.to_vec(), ..answer }, quota_used))
            }
            .boxed()
        };
        pay(ledger, &self.concurrency, planned, send).await
    }

    /// Has the verifier judge the claims of `opinion`. Returns `None` without a verifier, or without claims.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the `ledger` fails.
    async fn verify<L: AnswerLedger>(
        &self,
        request: &ReportRequest,
        snapshot: &Snapshot,
        opinion: Option<&Opinion>,
        used: Usage,
        ledger: &mut L,
    ) -> Result<Option<Verification>, AttemptError> {
        let (Some(verifier), Some(opinion)) = (&self.verifier, opinion) else { return Ok(None) };
        let findings = opinion.findings.iter().map(|finding| Claim::of_finding(finding, snapshot));
        let summary = opinion.summary.iter().map(|summary| Claim::of_summary(summary, snapshot));
        let claims = ClaimSet { request, claims: findings.chain(summary).collect() };
        if claims.claims.is_empty() {
            return Ok(None);
        }
        verify(verifier.as_ref(), &claims, used, ledger, &self.concurrency).await.map(Some)
    }
}

/// Continues after `model` gave no answer, either with the next model, or with the answers so far if there
/// are any and no further attempt would get a better one.
///
/// # Errors
/// Returns the error that ends the attempt if neither is possible.
fn fall_back(
    fallback: &mut FallbackPolicy,
    model: &str,
    error: AttemptError,
    has_answers: bool,
    is_last_attempt: bool,
) -> Result<(), AttemptError> {
    let failure = match error {
        AttemptError::Failed(failure) => failure,
        error => return Err(error),
    };
    if failure.may_be_billed() {
        fallback.lost_answer(&failure);
    }
    if !warrants_fallback(&failure) {
        return Err(fallback.end_with(failure));
    }
    let has_next = fallback.unavailable(model);
    let is_final = failure.class == ErrorClass::Permanent || is_last_attempt;
    let can_finish = has_answers && is_final;
    if !has_next && !can_finish {
        return Err(fallback.end_with(failure));
    }
    tracing::warn!(model, code = failure.code, detail = %failure.detail, another = has_next, "the model is unavailable");
    if !has_next {
        fallback.give_up(model);
    }
    Ok(())
}

/// Returns whether another model may succeed where this one failed. It is not worth asking one after a
/// throttle, which ends by itself, after a limit on spending, which all models share, or after a failure of
/// the table.
fn warrants_fallback(failure: &Failure) -> bool {
    failure.is_of_model() && failure.class != ErrorClass::Throttled
}

/// Returns the question, the last answer, and the request to repair it.
fn repair_turns(question: &str, last: Option<&(ModelAnswer, Vec<Problem>)>) -> Vec<Turn> {
    let mut turns = vec![Turn::Question(question.to_owned())];
    if let Some((answer, problems)) = last {
        let of_structured = matches!(answer.content, Content::Structured(_));
        turns.push(Turn::Answer(Box::new(answer.clone())));
        turns.push(Turn::Repair {
            problems: prompt::repair(problems.iter().map(Problem::for_model)),
            of_structured,
        });
    }
    turns
}

fn total_usage(answers: &[(ModelAnswer, Vec<Problem>)]) -> Usage {
    answers.iter().fold(Usage::default(), |sum, (answer, _)| sum.plus(answer.usage))
}
