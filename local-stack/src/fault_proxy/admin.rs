//! `GET` and `PUT /_rig/faults` and `GET /_rig/injected` on either base URL of the rig. No bucket and no model has a
//! name that begins with an underscore.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::Rule;
use super::plan::Plan;

/// The routes by which the rig is steered and watched. They need no signature: the listener is on loopback.
pub(super) fn routes(plan: Arc<Plan>) -> Router {
    Router::new()
        .route("/_rig/faults", get(show).put(replace))
        .route("/_rig/injected", get(count))
        .with_state(plan)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    rules: Vec<String>,
}

async fn show(State(plan): State<Arc<Plan>>) -> Json<Value> {
    Json(in_force(&plan))
}

async fn count(State(plan): State<Arc<Plan>>) -> Json<Value> {
    Json(json!({ "exchanges": plan.exchanges(), "injected": plan.injected() }))
}

/// The body is read whatever its content type: `curl -d` names none that fits.
async fn replace(State(plan): State<Arc<Plan>>, body: Bytes) -> Response {
    match rules(&body) {
        Ok(rules) => {
            plan.set(rules);
            Json(in_force(&plan)).into_response()
        }
        Err(errors) => {
            let answer = json!({
                "code": "invalid_rules",
                "detail": format!("the rules stay as they were: {}", errors.join("; ")),
                "errors": errors,
            });
            (StatusCode::UNPROCESSABLE_ENTITY, Json(answer)).into_response()
        }
    }
}

fn rules(body: &[u8]) -> Result<Vec<Rule>, Vec<String>> {
    let Wanted { rules } = serde_json::from_slice(body).map_err(|error| {
        vec![format!("the body is not an object such as {{\"rules\": [\"S3.*=throttle:0.2\"]}}: {error}")]
    })?;
    let (mut good, mut errors) = (Vec::new(), Vec::new());
    for rule in rules {
        match rule.parse() {
            Ok(rule) => good.push(rule),
            Err(error) => errors.push(format!("{error}")),
        }
    }
    if errors.is_empty() { Ok(good) } else { Err(errors) }
}

fn in_force(plan: &Plan) -> Value {
    json!({ "seed": plan.seed(), "rules": plan.rules() })
}
