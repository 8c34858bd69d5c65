//! What the OpenAPI document says beside the routes.

use country::Country;
use domain::{artifact::ArtifactKind, lifecycle::Status, request::FieldError, risk::RiskLevel};
use serde_json::Value;
use utoipa::{
    OpenApi,
    openapi::{
        Content, ContentBuilder, Ref, RefOr, Response, ResponseBuilder,
        example::ExampleBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::problem::{Kind, Problem, ProblemBody};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Dossier",
        description = "Risk reports on companies: ask for one, follow it, read it.\n\nA request is answered at once; \
            the report is written in the background. Errors are `application/problem+json` (RFC 9457) with a stable \
            `code`, and name everything that is wrong at once.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    // Schemas that only parameters name are not collected from the routes.
    components(schemas(ProblemBody, ArtifactKind, Country, RiskLevel, Status)),
    security(("key" = [])),
    tags(
        (name = "Reports", description = "Asking for reports and reading them"),
        (name = "Call-backs", description = "Signed word of reports that have ended, after the Standard Webhooks specification"),
        (name = "Usage", description = "What reports used and cost"),
        (name = "Operation", description = "For load balancers and operators"))
)]
struct Skeleton;

/// The document without its routes.
pub fn skeleton() -> utoipa::openapi::OpenApi {
    let mut document = Skeleton::openapi();
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A key of your tenant, as `Authorization: Bearer KEY`"))
        .build();
    document.components.get_or_insert_default().add_security_scheme("key", SecurityScheme::Http(scheme));
    document
}

/// The document with the answers that every route with a key can give, and with examples of every body.
pub fn finish(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let common = [
        ("401", "No known key was sent, or one that is good no longer"),
        ("403", "The key does not have the scope for this"),
        ("429", "Too many requests, or reports of a day: see Retry-After"),
        ("500", "Something went wrong here"),
        ("503", "The service cannot answer now, or not in time: try again"),
    ];
    for (path, item) in &mut document.paths.paths {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            for (status, description) in common.iter().filter(|_| path.starts_with("/v1/")) {
                let answers = &mut operation.responses.responses;
                answers.entry((*status).to_owned()).or_insert_with(|| problem(description).into());
            }
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                body.content.values_mut().for_each(add_example);
            }
            for (status, answer) in &mut operation.responses.responses {
                let RefOr::T(answer) = answer else { continue };
                for (kind, content) in &mut answer.content {
                    if kind == PROBLEM { add_problems(status, content) } else { add_example(content) }
                }
            }
        }
    }
    document
}

const PROBLEM: &str = "application/problem+json";

fn problem(description: &str) -> Response {
    let schema = Ref::from_schema_name("ProblemBody");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(description).content(PROBLEM, content).build()
}

/// Examples of bodies by the names of their schemas, as a local stack gave them.
fn examples() -> Value {
    // The file is part of the binary, and a test reads every example of it.
    serde_json::from_str(include_str!("examples.json")).unwrap_or_default()
}

fn add_example(content: &mut RefOr<Content>) {
    let RefOr::T(content) = content else { return };
    let Some(RefOr::Ref(schema)) = &content.schema else { return };
    let name = schema.ref_location.rsplit('/').next().unwrap_or_default();
    content.example = examples().get(name).cloned();
}

/// An example for each kind of problem of this status.
fn add_problems(status: &str, content: &mut RefOr<Content>) {
    let RefOr::T(content) = content else { return };
    for kind in Kind::ALL {
        let (of, code, title, _) = kind.describe();
        if of.as_str() != status {
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
