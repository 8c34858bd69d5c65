//! What an assessment keeps of its answers, and who pays for them: the journal and the budgets for
//! a report, nobody for a replay.

use std::{future::Future, sync::Arc};

use aws_adapters::{error::Remedy, spending::ModelCall, table::Details};
use domain::{
    lifecycle::Command,
    report::Usage,
    usage::{Day, MicroUsd},
};

use tracing::Instrument;

use super::{
    answer::Answer,
    model::Model,
    purse::{Permit, Purse, Wanted},
};
use crate::{
    failure::{Failure, Stop},
    journal::Journal,
    lease::Lease,
};

/// Keeps answers and has them paid for.
pub trait Record: Send {
    /// What a call that may be made is settled by.
    type Permit: Send + Sync;

    /// Whether nobody tries again when this goes wrong.
    fn is_last_attempt(&self) -> bool;

    /// The `number`-th answer, if it was got before.
    fn answer(&mut self, number: u32) -> impl Future<Output = Result<Option<Answer>, Stop>> + Send;

    /// Whether the `number`-th answer may be bought of `model`, at `most` for it, after what was `used`.
    fn open(
        &mut self,
        number: u32,
        model: &Model,
        cost: Cost,
    ) -> impl Future<Output = Result<Self::Permit, Stop>> + Send;

    /// Keeps an answer, or gives the one that was kept before.
    fn keep(
        &mut self,
        number: u32,
        model: &Model,
        permit: Self::Permit,
        answer: Answer,
    ) -> impl Future<Output = Result<Answer, Stop>> + Send;

    /// A call gave no answer.
    fn failed(
        &mut self,
        model: &Model,
        permit: Self::Permit,
        failure: &Failure,
    ) -> impl Future<Output = Result<(), Stop>> + Send;
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
pub struct OfReport<'a> {
    /// The right to work on it.
    pub lease: &'a mut Lease,
    /// Where answers are kept.
    pub journal: Journal,
    /// Who pays.
    pub purse: Arc<Purse>,
    calls: u32,
}

impl<'a> OfReport<'a> {
    /// The record of the report that `lease` holds.
    pub fn new(lease: &'a mut Lease, journal: Journal, purse: Arc<Purse>) -> Self {
        Self { lease, journal, purse, calls: 0 }
    }

    fn call(&self, attempt: u32, number: u32, day: Day) -> ModelCall {
        let report = self.lease.report();
        ModelCall { tenant: report.tenant.clone(), report: report.id, attempt, number, day }
    }
}

impl Record for OfReport<'_> {
    type Permit = Permit;

    fn is_last_attempt(&self) -> bool {
        let lifecycle = &self.lease.report().lifecycle;
        lifecycle.attempt >= lifecycle.attempts_allowed
    }

    async fn answer(&mut self, number: u32) -> Result<Option<Answer>, Stop> {
        let Some(answer) = self.journal.answer(number).await? else { return Ok(None) };
        if let Some(paid) = answer.paid {
            // Whoever got it may have died before the bill was written down.
            let call = self.call(paid.attempt, paid.number, paid.day);
            self.purse.book(&call, paid.reserved, &answer).await?;
        }
        Ok(Some(answer))
    }

    async fn open(&mut self, number: u32, model: &Model, cost: Cost) -> Result<Permit, Stop> {
        if number > 1 || self.calls > 0 {
            // What came before took its time: only who still holds the lease may buy more.
            let details = Details { usage: Some(cost.used), ..Details::default() };
            self.lease.write(|attempt| Command::Advance { attempt }, &details).await?;
        }
        self.calls += 1;
        let wanted = Wanted {
            call: self.call(self.lease.attempt(), self.calls, self.purse.today()),
            most: cost.most,
            quota_tokens: cost.quota_tokens,
            spent: MicroUsd::from_usd(cost.used.cost_usd),
        };
        self.purse.open(model, wanted).await
    }

    async fn keep(
        &mut self,
        number: u32,
        model: &Model,
        permit: Permit,
        answer: Answer,
    ) -> Result<Answer, Stop> {
        let answer = Answer { paid: Some(permit.paid()), first: number == 1, ..answer };
        let (journal, purse, used) =
            (self.journal.clone(), Arc::clone(&self.purse), model.quota_used(answer.tokens));
        // In a task of its own: it is paid for, and is written down even where the attempt is ended in the middle of it.
        let keeping = tokio::spawn(
            async move {
                let kept = journal.keep_answer(number, answer.clone()).await?;
                // Another worker's answer may have been there first: this one is paid for all the same.
                let first = answer.first && kept.paid == answer.paid;
                purse.settle(&permit, used, &Answer { first, ..answer }).await?;
                Ok(kept)
            }
            .in_current_span(),
        );
        keeping.await.unwrap_or_else(|error| {
            Err(Stop::Failed(Failure {
                remedy: Remedy::Transient,
                code: "answer_not_kept",
                message: "The model's answer could not be kept. Resubmit the report later.",
                detail: error.to_string(),
            }))
        })
    }

    async fn failed(&mut self, model: &Model, permit: Permit, failure: &Failure) -> Result<(), Stop> {
        if failure.remedy == Remedy::Throttled {
            self.purse.throttled(model).await;
        }
        // A call that was given up may be answered still, and be paid for: its money stays reserved.
        if failure.may_be_paid() { Ok(()) } else { self.purse.give_back(&permit).await }
    }
}

/// No record: every answer is bought anew, and nothing is written anywhere.
#[derive(Clone, Copy, Debug)]
pub struct Unrecorded;

impl Record for Unrecorded {
    type Permit = ();

    fn is_last_attempt(&self) -> bool {
        true
    }

    async fn answer(&mut self, _: u32) -> Result<Option<Answer>, Stop> {
        Ok(None)
    }

    async fn open(&mut self, _: u32, _: &Model, _: Cost) -> Result<(), Stop> {
        Ok(())
    }

    async fn keep(&mut self, _: u32, _: &Model, (): (), answer: Answer) -> Result<Answer, Stop> {
        Ok(answer)
    }

    async fn failed(&mut self, _: &Model, (): (), _: &Failure) -> Result<(), Stop> {
        Ok(())
    }
}
