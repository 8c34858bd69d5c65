//! The stand-in for the GLEIF API in JSON:API: `GET /api/v1/lei-records`, and the parents of a record with their
//! relationships.

use axum::{
    Json,
    extract::{Path, Query},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, get},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::stand_in::{
    Operation, StandIn, names,
    world::{Company, Parent, World, days_ago},
};

/// Makes the stand-in.
pub(super) fn stand_in() -> StandIn {
    StandIn {
        operations: vec![
            operation("registry.search", "/api/v1/lei-records", get(search)),
            operation("registry.parent", "/api/v1/lei-records/{lei}/direct-parent", get(parent)),
            operation("registry.parent", "/api/v1/lei-records/{lei}/ultimate-parent", get(parent)),
            operation(
                "registry.relationship",
                "/api/v1/lei-records/{lei}/direct-parent-relationship",
                get(relationship),
            ),
            operation(
                "registry.relationship",
                "/api/v1/lei-records/{lei}/ultimate-parent-relationship",
                get(relationship),
            ),
        ],
        environment: |base_url| vec![("DOSSIER_REGISTRY_URL", base_url.to_owned())],
    }
}

fn operation(name: &'static str, path: &'static str, handler: MethodRouter) -> Operation {
    Operation { name, path, handler }
}

const MEDIA_TYPE: &str = "application/vnd.api+json";
const DEFAULT_PAGE_SIZE: usize = 15;
const MAX_PAGE_SIZE: usize = 200;
/// LEIs must be renewed every year.
const RENEWED_DAYS_AGO: u32 = 90;
const LAPSED_DAYS_AGO: u32 = 500;

#[derive(Debug)]
struct Search {
    filters: Vec<Filter>,
    size: usize,
    number: usize,
}

#[derive(Debug)]
enum Filter {
    LegalName(String),
    RegisteredAs(String),
    FullText(String),
    Country(String),
    Jurisdiction(String),
    Lei(String),
}

async fn search(Query(parameters): Query<Vec<(String, String)>>) -> Response {
    let search = match Search::parse(parameters) {
        Ok(search) => search,
        Err(detail) => return refused(StatusCode::BAD_REQUEST, &detail),
    };
    answered(&search.run(&World::sample().companies, Timestamp::now()))
}

async fn parent(Path(lei): Path<String>) -> Response {
    let companies = &World::sample().companies;
    let found =
        parent_of(companies, &lei).and_then(|parent| Some((with_lei(companies, &parent.lei)?, parent)));
    match found {
        Some((company, parent)) => {
            answered(&json!({ "data": record(company, &parent.lei, Timestamp::now()) }))
        }
        None => refused(StatusCode::NOT_FOUND, "the record has no parent"),
    }
}

async fn relationship(Path(lei): Path<String>) -> Response {
    let Some(parent) = parent_of(&World::sample().companies, &lei) else {
        return refused(StatusCode::NOT_FOUND, "the record has no parent");
    };
    let since = time(days_ago(Timestamp::now(), parent.since_days_ago));
    let period = json!({ "startDate": since, "endDate": null, "type": "RELATIONSHIP_PERIOD" });
    answered(&json!({ "data": { "attributes": { "relationship": { "periods": [period] } } } }))
}

fn with_lei<'a>(companies: &'a [Company], lei: &str) -> Option<&'a Company> {
    companies.iter().find(|company| company.lei.as_deref() == Some(lei))
}

fn parent_of<'a>(companies: &'a [Company], lei: &str) -> Option<&'a Parent> {
    with_lei(companies, lei)?.parent.as_ref()
}

fn answered(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], body.to_string()).into_response()
}

fn refused(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let error = json!({ "status": status.as_str(), "title": title, "detail": detail });
    (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], Json(json!({ "errors": [error] }))).into_response()
}

impl Search {
    fn parse(parameters: Vec<(String, String)>) -> Result<Self, String> {
        let mut search = Self { filters: Vec::new(), size: DEFAULT_PAGE_SIZE, number: 1 };
        for (name, value) in parameters {
            let count = |max: usize| {
                let number = value.parse().ok().filter(|number| (1..=max).contains(number));
                number.ok_or_else(|| format!("{name}: {value:?} is not a number from 1 to {max}"))
            };
            match name.as_str() {
                "page[size]" => search.size = count(MAX_PAGE_SIZE)?,
                "page[number]" => search.number = count(usize::MAX)?,
                "filter[entity.legalName]" | "filter[entity.names]" => {
                    search.filters.push(Filter::LegalName(value));
                }
                "filter[entity.registeredAs]" => search.filters.push(Filter::RegisteredAs(value)),
                "filter[fulltext]" => search.filters.push(Filter::FullText(value)),
                "filter[entity.legalAddress.country]" => search.filters.push(Filter::Country(value)),
                "filter[entity.jurisdiction]" => search.filters.push(Filter::Jurisdiction(value)),
                "filter[lei]" => search.filters.push(Filter::Lei(value)),
                _ => return Err(format!("the stand-in does not know the parameter {name}")),
            }
        }
        Ok(search)
    }

