//! `GET /v1/keys`, `POST /v1/keys`, `POST /v1/keys/{id}/rotate` and `DELETE /v1/keys/{id}`: the API keys of the
//! caller's tenant.
//!
//! A caller with the scope `admin` has every scope, so no key can have more scopes than the key that created it.

use std::sync::Arc;

use aws_adapters::keys::Keys;
use axum::{
    Json,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderName, StatusCode, header},
};
use domain::access::{KeyId, KeyRecord, OVERLAP_HOURS, Scope};
use serde::Serialize;
use service_runtime::clock::Clock;
use utoipa::ToSchema;

use super::{
    manage,
    resource::{KeyList, KeyResource, NewKeyResource},
};
use crate::{
    auth::{Admin, Authenticator, Caller},
    body::{self, BodyMemory},
    limits::InFlightPlace,
    problem::{Kind, Problem, ProblemBody},
    writes::Writes,
};

/// A request for a key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CreateKey)]
pub(crate) struct CreateKey {
    /// What the key permits.
    #[schema(min_items = 1)]
    scopes: Vec<Scope>,
    /// A name for people, such as the system that uses the key.
    #[schema(example = "front end", min_length = 1, max_length = 100)]
    label: Option<String>,
    /// The number of days after which it expires; a key without it never expires.
    #[schema(example = 365, minimum = 1, maximum = 3650)]
    expires_in_days: Option<u32>,
}

/// How a key is replaced.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RotateKey)]
pub(crate) struct RotateKey {
    /// The number of hours for which the old key stays active; 24 by default.
    #[schema(example = 24, minimum = 0, maximum = 8760)]
    overlap_hours: Option<u32>,
}

/// Lists the API keys of your tenant, oldest first, including expired and revoked ones.
///
/// A key that was created a moment ago may be missing.
#[utoipa::path(
    get, operation_id = "listKeys", path = "/v1/keys", tag = "Keys",
    responses((status = 200, description = "The keys", body = KeyList))
)]
pub(crate) async fn list(State(keys): State<Keys>, Admin(caller): Admin) -> Result<Json<KeyList>, Problem> {
    let keys = keys.list(&caller.tenant).await?.into_iter().map(KeyResource::from).collect();
    Ok(Json(KeyList { keys }))
}

