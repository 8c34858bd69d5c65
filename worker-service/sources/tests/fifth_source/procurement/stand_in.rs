//! The stand-in for the register: `GET /exclusions?country=&number=`.

use axum::{Json, extract::Query, routing::get};
use serde::Deserialize;
use serde_json::{Value, json};
use sources::stand_in::{Operation, StandIn};

/// Makes the stand-in.
pub(crate) fn stand_in() -> StandIn {
    StandIn {
        operations: vec![Operation { name: "procurement.search", path: "/exclusions", handler: get(search) }],
        environment: |base_url| vec![("DOSSIER_PROCUREMENT_URL", base_url.to_owned())],
    }
}

#[derive(Deserialize)]
struct Parameters {
    country: String,
    number: String,
}

async fn search(Query(Parameters { country, number }): Query<Parameters>) -> Json<Value> {
    let exclusions = match (country.as_str(), number.as_str()) {
        ("GB", "99104372") => {
            json!([{"name": "CALDER VANE SHIPPING LIMITED", "reason": "bid rigging", "until": "2028-03-31"}])
        }
        _ => json!([]),
    };
    Json(json!({"version": "2026-11-20", "exclusions": exclusions}))
}
