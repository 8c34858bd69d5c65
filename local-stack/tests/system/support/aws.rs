//! An embedded AWS on a free port, and clients for it.

use std::time::Duration;

use aws_adapters::SdkConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials as SdkCredentials, Region, SharedCredentialsProvider, retry::RetryConfig,
};
use local_stack::account::Account;
use local_stack::aws::{Credentials, EmbeddedAws, KeyMaterial};
use local_stack::provision::{AwsClients, Names, QueueUrls, RetentionDays, provision};
use tokio::net::TcpListener;

pub(crate) const REGION: &str = "ap-northeast-1";

pub(crate) async fn free_listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

pub(crate) fn credentials() -> Credentials {
    Credentials {
        access_key_id: "AKIALOCALSTACKTEST00".to_owned(),
        secret_access_key: "a secret of this test".into(),
    }
}

pub(crate) fn aws_clients(endpoint: &str, secret: &str) -> AwsClients {
    let key = credentials().access_key_id;
    let credentials = SdkCredentials::new(key, secret, None, None, "test");
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .build();
    AwsClients {
        dynamodb: aws_sdk_dynamodb::Client::new(&sdk),
        sqs: aws_sdk_sqs::Client::new(&sdk),
        s3: aws_sdk_s3::Client::new(&sdk),
    }
}

pub(crate) struct ProvisionedAws {
    pub(crate) aws: EmbeddedAws,
    pub(crate) clients: AwsClients,
    pub(crate) names: Names,
    pub(crate) queues: QueueUrls,
}

pub(crate) async fn provisioned_aws() -> ProvisionedAws {
    provisioned_aws_of(Account::default()).await
}

pub(crate) async fn provisioned_aws_of(account: Account) -> ProvisionedAws {
    let key = KeyMaterial::random();
    let aws = EmbeddedAws::with(free_listener().await, credentials(), REGION, account, &key).await.unwrap();
    let clients = aws_clients(&aws.endpoint(), "a secret of this test");
    let names = Names::default();
    let queues = provision(&clients, &names, RetentionDays { default: 90, longest: 3650 }).await.unwrap();
    ProvisionedAws { aws, clients, names, queues }
}

/// Awaits `future`; panics if it takes longer than `seconds`.
pub(crate) async fn within<F: Future>(seconds: u64, future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(seconds), future)
        .await
        .unwrap_or_else(|_| panic!("not done after {seconds} s"))
}
