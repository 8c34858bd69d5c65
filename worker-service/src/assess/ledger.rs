//! The ledger of an assessment, which stores the answers and accounts for their costs. For a report it uses
//! the journal and the budgets; for a replay or an evaluation it does neither.

use std::{future::Future, sync::Arc, time::Duration};

use aws_adapters::{error::ErrorClass, spending::ModelCall, table::Details};
use domain::{
    lifecycle::Command,
    report::Usage,
    usage::{Day, MicroUsd},
};

use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::{
    answer::ModelAnswer,
    model_budget::{CallRequest, ModelBudget, Reservation},
};
use crate::{
    failure::{AttemptError, Failure},
    journal::{Journal, JournaledAnswer},
    lease::Lease,
};

/// Minimum time for which an attempt waits until an answer is stored and settled, even after its deadline.
const SETTLING_MIN: Duration = Duration::from_secs(60);

/// Number of retries of a report up to which it waits for a verifier that is unavailable: some minutes.
const VERIFIER_RETRIES_MAX: u32 = 6;

/// A store of answers that also reserves and settles their costs.
pub trait AnswerLedger: Send {
    /// A reservation for one call.
    type Reservation: Send + Sync;

    /// Returns whether this is the last attempt: if it fails, no other one follows.
    fn is_last_attempt(&self) -> bool;

    /// Returns whether a verifier that is unavailable for the moment is worth another attempt. After some attempts
    /// the report is published without a verification, because a person can review it sooner.
    fn may_wait_for_verifier(&self) -> bool;

    /// Returns `answer` if an earlier attempt stored it.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the ledger cannot be read or written.
    fn stored_answer(
        &mut self,
        answer: JournaledAnswer,
    ) -> impl Future<Output = Result<Option<ModelAnswer>, AttemptError>> + Send;

    /// Reserves the cost of `call`.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the cost cannot be reserved, or if the report may no longer be written.
    fn reserve(
        &mut self,
        call: PlannedCall<'_>,
    ) -> impl Future<Output = Result<Self::Reservation, AttemptError>> + Send;

    /// Stores the answer of `call` and settles its reservation. Returns the stored answer, which is an earlier
    /// one if there was one. `quota_used` is the number of quota tokens that the call used.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the answer cannot be stored or the reservation cannot be settled.
    fn settle(
        &mut self,
        call: PlannedCall<'_>,
        reservation: Self::Reservation,
        quota_used: u64,
        answer: ModelAnswer,
    ) -> impl Future<Output = Result<ModelAnswer, AttemptError>> + Send;

    /// Releases the reservation of a call that failed, unless the call may have been billed.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the reservation cannot be released.
    fn release(
        &mut self,
        reservation: Self::Reservation,
        failure: &Failure,
    ) -> impl Future<Output = Result<(), AttemptError>> + Send;
}

/// A call that is about to be made, and the costs that it can cause.
#[derive(Clone, Copy, Debug)]
pub struct PlannedCall<'a> {
    /// The answer that the call asks for.
    pub(crate) answer: JournaledAnswer,
    /// Id of the model or guardrail that is called, which names its quota.
    pub(crate) called: &'a str,
    /// Maximum cost in money.
    pub(crate) max_cost: MicroUsd,
    /// Quota tokens that Bedrock deducts when the call begins.
    pub(crate) quota_tokens: u64,
    /// Usage of the report's earlier answers.
    pub(crate) used: Usage,
}

/// The ledger of a report: answers go to its journal, costs to the shared budget.
#[derive(Debug)]
pub(crate) struct ReportLedger<'a> {
    lease: &'a mut Lease,
    journal: Journal,
    budget: Arc<ModelBudget>,
    recordings: &'a TaskTracker,
    calls: u32,
}

impl<'a> ReportLedger<'a> {
    /// Creates the ledger of the report that `lease` holds. `recordings` tracks the tasks that record answers,
    /// so that the worker waits for them before it exits.
    pub(crate) fn new(
        lease: &'a mut Lease,
        journal: Journal,
        budget: Arc<ModelBudget>,
        recordings: &'a TaskTracker,
    ) -> Self {
        Self { lease, journal, budget, recordings, calls: 0 }
    }

    fn call(&self, attempt: u32, number: u32, day: Day) -> ModelCall {
        let report = self.lease.report();
        ModelCall { tenant: report.tenant.clone(), report: report.id, attempt, number, day }
    }
}

