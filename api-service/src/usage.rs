//! `GET /v1/usage`: what a tenant's reports used and cost.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
};
use domain::{
    request::FieldError,
    usage::{Day, TenantUsage},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    application::App,
    auth::UsageReader,
    problem::{Problem, ProblemBody},
    query::{self, Rejected},
};

/// Days that are summed when no first one is given, today included.
const DAYS: usize = 30;
/// Most days of one answer: a leap year.
const DAYS_MAX: usize = 366;

/// What the model was used for, and what that cost.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageTotals {
    /// Reports that a model was asked about, each counted on the day of its first answer.
    reports: u64,
    /// Tokens sent to the model.
    input_tokens: u64,
    /// Tokens written by the model.
    output_tokens: u64,
    /// What they cost, in US dollars.
    cost_usd: f64,
    /// Calls that were answered.
    model_calls: u64,
}

/// The use of one day.
#[derive(Debug, Serialize, ToSchema)]
pub struct DayUsage {
    /// The day, in UTC.
    date: Day,
    /// Its sum.
    #[serde(flatten)]
    sum: UsageTotals,
}

/// The use of some days.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageReport {
    /// The first day, in UTC.
    from: Day,
    /// The last day, in UTC.
    to: Day,
    /// The sum of all days.
    #[serde(flatten)]
    sum: UsageTotals,
    /// Each day with any use, the oldest first.
    days: Vec<DayUsage>,
}

impl From<TenantUsage> for UsageTotals {
    fn from(spent: TenantUsage) -> Self {
        let TenantUsage { input_tokens, output_tokens, cost, model_calls, reports } = spent;
        Self { reports, input_tokens, output_tokens, cost_usd: cost.usd(), model_calls }
    }
}

/// Sums what reports used and cost, by day.
#[utoipa::path(
    get, operation_id = "readUsage", path = "/v1/usage", tag = "Usage",
    params(
        ("from" = Option<Day>, Query, description = "First day, in UTC; 29 days before the last one unless told"),
        ("to" = Option<Day>, Query, description = "Last day, in UTC; today unless told")),
    responses(
        (status = 200, description = "The sums", body = UsageReport),
        (status = 400, description = "A parameter is not valid", body = ProblemBody, content_type = "application/problem+json"))
)]
pub async fn usage(
    State(app): State<Arc<App>>,
    UsageReader(caller): UsageReader,
    RawQuery(query): RawQuery,
) -> Result<Json<UsageReport>, Problem> {
    let (from, to) = days(query.as_deref(), Day::of(app.clock.now()))?;
    let spent = app.aws.spending.by_day(&caller.tenant, from, to).await?;
    let sum = spent.iter().fold(TenantUsage::default(), |sum, (_, spent)| sum.plus(*spent)).into();
    let days = spent.into_iter().map(|(date, spent)| DayUsage { date, sum: spent.into() }).collect();
    Ok(Json(UsageReport { from, to, sum, days }))
}

fn days(query: Option<&str>, today: Day) -> Result<(Day, Day), Problem> {
    let (mut from, mut to): (Option<Day>, Option<Day>) = (None, None);
    query::read(query, |name, value| {
        let day = match name {
            "from" => &mut from,
            "to" => &mut to,
            _ => return Err(Rejected::Unknown),
        };
        *day = Some(query::day(name, value)?);
        Ok(())
    })?;
    let to = to.unwrap_or(today);
    let from = from.unwrap_or_else(|| to.before(DAYS - 1));
    query::in_order(Some(from), Some(to))?;
    if from.to(to).take(DAYS_MAX + 1).count() > DAYS_MAX {
        let message = format!("from {from} to {to} are more than {DAYS_MAX} days");
        return Err(Problem::parameter(vec![FieldError::new("/query/from", "range_too_long", message)]));
    }
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<(String, String), Problem> {
        let today = "2026-11-24".parse().unwrap();
        days(Some(query), today).map(|(from, to)| (from.to_string(), to.to_string()))
    }

    #[test]
    fn the_last_thirty_days_are_summed_unless_others_are_named() {
        let days = |query| read(query).unwrap();
        assert_eq!(days(""), ("2026-10-26".into(), "2026-11-24".into()));
        assert_eq!(days("to=2026-03-01"), ("2026-01-31".into(), "2026-03-01".into()));
        assert_eq!(days("from=2026-11-01"), ("2026-11-01".into(), "2026-11-24".into()));
        assert_eq!(days("from=2024-01-01&to=2024-12-31"), ("2024-01-01".into(), "2024-12-31".into()));
    }

    #[test]
    fn days_that_are_none_or_make_no_range_are_refused() {
        for bad in [
            "from=yesterday",
            "from=2026-11-25",
            "from=2026-02-02&to=2026-02-01",
            "from=2025-11-01&to=2026-11-24",
            "from=0000-01-01",
            "day=2026-11-24",
            "to=2026-11-24&to=2026-11-24",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
