//! The route table of the API.

use axum::{
    Router,
    body::Bytes,
    http::header,
    middleware::{from_fn, from_fn_with_state},
    routing::get,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api_keys::routes as keys,
    cors, early_response, health,
    limits::{self, InFlightLimit},
    observe, openapi, page,
    reports::{
        artifact, batch, control, deliveries, document, erase, events, export, hold, list, read, submit,
        webhook,
    },
    settings::Settings,
    state::AppState,
    usage, webhook_secret,
};

fn documented_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::skeleton())
        .routes(routes!(submit::submit, list::list))
        .routes(routes!(batch::batch))
        .routes(routes!(export::export))
        .routes(routes!(read::read, erase::erase))
        .routes(routes!(events::events))
        .routes(routes!(artifact::artifact))
        .routes(routes!(document::document))
        .routes(routes!(control::cancel))
        .routes(routes!(control::resubmit))
        .routes(routes!(hold::place, hold::release))
        .routes(routes!(webhook::read))
        .routes(routes!(webhook::resend))
        .routes(routes!(deliveries::list))
        .routes(routes!(usage::usage))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
        .routes(routes!(webhook_secret::read))
        .routes(routes!(webhook_secret::rotate))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
}

/// Returns the OpenAPI document of the API.
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::finish(documented_routes().split_for_parts().1)
}

/// Creates the router of the API, with every layer.
pub(crate) fn router(state: AppState, settings: &Settings) -> Router {
    let (routes, document) = documented_routes().split_for_parts();
    let document = Bytes::from(openapi::finish(document).to_json().unwrap_or_default());
    let in_flight = InFlightLimit::new(settings.limits.in_flight);
    let routes = routes
        .route("/openapi.json", get(async move || ([(header::CONTENT_TYPE, "application/json")], document)))
        .merge(page::routes())
        .fallback(observe::no_route)
        .method_not_allowed_fallback(observe::no_method)
        .layer(from_fn_with_state(state.rate_limiter.clone(), limits::add_headers))
        .layer(from_fn_with_state(settings.limits.request_timeout, limits::limit_time))
        .layer(from_fn_with_state(in_flight, limits::shed_load))
        .layer(cors::layer(&settings.cors_origins))
        .layer(from_fn(early_response::read_rest));
    observe::surround(routes).with_state(state)
}
