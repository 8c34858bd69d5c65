//! What stands between a report and a bill: budgets of money and the model's quota, both shared by
//! all workers, both asked before a call and settled after it.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use aws_adapters::{
    error::{AwsError, ErrorClass},
    quota::{Admission, Admitted, Quota},
    spending::{ModelCall, Reserved, Spending},
};
use domain::usage::{Day, MicroUsd, TenantUsage};
use service_runtime::clock::Clock;
use telemetry::metrics::metrics;
use tokio::time::{Instant, sleep};

use super::{
    answer::{ModelAnswer, Paid},
    model::Model,
};
use crate::{
    concurrency_limit::ConcurrencyLimit,
    failure::{AttemptError, BUDGET_EXCEEDED, Failure},
    retry::full_jitter,
};

const RETRY_BASE: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(3);

/// How long a call waits for room in the quota before its report is put off.
const PATIENCE: Duration = Duration::from_secs(300);
/// Most that a call waits beyond the minute, so that not all that wait ask at once.
const SPREAD: Duration = Duration::from_secs(5);

/// What may be spent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Budgets {
    /// On one report; none sets no bound.
    pub report: Option<MicroUsd>,
    /// On all reports of a tenant on a day, in UTC; none sets no bound.
    pub tenant_day: Option<MicroUsd>,
}

/// The budgets and quotas of a worker.
#[derive(Debug)]
pub struct ModelBudget {
    spending: Spending,
    budgets: Budgets,
    quotas: HashMap<String, Quota>,
    slots: Arc<ConcurrencyLimit>,
    clock: Clock,
}

/// A call that may be made.
#[derive(Clone, Debug)]
pub struct Permit {
    call: ModelCall,
    reserved: MicroUsd,
    /// The model, and how it admitted the call.
    admitted: Option<(String, Admitted)>,
}

/// What a call is for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The call.
    pub call: ModelCall,
    /// The most that it can cost.
    pub most: MicroUsd,
    /// The tokens of the quota that it takes when it begins.
    pub quota_tokens: u64,
    /// What the report has cost before.
    pub spent: MicroUsd,
}

impl Permit {
    /// What an answer to the call records of it.
    pub fn paid(&self) -> Paid {
        let ModelCall { attempt, number, day, .. } = self.call;
        Paid { attempt, number, day, reserved: self.reserved }
    }
}

impl ModelBudget {
    /// A model_budget over `spending` and the `quotas` of models by their ids, which tells `slots` when nothing is to be begun.
    pub fn new(
        spending: Spending,
        budgets: Budgets,
        quotas: HashMap<String, Quota>,
        slots: Arc<ConcurrencyLimit>,
        clock: Clock,
    ) -> Self {
        Self { spending, budgets, quotas, slots, clock }
    }

    /// Waits for room in the quota of `model`, then reserves the money.
    ///
    /// # Errors
    /// [`AttemptError`] when a budget does not have it, there is no room for minutes, or the table does not answer.
    pub async fn open(&self, model: &Model, wanted: Wanted) -> Result<Permit, AttemptError> {
        let admitted = match self.quotas.get(model.id()) {
            Some(quota) => Some((model.id().to_owned(), self.admit(quota, wanted.quota_tokens).await?)),
            None => None,
        };
        // Waiting for room may have taken it into another day.
        let call = ModelCall { day: self.today(), ..wanted.call.clone() };
        let permit = Permit { call, reserved: wanted.most, admitted };
        if let Err(stop) = self.reserve(&permit, &wanted).await {
            self.settle_quota(&permit, 0).await;
            return Err(stop);
        }
        Ok(permit)
    }

