//! `GET` and `PUT /_rig/faults` and `GET /_rig/injected` on both base URLs of the fault proxy. These paths
//! cannot collide with forwarded requests, because no bucket and no model path begins with an underscore.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::plan::Plan;
use super::rules::Rule;

/// Returns the routes that control and inspect the proxy. They need no signature, because the listener is on
/// loopback.
pub(super) fn routes(plan: Arc<Plan>) -> Router {
    Router::new()
        .route("/_rig/faults", get(show).put(replace))
        .route("/_rig/injected", get(count))
        .with_state(plan)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesRequest {
    rules: Vec<String>,
}

async fn show(State(plan): State<Arc<Plan>>) -> Json<Value> {
    Json(in_force(&plan))
}

async fn count(State(plan): State<Arc<Plan>>) -> Json<Value> {
    Json(json!({ "exchanges": plan.exchanges(), "injected": plan.injected() }))
}

/// Replaces the rules. Ignores the content type of the request, because `curl -d` does not send
/// `application/json`.
async fn replace(State(plan): State<Arc<Plan>>, body: Bytes) -> Response {
    match rules(&body) {
        Ok(rules) => {
            plan.set(rules);
            Json(in_force(&plan)).into_response()
        }
        Err(errors) => {
            let answer = json!({
                "code": "invalid_rules",
                "detail": format!("the rules are unchanged: {}", errors.join("; ")),
                "errors": errors,
            });
            (StatusCode::UNPROCESSABLE_ENTITY, Json(answer)).into_response()
        }
    }
}

fn rules(body: &[u8]) -> Result<Vec<Rule>, Vec<String>> {
    let RulesRequest { rules } = serde_json::from_slice(body).map_err(|error| {
        vec![format!("the body is not an object such as {{\"rules\": [\"S3.*=throttle:0.2\"]}}: {error}")]
    })?;
    let (mut parsed, mut errors) = (Vec::new(), Vec::new());
    for rule in rules {
        match rule.parse() {
            Ok(rule) => parsed.push(rule),
            Err(error) => errors.push(format!("{error}")),
        }
    }
    if errors.is_empty() { Ok(parsed) } else { Err(errors) }
}

fn in_force(plan: &Plan) -> Value {
    json!({ "seed": plan.seed(), "rules": plan.rules() })
}
