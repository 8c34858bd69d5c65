//! `GET /v1/callbacks/secret` and `POST /v1/callbacks/secret/rotate`: the secret that signs a tenant's
//! webhooks.

use std::time::Duration;

use aws_adapters::webhook_secrets::{WebhookSecret, WebhookSecrets};
use axum::{Json, extract::State};
use domain::time::UtcTime;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use service_runtime::clock::Clock;
use utoipa::ToSchema;

use crate::{auth::Admin, limits::InFlightPlace, problem::Problem, writes::Writes};

/// How long a replaced secret signs webhooks in addition to the new one.
const OVERLAP: Duration = Duration::from_secs(24 * 3600);

/// The secret that signs webhooks (Standard Webhooks). Keep it confidential: anybody who has it can forge webhooks.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecretResource {
    /// The current secret.
    #[schema(pattern = "^whsec_", example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    /// When it was created.
    created_at: UtcTime,
    /// Until when the previous secret signs webhooks, too; null if there is none.
    #[schema(required)]
    previous_expires_at: Option<UtcTime>,
}

/// Returns the secret that signs your webhooks.
#[utoipa::path(
    get, operation_id = "readCallbackSecret", path = "/v1/callbacks/secret", tag = "Call-backs",
    responses((status = 200, description = "The secret", body = SecretResource))
)]
pub(crate) async fn read(
    State(secrets): State<WebhookSecrets>,
    State(clock): State<Clock>,
    Admin(caller): Admin,
) -> Result<Json<SecretResource>, Problem> {
    let secrets = secrets.of(&caller.tenant, clock.now(), rand::random()).await?;
    caller.audit("callback.secret.read", &caller.tenant);
    resource(&secrets).map(Json)
}

/// Replaces the secret. For a day, webhooks are signed with both secrets, so that receivers can change over without a gap.
#[utoipa::path(
    post, operation_id = "rotateCallbackSecret", path = "/v1/callbacks/secret/rotate", tag = "Call-backs",
    responses((status = 200, description = "The new secret", body = SecretResource))
)]
pub(crate) async fn rotate(
    State(secrets): State<WebhookSecrets>,
    State(clock): State<Clock>,
    State(writes): State<Writes>,
    Admin(caller): Admin,
    place: InFlightPlace,
) -> Result<Json<SecretResource>, Problem> {
    let rotation = async move {
        let secrets = secrets.rotate(&caller.tenant, clock.now(), OVERLAP, rand::random()).await?;
        caller.audit("callback.secret.rotate", &caller.tenant);
        Ok::<_, Problem>(secrets)
    };
    resource(&writes.run(place, rotation).await?).map(Json)
}

fn resource(secrets: &[WebhookSecret]) -> Result<SecretResource, Problem> {
    let current = secrets.first().ok_or_else(|| Problem::internal("the webhook secret is missing"))?;
    Ok(SecretResource {
        secret: current.text().expose_secret().to_owned(),
        created_at: current.created_at,
        previous_expires_at: secrets.get(1).and_then(|previous| previous.expires_at),
    })
}