    async fn admit(&self, quota: &Quota, tokens: u64) -> Result<Admitted, AttemptError> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            match quota.admit(tokens, self.clock.now()).await? {
                Admission::Admitted(admitted) => return Ok(admitted),
                Admission::Full(wait) => {
                    metrics().quota_wait(wait);
                    let wait = wait + full_jitter(0, SPREAD, SPREAD);
                    self.slots.pause(wait);
                    sleep(wait).await;
                }
            }
        }
        Err(AttemptError::Failed(Failure {
            class: ErrorClass::Throttled,
            code: "model_quota_full",
            message: "The model has more to do than it may be asked. The report is tried again by itself.",
            detail: format!("no room in the quota for {PATIENCE:?}"),
        }))
    }

    async fn reserve(&self, permit: &Permit, wanted: &Wanted) -> Result<(), AttemptError> {
        let (call, Wanted { most, spent, .. }) = (&permit.call, wanted);
        let over_report = |unsettled: MicroUsd| {
            self.budgets.report.is_some_and(|budget| spent.plus(unsettled).plus(*most) > budget)
        };
        if over_report(MicroUsd::default()) {
            return Err(exceeded_by_report(wanted, self.budgets.report));
        }
        match self.spending.reserve(call, *most, self.budgets.tenant_day).await? {
            Reserved::Exceeded { committed } => {
                Err(exceeded_by_tenant(wanted, committed, self.budgets.tenant_day))
            }
            // Calls of this report that ended without a word may have been paid for, too.
            Reserved::Yes { unsettled } if over_report(unsettled) => {
                self.spending.release(call, *most).await?;
                Err(exceeded_by_report(wanted, self.budgets.report))
            }
            Reserved::Yes { .. } => Ok(()),
        }
    }

    /// Settles a call that was answered and used so many tokens of the quota. What was paid is on the books, or this is tried again as long as the lease
    /// holds.
    ///
    /// # Errors
    /// [`AttemptError`] when the table refuses it for good.
    pub async fn settle(
        &self,
        permit: &Permit,
        quota_used: u64,
        answer: &ModelAnswer,
    ) -> Result<(), AttemptError> {
        self.settle_quota(permit, quota_used).await;
        self.book(&permit.call, permit.reserved, answer).await
    }

    async fn settle_quota(&self, permit: &Permit, used: u64) {
        let Some((model, admitted)) = &permit.admitted else { return };
        if let Some(quota) = self.quotas.get(model) {
            said_anyway(quota.settle(*admitted, used).await, "the quota could not be settled");
        }
    }

    /// Writes down what an answer cost, unless that was done before.
    ///
    /// # Errors
    /// As [`settle`](Self::settle).
    pub async fn book(
        &self,
        call: &ModelCall,
        reserved: MicroUsd,
        answer: &ModelAnswer,
    ) -> Result<(), AttemptError> {
        let usage = answer.usage;
        let spent = TenantUsage {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cost: MicroUsd::from_usd(usage.cost_usd),
            model_calls: u64::from(usage.model_calls),
            reports: u64::from(answer.first),
        };
        persist(|| self.spending.settle(call, reserved, spent)).await
    }

    /// Gives back what was reserved for a call that is known not to have been answered.
    ///
    /// # Errors
    /// [`AttemptError`] when the table refuses it for good.
    pub async fn give_back(&self, permit: &Permit) -> Result<(), AttemptError> {
        self.settle_quota(permit, 0).await;
        persist(|| self.spending.release(&permit.call, permit.reserved)).await
    }

    /// The model throttled although there was room.
    pub async fn throttled(&self, model: &Model) {
        if let Some(quota) = self.quotas.get(model.id()) {
            said_anyway(quota.throttled(self.clock.now()).await, "the shared quota could not be cut");
        }
    }

    /// The day whose budget is spent.
    pub fn today(&self) -> Day {
        Day::of(self.clock.now())
    }
}

/// The minute's quota is a guess that ends with the minute: nothing hangs on one write of it.
fn said_anyway(outcome: Result<(), AwsError>, what: &'static str) {
    if let Err(error) = outcome {
        tracing::warn!(error = %error, "{what}");
    }
}

/// Money is no guess: tried until the table takes it, or refuses it for good.
async fn persist<F: Future<Output = Result<(), AwsError>>>(
    write: impl Fn() -> F,
) -> Result<(), AttemptError> {
    let mut tries = 0;
    loop {
        match write().await {
            Ok(()) => return Ok(()),
            Err(error) if error.class == ErrorClass::Permanent => return Err(error.into()),
            Err(error) => {
                tracing::warn!(error = %error, "what a call cost could not be written down; trying again");
                sleep(full_jitter(tries, RETRY_BASE, RETRY_MAX)).await;
                tries = tries.saturating_add(1);
            }
        }
    }
}

fn exceeded_by_report(wanted: &Wanted, budget: Option<MicroUsd>) -> AttemptError {
    exceeded(
        "The report would cost more than one report may. Have its budget raised, then resubmit it.",
        format!(
            "the call may cost {}, the report has cost {}, its budget is {}",
            wanted.most,
            wanted.spent,
            budget.unwrap_or_default()
        ),
    )
}

fn exceeded_by_tenant(wanted: &Wanted, committed: MicroUsd, budget: Option<MicroUsd>) -> AttemptError {
    exceeded(
        "The budget for today's reports (UTC) is spent. Resubmit the report tomorrow, or have the budget raised.",
        format!(
            "the call may cost {}, {committed} of the day's budget of {} are spent or reserved",
            wanted.most,
            budget.unwrap_or_default()
        ),
    )
}

fn exceeded(message: &'static str, detail: String) -> AttemptError {
    AttemptError::Failed(Failure { class: ErrorClass::Permanent, code: BUDGET_EXCEEDED, message, detail })
}
