//! `GET` and `PUT /faults`, `GET /calls` and `GET /healthz` on the base URL of a stand-in.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::kind::FaultKind;
use super::parse::{FaultErrors, FaultProblem};
use super::plan::FaultPlan;
use super::set::Faults;
use crate::calls::Calls;

struct Admin {
    plan: Arc<FaultPlan>,
    calls: Arc<Calls<String>>,
}

/// Returns the routes that control and inspect a stand-in. They need no signature, because the listener is on
/// loopback or in a network of containers.
pub(crate) fn admin(plan: Arc<FaultPlan>, calls: Arc<Calls<String>>) -> Router {
    Router::new()
        .route("/faults", get(show).put(replace))
        .route("/calls", get(count))
        .route("/healthz", get(StatusCode::OK))
        .with_state(Arc::new(Admin { plan, calls }))
}

async fn show(State(admin): State<Arc<Admin>>) -> Json<Faults> {
    Json(admin.plan.faults())
}

async fn count(State(admin): State<Arc<Admin>>) -> Json<BTreeMap<String, u64>> {
    Json(admin.calls.snapshot())
}

/// Replaces the faults. Ignores the content type of the request, because `curl -d` does not send
/// `application/json`.
async fn replace(State(admin): State<Arc<Admin>>, body: Bytes) -> Response {
    let faults = serde_json::from_slice::<Value>(&body)
        .map_err(|error| {
            FaultErrors(vec![FaultProblem {
                field: String::new(),
                message: format!("the body is not JSON: {error}"),
            }])
        })
        .and_then(|value| Faults::from_json(&value));
    match faults {
        Ok(faults) => {
            let (in_force, ignored) = admin.plan.set(faults);
            let mut answer = Value::from(in_force);
            answer["ignored"] = json!(ignored.into_iter().map(FaultKind::name).collect::<Vec<_>>());
            Json(answer).into_response()
        }
        Err(errors) => {
            let answer = json!({
                "code": "invalid_faults",
                "detail": format!("the faults are unchanged: {errors}"),
                "errors": errors.0,
            });
            (StatusCode::UNPROCESSABLE_ENTITY, Json(answer)).into_response()
        }
    }
}
