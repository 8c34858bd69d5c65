//! Lists of a tenant's reports, newest first, in pages. An index finds the reports, and each is then read from the table:
//! the index holds only what filters compare, and may lag behind.

use std::{collections::HashMap, fmt, str::FromStr};

use aws_sdk_dynamodb::types::AttributeValue;
use thiserror::Error;

use super::{
    reports::{Lookup, Table},
    schema::{self, BY_AGE, BY_NUMBER, attribute},
};
use crate::{
    error::{AwsError, DYNAMODB},
    request::send,
};
use country::Country;
use domain::{
    identity::{ReportId, Tenant},
    lifecycle::Status,
    lookup::{name_key, number_key},
    report::Report,
    risk::RiskLevel,
    time::UtcTime,
    usage::Day,
};

/// Maximum number of index reads per page. A page that would need more is returned short; its token continues
/// there.
const READS_MAX: usize = 8;

/// Number of reports that are read from the table for a page, after which it is returned short: those of earlier versions
/// are read to find out whether they match.
const REPORTS_MAX: usize = 800;

/// Number of reports that one read evaluates if the filter may exclude some. Their entries in the index have about 300
/// bytes each, and a read returns up to a megabyte ("Query" in the Amazon DynamoDB API Reference).
const FILTERED_READ_SIZE: usize = 1_000;

/// Maximum number of reports that are read from the table at a time: one BatchGetItem has up to 100 keys
/// ("BatchGetItem" in the Amazon DynamoDB API Reference).
const READ_MAX: usize = 100;

