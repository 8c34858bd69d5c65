//! The API keys of a stack. Each start creates new keys and records them in the access table, as `api-service keys
//! create` does. The binary shows the key of the tenant `dev` once; no key is ever logged.

use anyhow::Context as _;
use api_service::api_keys::{Created, create};
use aws_adapters::{SdkConfig, keys, settings::AccessTables};
use domain::access::Scope;
use secrecy::SecretString;
use service_runtime::clock::Clock;

/// One API key per tenant, each with every scope.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The key of the tenant `dev`.
    pub dev: SecretString,
    /// The key of the tenant `acme`, which shows that tenants are isolated from each other.
    pub acme: SecretString,
}

impl Keys {
    /// Creates the keys and records them in `tables`.
    pub(super) async fn create(sdk: &SdkConfig, tables: &AccessTables) -> anyhow::Result<Self> {
        let create_for = async |tenant| create_for(sdk, tables, tenant).await;
        let keys =
            async { anyhow::Ok(Self { dev: create_for("dev").await?, acme: create_for("acme").await? }) };
        keys.await.context("the API keys could not be recorded")
    }
}

/// Creates a key of `tenant` with every scope and records it in `tables`.
pub(super) async fn create_for(
    sdk: &SdkConfig,
    tables: &AccessTables,
    tenant: &str,
) -> anyhow::Result<SecretString> {
    let store = keys::Keys::at(sdk, tables.clone());
    let label = Some("made by local-stack".to_owned());
    let scopes = Scope::ALL.into_iter().collect();
    let Created { key, .. } =
        create(&store, tenant.parse()?, scopes, label, None, Clock::system().now()).await?;
    Ok(key.text().clone())
}
