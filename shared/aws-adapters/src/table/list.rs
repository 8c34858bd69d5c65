//! Lists of a tenant's reports, newest first, in pages.

use std::{collections::HashMap, fmt, str::FromStr};

use aws_sdk_dynamodb::types::AttributeValue;
use thiserror::Error;

use super::{
    reports::Table,
    schema::{self, BY_TENANT, attribute},
};
use crate::{
    error::{AwsError, DYNAMODB},
    request::send,
};
use country::Country;
use domain::{
    identity::{ReportId, Tenant},
    lifecycle::Status,
    report::Report,
    risk::RiskLevel,
    time::UtcTime,
    usage::Day,
};

/// Maximum number of index reads per page. A page that would need more is returned short; its token continues
/// there.
const READS_MAX: usize = 8;

/// Number of reports that one read evaluates if the filter may exclude some.
const FILTERED_READ_SIZE: usize = 200;

/// The criteria for listing reports. Absent criteria match every report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The status.
    pub status: Option<Status>,
    /// The country of the company.
    pub country: Option<Country>,
    /// The risk level.
    pub risk_level: Option<RiskLevel>,
    /// The first day of submission.
    pub from: Option<Day>,
    /// The last day of submission, included.
    pub to: Option<Day>,
}

/// A page of reports.
#[derive(Clone, Debug)]
pub struct Page {
    /// The reports, newest first.
    pub reports: Vec<Report>,
    /// Where the next page begins; `None` on the last page.
    pub next: Option<PageToken>,
}

/// A position in a tenant's list, after the report with this time and id. It does not contain the tenant, so
/// it grants no access to the reports of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageToken {
    created_at: UtcTime,
    id: ReportId,
}

/// The error of a text that is not a page token. The message is a predicate, to follow the name of the
/// parameter.
#[derive(Debug, Error)]
#[error("is not a valid page token: send nextPageToken of the previous page, unchanged")]
pub struct InvalidPageToken;

/// The text form: thirteen digits for the milliseconds since the epoch, then the id in hexadecimal.
impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:013}{}", self.created_at.epoch_millis(), self.id.simple())
    }
}

impl FromStr for PageToken {
    type Err = InvalidPageToken;

    fn from_str(text: &str) -> Result<Self, InvalidPageToken> {
        let well_formed =
            text.len() == 45 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let (millis, id) = text.split_at_checked(13).filter(|_| well_formed).ok_or(InvalidPageToken)?;
        let created_at = UtcTime::from_epoch_millis(millis.parse().map_err(|_| InvalidPageToken)?);
        Ok(Self { created_at, id: id.parse().map_err(|_| InvalidPageToken)? })
    }
}

impl Filter {
    /// Returns whether the filter can exclude reports within its days.
    fn is_selective(&self) -> bool {
        *self != Self { from: self.from, to: self.to, ..Self::default() }
    }

    /// Returns the bounds of the sort keys: the first instant of the days, and the first one after them. Sort
    /// keys are in the order of time.
    fn bounds(&self) -> (String, String) {
        let from = self.from.map_or_else(|| "0".to_owned(), |day| day.start().to_string());
        let until = self.to.map_or_else(|| ":".to_owned(), |day| day.next().start().to_string());
        (from, until)
    }
}

