//! The configuration of the AWS SDK: timeouts, retries, region and credentials.

use std::time::Duration;

pub use aws_config::SdkConfig;
use aws_config::{BehaviorVersion, ConfigLoader, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_s3::config::{IdentityCache, RuntimeComponents, SharedHttpClient};
use aws_smithy_http_client::{
    Builder, ConnectorBuilder,
    proxy::ProxyConfig,
    tls::{self, rustls_provider::CryptoMode},
};
use service_runtime::clock::Clock;
use thiserror::Error;

use crate::{credentials::RenewedCredentials, error::chain};

/// Maximum number of attempts of a request, including the first. The SDK retries requests to DynamoDB, S3 and SQS; the
/// adapters recognise conditional writes that were applied although their answer was lost, and switch retries off for
/// writes that must not be applied twice.
const ATTEMPTS_MAX: u32 = 3;

/// Maximum number of idle connections to one host: two for each slot of a worker with 256 of them, which is the most
/// that `DOSSIER_WORKER_CONCURRENCY=auto` chooses. Further connections are closed after their request, so that a
/// burst does not occupy the memory of its connections until they time out.
const IDLE_CONNECTIONS_MAX: usize = 512;

/// Returns the client of HTTP that all clients of AWS services share, so that those of one service share their
/// connections, and all of them the certificates that they trust. It is the client that each of them would create
/// for itself otherwise.
fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let provider = tls::Provider::Rustls(CryptoMode::AwsLc);
        let mut builder = ConnectorBuilder::default()
            .tls_provider(provider)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .proxy_config(ProxyConfig::from_env());
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        builder.build()
    })
}

/// Returns the loader of the SDK configuration: region, credentials and endpoints from the environment or the
/// container role, as in every AWS SDK, with Dossier's timeouts and retries.
pub fn sdk_config_loader() -> ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(15))
        .build();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
        .timeout_config(timeouts)
        .http_client(http_client())
}

/// Returns the loader with pauses of a millisecond between attempts, for tests that count attempts.
#[cfg(test)]
pub(crate) fn hasty_config_loader() -> ConfigLoader {
    let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX);
    sdk_config_loader().retry_config(retries.with_initial_backoff(Duration::from_millis(1)))
}

/// Why requests to AWS cannot be sent.
#[derive(Debug, Error)]
pub enum SdkError {
    /// No region is configured.
    #[error("no AWS region is configured: set AWS_REGION")]
    Region,
    /// No credentials were found.
    #[error(
        "no AWS credentials found: give the task a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY ({0})"
    )]
    Credentials(String),
}

/// Loads the SDK configuration and checks that it has a region and credentials, so that a service without
/// them fails at startup and not at its first request. Credentials are renewed 15 minutes before their end.
///
/// # Errors
/// Returns [`SdkError`] if the region or the credentials are missing.
pub async fn load_sdk_config() -> Result<SdkConfig, SdkError> {
    let sdk = sdk_config_loader().load().await;
    if sdk.region().is_none() {
        return Err(SdkError::Region);
    }
    let no_provider = || SdkError::Credentials("no provider".to_owned());
    let provider = sdk.credentials_provider().ok_or_else(no_provider)?;
    let renewed = SharedCredentialsProvider::new(RenewedCredentials::new(provider, Clock::system()));
    let credentials = renewed.provide_credentials().await;
    credentials.map_err(|error| SdkError::Credentials(chain(&error)))?;
    // The provider keeps the credentials itself.
    Ok(sdk.into_builder().credentials_provider(renewed).identity_cache(IdentityCache::no_cache()).build())
}
