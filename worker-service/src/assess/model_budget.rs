//! The budgets of money and the quotas of models, which all workers share. Both are reserved before a model
//! is called, and settled afterwards.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use aws_adapters::{
    error::{AwsError, ErrorClass},
    quota::{Admission, Admitted, Quota},
    spending::{Ledgers, Reserved, ReservedAmount, ReservedCall, Spending},
};
use domain::{
    identity::{ReportId, Tenant},
    report::Usage,
    unsettled::{Unsettled, UnsettledCall},
    usage::{Day, MicroUsd, TenantUsage},
};
use service_runtime::{clock::Clock, retry::full_jitter};
use telemetry::metrics::metrics;
use tokio::time::{Instant, sleep};

use super::{
    answer::{ModelAnswer, Payment},
    settings::Budgets,
};
use crate::{
    concurrency_limit::ConcurrencyLimit,
    failure::{AttemptError, BUDGET_EXCEEDED, Failure, PAID_CALLS_EXCEEDED},
};

/// Back-off between writes to the table, with full jitter.
const RETRY_BASE: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(3);

/// Maximum time that a call waits for quota before its report is released and retried later.
const QUOTA_WAIT_MAX: Duration = Duration::from_secs(300);
/// Maximum jitter added to a wait for the next minute's quota, so that waiting calls do not all resume at
/// once.
const QUOTA_WAIT_JITTER: Duration = Duration::from_secs(5);

/// The budgets and quotas that a worker's model calls draw on.
#[derive(Debug)]
pub(crate) struct ModelBudget {
    spending: Spending,
    ledgers: Ledgers,
    budgets: Budgets,
    quotas: HashMap<String, Quota>,
    concurrency: Arc<ConcurrencyLimit>,
    clock: Clock,
}

/// The model whose quota admitted a call, and the admission; `None` if the model has no configured quota.
pub(crate) type QuotaAdmission = Option<(String, Admitted)>;

/// Money and quota reserved for one call.
#[derive(Debug)]
pub(crate) struct Reservation {
    call: UnsettledCall,
    amount: ReservedAmount,
    admitted: QuotaAdmission,
}

/// A call that needs a reservation of money.
#[derive(Clone, Debug)]
pub(crate) struct CallRequest {
    /// The tenant whose budget is used.
    pub(crate) tenant: Tenant,
    /// The attempt of the report.
    pub(crate) attempt: u32,
    /// Number of the call within the attempt, from 1.
    pub(crate) number: u32,
    /// The day whose budget is used.
    pub(crate) day: Day,
    /// Maximum cost of the call.
    pub(crate) max_cost: MicroUsd,
    /// Usage of the report's earlier answers.
    pub(crate) used: Usage,
    /// Earlier calls of the report whose outcome is unknown. They may have been billed, too.
    pub(crate) unsettled: Unsettled,
}

impl Reservation {
    /// Returns the call, as the report records it.
    pub(crate) fn call(&self) -> UnsettledCall {
        self.call
    }

    /// Returns the reference to this reservation that is stored with the answer.
    pub(crate) fn payment(&self) -> Payment {
        let UnsettledCall { attempt, number, day, reserved } = self.call;
        Payment { attempt, number, day, reserved, entry: Some(self.amount.entry()) }
    }

    /// Records that the call is answered, and that its answer is about to be stored.
    pub(crate) fn answered(&mut self) {
        self.amount.answered();
    }
}

impl ModelBudget {
    /// Creates a budget over `spending`, the `ledgers` of this process, and the `quotas` by model id. While a quota
    /// is exhausted, it pauses `concurrency`, so that the worker starts no further reports.
    pub(crate) fn new(
        (spending, ledgers): (Spending, Ledgers),
        budgets: Budgets,
        quotas: HashMap<String, Quota>,
        concurrency: Arc<ConcurrencyLimit>,
        clock: Clock,
    ) -> Self {
        Self { spending, ledgers, budgets, quotas, concurrency, clock }
    }

    /// Asks the quota of `model` to admit a call of up to `tokens`. Returns the time to wait if it is full.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the table does not respond.
    pub(crate) async fn admit(
        &self,
        model: &str,
        tokens: u64,
    ) -> Result<Result<QuotaAdmission, Duration>, AttemptError> {
        let Some(quota) = self.quotas.get(model) else { return Ok(Ok(None)) };
        Ok(match quota.admit(tokens, self.clock.now()).await? {
            Admission::Admitted(admitted) => Ok(Some((model.to_owned(), admitted))),
            Admission::Full(wait) => Err(wait),
        })
    }