    fn run(&self, companies: &[Company], now: Timestamp) -> Value {
        let found: Vec<(&Company, &String)> = companies
            .iter()
            .filter_map(|company| Some((company, company.lei.as_ref()?)))
            .filter(|(company, lei)| self.filters.iter().all(|filter| filter.matches(company, lei)))
            .collect();
        let total = found.len();
        let skipped = self.size.saturating_mul(self.number - 1);
        let page: Vec<Value> = found
            .into_iter()
            .skip(skipped)
            .take(self.size)
            .map(|(company, lei)| record(company, lei, now))
            .collect();
        let (from, to) = match page.len() {
            0 => (Value::Null, Value::Null),
            shown => (json!(skipped + 1), json!(skipped + shown)),
        };
        json!({
            "meta": {
                "goldenCopy": { "publishDate": time(now) },
                "pagination": {
                    "currentPage": self.number,
                    "perPage": self.size,
                    "from": from,
                    "to": to,
                    "total": total,
                    "lastPage": total.div_ceil(self.size).max(1),
                },
            },
            "data": page,
        })
    }
}

impl Filter {
    fn matches(&self, company: &Company, lei: &str) -> bool {
        let named = |name: &str| {
            let mut names = std::iter::once(&company.name).chain(&company.other_names);
            names.any(|known| names::contains(known, name))
        };
        let numbered = |number: &str| names::number(number) == names::number(&company.registered_as);
        match self {
            Self::LegalName(name) => named(name),
            Self::RegisteredAs(forms) => forms.split(',').any(numbered),
            Self::FullText(text) => named(text) || numbered(text) || text.eq_ignore_ascii_case(lei),
            Self::Country(country) => country.eq_ignore_ascii_case(&company.country),
            Self::Jurisdiction(jurisdiction) => jurisdiction.eq_ignore_ascii_case(&company.jurisdiction),
            Self::Lei(leis) => leis.split(',').any(|given| given.eq_ignore_ascii_case(lei)),
        }
    }
}

fn record(company: &Company, lei: &str, now: Timestamp) -> Value {
    let updated = match company.registration_status.as_str() {
        "LAPSED" => LAPSED_DAYS_AGO,
        _ => RENEWED_DAYS_AGO,
    };
    let next_renewal = if updated > 365 {
        days_ago(now, updated - 365)
    } else {
        now.saturating_add(jiff::SignedDuration::from_hours(24 * i64::from(365 - updated)))
            .unwrap_or(Timestamp::MAX)
    };
    let expiration = match &company.expiration {
        Some(end) => json!({ "date": time(days_ago(now, end.days_ago)), "reason": end.reason }),
        None => json!({ "date": null, "reason": null }),
    };
    let address = json!({
        "language": company.language,
        "addressLines": [company.address_line],
        "addressNumber": null,
        "addressNumberWithinBuilding": null,
        "mailRouting": null,
        "city": company.city,
        "region": null,
        "country": company.country,
        "postalCode": company.postal_code,
    });
    let other_names: Vec<Value> = company
        .other_names
        .iter()
        .map(|name| json!({ "name": name, "language": "en", "type": "ALTERNATIVE_LANGUAGE_LEGAL_NAME" }))
        .collect();
    json!({
        "type": "lei-records",
        "id": lei,
        "attributes": {
            "lei": lei,
            "entity": {
                "legalName": { "name": company.name, "language": company.language },
                "otherNames": other_names,
                "transliteratedOtherNames": [],
                "legalAddress": address,
                "headquartersAddress": address,
                "registeredAt": { "id": company.registered_at, "other": null },
                "registeredAs": company.registered_as,
                "jurisdiction": company.jurisdiction,
                "category": "GENERAL",
                "legalForm": { "id": null, "other": null },
                "associatedEntity": { "lei": null, "name": null },
                "status": company.status,
                "expiration": expiration,
                "successorEntity": { "lei": null, "name": null },
                "successorEntities": [],
                "creationDate": time(days_ago(now, company.created_days_ago)),
                "subCategory": null,
                "otherAddresses": [],
                "eventGroups": [],
            },
            "registration": {
                "initialRegistrationDate": time(days_ago(now, company.created_days_ago / 2)),
                "lastUpdateDate": time(days_ago(now, updated)),
                "status": company.registration_status,
                "nextRenewalDate": time(next_renewal),
                "managingLou": lei.get(..4),
                "corroborationLevel": "FULLY_CORROBORATED",
                "validatedAt": { "id": company.registered_at, "other": null },
                "validatedAs": company.registered_as,
                "otherValidationAuthorities": [],
            },
            "bic": null,
        },
        "links": { "self": format!("/api/v1/lei-records/{lei}") },
    })
}

/// Formats a time as GLEIF does, in whole seconds.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
