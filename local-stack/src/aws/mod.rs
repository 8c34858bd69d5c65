//! The embedded AWS: SQS, DynamoDB, KMS and S3 behind one loopback listener, so that an SDK needs a single
//! endpoint URL. The header `x-amz-target` identifies the JSON services (SQS, DynamoDB and KMS); every other
//! request is for S3. All of them verify signatures.

mod dynamodb;
mod json;
mod kms;
mod s3;
pub(crate) mod sigv4;
mod sqs;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::account::Account;
use crate::calls::Calls;
use crate::metering::admin;
use crate::server::Server;
pub(crate) use kms::KMS_KEY_ID;
pub use kms::KeyMaterial;
pub use sigv4::Credentials;
use sigv4::Verifier;

/// Maximum size of a request to a JSON service, in bytes. AWS itself accepts no larger one (DynamoDB: 16 MiB
/// per batch).
const MAX_JSON_BODY_BYTES: usize = 17 * 1024 * 1024;

/// A service of the embedded AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Simple Queue Service.
    Sqs,
    /// DynamoDB.
    DynamoDb,
    /// Key Management Service.
    Kms,
    /// Simple Storage Service.
    S3,
}

/// Number of calls by service and operation. Operations have the names of the service's API.
pub type CallCounts = BTreeMap<(Service, String), u64>;

/// A running embedded AWS. It starts with no queues, tables and buckets, and dropping it deletes everything
/// it holds.
#[derive(Debug)]
pub struct EmbeddedAws {
    server: Server,
    calls: Arc<Calls<(Service, String)>>,
    account: Account,
    requests: TaskTracker,
    // Dropped after the server, so that nothing writes to the directory while it is removed.
    _objects: TempDir,
}

struct Services {
    verifier: Verifier,
    sqs: sqs::Sqs,
    dynamodb: dynamodb::DynamoDb,
    kms: kms::Kms,
    s3: s3::S3,
    calls: Arc<Calls<(Service, String)>>,
    account: Account,
    requests: TaskTracker,
}

impl EmbeddedAws {
    /// Serves on `listener`. Accepts only requests that are signed with `credentials` for `region`. Enforces no
    /// limits.
    ///
    /// # Errors
    /// Returns an error if the directory for the objects cannot be created or the listener has no address.
    pub async fn start(
        listener: TcpListener,
        credentials: Credentials,
        region: &str,
    ) -> anyhow::Result<Self> {
        Self::with(listener, credentials, region, Account::default(), &KeyMaterial::random()).await
    }

    /// Serves as [`start`](Self::start) does, with the meter and the limits of `account`, and with `key` in KMS.
    ///
    /// # Errors
    /// Returns an error if the directory for the objects or the key cannot be created, or if the listener has no
    /// address.
    pub async fn with(
        listener: TcpListener,
        credentials: Credentials,
        region: &str,
        account: Account,
        key: &KeyMaterial,
    ) -> anyhow::Result<Self> {
        let address = listener.local_addr().context("the listener of the embedded AWS has no address")?;
        let objects = tempfile::Builder::new()
            .prefix("dossier-objects-")
            .tempdir()
            .context("the temporary directory for the objects of the embedded S3 could not be created")?;
        let stopping = CancellationToken::new();
        let calls = Arc::new(Calls::default());
        let requests = TaskTracker::new();
        let services = Services {
            verifier: Verifier::new(&credentials, region),
            sqs: sqs::Sqs::new(address, region, stopping.clone(), account.clone()),
            dynamodb: dynamodb::DynamoDb::new(region, account.clone()),
            kms: kms::Kms::new(key)?,
            s3: s3::S3::new(objects.path(), &credentials, account.clone())?,
            calls: Arc::clone(&calls),
            account: account.clone(),
            requests: requests.clone(),
        };
        let app = Router::new().fallback(route).with_state(Arc::new(services));
        let server = Server::start(listener, stopping, app)?;
        Ok(Self { server, calls, account, requests, _objects: objects })
    }

    /// Returns the endpoint URL for every AWS client, `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        self.server.base_url()
    }

    /// Returns the number of requests by service and operation, including rejected ones.
    pub fn calls(&self) -> CallCounts {
        self.calls.snapshot()
    }

    /// Returns the account with the bill of every request.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Returns the token that stops the server when it is cancelled.
    pub fn stopping(&self) -> CancellationToken {
        self.server.stopping()
    }

    /// Stops the server and then deletes the objects. Receives that wait for messages end at once and return
    /// none.
    ///
    /// # Errors
    /// Returns an error if the server panicked or ended with an error, even if that happened before this
    /// call.
    pub async fn stop(self) -> anyhow::Result<()> {
        let stopped = self.server.stop().await;
        self.requests.close();
        self.requests.wait().await;
        stopped
    }
}

