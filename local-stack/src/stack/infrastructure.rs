//! The infrastructure that the API and the worker run on: the provisioned embedded AWS, the stand-ins for
//! Bedrock and the feeds, and optionally the fault proxy, each on a free loopback port.

use anyhow::Context as _;
use aws_adapters::{SdkConfig, sdk_config_loader};
use aws_sdk_s3::config::{Credentials as SdkCredentials, Region};
use secrecy::{ExposeSecret as _, SecretString};
use service_runtime::clock::Clock;
use service_runtime::config::Reader;
use tokio::net::TcpListener;

use super::options::Options;
use super::service_endpoints::ServiceEndpoints;
use crate::account::Account;
use crate::aws::{Credentials, EmbeddedAws};
use crate::bedrock::{self, Bedrock};
use crate::fault_proxy::{FaultProxy, Upstream};
use crate::faults::{StandIn, from_args};
use crate::feeds::FeedsServer;
use crate::provision::{AwsClients, Names, QueueUrls, RetentionDays, provision};

/// The fault proxy, and the SDK configurations of clients that go through it.
#[derive(Debug)]
struct Proxied {
    fault_proxy: FaultProxy,
    sdk: SdkConfig,
    bedrock_sdk: SdkConfig,
}

/// The running infrastructure.
#[derive(Debug)]
pub struct Infrastructure {
    // Fields drop in order: the proxy before its upstreams.
    proxied: Option<Proxied>,
    aws: EmbeddedAws,
    bedrock: Bedrock,
    feeds: FeedsServer,
    region: String,
    credentials: Credentials,
    sdk: SdkConfig,
    bedrock_sdk: SdkConfig,
    clients: AwsClients,
    names: Names,
    queues: QueueUrls,
}

impl Infrastructure {
    pub(super) async fn start(options: &Options) -> anyhow::Result<Self> {
        let credentials = random_credentials();
        let account = Account::new(options.aws_limits.as_ref(), Clock::system());
        let (listener, region) = (free_port().await?, options.region.clone());
        let aws =
            EmbeddedAws::with(listener, credentials.clone(), &region, account.clone(), &options.kms_key)
                .await
                .context("the embedded AWS could not be started")?;
        let bedrock = bedrock::Options {
            credentials: credentials.clone(),
            region: region.clone(),
            faults: from_args(&options.faults, StandIn::Bedrock),
            seed: options.seed,
            forward: options.forward.clone(),
            account,
        };
        let bedrock = Bedrock::start(free_port().await?, bedrock)
            .await
            .context("the stand-in for Bedrock could not be started")?;
        let faults = from_args(&options.faults, StandIn::Feeds);
        let feeds = FeedsServer::start(free_port().await?, faults, options.seed)
            .await
            .context("the stand-ins for the feeds could not be started")?;

        let sdk = sdk(&aws.endpoint(), &region, &credentials).await;
        let bedrock_sdk = sdk_at(&sdk, &bedrock.base_url());
        let clients = AwsClients {
            dynamodb: aws_sdk_dynamodb::Client::new(&sdk),
            sqs: aws_sdk_sqs::Client::new(&sdk),
            s3: aws_sdk_s3::Client::new(&sdk),
        };
        let names = options.names.clone();
        let mut reader = Reader::new(&options.settings);
        let days = RetentionDays::read(&mut reader);
        let queues = provision(&clients, &names, reader.finish(days)?).await?;
        let proxied = match &options.fault_proxy {
            None => None,
            Some(proxy_options) => {
                let upstream =
                    Upstream { aws: aws.endpoint(), bedrock: bedrock.base_url(), sqs: clients.sqs.clone() };
                let fault_proxy = FaultProxy::start(proxy_options.clone(), upstream, options.seed)
                    .context("the fault proxy could not be started")?;
                let bedrock_sdk = sdk_at(&sdk, &fault_proxy.bedrock_url());
                let sdk = sdk_at(&sdk, &fault_proxy.aws_url())
                    .into_builder()
                    .service_config(ServiceEndpoints::behind(&fault_proxy))
                    .build();
                Some(Proxied { fault_proxy, sdk, bedrock_sdk })
            }
        };
        Ok(Self {
            proxied,
            aws,
            bedrock,
            feeds,
            region,
            credentials,
            sdk,
            bedrock_sdk,
            clients,
            names,
            queues,
        })
    }

