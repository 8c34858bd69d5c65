//! The API keys of a stack: made anew at each start, recorded in its table as `api-service keys create` records them, shown
//! once by the binary and never logged.

use anyhow::Context as _;
use api_service::keys_command::create;
use aws_adapters::{SdkConfig, keys};
use domain::access::Scope;
use secrecy::SecretString;
use service_runtime::clock::Clock;

/// A key with every scope for each tenant.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The key of the tenant `dev`.
    pub dev: SecretString,
    /// The key of the tenant `acme`, to see that tenants are kept apart.
    pub acme: SecretString,
}

impl Keys {
    /// New keys, recorded in `table`.
    pub(super) async fn make(sdk: &SdkConfig, table: &str) -> anyhow::Result<Self> {
        let store = keys::Keys::at(sdk, table.to_owned());
        let make = async |tenant: &str| {
            let label = Some("made by local-stack".to_owned());
            let scopes = Scope::ALL.into_iter().collect();
            let (key, _) =
                create(&store, tenant.parse()?, scopes, label, None, Clock::system().now()).await?;
            anyhow::Ok(key.text().clone())
        };
        let keys = async { anyhow::Ok(Self { dev: make("dev").await?, acme: make("acme").await? }) };
        keys.await.context("the API keys could not be recorded")
    }
}
