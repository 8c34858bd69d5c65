//! The parts of the OpenAPI document that do not come from the routes.

use country::Country;
use domain::{artifact::ArtifactKind, lifecycle::Status, request::FieldError, risk::RiskLevel};
use serde_json::Value;
use utoipa::{
    OpenApi,
    openapi::{
        Content, ContentBuilder, Ref, RefOr, Required, Response, ResponseBuilder,
        example::ExampleBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::problem::{Kind, Problem, ProblemBody};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Dossier",
        description = "Risk reports on companies: request a report, follow its progress, read it.\n\nThe API answers at \
            once and writes the report in the background. Errors are `application/problem+json` (RFC 9457) with a stable \
            `code`, and list everything that is wrong with a request.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    // Schemas that only parameters refer to are not collected from the routes.
    components(schemas(ProblemBody, ArtifactKind, Country, RiskLevel, Status)),
    security(("key" = [])),
    tags(
        (name = "Reports", description = "Request, follow and read reports"),
        (name = "Call-backs", description = "Webhooks: signed notifications of reports that have ended (Standard Webhooks specification)"),
        (name = "Keys", description = "The API keys of your tenant: list, create, rotate and revoke them, with the scope `admin`"),
        (name = "Usage", description = "The usage and cost of reports"),
        (name = "Operation", description = "Health checks for load balancers and operators"))
)]
struct Skeleton;

/// Returns the document without its routes.
pub(crate) fn skeleton() -> utoipa::openapi::OpenApi {
    let mut document = Skeleton::openapi();
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key of your tenant, sent as `Authorization: Bearer KEY`"))
        .build();
    document.components.get_or_insert_default().add_security_scheme("key", SecurityScheme::Http(scheme));
    document
}

/// Adds the error responses that every authenticated route has, and examples of every body.
pub(crate) fn finish(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let common = [
        ("401", "The API key or token is missing, unknown, expired or revoked"),
        ("403", "The API key or token lacks the required scope"),
        ("429", "The rate limit or the daily quota of reports is exceeded: see Retry-After"),
        ("500", "The service failed"),
        ("503", "The service is unavailable, overloaded, or did not answer in time: retry"),
    ];
    for (path, item) in &mut document.paths.paths {
        for operation in
            [&mut item.get, &mut item.post, &mut item.put, &mut item.delete].into_iter().flatten()
        {
            for (status, description) in common.iter().filter(|_| path.starts_with("/v1/")) {
                let responses = &mut operation.responses.responses;
                responses.entry((*status).to_owned()).or_insert_with(|| problem(description).into());
            }
            let is_optional =
                operation.operation_id.as_deref().is_some_and(|id| WITH_OPTIONAL_BODY.contains(&id));
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                if is_optional {
                    body.required = Some(Required::False);
                }
                body.content.values_mut().for_each(add_example);
            }
            for (status, response) in &mut operation.responses.responses {
                let RefOr::T(response) = response else { continue };
                for (media_type, content) in &mut response.content {
                    if media_type == PROBLEM { add_problems(status, content) } else { add_example(content) }
                }
            }
        }
    }
    document
}

/// Operations whose body may be left out. `Option` would say that the body may be `null`.
const WITH_OPTIONAL_BODY: [&str; 1] = ["rotateKey"];

const PROBLEM: &str = "application/problem+json";

fn problem(description: &str) -> Response {
    let schema = Ref::from_schema_name("ProblemBody");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(description).content(PROBLEM, content).build()
}

/// Returns examples of bodies by the names of their schemas, recorded on a local stack.
fn examples() -> Value {
    // The file is part of the binary, and a test validates its examples.
    serde_json::from_str(include_str!("examples.json")).unwrap_or_default()
}

fn add_example(content: &mut RefOr<Content>) {
    let RefOr::T(content) = content else { return };
    let Some(RefOr::Ref(schema)) = &content.schema else { return };
    let name = schema.ref_location.rsplit('/').next().unwrap_or_default();
    content.example = examples().get(name).cloned();
}

/// Adds an example of each kind of problem with this status.
fn add_problems(status: &str, content: &mut RefOr<Content>) {
    let RefOr::T(content) = content else { return };
    for kind in Kind::ALL {
        let (kind_status, code, title, _) = kind.describe();
        if kind_status.as_str() != status {
            continue;
        }
        let errors = match kind {
            Kind::ValidationFailed => vec![FieldError::new("/country", "country_unknown", COUNTRY)],
            Kind::InvalidParameter => vec![FieldError::new("/query/country", "country_unknown", COUNTRY)],
            _ => Vec::new(),
        };
        let body = if errors.is_empty() {
            Problem::new(kind, title).body()
        } else {
            Problem::with_errors(kind, errors).body()
        };
        let value = serde_json::to_value(body).ok();
        let example = ExampleBuilder::new().summary(title).value(value).build();
        content.examples.insert(code.to_owned(), example.into());
    }
}

const COUNTRY: &str = "country is not an ISO 3166-1 alpha-2 code in capitals that is assigned to a country, such as JP, GB or DE";