    pub(super) fn aws(&self) -> &EmbeddedAws {
        &self.aws
    }

    pub(super) fn bedrock(&self) -> &Bedrock {
        &self.bedrock
    }

    pub(super) fn feeds(&self) -> &FeedsServer {
        &self.feeds
    }

    /// Returns the Region for which every request must be signed.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns the one key pair that the embedded AWS and the Bedrock stand-in accept.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    pub(super) fn fault_proxy(&self) -> Option<&FaultProxy> {
        self.proxied.as_ref().map(|proxied| &proxied.fault_proxy)
    }

    /// Returns the SDK configuration of the services' AWS clients, which go through the fault proxy if there
    /// is one.
    pub(super) fn service_sdk(&self) -> &SdkConfig {
        self.proxied.as_ref().map_or(&self.sdk, |proxied| &proxied.sdk)
    }

    /// Returns the SDK configuration of the worker's Bedrock client, which goes through the fault proxy if
    /// there is one.
    pub(super) fn service_bedrock_sdk(&self) -> &SdkConfig {
        self.proxied.as_ref().map_or(&self.bedrock_sdk, |proxied| &proxied.bedrock_sdk)
    }

    pub(super) fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// Returns the SDK configuration of clients of the Bedrock stand-in that bypass the fault proxy.
    pub fn bedrock_sdk(&self) -> &SdkConfig {
        &self.bedrock_sdk
    }

    pub(super) fn clients(&self) -> &AwsClients {
        &self.clients
    }

    /// Returns the names of the table, the queues and the bucket.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Returns the URLs of the queues.
    pub fn queues(&self) -> &QueueUrls {
        &self.queues
    }

    pub(super) async fn stop(self) -> anyhow::Result<()> {
        let Self { proxied, aws, bedrock, feeds, .. } = self;
        // The proxy stops first, so that it forwards nothing to an upstream that has stopped.
        let proxy_stopped = match proxied {
            Some(Proxied { fault_proxy, .. }) => fault_proxy.stop().await,
            None => Ok(()),
        };
        let (bedrock, feeds, aws) = tokio::join!(bedrock.stop(), feeds.stop(), aws.stop());
        proxy_stopped.and(bedrock).and(feeds).and(aws)
    }
}

async fn free_port() -> anyhow::Result<TcpListener> {
    TcpListener::bind("127.0.0.1:0").await.context("127.0.0.1 has no free port")
}

/// Returns a new random key pair for each start, so that a client left over from an earlier stack is
/// rejected.
fn random_credentials() -> Credentials {
    let id = hex::encode_upper(rand::random::<[u8; 8]>());
    let secret: SecretString = hex::encode(rand::random::<[u8; 20]>()).into();
    Credentials { access_key_id: format!("LOCL{id}"), secret_access_key: secret }
}

/// Returns the SDK configuration for `endpoint`. It sets everything that decides where a request goes,
/// because the environment of this process may be set up for the real AWS, and because several stacks run in
/// one process.
async fn sdk(endpoint: &str, region: &str, credentials: &Credentials) -> SdkConfig {
    let secret = credentials.secret_access_key.expose_secret();
    let keys = SdkCredentials::new(&credentials.access_key_id, secret, None, None, "local-stack");
    sdk_config_loader()
        .region(Region::new(region.to_owned()))
        .credentials_provider(keys)
        .use_fips(false)
        .use_dual_stack(false)
        .load()
        .await
        .into_builder()
        // An endpoint that the loader sets would take precedence over those of single services behind a proxy,
        // and variables such as AWS_ENDPOINT_URL_S3 over this one.
        .endpoint_url(endpoint)
        .service_config(ServiceEndpoints::default())
        .build()
}

fn sdk_at(sdk: &SdkConfig, endpoint: &str) -> SdkConfig {
    sdk.to_builder().endpoint_url(endpoint).build()
}
