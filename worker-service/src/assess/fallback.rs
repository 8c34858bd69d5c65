//! Decides which model is asked next. The models are asked in the configured order, and each may repair its
//! answer once, until an answer is good enough.

use aws_adapters::error::ErrorClass;
use domain::document::{FallbackReason, PassedOver};

use super::{answer::ModelAnswer, checks::Checked};
use crate::failure::{AttemptError, Failure};

/// Maximum number of answers from one model: the first one and one repair.
const ANSWERS_PER_MODEL: u32 = 2;

/// The next step of an assessment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Ask the model at this index of the configuration.
    Ask(usize),
    /// Ask the model at this index to repair the last answer.
    Repair(usize),
    /// Stop asking and use the answers so far.
    Finish,
}

/// The order in which models are asked, and the models that were passed over.
#[derive(Clone, Debug)]
pub(super) struct FallbackPolicy {
    /// Ids of the models, as configured.
    models: Vec<String>,
    /// Models that gave no usable answer, and are not asked again.
    passed_over: Vec<PassedOver>,
    /// Number of answers from the current model.
    answers: u32,
    /// The first call of this attempt whose answer was lost.
    lost_answer: Option<Failure>,
    next: Step,
}

impl FallbackPolicy {
    /// Creates the policy for `models`, in order of preference.
    pub(super) fn new(models: Vec<String>) -> Self {
        let mut fallback =
            Self { models, passed_over: Vec::new(), answers: 0, lost_answer: None, next: Step::Finish };
        fallback.next = fallback.ask_next_model();
        fallback
    }

    /// Returns the next step.
    pub(super) fn next(&self) -> Step {
        self.next
    }

    /// Returns the models that gave no usable answer so far.
    pub(super) fn passed_over(&self) -> &[PassedOver] {
        &self.passed_over
    }

    /// Takes over an answer that an earlier attempt stored. The models that were passed over before it are
    /// not asked again, even if the configuration has changed.
    pub(super) fn resume(&mut self, answer: &ModelAnswer) {
        for passed in &answer.passed_over {
            if !self.has_passed_over(&passed.model) {
                self.passed_over.push(passed.clone());
                self.answers = 0;
            }
        }
    }

    /// Records an answer and the result of its checks.
    pub(super) fn answered(&mut self, answer: &ModelAnswer, checked: &Checked) {
        self.answers += 1;
        if checked.problems.is_empty() {
            self.next = Step::Finish;
        } else if answer.is_refusal() {
            self.pass_over(&answer.model, FallbackReason::Refusal);
        } else if self.answers < ANSWERS_PER_MODEL {
            // An answer of a model that is no longer configured is repaired by the next configured one.
            self.next = match self.models.iter().position(|model| *model == answer.model) {
                Some(index) => Step::Repair(index),
                None => self.ask_next_model(),
            };
        } else if checked.has_summary() {
            self.next = Step::Finish;
        } else {
            self.pass_over(&answer.model, FallbackReason::Invalid);
        }
    }

    /// Records that a model gave no answer, and returns whether another model is left to ask. If none is
    /// left, the model is not passed over, because another attempt will ask it again.
    pub(super) fn unavailable(&mut self, model: &str) -> bool {
        let before = (self.next, self.passed_over.len());
        self.pass_over(model, FallbackReason::Outage);
        if self.next == Step::Finish {
            self.passed_over.truncate(before.1);
            self.next = before.0;
            return false;
        }
        true
    }

    /// Records that the last model gave no answer and that no further attempt will ask it.
    pub(super) fn give_up(&mut self, model: &str) {
        self.pass_over(model, FallbackReason::Outage);
        self.next = Step::Finish;
    }

    /// Records a call whose answer was lost and may have been billed.
    pub(super) fn lost_answer(&mut self, failure: &Failure) {
        self.lost_answer.get_or_insert_with(|| failure.clone());
    }

    /// Returns the error that ends the attempt with `failure`. If an answer was lost before, this is that loss:
    /// the next attempt repeats its call, so it must wait as long as after such a loss.
    pub(super) fn end_with(&self, failure: Failure) -> AttemptError {
        let lost = self.lost_answer.clone().filter(|_| failure.class != ErrorClass::Permanent);
        AttemptError::Failed(lost.unwrap_or(failure))
    }

    fn pass_over(&mut self, model: &str, because: FallbackReason) {
        if !self.has_passed_over(model) {
            self.passed_over.push(PassedOver { model: model.to_owned(), because });
        }
        self.answers = 0;
        self.next = self.ask_next_model();
    }

