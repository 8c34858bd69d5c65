//! What the OpenAPI document says beside the routes.

use shared::domain::{artifact::ArtifactKind, country::Country, lifecycle::Status, risk::RiskLevel};
use utoipa::{
    OpenApi,
    openapi::{
        ContentBuilder, Ref, ResponseBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::problem::ProblemBody;

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

/// The document with the answers that every route with a key can give.
pub fn finish(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let common = [
        ("401", "No known key was sent"),
        ("500", "Something went wrong here"),
        ("503", "The service cannot answer now, or not in time: try again"),
    ];
    for (path, item) in &mut document.paths.paths {
        if !path.starts_with("/v1/") {
            continue;
        }
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            for (status, description) in common {
                let schema = Ref::from_schema_name("ProblemBody");
                let content = ContentBuilder::new().schema(Some(schema)).build();
                let response = ResponseBuilder::new()
                    .description(description)
                    .content("application/problem+json", content)
                    .build();
                operation.responses.responses.entry(status.to_owned()).or_insert_with(|| response.into());
            }
        }
    }
    document
}