impl AnswerLedger for ReportLedger<'_> {
    type Reservation = Reservation;

    fn is_last_attempt(&self) -> bool {
        !self.lease.may_retry()
    }

    fn may_wait_for_verifier(&self) -> bool {
        self.lease.may_retry() && self.lease.report().lifecycle.retries < VERIFIER_RETRIES_MAX
    }

    async fn stored_answer(&mut self, answer: JournaledAnswer) -> Result<Option<ModelAnswer>, AttemptError> {
        let Some(answer) = self.journal.answer(answer).await? else { return Ok(None) };
        if let Some(payment) = answer.paid {
            // The worker that stored the answer may have crashed before it settled the cost.
            let call = self.call(payment.attempt, payment.number, payment.day);
            self.budget.settle_cost(&call, payment.reserved, &answer).await?;
        }
        Ok(Some(answer))
    }

    async fn reserve(&mut self, planned: PlannedCall<'_>) -> Result<Reservation, AttemptError> {
        if !planned.answer.is_first() || self.calls > 0 {
            // Earlier calls took time, so the lease is checked again: only its holder may make another call.
            let details = Details { usage: Some(planned.used), ..Details::default() };
            self.lease.write(|attempt| Command::Advance { attempt }, &details).await?;
        }
        self.calls += 1;
        let report = self.lease.report();
        let request = CallRequest {
            call: self.call(self.lease.attempt(), self.calls, self.budget.today()),
            max_cost: planned.max_cost,
            quota_tokens: planned.quota_tokens,
            used: planned.used,
            submitted: Day::of(report.resubmitted_at.unwrap_or(report.created_at)),
        };
        self.budget.reserve(planned.called, request).await
    }

    async fn settle(
        &mut self,
        call: PlannedCall<'_>,
        reservation: Reservation,
        quota_used: u64,
        answer: ModelAnswer,
    ) -> Result<ModelAnswer, AttemptError> {
        let place = call.answer;
        let answer = ModelAnswer { paid: Some(reservation.payment()), first: place.is_first(), ..answer };
        let (journal, budget) = (self.journal.clone(), Arc::clone(&self.budget));
        // The answer is billed, so it is stored and settled in a task of its own, which continues even if the
        // attempt is cancelled.
        let settling = self.recordings.spawn(
            async move {
                let stored = journal.store_answer(place, answer.clone()).await?;
                // Another worker may have stored its answer first. This one is billed nevertheless.
                let first = answer.first && stored.paid == answer.paid;
                budget.settle(&reservation, quota_used, &ModelAnswer { first, ..answer }).await?;
                Ok(stored)
            }
            .in_current_span(),
        );
        let not_kept = |detail: String| {
            Err(AttemptError::Failed(Failure {
                class: ErrorClass::Transient,
                code: "answer_not_kept",
                message: "The model's answer could not be stored.",
                detail,
            }))
        };
        // The report keeps its slot while the bucket does not respond, because another attempt would pay for the
        // answer again; but not for ever.
        let patience = self.lease.time_left().max(SETTLING_MIN);
        match timeout(patience, settling).await {
            Ok(Ok(stored)) => stored,
            Ok(Err(panicked)) => not_kept(panicked.to_string()),
            Err(_) => not_kept("the report's deadline passed before the answer was stored".to_owned()),
        }
    }

    async fn release(&mut self, reservation: Reservation, failure: &Failure) -> Result<(), AttemptError> {
        if failure.class == ErrorClass::Throttled {
            self.budget.record_throttle(&reservation).await;
        }
        // A call that timed out may still be answered and billed, so its money stays reserved.
        if failure.may_be_billed() { Ok(()) } else { self.budget.release(&reservation).await }
    }
}

/// The ledger of an assessment outside of a report. No answer is reused or stored, and no budget applies.
#[derive(Clone, Copy, Debug)]
pub struct NoLedger;

impl AnswerLedger for NoLedger {
    type Reservation = ();

    fn is_last_attempt(&self) -> bool {
        true
    }

    fn may_wait_for_verifier(&self) -> bool {
        false
    }

    async fn stored_answer(&mut self, _: JournaledAnswer) -> Result<Option<ModelAnswer>, AttemptError> {
        Ok(None)
    }

    async fn reserve(&mut self, _: PlannedCall<'_>) -> Result<(), AttemptError> {
        Ok(())
    }

    async fn settle(
        &mut self,
        _: PlannedCall<'_>,
        (): (),
        _: u64,
        answer: ModelAnswer,
    ) -> Result<ModelAnswer, AttemptError> {
        Ok(answer)
    }

    async fn release(&mut self, (): (), _: &Failure) -> Result<(), AttemptError> {
        Ok(())
    }
}
