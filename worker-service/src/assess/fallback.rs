//! Whose turn it is: the first answer and one repair of each model, in the order that is configured,
//! until one is good enough.

use domain::document::{PassedOver, PassedOverBecause};

use super::{answer::ModelAnswer, checks::Checked};

/// Answers that one model can be asked for: the first, and one repair.
const TURNS: u32 = 2;

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Ask the model at this index of the configuration.
    Ask(usize),
    /// Ask it to repair its last answer.
    Repair(usize),
    /// Go on with what there is.
    End,
}

/// The way from model to model.
#[derive(Clone, Debug)]
pub(super) struct FallbackPolicy {
    /// Ids of the models, as configured.
    models: Vec<String>,
    /// Those that were asked without use.
    passed_over: Vec<PassedOver>,
    /// Answers of the model whose turn it is.
    turns: u32,
    next: Next,
}

impl FallbackPolicy {
    /// The course over `models`, the first to be asked first.
    pub(super) fn new(models: Vec<String>) -> Self {
        let mut fallback = Self { models, passed_over: Vec::new(), turns: 0, next: Next::End };
        fallback.next = fallback.first_left();
        fallback
    }

    /// What is to be done next.
    pub(super) fn next(&self) -> Next {
        self.next
    }

    /// Models that were asked without use so far.
    pub(super) fn passed_over(&self) -> &[PassedOver] {
        &self.passed_over
    }

    /// Takes an answer that an earlier attempt got: what was passed over then is not asked again, whatever
    /// is configured now.
    pub(super) fn resume(&mut self, answer: &ModelAnswer) {
        for passed in &answer.passed_over {
            if !self.has_passed(&passed.model) {
                self.passed_over.push(passed.clone());
                self.turns = 0;
            }
        }
    }

    /// An answer came, and fared like this in the checks.
    pub(super) fn answered(&mut self, answer: &ModelAnswer, checked: &Checked) {
        self.turns += 1;
        if checked.problems.is_empty() {
            self.next = Next::End;
        } else if answer.is_refusal() {
            self.pass(&answer.model, PassedOverBecause::Refusal);
        } else if self.turns < TURNS {
            // An answer of a model that is configured no more is repaired by the next that is.
            self.next = match self.models.iter().position(|model| *model == answer.model) {
                Some(index) => Next::Repair(index),
                None => self.first_left(),
            };
        } else if checked.has_summary() {
            self.next = Next::End;
        } else {
            self.pass(&answer.model, PassedOverBecause::Invalid);
        }
    }

    /// A model gave no answer; whether another one is left to ask.
    pub(super) fn out_of_order(&mut self, model: &str) -> bool {
        let before = (self.next, self.passed_over.len());
        self.pass(model, PassedOverBecause::Outage);
        if self.next == Next::End {
            // Nobody is left: this one is to be asked again by another attempt.
            self.passed_over.truncate(before.1);
            self.next = before.0;
            return false;
        }
        true
    }

    /// The last model gives no answer either, and that is the end of it.
    pub(super) fn give_up(&mut self, model: &str) {
        self.pass(model, PassedOverBecause::Outage);
        self.next = Next::End;
    }

    /// Whether a model gave no answer.
    pub(super) fn has_outage(&self) -> bool {
        self.passed_over.iter().any(|passed| passed.because == PassedOverBecause::Outage)
    }

    fn pass(&mut self, model: &str, because: PassedOverBecause) {
        if !self.has_passed(model) {
            self.passed_over.push(PassedOver { model: model.to_owned(), because });
        }
        self.turns = 0;
        self.next = self.first_left();
    }

    fn has_passed(&self, model: &str) -> bool {
        self.passed_over.iter().any(|passed| passed.model == model)
    }

    fn first_left(&self) -> Next {
        self.models.iter().position(|model| !self.has_passed(model)).map_or(Next::End, Next::Ask)
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
            passed_over: vec![],
        }
    }

    fn good() -> Checked {
        Checked::default()
    }

    fn bad(with_summary: bool) -> Checked {
        let problems = vec![Problem { place: Place::ModelAnswer, flaw: Flaw::Uncited }];
        let summary =
            with_summary.then(|| domain::assessment::Summary { text: "x".into(), citations: vec![] });
        let opinion = Opinion { level: domain::risk::Grade::Low, summary, findings: vec![] };
        Checked { problems, opinion: Some(opinion), dropped: vec![] }
    }

    #[test]
    fn a_good_answer_ends_it_and_a_bad_one_is_repaired_once() {
        let mut fallback = policy();
        assert_eq!(fallback.next(), Next::Ask(0));
        fallback.answered(&answer("a", "tool_use"), &bad(true));
        assert_eq!(fallback.next(), Next::Repair(0));
        fallback.answered(&answer("a", "tool_use"), &good());
        assert_eq!((fallback.next(), fallback.passed_over().len()), (Next::End, 0));
    }

    #[test]
    fn a_repair_that_is_good_enough_ends_it_and_one_without_a_summary_calls_the_next_model() {
        let mut fallback = policy();
        fallback.answered(&answer("a", "tool_use"), &bad(false));
        fallback.answered(&answer("a", "tool_use"), &bad(true));
        assert_eq!(fallback.next(), Next::End);

        let mut fallback = policy();
        fallback.answered(&answer("a", "tool_use"), &bad(false));
        fallback.answered(&answer("a", "tool_use"), &bad(false));
        assert_eq!(fallback.next(), Next::Ask(1));
        fallback.answered(&answer("b", "tool_use"), &bad(false));
        assert_eq!(fallback.next(), Next::Repair(1));
        fallback.answered(&answer("b", "tool_use"), &bad(false));
        assert_eq!(fallback.next(), Next::End);
        let why: Vec<_> = fallback.passed_over().iter().map(|passed| passed.because.as_str()).collect();
        assert_eq!(why, ["invalid", "invalid"]);
    }

    #[test]
    fn a_refusal_or_an_outage_calls_the_next_model_at_once() {
        let mut fallback = policy();
        fallback.answered(&answer("a", "guardrail_intervened"), &bad(false));
        assert_eq!(fallback.next(), Next::Ask(1));
        assert!(!fallback.out_of_order("b"), "nobody is left");
        assert_eq!((fallback.next(), fallback.passed_over().len()), (Next::Ask(1), 1));

        let mut fallback = policy();
        assert!(fallback.out_of_order("a"));
        assert_eq!(fallback.next(), Next::Ask(1));
        assert_eq!(fallback.passed_over()[0].because, PassedOverBecause::Outage);
    }

    #[test]
    fn another_attempt_goes_on_where_the_last_one_was() {
        let mut first = policy();
        assert!(first.out_of_order("a"));
        let kept = ModelAnswer { passed_over: first.passed_over().to_vec(), ..answer("b", "tool_use") };
        let mut second = policy();
        second.resume(&kept);
        second.answered(&kept, &bad(false));
        assert_eq!(second.next(), Next::Repair(1));
        assert_eq!(second.passed_over(), first.passed_over());
    }

    #[test]
    fn an_answer_of_a_model_that_is_configured_no_more_is_not_repaired_by_it() {
        let mut fallback = policy();
        fallback.answered(&answer("gone", "tool_use"), &bad(false));
        assert_eq!(fallback.next(), Next::Ask(0));
    }
}