    fn has_passed_over(&self, model: &str) -> bool {
        self.passed_over.iter().any(|passed| passed.model == model)
    }

    fn ask_next_model(&self) -> Step {
        let next = self.models.iter().position(|model| !self.has_passed_over(model));
        next.map_or(Step::Finish, Step::Ask)
    }
}

#[cfg(test)]
mod tests {
    use domain::report::Usage;
    use serde_json::json;

    use super::*;
    use crate::assess::{
        answer::Content,
        checks::{Flaw, Place, Problem},
        opinion::Opinion,
    };

    fn policy() -> FallbackPolicy {
        FallbackPolicy::new(vec!["a".into(), "b".into()])
    }

    fn answer(model: &str, stop_reason: &str) -> ModelAnswer {
        ModelAnswer {
            model: model.into(),
            parameters: Default::default(),
            prompt: "p".into(),
            content: Content::Structured(json!({})),
            stop_reason: stop_reason.into(),
            usage: Usage::default(),
            tokens: Default::default(),
            paid: None,
            first: false,
            claims: vec![],
            passed_over: vec![],
        }
    }

    fn valid() -> Checked {
        Checked::default()
    }

    fn invalid(with_summary: bool) -> Checked {
        let problems = vec![Problem { place: Place::Answer, flaw: Flaw::Uncited }];
        let summary =
            with_summary.then(|| domain::assessment::Summary { text: "x".into(), citations: vec![] });
        let opinion = Opinion { level: domain::risk::Grade::Low, summary, findings: vec![] };
        Checked { problems, opinion: Some(opinion), dropped: vec![], doubts: vec![] }
    }

    #[test]
    fn a_valid_answer_finishes_and_an_invalid_one_is_repaired_once() {
        let mut fallback = policy();
        assert_eq!(fallback.next(), Step::Ask(0));
        fallback.answered(&answer("a", "tool_use"), &invalid(true));
        assert_eq!(fallback.next(), Step::Repair(0));
        fallback.answered(&answer("a", "tool_use"), &valid());
        assert_eq!((fallback.next(), fallback.passed_over().len()), (Step::Finish, 0));
    }

    #[test]
    fn a_repair_with_a_summary_finishes_and_one_without_falls_back_to_the_next_model() {
        let mut fallback = policy();
        fallback.answered(&answer("a", "tool_use"), &invalid(false));
        fallback.answered(&answer("a", "tool_use"), &invalid(true));
        assert_eq!(fallback.next(), Step::Finish);

        let mut fallback = policy();
        fallback.answered(&answer("a", "tool_use"), &invalid(false));
        fallback.answered(&answer("a", "tool_use"), &invalid(false));
        assert_eq!(fallback.next(), Step::Ask(1));
        fallback.answered(&answer("b", "tool_use"), &invalid(false));
        assert_eq!(fallback.next(), Step::Repair(1));
        fallback.answered(&answer("b", "tool_use"), &invalid(false));
        assert_eq!(fallback.next(), Step::Finish);
        let reasons: Vec<_> = fallback.passed_over().iter().map(|passed| passed.because.as_str()).collect();
        assert_eq!(reasons, ["invalid", "invalid"]);
    }

    #[test]
    fn a_refusal_or_an_outage_falls_back_to_the_next_model_at_once() {
        let mut fallback = policy();
        fallback.answered(&answer("a", "guardrail_intervened"), &invalid(false));
        assert_eq!(fallback.next(), Step::Ask(1));
        assert!(!fallback.unavailable("b"), "no model is left");
        assert_eq!((fallback.next(), fallback.passed_over().len()), (Step::Ask(1), 1));

        let mut fallback = policy();
        assert!(fallback.unavailable("a"));
        assert_eq!(fallback.next(), Step::Ask(1));
        assert_eq!(fallback.passed_over()[0].because, FallbackReason::Outage);
    }

    #[test]
    fn another_attempt_resumes_at_the_model_of_the_last_one() {
        let mut first = policy();
        assert!(first.unavailable("a"));
        let stored = ModelAnswer { passed_over: first.passed_over().to_vec(), ..answer("b", "tool_use") };
        let mut second = policy();
        second.resume(&stored);
        second.answered(&stored, &invalid(false));
        assert_eq!(second.next(), Step::Repair(1));
        assert_eq!(second.passed_over(), first.passed_over());
    }

    #[test]
    fn a_model_that_is_no_longer_configured_is_not_asked_for_a_repair() {
        let mut fallback = policy();
        fallback.answered(&answer("gone", "tool_use"), &invalid(false));
        assert_eq!(fallback.next(), Step::Ask(0));
    }
}
