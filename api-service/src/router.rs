//! Every route of the API.

use std::{sync::Arc, time::Duration};

use axum::{Router, middleware::from_fn_with_state, response::Redirect, routing::get};
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    application::App,
    health, observe, openapi,
    reports::{artifact, batch, control, events, list, read, submit},
    usage,
};

fn documented() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::skeleton())
        .routes(routes!(submit::submit, list::list))
        .routes(routes!(batch::batch))
        .routes(routes!(read::read))
        .routes(routes!(events::events))
        .routes(routes!(artifact::artifact))
        .routes(routes!(control::cancel))
        .routes(routes!(control::resubmit))
        .routes(routes!(usage::usage))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
}

/// The OpenAPI document of the API.
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::finish(documented().split_for_parts().1)
}

/// The API; a request gets `limit` to be answered.
pub fn router(app: Arc<App>, limit: Duration) -> Router {
    let (routes, document) = documented().split_for_parts();
    // Without a validator: the page sends nothing anywhere.
    let documentation = SwaggerUi::new("/docs")
        .url("/openapi.json", openapi::finish(document))
        .config(Config::default().validator_url("none"));
    let routes = routes
        .route("/", get(|| async { Redirect::to("/docs/") }))
        .merge(documentation)
        .fallback(observe::no_route)
        .method_not_allowed_fallback(observe::no_method)
        .layer(from_fn_with_state(limit, observe::time_limit));
    observe::surround(routes).with_state(app)
}