async fn route(State(services): State<Arc<Services>>, request: Request) -> Response {
    let Some(target) = request.headers().get("x-amz-target") else {
        if is_for_the_meter(&request) {
            return admin::answer(services.account.meter(), &request);
        }
        services.calls.add((Service::S3, s3::operation(&request).to_owned()));
        let requests = services.requests.clone();
        return carry_out(&requests, async move { services.s3.handle(request).await }).await;
    };
    let target = String::from_utf8_lossy(target.as_bytes()).into_owned();
    let (service, signing_name, operation) = if let Some(operation) = target.strip_prefix("AmazonSQS.") {
        (Service::Sqs, "sqs", operation)
    } else if let Some(operation) = target.strip_prefix("DynamoDB_20120810.") {
        (Service::DynamoDb, "dynamodb", operation)
    } else if let Some(operation) = target.strip_prefix("TrentService.") {
        (Service::Kms, "kms", operation)
    } else {
        return json::error(
            StatusCode::BAD_REQUEST,
            "UnknownOperationException",
            &format!(
                "the embedded AWS has no service for x-amz-target {target:?}: it serves AmazonSQS.*, DynamoDB_20120810.* and TrentService.*"
            ),
        );
    };
    services.calls.add((service, operation.to_owned()));
    let name = match service {
        Service::Sqs => sqs::SQS,
        Service::Kms => kms::KMS,
        Service::DynamoDb | Service::S3 => dynamodb::DYNAMODB,
    };
    services.account.meter().request(name, operation);

    let (parts, body) = request.into_parts();
    let body = match axum::body::to_bytes(body, MAX_JSON_BODY_BYTES).await {
        Ok(body) => body,
        Err(error) => {
            return json::error(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLargeException",
                &format!("the body of {target} could not be read: {error}"),
            );
        }
    };
    // Verifies the bytes as received: the adaptations below change the body, which would break the signature.
    if let Err(error) = services.verifier.verify(&parts, &body, signing_name) {
        let status = match service {
            Service::DynamoDb | Service::Kms => StatusCode::BAD_REQUEST,
            Service::Sqs | Service::S3 => StatusCode::FORBIDDEN,
        };
        return json::error(status, error.code, &error.message);
    }
    if (service, operation) == (Service::Sqs, "ReceiveMessage") {
        // A receive whose client has gone away must not consume messages, so it ends with its connection.
        return services.sqs.handle(&parts.headers, body).await;
    }
    if service == Service::Kms {
        return services.kms.handle(operation, &body);
    }
    let requests = services.requests.clone();
    carry_out(&requests, async move {
        match service {
            Service::Sqs => services.sqs.handle(&parts.headers, body).await,
            _ => services.dynamodb.handle(&parts.headers, body).await,
        }
    })
    .await
}

/// Returns whether the request is for `/billing`. Requests to a bucket of that name are signed.
fn is_for_the_meter(request: &Request) -> bool {
    request.uri().path() == admin::PATH
        && !request.headers().contains_key(header::AUTHORIZATION)
        && !request.uri().query().is_some_and(|query| query.contains("X-Amz-Signature"))
}

/// Runs a request to its end as a task of its own. AWS carries out a request that it has received even if the
/// client goes away meanwhile; without a task, a disconnect would drop the request between its write to a
/// table and the update of the indexes.
async fn carry_out(
    requests: &TaskTracker,
    request: impl Future<Output = Response> + Send + 'static,
) -> Response {
    requests.spawn(request).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request to the embedded AWS panicked");
        (StatusCode::INTERNAL_SERVER_ERROR, "a request to the embedded AWS panicked").into_response()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_request_for_billing_is_for_a_bucket_of_that_name() {
        let request = |uri: &str| Request::builder().uri(uri).body(axum::body::Body::empty()).unwrap();
        assert!(is_for_the_meter(&request("/billing?hottest=3")));
        let mut signed = request("/billing");
        signed.headers_mut().insert(header::AUTHORIZATION, "AWS4-HMAC-SHA256 x".parse().unwrap());
        assert!(!is_for_the_meter(&signed));
        assert!(!is_for_the_meter(&request("/billing?list-type=2&X-Amz-Signature=0")));
        assert!(!is_for_the_meter(&request("/billing/report.json")));
    }
}