impl Table {
    /// Returns up to `size` reports of `tenant` that match `filter`, newest first, beginning after `after`.
    /// Reports that this version cannot read are logged and left out.
    ///
    /// # Errors
    /// Returns [`AwsError`] if the index cannot be read.
    pub async fn list(
        &self,
        tenant: &Tenant,
        filter: &Filter,
        size: usize,
        after: Option<PageToken>,
    ) -> Result<Page, AwsError> {
        let mut reports: Vec<Report> = Vec::with_capacity(size + 1);
        let (from, until) = filter.bounds();
        let mut next = match after.map(|token| schema::created_key(token.created_at, token.id)) {
            // DynamoDB rejects a start key outside the key range of the query.
            Some(key) if key < from => return Ok(Page { reports, next: None }),
            Some(key) if key > until => None,
            _ => after,
        };
        // One report more than the page shows whether another page follows.
        let evaluate = if filter.is_selective() { (size + 1).max(FILTERED_READ_SIZE) } else { size + 1 };
        for _ in 0..READS_MAX {
            let answer = self.read_index(tenant, filter, evaluate, next).await?;
            for item in answer.items.unwrap_or_default() {
                match self.decode("Query", item) {
                    Ok(report) => reports.extend(report),
                    // A report that this version cannot read must not hide the others.
                    Err(error) => tracing::error!(%tenant, error = %error, "left a report out of a list"),
                }
            }
            next = match answer.last_evaluated_key {
                Some(key) => Some(token(&key)?),
                None => None,
            };
            if next.is_none() || reports.len() > size {
                break;
            }
        }
        if reports.len() > size {
            reports.truncate(size);
            next = reports.last().map(|last| PageToken { created_at: last.created_at, id: last.id });
        }
        Ok(Page { reports, next })
    }

    async fn read_index(
        &self,
        tenant: &Tenant,
        filter: &Filter,
        limit: usize,
        after: Option<PageToken>,
    ) -> Result<aws_sdk_dynamodb::operation::query::QueryOutput, AwsError> {
        let (from, until) = filter.bounds();
        let mut request = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(BY_TENANT)
            .key_condition_expression("#tenant = :tenant AND #created BETWEEN :from AND :until")
            .expression_attribute_names("#created", attribute::CREATED_KEY)
            .expression_attribute_values(":from", AttributeValue::S(from))
            .expression_attribute_values(":until", AttributeValue::S(until))
            .expression_attribute_names("#tenant", attribute::TENANT)
            .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()))
            .scan_index_forward(false)
            // The limit of a query counts evaluated items, not returned ones.
            .limit(i32::try_from(limit.max(1)).unwrap_or(i32::MAX));
        let mut conditions = Vec::new();
        let mut equals = |path: &[&str], value: &str| {
            let names: Vec<String> = path.iter().map(|part| format!("#{part}")).collect();
            let placeholder = format!(":f{}", conditions.len());
            conditions.push(format!("{} = {placeholder}", names.join(".")));
            (names, placeholder, value.to_owned())
        };
        let criteria = [
            filter.status.map(|status| equals(&[attribute::STATUS], status.as_str())),
            filter.country.map(|country| equals(&[attribute::REQUEST, "country"], country.code())),
            filter.risk_level.map(|level| equals(&[attribute::OUTCOME, "risk_level"], level.as_str())),
        ];
        for (names, placeholder, value) in criteria.into_iter().flatten() {
            for name in names {
                let attribute = name.trim_start_matches('#').to_owned();
                request = request.expression_attribute_names(name, attribute);
            }
            request = request.expression_attribute_values(placeholder, AttributeValue::S(value));
        }
        if !conditions.is_empty() {
            request = request.filter_expression(conditions.join(" AND "));
        }
        if let Some(PageToken { created_at, id }) = after {
            let key = [
                (attribute::PK, schema::key(tenant, id)),
                (attribute::TENANT, tenant.to_string()),
                (attribute::CREATED_KEY, schema::created_key(created_at, id)),
            ];
            let key = key.map(|(name, value)| (name.to_owned(), AttributeValue::S(value)));
            request = request.set_exclusive_start_key(Some(HashMap::from(key)));
        }
        send(DYNAMODB, "Query", request.send()).await
    }
}

/// Returns the page token for the last key that DynamoDB evaluated.
fn token(key: &HashMap<String, AttributeValue>) -> Result<PageToken, AwsError> {
    let text = key.get(attribute::CREATED_KEY).and_then(|value| value.as_s().ok());
    let token = text.and_then(|text| text.split_once('#')).and_then(|(created_at, id)| {
        Some(PageToken { created_at: created_at.parse().ok()?, id: id.parse().ok()? })
    });
    token.ok_or_else(|| AwsError::unusable(DYNAMODB, "Query", "the last evaluated key has no valid sort key"))
}
