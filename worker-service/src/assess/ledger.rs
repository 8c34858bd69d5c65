//! What an assessment keeps of its answers, and who pays for them: the journal and the budgets for
//! a report, nobody for a replay.

use std::{future::Future, sync::Arc};

use aws_adapters::{error::ErrorClass, spending::ModelCall, table::Details};
use domain::{
    lifecycle::Command,
    report::Usage,
    usage::{Day, MicroUsd},
};

use tracing::Instrument;

use super::{
    answer::ModelAnswer,
    model::Model,
    model_budget::{ModelBudget, Permit, Wanted},
};
use crate::{
    failure::{AttemptError, Failure},
    journal::Journal,
    lease::Lease,
};

/// Keeps answers and has them paid for.
pub trait AnswerLedger: Send {
    /// What a call that may be made is settled by.
    type Permit: Send + Sync;

    /// Whether nobody tries again when this goes wrong.
    fn is_last_attempt(&self) -> bool;

    /// The `number`-th answer, if it was got before.
    fn answer(
        &mut self,
        number: u32,
    ) -> impl Future<Output = Result<Option<ModelAnswer>, AttemptError>> + Send;

    /// Whether the `number`-th answer may be bought of `model`, at `most` for it, after what was `used`.
    fn open(
        &mut self,
        number: u32,
        model: &Model,
        cost: Cost,
    ) -> impl Future<Output = Result<Self::Permit, AttemptError>> + Send;

    /// Keeps an answer, or gives the one that was kept before.
    fn keep(
        &mut self,
        number: u32,
        model: &Model,
        permit: Self::Permit,
        answer: ModelAnswer,
    ) -> impl Future<Output = Result<ModelAnswer, AttemptError>> + Send;

    /// A call gave no answer.
    fn failed(
        &mut self,
        model: &Model,
        permit: Self::Permit,
        failure: &Failure,
    ) -> impl Future<Output = Result<(), AttemptError>> + Send;
}

/// What a call can cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// The most, in money.
    pub most: MicroUsd,
    /// In tokens of the quota, when it begins.
    pub quota_tokens: u64,
    /// What answers before it have used.
    pub used: Usage,
}

/// The record of a report in work.
#[derive(Debug)]
pub struct ReportLedger<'a> {
    /// The right to work on it.
    pub lease: &'a mut Lease,
    /// Where answers are kept.
    pub journal: Journal,
    /// Who pays.
    pub model_budget: Arc<ModelBudget>,
    calls: u32,
}

impl<'a> ReportLedger<'a> {
    /// The record of the report that `lease` holds.
    pub fn new(lease: &'a mut Lease, journal: Journal, model_budget: Arc<ModelBudget>) -> Self {
        Self { lease, journal, model_budget, calls: 0 }
    }

    fn call(&self, attempt: u32, number: u32, day: Day) -> ModelCall {
        let report = self.lease.report();
        ModelCall { tenant: report.tenant.clone(), report: report.id, attempt, number, day }
    }
}

impl AnswerLedger for ReportLedger<'_> {
    type Permit = Permit;

    fn is_last_attempt(&self) -> bool {
        let lifecycle = &self.lease.report().lifecycle;
        lifecycle.attempt >= lifecycle.attempts_allowed
    }

    async fn answer(&mut self, number: u32) -> Result<Option<ModelAnswer>, AttemptError> {
        let Some(answer) = self.journal.answer(number).await? else { return Ok(None) };
        if let Some(paid) = answer.paid {
            // Whoever got it may have died before the bill was written down.
            let call = self.call(paid.attempt, paid.number, paid.day);
            self.model_budget.book(&call, paid.reserved, &answer).await?;
        }
        Ok(Some(answer))
    }

    async fn open(&mut self, number: u32, model: &Model, cost: Cost) -> Result<Permit, AttemptError> {
        if number > 1 || self.calls > 0 {
            // What came before took its time: only who still holds the lease may buy more.
            let details = Details { usage: Some(cost.used), ..Details::default() };
            self.lease.write(|attempt| Command::Advance { attempt }, &details).await?;
        }
        self.calls += 1;
        let wanted = Wanted {
            call: self.call(self.lease.attempt(), self.calls, self.model_budget.today()),
            most: cost.most,
            quota_tokens: cost.quota_tokens,
            spent: MicroUsd::from_usd(cost.used.cost_usd),
        };
        self.model_budget.open(model, wanted).await
    }

    async fn keep(
        &mut self,
        number: u32,
        model: &Model,
        permit: Permit,
        answer: ModelAnswer,
    ) -> Result<ModelAnswer, AttemptError> {
        let answer = ModelAnswer { paid: Some(permit.paid()), first: number == 1, ..answer };
        let (journal, model_budget, used) =
            (self.journal.clone(), Arc::clone(&self.model_budget), model.quota_used(answer.tokens));
        // In a task of its own: it is paid for, and is written down even where the attempt is ended in the middle of it.
        let keeping = tokio::spawn(
            async move {
                let kept = journal.keep_answer(number, answer.clone()).await?;
                // Another worker's answer may have been there first: this one is paid for all the same.
                let first = answer.first && kept.paid == answer.paid;
                model_budget.settle(&permit, used, &ModelAnswer { first, ..answer }).await?;
                Ok(kept)
            }
            .in_current_span(),
        );
        keeping.await.unwrap_or_else(|error| {
            Err(AttemptError::Failed(Failure {
                class: ErrorClass::Transient,
                code: "answer_not_kept",
                message: "The model's answer could not be kept. Resubmit the report later.",
                detail: error.to_string(),
            }))
        })
    }

    async fn failed(&mut self, model: &Model, permit: Permit, failure: &Failure) -> Result<(), AttemptError> {
        if failure.class == ErrorClass::Throttled {
            self.model_budget.throttled(model).await;
        }
        // A call that was given up may be answered still, and be paid for: its money stays reserved.
        if failure.may_be_paid() { Ok(()) } else { self.model_budget.give_back(&permit).await }
    }
}

/// No ledger: every answer is bought anew, and nothing is written anywhere.
#[derive(Clone, Copy, Debug)]
pub struct NoLedger;

impl AnswerLedger for NoLedger {
    type Permit = ();

    fn is_last_attempt(&self) -> bool {
        true
    }

    async fn answer(&mut self, _: u32) -> Result<Option<ModelAnswer>, AttemptError> {
        Ok(None)
    }

    async fn open(&mut self, _: u32, _: &Model, _: Cost) -> Result<(), AttemptError> {
        Ok(())
    }

    async fn keep(
        &mut self,
        _: u32,
        _: &Model,
        (): (),
        answer: ModelAnswer,
    ) -> Result<ModelAnswer, AttemptError> {
        Ok(answer)
    }

    async fn failed(&mut self, _: &Model, (): (), _: &Failure) -> Result<(), AttemptError> {
        Ok(())
    }
}
