//! `GET /v1/deliveries`: the webhooks of a tenant's reports, newest report first.

use std::sync::Arc;

use aws_adapters::table::{Filter, PageToken};
use axum::{
    Json,
    extract::{RawQuery, State},
};
use domain::{identity::ReportId, report::Report, time::UtcTime};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    filter,
    list::{PAGE_SIZE_MAX, page_size, page_token},
    store::Reports,
    webhook::{self, WebhookResource, WebhookStatus},
};
use crate::{
    auth::Reader,
    problem::{Problem, ProblemBody},
    query::{self, Rejected},
};

/// A page of webhooks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryList {
    /// The webhooks of reports that have ended, newest report first. A page can be short or empty although more pages follow.
    deliveries: Vec<Delivery>,
    /// The pageToken of the next page; null on the last page.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// The webhook of a report that has ended, with all attempts to deliver it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivery {
    report_id: ReportId,
    /// The customId of the request in its batch; null if it had none.
    #[schema(required)]
    custom_id: Option<String>,
    /// The name of the company, as in the request.
    company_name: String,
    /// When the report ended.
    #[schema(required)]
    ended_at: Option<UtcTime>,
    #[serde(flatten)]
    webhook: WebhookResource,
}

/// Lists the webhooks of reports that have ended, with all attempts to deliver them. Each page looks at up to `pageSize`
/// reports, and shows those with a webhook.
#[utoipa::path(
    get, operation_id = "listDeliveries", path = "/v1/deliveries", tag = "Call-backs",
    params(
        ("state" = Option<String>, Query, pattern = "^(pending|delivered|failed)$", description = "Only webhooks in this state: `pending`, `delivered` or `failed`"),
        ("pageSize" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Maximum number of reports that the page looks at, 100 by default"),
        ("pageToken" = Option<String>, Query, pattern = "^[0-9]{13}[0-9a-f]{32}$", description = "The nextPageToken of the previous page")),
    responses(
        (status = 200, description = "A page of webhooks", body = DeliveryList),
        (status = 400, description = "A parameter is invalid", body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn list(
    State(reports): State<Arc<Reports>>,
    Reader(caller): Reader,
    RawQuery(query): RawQuery,
) -> Result<Json<DeliveryList>, Problem> {
    let Parameters { state, page_size, page_token } = Parameters::read(query.as_deref())?;
    let page = reports.aws.table.list(&caller.tenant, &Filter::default(), page_size, page_token).await?;
    let deliveries = page.reports.into_iter().filter_map(delivery);
    let chosen = |delivery: &Delivery| state.is_none_or(|state| delivery.webhook.state() == state);
    Ok(Json(DeliveryList {
        deliveries: deliveries.filter(chosen).collect(),
        next_page_token: page.next.map(|token| token.to_string()),
    }))
}

/// Returns the webhook of `report`; `None` if it has none, or has not ended.
fn delivery(report: Report) -> Option<Delivery> {
    report.webhook.as_ref()?;
    Some(Delivery {
        report_id: report.id,
        custom_id: report.labels.custom_id.clone(),
        company_name: report.request.company_name.clone(),
        ended_at: report.ended_at,
        webhook: webhook::resource(report),
    })
}

#[derive(Debug)]
struct Parameters {
    state: Option<WebhookStatus>,
    page_size: usize,
    page_token: Option<PageToken>,
}

impl Parameters {
    fn read(query: Option<&str>) -> Result<Self, Problem> {
        let mut parameters = Self { state: None, page_size: PAGE_SIZE_MAX, page_token: None };
        let errors = query::read(query, |name, value| {
            match name {
                "state" => {
                    let states = WebhookStatus::LISTED;
                    let state = filter::one_of(&states, WebhookStatus::as_str, name, value, "state_unknown")?;
                    parameters.state = Some(state);
                }
                "pageSize" => parameters.page_size = page_size(value)?,
                "pageToken" => parameters.page_token = Some(page_token(value)?),
                _ => return Err(Rejected::Unknown),
            }
            Ok(())
        });
        query::finish(errors)?;
        Ok(parameters)
    }
}