/// The criteria for listing reports. Absent criteria match every report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The status.
    pub status: Option<Status>,
    /// The country of the company.
    pub country: Option<Country>,
    /// The risk level.
    pub risk_level: Option<RiskLevel>,
    /// The registration number of the company. Spaces, punctuation and case do not matter.
    pub number: Option<String>,
    /// The beginning of the company's name, of which up to [`NAME_KEY_MAX`](domain::lookup::NAME_KEY_MAX) characters
    /// count. Case does not matter.
    pub name: Option<String>,
    /// Whether a person must review the report, which only a completed report says.
    pub review: Option<bool>,
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

    /// Returns whether `report`, which an index found, matches. The index may lag behind, and cannot exclude reports of
    /// versions up to 0.2 by every criterion.
    fn matches(&self, report: &Report) -> bool {
        let Self { status, country, risk_level, number, name, review, from: _, to: _ } = self;
        let request = &report.request;
        let level = report.outcome.as_ref().map(|outcome| outcome.risk_level);
        let required = report.outcome.as_ref().map(|outcome| outcome.review.required);
        status.is_none_or(|status| report.lifecycle.status == status)
            && country.is_none_or(|country| request.country == country)
            && (risk_level.is_none() || level == *risk_level)
            && (review.is_none() || required == *review)
            && number.as_ref().is_none_or(|number| {
                request.corporate_number.as_deref().is_some_and(|own| number_key(own) == number_key(number))
            })
            && name.as_ref().is_none_or(|name| name_key(&request.company_name).starts_with(&name_key(name)))
    }

    /// Returns the index that finds the reports of `tenant`, and the name and value of its partition key.
    fn index(&self, tenant: &Tenant) -> (&'static str, [(&'static str, String); 1]) {
        match &self.number {
            Some(number) => {
                let key = schema::company_key(tenant, &number_key(number));
                (BY_NUMBER, [(attribute::COMPANY_KEY, key)])
            }
            None => (BY_AGE, [(attribute::TENANT, tenant.to_string())]),
        }
    }

    /// Returns the criteria as conditions on entries of the index by age: the attribute, the condition and its value.
    fn conditions(&self) -> Vec<(&'static str, String, AttributeValue)> {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let equals = |attribute: &'static str, value: &str| {
            (attribute, format!("#{attribute} = :{attribute}"), text(value))
        };
        // An entry of an earlier version has none of the other attributes, and may match.
        let or_old = |attribute: &'static str, condition: String, value: &str| {
            let condition = format!("({condition} OR attribute_not_exists(#{}))", attribute::NAME_KEY);
            (attribute, condition, text(value))
        };
        let equals_or_old = |attribute, value| or_old(attribute, equals(attribute, value).1, value);
        let begins = |name: &str| {
            let condition = format!("begins_with(#{0}, :{0})", attribute::NAME_KEY);
            or_old(attribute::NAME_KEY, condition, &name_key(name))
        };
        // Only a completed report has an outcome. A worker of version 0.2 completes a report without these attributes.
        let is_of_outcome = self.risk_level.is_some() || self.review.is_some();
        let status = self.status.or(is_of_outcome.then_some(Status::Completed));
        let of_outcome = |attribute: &'static str, value: AttributeValue| {
            (attribute, format!("(#{attribute} = :{attribute} OR attribute_not_exists(#{attribute}))"), value)
        };
        let criteria = [
            status.map(|status| equals(attribute::STATUS, status.as_str())),
            self.country.map(|country| equals_or_old(attribute::COUNTRY, country.code())),
            self.risk_level.map(|level| of_outcome(attribute::RISK_LEVEL, text(level.as_str()))),
            self.review
                .map(|required| of_outcome(attribute::REVIEW_REQUIRED, AttributeValue::Bool(required))),
            self.name.as_deref().filter(|name| !name_key(name).is_empty()).map(begins),
        ];
        criteria.into_iter().flatten().collect()
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
    /// Reports that this version cannot read are logged and left out. Whether another page follows is read from the index
    /// alone, so the last page can be empty.
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
        let mut reports: Vec<Report> = Vec::with_capacity(size);
        let (from, until) = filter.bounds();
        let mut next = match after.map(|token| schema::created_key(token.created_at, token.id)) {
            // DynamoDB rejects a start key outside the key range of the query.
            Some(key) if key < from => return Ok(Page { reports, next: None }),
            Some(key) if key > until => None,
            _ => after,
        };
        // One entry more than the page shows whether another page follows.
        let evaluate = if filter.is_selective() { (size + 1).max(FILTERED_READ_SIZE) } else { size + 1 };
        let mut read = 0;
        for _ in 0..READS_MAX {
            let answer = self.read_index(tenant, filter, evaluate, next).await?;
            let found: Vec<PageToken> =
                answer.items.unwrap_or_default().iter().filter_map(|item| token(item).ok()).collect();
            let mut found = found.as_slice();
            // As many as the page lacks, since a read of the table costs more than one of the index, and more each
            // time that too few match.
            let mut count = size.saturating_sub(reports.len());
            let mut last = None;
            while !found.is_empty() && reports.len() < size && read < REPORTS_MAX {
                count = count.min(READ_MAX);
                let (some, rest) = found.split_at(found.len().min(count));
                count *= 2;
                let ids: Vec<(Tenant, ReportId)> = some.iter().map(|one| (tenant.clone(), one.id)).collect();
                let lookups = self.get_all(&ids).await?.into_iter().filter_map(Lookup::found);
                reports.extend(lookups.filter(|report| filter.matches(report)));
                (read, last, found) = (read + some.len(), some.last().copied(), rest);
            }
            if reports.len() > size || (reports.len() == size && !found.is_empty()) {
                reports.truncate(size);
                next = reports.last().map(|last| PageToken { created_at: last.created_at, id: last.id });
                break;
            }
            if read >= REPORTS_MAX && !found.is_empty() {
                next = last;
                break;
            }
            next = match answer.last_evaluated_key {
                Some(key) => Some(token(&key)?),
                None => None,
            };
            if next.is_none() {
                break;
            }
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
        let (index, [(partition, value)]) = filter.index(tenant);
        let mut request = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(index)
            .key_condition_expression("#partition = :partition AND #created BETWEEN :from AND :until")
            .expression_attribute_names("#created", attribute::CREATED_KEY)
            .expression_attribute_values(":from", AttributeValue::S(from))
            .expression_attribute_values(":until", AttributeValue::S(until))
            .expression_attribute_names("#partition", partition)
            .expression_attribute_values(":partition", AttributeValue::S(value.clone()))
            .scan_index_forward(false)
            // The limit of a query counts evaluated items, not returned ones.
            .limit(i32::try_from(limit.max(1)).unwrap_or(i32::MAX));
        // The index by number projects keys only.
        let criteria = if index == BY_AGE { filter.conditions() } else { Vec::new() };
        for (attribute, _, value) in &criteria {
            request = request
                .expression_attribute_names(format!("#{attribute}"), *attribute)
                .expression_attribute_values(format!(":{attribute}"), value.clone());
        }
        if !criteria.is_empty() {
            let conditions: Vec<String> = criteria.into_iter().map(|(_, condition, _)| condition).collect();
            let condition = conditions.join(" AND ");
            if condition.contains(attribute::NAME_KEY) {
                let placeholder = format!("#{}", attribute::NAME_KEY);
                request = request.expression_attribute_names(placeholder, attribute::NAME_KEY);
            }
            request = request.filter_expression(condition);
        }
        if let Some(PageToken { created_at, id }) = after {
            let key = [
                (attribute::PK, schema::key(tenant, id)),
                (partition, value),
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
