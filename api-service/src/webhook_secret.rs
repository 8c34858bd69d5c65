//! `GET /v1/callbacks/secret` and `POST …/rotate`: what a tenant's call-backs are signed with.

use std::{sync::Arc, time::Duration};

use aws_adapters::webhook_secrets::WebhookSecret;
use axum::{Json, extract::State};
use domain::time::UtcTime;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    application::App,
    auth::Admin,
    problem::{Kind, Problem},
};

/// How long a secret signs beside the one that replaced it.
const OVERLAP: Duration = Duration::from_secs(24 * 3600);

/// What call-backs are signed with (Standard Webhooks). Whoever has it can make call-backs that look like ours.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretResource {
    /// The current secret.
    #[schema(pattern = "^whsec_", example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    /// When it was made.
    created_at: UtcTime,
    /// Until when the secret before it signs, too; null where none does.
    #[schema(required)]
    previous_expires_at: Option<UtcTime>,
}

/// Shows the secret that your call-backs are signed with.
#[utoipa::path(
    get, operation_id = "readCallbackSecret", path = "/v1/callbacks/secret", tag = "Call-backs",
    responses((status = 200, description = "The secret", body = SecretResource))
)]
pub async fn read(
    State(app): State<Arc<App>>,
    Admin(caller): Admin,
) -> Result<Json<SecretResource>, Problem> {
    let secrets = app.aws.webhook_secrets.of(&caller.tenant, app.clock.now(), rand::random()).await?;
    caller.audit("callback.secret.read", &caller.tenant);
    resource(&secrets).map(Json)
}

/// Replaces the secret. For a day call-backs are signed with the old one, too, so that receivers can be changed without a gap.
#[utoipa::path(
    post, operation_id = "rotateCallbackSecret", path = "/v1/callbacks/secret/rotate", tag = "Call-backs",
    responses((status = 200, description = "The new secret", body = SecretResource))
)]
pub async fn rotate(
    State(app): State<Arc<App>>,
    Admin(caller): Admin,
) -> Result<Json<SecretResource>, Problem> {
    let now = app.clock.now();
    let secrets = app.aws.webhook_secrets.rotate(&caller.tenant, now, OVERLAP, rand::random()).await?;
    caller.audit("callback.secret.rotate", &caller.tenant);
    resource(&secrets).map(Json)
}

fn resource(secrets: &[WebhookSecret]) -> Result<SecretResource, Problem> {
    let current = secrets.first().ok_or_else(|| {
        Problem::new(Kind::Internal, "the secret is not there: tell the operator the instance")
    })?;
    Ok(SecretResource {
        secret: current.text().expose_secret().to_owned(),
        created_at: current.created_at,
        previous_expires_at: secrets.get(1).and_then(|previous| previous.expires_at),
    })
}