    /// Waits until the quota of `model`, which is full for the time `full_for`, admits a call of up to `tokens`.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the quota admits no call for five minutes, or if the table does not respond.
    pub(crate) async fn wait_for_quota(
        &self,
        model: &str,
        tokens: u64,
        full_for: Duration,
    ) -> Result<QuotaAdmission, AttemptError> {
        let deadline = Instant::now() + QUOTA_WAIT_MAX;
        let mut wait = full_for;
        while Instant::now() < deadline {
            metrics().quota_wait(wait);
            let pause = wait + full_jitter(0, QUOTA_WAIT_JITTER, QUOTA_WAIT_JITTER);
            self.concurrency.pause(pause);
            sleep(pause).await;
            match self.admit(model, tokens).await? {
                Ok(admitted) => return Ok(admitted),
                Err(full_for) => wait = full_for,
            }
        }
        Err(AttemptError::Failed(Failure {
            class: ErrorClass::Throttled,
            code: "model_quota_full",
            message: "The model's quota is used up for the moment.",
            detail: format!("the quota admitted no call within {QUOTA_WAIT_MAX:?}"),
        }))
    }

    /// Reserves the maximum cost of a call that the quota has `admitted`. The admission is taken back if that fails.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the call would exceed a budget, or if the table does not respond.
    pub(crate) async fn reserve(
        &self,
        admitted: QuotaAdmission,
        request: &CallRequest,
    ) -> Result<Reservation, AttemptError> {
        match self.reserve_money(request).await {
            Ok(amount) => {
                let CallRequest { attempt, number, day, .. } = *request;
                let call = UnsettledCall { attempt, number, day, reserved: amount.amount() };
                Ok(Reservation { call, amount, admitted })
            }
            Err(error) => {
                self.settle_quota(admitted.as_ref(), 0).await;
                Err(error)
            }
        }
    }

    async fn reserve_money(&self, request: &CallRequest) -> Result<ReservedAmount, AttemptError> {
        let CallRequest { tenant, day, max_cost, used, unsettled, .. } = request;
        let calls = used.model_calls.saturating_add(unsettled.calls);
        if calls >= self.budgets.calls {
            return Err(paid_calls_exceeded(calls, self.budgets.calls));
        }
        let total = MicroUsd::from_usd(used.cost_usd).plus(unsettled.amount).plus(*max_cost);
        if self.budgets.report.is_some_and(|budget| total > budget) {
            return Err(report_budget_exceeded(request, self.budgets.report));
        }
        match self.ledgers.reserve(tenant, *day, *max_cost, self.budgets.tenant_day).await? {
            Reserved::Yes(amount) => Ok(amount),
            Reserved::Exceeded { committed } => {
                Err(tenant_budget_exceeded(request, committed, self.budgets.tenant_day))
            }
        }
    }

    /// Settles the reservation of an answered call that used `quota_used` quota tokens. The cost is written
    /// with retries until the table accepts it or rejects it permanently.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the table rejects the write permanently.
    pub(crate) async fn settle(
        &self,
        reservation: Reservation,
        quota_used: u64,
        answer: &ModelAnswer,
    ) -> Result<(), AttemptError> {
        self.settle_quota(reservation.admitted.as_ref(), quota_used).await;
        Ok(reservation.amount.settle(spent(answer)).await?)
    }

    async fn settle_quota(&self, admitted: Option<&(String, Admitted)>, used: u64) {
        let Some((model, admitted)) = admitted else { return };
        if let Some(quota) = self.quotas.get(model) {
            log_error(quota.settle(*admitted, used).await, "the quota could not be settled");
        }
    }

    /// Records the cost of an answer that an earlier attempt stored, unless that has been done before.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the table rejects the write permanently.
    pub(crate) async fn settle_stored(
        &self,
        tenant: &Tenant,
        report: ReportId,
        payment: &Payment,
        answer: &ModelAnswer,
    ) -> Result<(), AttemptError> {
        let Payment { attempt, number, day, reserved, entry } = payment;
        let spent = spent(answer);
        if let Some(entry) = entry {
            return persist(|| self.spending.settle_for(tenant, *day, entry, spent)).await;
        }
        let (attempt, number, day) = (*attempt, *number, *day);
        let call = &ReservedCall { tenant: tenant.clone(), report, attempt, number, day };
        persist(|| self.spending.settle_reservation(call, *reserved, spent)).await
    }

