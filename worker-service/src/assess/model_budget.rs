//! The budgets of money and the quotas of models, which all workers share. Both are reserved before a model
//! is called, and settled afterwards.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use aws_adapters::{
    error::{AwsError, ErrorClass},
    quota::{Admission, Admitted, Quota},
    spending::{ModelCall, Reserved, Spending, Unsettled},
};
use domain::{
    report::Usage,
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
    budgets: Budgets,
    quotas: HashMap<String, Quota>,
    concurrency: Arc<ConcurrencyLimit>,
    clock: Clock,
}

/// Money and quota reserved for one call.
#[derive(Clone, Debug)]
pub(crate) struct Reservation {
    call: ModelCall,
    amount: MicroUsd,
    /// The model's id and the admission by its quota; `None` if the model has no configured quota.
    admitted: Option<(String, Admitted)>,
}

/// A call that needs a reservation.
#[derive(Clone, Debug)]
pub(crate) struct CallRequest {
    /// Identity of the call.
    pub(crate) call: ModelCall,
    /// Maximum cost of the call.
    pub(crate) max_cost: MicroUsd,
    /// Quota tokens that Bedrock deducts when the call begins.
    pub(crate) quota_tokens: u64,
    /// Usage of the report's earlier answers.
    pub(crate) used: Usage,
    /// The day on which the report was last submitted or resubmitted.
    pub(crate) submitted: Day,
}

impl Reservation {
    /// Returns the reference to this reservation that is stored with the answer.
    pub(crate) fn payment(&self) -> Payment {
        let ModelCall { attempt, number, day, .. } = self.call;
        Payment { attempt, number, day, reserved: self.amount }
    }
}

impl ModelBudget {
    /// Creates a budget over `spending` and the `quotas` by model id. While a quota is exhausted, it pauses
    /// `concurrency`, so that the worker starts no further reports.
    pub(crate) fn new(
        spending: Spending,
        budgets: Budgets,
        quotas: HashMap<String, Quota>,
        concurrency: Arc<ConcurrencyLimit>,
        clock: Clock,
    ) -> Self {
        Self { spending, budgets, quotas, concurrency, clock }
    }

    /// Waits until the quota of `model` admits the call, then reserves its maximum cost.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the call would exceed a budget, if the quota admits no call for five
    /// minutes, or if the table does not respond.
    pub(crate) async fn reserve(
        &self,
        model: &str,
        request: CallRequest,
    ) -> Result<Reservation, AttemptError> {
        let admitted = match self.quotas.get(model) {
            Some(quota) => Some((model.to_owned(), self.admit(quota, request.quota_tokens).await?)),
            None => None,
        };
        // The day may have changed while the call waited for quota.
        let call = ModelCall { day: self.today(), ..request.call.clone() };
        let reservation = Reservation { call, amount: request.max_cost, admitted };
        if let Err(error) = self.reserve_money(&reservation.call, &request).await {
            self.settle_quota(&reservation, 0).await;
            return Err(error);
        }
        Ok(reservation)
    }

    async fn admit(&self, quota: &Quota, tokens: u64) -> Result<Admitted, AttemptError> {
        let deadline = Instant::now() + QUOTA_WAIT_MAX;
        while Instant::now() < deadline {
            match quota.admit(tokens, self.clock.now()).await? {
                Admission::Admitted(admitted) => return Ok(admitted),
                Admission::Full(wait) => {
                    metrics().quota_wait(wait);
                    let wait = wait + full_jitter(0, QUOTA_WAIT_JITTER, QUOTA_WAIT_JITTER);
                    self.concurrency.pause(wait);
                    sleep(wait).await;
                }
            }
        }
        Err(AttemptError::Failed(Failure {
            class: ErrorClass::Throttled,
            code: "model_quota_full",
            message: "The model's quota is used up for the moment.",
            detail: format!("the quota admitted no call within {QUOTA_WAIT_MAX:?}"),
        }))
    }

    async fn reserve_money(&self, call: &ModelCall, request: &CallRequest) -> Result<(), AttemptError> {
        let CallRequest { max_cost, used, .. } = request;
        let spent = MicroUsd::from_usd(used.cost_usd);
        // A report whose attempts span midnight has reservations of two days.
        let before_midnight = if request.submitted < call.day {
            self.spending.unsettled(&call.tenant, call.report, call.day.before(1)).await?
        } else {
            Unsettled::default()
        };
        let exceeds = |unsettled: Unsettled| {
            let unsettled = unsettled.plus(before_midnight);
            let calls = used.model_calls.saturating_add(unsettled.calls);
            if calls >= self.budgets.calls {
                return Some(paid_calls_exceeded(calls, self.budgets.calls));
            }
            let budget = self.budgets.report?;
            let total = spent.plus(unsettled.amount).plus(*max_cost);
            (total > budget).then(|| report_budget_exceeded(request, self.budgets.report))
        };
        if let Some(error) = exceeds(Unsettled::default()) {
            return Err(error);
        }
        match self.spending.reserve(call, *max_cost, self.budgets.tenant_day).await? {
            Reserved::Exceeded { committed } => {
                Err(tenant_budget_exceeded(request, committed, self.budgets.tenant_day))
            }
            // Earlier calls for this report whose reservations are unsettled may have been billed, too.
            Reserved::Yes { unsettled } => match exceeds(unsettled) {
                None => Ok(()),
                Some(error) => {
                    self.spending.release(call, *max_cost).await?;
                    Err(error)
                }
            },
        }
    }

    /// Settles the reservation of an answered call that used `quota_used` quota tokens. The cost is written
    /// with retries until the table accepts it or rejects it permanently.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the table rejects the write permanently.
    pub(crate) async fn settle(
        &self,
        reservation: &Reservation,
        quota_used: u64,
        answer: &ModelAnswer,
    ) -> Result<(), AttemptError> {
        self.settle_quota(reservation, quota_used).await;
        self.settle_cost(&reservation.call, reservation.amount, answer).await
    }

    async fn settle_quota(&self, reservation: &Reservation, used: u64) {
        let Some((model, admitted)) = &reservation.admitted else { return };
        if let Some(quota) = self.quotas.get(model) {
            log_error(quota.settle(*admitted, used).await, "the quota could not be settled");
        }
    }

    /// Records the cost of an answer against the reservation of its call, unless that has been done before.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the table rejects the write permanently.
    pub(crate) async fn settle_cost(
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

    /// Releases the reservation of a call that certainly was not answered.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the table rejects the write permanently.
    pub(crate) async fn release(&self, reservation: &Reservation) -> Result<(), AttemptError> {
        self.settle_quota(reservation, 0).await;
        persist(|| self.spending.release(&reservation.call, reservation.amount)).await
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
