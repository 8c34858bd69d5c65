//! Every route of the API.

use std::sync::Arc;

use axum::{Router, body::Bytes, http::header, middleware::from_fn_with_state, routing::get};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    application::App,
    cors, health, limits, observe, openapi, page,
    reports::{artifact, batch, control, document, events, export, list, read, submit, webhook},
    settings::Settings,
    usage, webhook_secret,
};

fn documented() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::skeleton())
        .routes(routes!(submit::submit, list::list))
        .routes(routes!(batch::batch))
        .routes(routes!(export::export))
        .routes(routes!(read::read))
        .routes(routes!(events::events))
        .routes(routes!(artifact::artifact))
        .routes(routes!(document::document))
        .routes(routes!(control::cancel))
        .routes(routes!(control::resubmit))
        .routes(routes!(webhook::read))
        .routes(routes!(webhook::resend))
        .routes(routes!(usage::usage))
        .routes(routes!(webhook_secret::read))
        .routes(routes!(webhook_secret::rotate))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
}

/// The OpenAPI document of the API.
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::finish(documented().split_for_parts().1)
}

/// The API as `settings` want it.
pub fn router(app: Arc<App>, settings: &Settings) -> Router {
    let (routes, document) = documented().split_for_parts();
    let document = Bytes::from(openapi::finish(document).to_json().unwrap_or_default());
    let routes = routes
        .route("/openapi.json", get(async move || ([(header::CONTENT_TYPE, "application/json")], document)))
        .merge(page::routes())
        .fallback(observe::no_route)
        .method_not_allowed_fallback(observe::no_method)
        .layer(from_fn_with_state(Arc::clone(&app), limits::headers))
        .layer(from_fn_with_state(settings.request_timeout, observe::time_limit))
        .layer(from_fn_with_state(Arc::clone(&app), limits::shed))
        .layer(cors::layer(&settings.cors_origins));
    observe::surround(routes).with_state(app)
}