    /// Returns the calls of `report` on the days from `from` to `to` that workers of earlier versions made, and
    /// whose outcome is unknown.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the table does not respond.
    pub(crate) async fn unsettled_of_earlier_version(
        &self,
        tenant: &Tenant,
        report: ReportId,
        (from, to): (Day, Day),
    ) -> Result<Unsettled, AttemptError> {
        let mut unsettled = Unsettled::default();
        for day in from.to(to) {
            unsettled = unsettled.plus(self.spending.reserved(tenant, report, day).await?);
        }
        Ok(unsettled)
    }

    /// Releases the reservation of a call that certainly was not answered.
    pub(crate) async fn release(&self, reservation: Reservation) {
        self.settle_quota(reservation.admitted.as_ref(), 0).await;
        reservation.amount.release();
    }

    /// Records that a call ended without a known result: its money stays reserved until the day ends.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the table rejects the write permanently.
    pub(crate) async fn lose(&self, reservation: Reservation) -> Result<(), AttemptError> {
        Ok(reservation.amount.lose().await?)
    }

    /// Lowers the shared quota after the model throttled a call that the quota had admitted.
    pub(crate) async fn record_throttle(&self, reservation: &Reservation) {
        let quota = reservation.admitted.as_ref().and_then(|(model, _)| self.quotas.get(model));
        if let Some(quota) = quota {
            log_error(quota.throttled(self.clock.now()).await, "the shared quota could not be lowered");
        }
    }

    /// Returns the day whose budget pays for a call made now.
    pub(crate) fn today(&self) -> Day {
        Day::of(self.clock.now())
    }
}

/// Returns what the answer used, as the ledger counts it.
fn spent(answer: &ModelAnswer) -> TenantUsage {
    let usage = answer.usage;
    TenantUsage {
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        cost: MicroUsd::from_usd(usage.cost_usd),
        model_calls: u64::from(usage.model_calls),
        reports: u64::from(answer.first),
    }
}

/// Logs a failed write to the quota. A quota is an estimate that ends with its minute, so one lost write does
/// not matter.
fn log_error(result: Result<(), AwsError>, message: &'static str) {
    if let Err(error) = result {
        tracing::warn!(error = %error, "{message}");
    }
}

/// Repeats `write` until the table accepts it or rejects it permanently, because costs must not be lost.
///
/// # Errors
/// Returns an [`AttemptError`] if the table rejects the write permanently.
async fn persist<F: Future<Output = Result<(), AwsError>>>(
    write: impl Fn() -> F,
) -> Result<(), AttemptError> {
    let mut tries = 0;
    loop {
        match write().await {
            Ok(()) => return Ok(()),
            Err(error) if error.class == ErrorClass::Permanent => return Err(error.into()),
            Err(error) => {
                tracing::warn!(error = %error, "the cost of a model call could not be recorded; retrying");
                sleep(full_jitter(tries, RETRY_BASE, RETRY_MAX)).await;
                tries = tries.saturating_add(1);
            }
        }
    }
}

fn report_budget_exceeded(request: &CallRequest, budget: Option<MicroUsd>) -> AttemptError {
    limit_exceeded(
        BUDGET_EXCEEDED,
        "The report would exceed the budget for one report. Ask the operator for a higher budget, then resubmit it.",
        format!(
            "the call may cost {}, the report has cost {}, its budget is {}",
            request.max_cost,
            MicroUsd::from_usd(request.used.cost_usd),
            budget.unwrap_or_default()
        ),
    )
}

fn paid_calls_exceeded(calls: u32, max: u32) -> AttemptError {
    limit_exceeded(
        PAID_CALLS_EXCEEDED,
        "The report made as many paid calls of the model as one report may. Ask the operator why answers are lost, and resubmit it tomorrow (UTC), or with a higher limit.",
        format!("{calls} calls were answered, or may have been, and the limit is {max}"),
    )
}

fn tenant_budget_exceeded(
    request: &CallRequest,
    committed: MicroUsd,
    budget: Option<MicroUsd>,
) -> AttemptError {
    limit_exceeded(
        BUDGET_EXCEEDED,
        "Today's budget for reports (UTC) is spent. Resubmit the report tomorrow, or ask the operator for a higher budget.",
        format!(
            "the call may cost {}, {committed} of the day's budget of {} are spent or reserved",
            request.max_cost,
            budget.unwrap_or_default()
        ),
    )
}

fn limit_exceeded(code: &'static str, message: &'static str, detail: String) -> AttemptError {
    AttemptError::Failed(Failure { class: ErrorClass::Permanent, code, message, detail })
}
