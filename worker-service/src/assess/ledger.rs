//! The ledger of an assessment, which stores the answers and accounts for their costs. For a report it uses
//! the journal and the budgets; for a replay or an evaluation it does neither.

use std::{future::Future, sync::Arc, time::Duration};

use aws_adapters::{error::ErrorClass, table::Details};
use domain::{
    lifecycle::Command,
    report::Usage,
    unsettled::{Unsettled, UnsettledCall},
    usage::{Day, MicroUsd},
};

use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::{
    answer::ModelAnswer,
    model_budget::{CallRequest, ModelBudget, QuotaAdmission, Reservation},
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
    /// Calls of earlier versions with an unknown outcome, once they are read.
    of_earlier_version: Option<Unsettled>,
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
        let of_earlier_version = (lease.attempt() <= 1).then(Unsettled::default);
        Self { lease, journal, budget, recordings, calls: 0, of_earlier_version }
    }

    /// Waits until the quota admits `call`.
    async fn admit(&mut self, call: &PlannedCall<'_>) -> Result<QuotaAdmission, AttemptError> {
        match self.budget.admit(call.called, call.quota_tokens).await? {
            Ok(admitted) => Ok(admitted),
            Err(full_for) => {
                // The progress is shown during the wait.
                self.lease.write(|attempt| Command::Advance { attempt }, &Details::default()).await?;
                self.budget.wait_for_quota(call.called, call.quota_tokens, full_for).await
            }
        }
    }

    /// Returns the report's calls with an unknown outcome that count on `day`: those of that day, and those of the
    /// day before if the report was submitted before `day`.
    async fn unsettled(&mut self, day: Day) -> Result<Unsettled, AttemptError> {
        let report = self.lease.report();
        let submitted = Day::of(report.resubmitted_at.unwrap_or(report.created_at));
        let from = if submitted < day { day.before(1) } else { day };
        let of_earlier_version = match self.of_earlier_version {
            Some(unsettled) => unsettled,
            None => {
                let days = (from, day);
                self.budget.unsettled_of_earlier_version(&report.tenant, report.id, days).await?
            }
        };
        self.of_earlier_version = Some(of_earlier_version);
        let calls = self.lease.unsettled_calls().iter().filter(|call| from <= call.day && call.day <= day);
        Ok(of_earlier_version.plus(calls.map(|call| call.reserved).collect()))
    }

    /// Records with the report that a call is about to be made. Only the holder of the lease may make it, and
    /// another attempt must know of it, whatever becomes of this one.
    async fn record(&mut self, call: UnsettledCall, used: Usage) -> Result<(), AttemptError> {
        // Older calls count no more.
        let yesterday = call.day.before(1);
        let earlier = self.lease.unsettled_calls().iter().filter(|call| yesterday <= call.day).copied();
        let calls = earlier.chain([call]).collect();
        let usage = Some(self.lease.report().earlier_usage.plus(used));
        let details = Details { usage, unsettled_calls: Some(calls), ..Details::default() };
        self.lease.write(|attempt| Command::Advance { attempt }, &details).await
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
        if let Some(payment) = &answer.paid {
            // The worker that stored the answer may have crashed before it settled the cost. If it settled the cost
            // and wrote to the report afterwards, the report does not list the call any more.
            let (attempt, number) = (payment.attempt, payment.number);
            let is_listed = self.lease.unsettled_calls().iter().any(|call| call.is(attempt, number));
            if is_listed || payment.entry.is_none() {
                let report = self.lease.report();
                self.budget.settle_stored(&report.tenant, report.id, payment, &answer).await?;
            }
            if is_listed {
                self.lease.record_settled(attempt, number);
            }
        }
        Ok(Some(answer))
    }

    async fn reserve(&mut self, planned: PlannedCall<'_>) -> Result<Reservation, AttemptError> {
        let admitted = self.admit(&planned).await?;
        // The day may have changed while the call waited for quota.
        let day = self.budget.today();
        let unsettled = self.unsettled(day).await?;
        self.calls += 1;
        let request = CallRequest {
            tenant: self.lease.report().tenant.clone(),
            attempt: self.lease.attempt(),
            number: self.calls,
            day,
            max_cost: planned.max_cost,
            // The limits of a report begin anew when its evidence, which is used for a day by default, is gathered again.
            used: planned.used,
            unsettled,
        };
        let reservation = self.budget.reserve(admitted, &request).await?;
        if let Err(error) = self.record(reservation.call(), planned.used).await {
            // The call is not made. The write may have been applied nevertheless, so the next one corrects it.
            self.lease.record_settled(request.attempt, request.number);
            self.budget.release(reservation).await;
            return Err(error);
        }
        Ok(reservation)
    }

    async fn settle(
        &mut self,
        call: PlannedCall<'_>,
        reservation: Reservation,
        quota_used: u64,
        answer: ModelAnswer,
    ) -> Result<ModelAnswer, AttemptError> {
        let (place, unsettled) = (call.answer, reservation.call());
        let answer = ModelAnswer { paid: Some(reservation.payment()), first: place.is_first(), ..answer };
        let (journal, budget) = (self.journal.clone(), Arc::clone(&self.budget));
        let (tenant, report) = (self.lease.report().tenant.clone(), self.lease.report().id);
        // The answer is billed, so it is stored and settled in a task of its own, which continues even if the
        // attempt is cancelled.
        let settling = self.recordings.spawn(
            async move {
                let mut reservation = reservation;
                reservation.answered();
                let stored = journal.store_answer(place, answer.clone()).await;
                // Another worker may have stored its answer first. This one is billed nevertheless, and also if it
                // cannot be stored.
                let is_stored = stored.as_ref().is_ok_and(|stored| stored.paid == answer.paid);
                let is_second = stored.is_ok() && !is_stored;
                let answer = ModelAnswer { first: answer.first && !is_second, ..answer };
                budget.settle(reservation, quota_used, &answer).await?;
                let stored = stored?;
                // The other worker may have stopped before it settled the answer that the report now uses.
                if let Some(payment) = stored.paid.as_ref().filter(|_| !is_stored) {
                    budget.settle_stored(&tenant, report, payment, &stored).await?;
                }
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
            Ok(Ok(stored)) => {
                if let Ok(stored) = &stored {
                    let usage = self.lease.report().earlier_usage.plus(call.used).plus(stored.usage);
                    self.lease.record(Details { usage: Some(usage), ..Details::default() });
                    self.lease.record_settled(unsettled.attempt, unsettled.number);
                    if let Some(payment) = &stored.paid {
                        self.lease.record_settled(payment.attempt, payment.number);
                    }
                }
                stored
            }
            Ok(Err(panicked)) => not_kept(panicked.to_string()),
            Err(_) => not_kept("the report's deadline passed before the answer was stored".to_owned()),
        }
    }

    async fn release(&mut self, reservation: Reservation, failure: &Failure) -> Result<(), AttemptError> {
        if failure.class == ErrorClass::Throttled {
            self.budget.record_throttle(&reservation).await;
        }
        // A call that timed out may still be answered and billed, so its money stays reserved, and the report lists
        // the call.
        if failure.may_be_billed() {
            return self.budget.lose(reservation).await;
        }
        let call = reservation.call();
        self.lease.record_settled(call.attempt, call.number);
        self.budget.release(reservation).await;
        Ok(())
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