/// The response with a new key.
type NewKeyResponse = (StatusCode, [(HeaderName, &'static str); 1], Json<NewKeyResource>);

fn created(key: manage::Created) -> NewKeyResponse {
    (StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(key.into()))
}

/// Creates an API key of your tenant.
///
/// The response is the only one that contains the key. If it is lost, revoke the key, which is the newest of the list,
/// and create another one.
#[utoipa::path(
    post, operation_id = "createKey", path = "/v1/keys", tag = "Keys",
    request_body = CreateKey,
    responses(
        (status = 201, description = "The new key", body = NewKeyResource,
            headers(("Cache-Control" = String, description = "no-store"))),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 4 KiB or has more than 100 JSON values", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON, or is compressed", body = ProblemBody, content_type = "application/problem+json",
            headers(("Accept-Encoding" = String, description = "`identity`, if the body is compressed"))),
        (status = 422, description = "The request is invalid, and `errors` lists everything that is wrong",
            body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn create(
    State(keys): State<Keys>,
    State(memory): State<BodyMemory>,
    State(clock): State<Clock>,
    State(writes): State<Writes>,
    Admin(caller): Admin,
    place: InFlightPlace,
    request: Request,
) -> Result<NewKeyResponse, Problem> {
    let new = body::new_key(&memory, request).await?;
    let creation = async move {
        let now = clock.now();
        let expires_at = manage::end_of_lifetime(now, new.expires_in_days);
        let tenant = caller.tenant.clone();
        let key = manage::create(&keys, tenant, new.scopes, new.label, expires_at, now).await?;
        caller.audit("key.create", &key.record.id);
        Ok::<_, Problem>(key)
    };
    writes.run(place, creation).await.map(created)
}

/// Replaces an API key: creates one with the same scopes, label and lifetime, and lets the old one expire.
///
/// The response is the only one that contains the new key. If it is lost, revoke the new key, which is the newest of
/// the list, and rotate the old one again.
#[utoipa::path(
    post, operation_id = "rotateKey", path = "/v1/keys/{id}/rotate", tag = "Keys",
    params(("id" = String, Path, description = "The id of the old key")),
    request_body = RotateKey,
    responses(
        (status = 201, description = "The new key", body = NewKeyResource,
            headers(("Cache-Control" = String, description = "no-store"))),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such key", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The key is revoked or expired", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 4 KiB or has more than 100 JSON values", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON, or is compressed", body = ProblemBody, content_type = "application/problem+json",
            headers(("Accept-Encoding" = String, description = "`identity`, if the body is compressed"))),
        (status = 422, description = "The request is invalid, and `errors` lists everything that is wrong",
            body = ProblemBody, content_type = "application/problem+json"))
)]
#[expect(clippy::too_many_arguments, reason = "each is an extractor")]
pub(crate) async fn rotate(
    State(keys): State<Keys>,
    State(memory): State<BodyMemory>,
    State(clock): State<Clock>,
    State(writes): State<Writes>,
    State(authenticator): State<Arc<Authenticator>>,
    Admin(caller): Admin,
    place: InFlightPlace,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<NewKeyResponse, Problem> {
    let overlap_hours = body::rotation(&memory, request).await?.unwrap_or(OVERLAP_HOURS);
    let old = find(&keys, &caller, id).await?;
    let now = clock.now();
    if !old.is_active(now) {
        let detail = format!("the key {} is revoked or expired: create a new one", old.id);
        return Err(Problem::new(Kind::KeyNotActive, detail));
    }
    let rotation = async move {
        let key = manage::successor(&keys, &old, now).await?;
        caller.audit("key.create", &key.record.id);
        manage::retire(&keys, &old, overlap_hours, now).await?;
        authenticator.forget(&old.id);
        caller.audit("key.rotate", &old.id);
        Ok::<_, Problem>(key)
    };
    writes.run(place, rotation).await.map(created)
}

/// Revokes an API key of your tenant.
///
/// Every API task rejects it within 20 seconds, or 50 while the table does not answer. Can be repeated. A key can
/// revoke itself.
#[utoipa::path(
    delete, operation_id = "revokeKey", path = "/v1/keys/{id}", tag = "Keys",
    params(("id" = String, Path, description = "The id of the key")),
    responses(
        (status = 204, description = "The key is revoked"),
        (status = 404, description = "There is no such key", body = ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn revoke(
    State(keys): State<Keys>,
    State(clock): State<Clock>,
    State(writes): State<Writes>,
    State(authenticator): State<Arc<Authenticator>>,
    Admin(caller): Admin,
    place: InFlightPlace,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let KeyRecord { id, .. } = find(&keys, &caller, id).await?;
    let revocation = async move {
        keys.revoke(&id, clock.now()).await?.ok_or_else(not_found)?;
        authenticator.forget(&id);
        caller.audit("key.revoke", &id);
        Ok::<_, Problem>(StatusCode::NO_CONTENT)
    };
    writes.run(place, revocation).await
}

/// Returns the key of the caller's tenant with the `id` from the path of a request.
///
/// # Errors
/// Returns the [`Problem`] to answer with if there is no such key, or if it cannot be read. It is the same for a key
/// of another tenant and for an unknown id, so that clients cannot tell them apart.
async fn find(
    keys: &Keys,
    caller: &Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<KeyRecord, Problem> {
    let id: KeyId = id.map_err(|_| not_found())?.parse().map_err(|_| not_found())?;
    keys.get(&id).await?.filter(|key| key.tenant == caller.tenant).ok_or_else(not_found)
}

fn not_found() -> Problem {
    let detail = "your tenant has no key with this id: GET /v1/keys lists the ids of its keys";
    Problem::new(Kind::KeyNotFound, detail)
}
