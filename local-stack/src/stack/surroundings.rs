//! What the API and the worker stand on: the embedded AWS, provisioned, and the stand-ins, each on a free port.

use anyhow::Context as _;
use aws_adapters::{SdkConfig, sdk_config_loader};
use aws_sdk_s3::config::{Credentials as SdkCredentials, Region};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;

use super::Options;
use crate::aws::{Credentials, EmbeddedAws};
use crate::bedrock::{self, Bedrock};
use crate::fault_proxy::{FaultProxy, Upstream};
use crate::faults::{StandIn, from_args};
use crate::feeds::FeedsServer;
use crate::provision::{Clients, Names, Provisioned, provision};

/// The region that everything is signed for.
pub const REGION: &str = "us-east-1";

/// The rig with how clients that go through it are configured.
#[derive(Debug)]
struct Rigged {
    rig: FaultProxy,
    sdk: SdkConfig,
    bedrock_sdk: SdkConfig,
}

/// The running surroundings.
#[derive(Debug)]
pub struct Surroundings {
    // Before what it stands in front of, in drop order.
    rig: Option<Rigged>,
    aws: EmbeddedAws,
    bedrock: Bedrock,
    feeds: FeedsServer,
    credentials: Credentials,
    sdk: SdkConfig,
    bedrock_sdk: SdkConfig,
    clients: Clients,
    names: Names,
    queues: Provisioned,
}

impl Surroundings {
    pub(super) async fn start(options: &Options) -> anyhow::Result<Self> {
        let credentials = credentials();
        let aws = EmbeddedAws::start(free_port().await?, credentials.clone(), REGION)
            .await
            .context("the embedded AWS could not be started")?;
        let bedrock = bedrock::Options {
            credentials: credentials.clone(),
            region: REGION.to_owned(),
            faults: from_args(&options.faults, StandIn::Bedrock),
            seed: options.seed,
            forward: options.forward.clone(),
        };
        let bedrock = Bedrock::start(free_port().await?, bedrock)
            .await
            .context("the stand-in for Bedrock could not be started")?;
        let faults = from_args(&options.faults, StandIn::Feeds);
        let feeds = FeedsServer::start(free_port().await?, faults, options.seed)
            .await
            .context("the stand-ins for the feeds could not be started")?;

        let sdk = sdk(&aws.endpoint(), &credentials).await;
        let bedrock_sdk = sdk_at(&sdk, &bedrock.base_url());
        let clients = Clients {
            dynamodb: aws_sdk_dynamodb::Client::new(&sdk),
            sqs: aws_sdk_sqs::Client::new(&sdk),
            s3: aws_sdk_s3::Client::new(&sdk),
        };
        let names = Names::default();
        let queues = provision(&clients, &names).await?;
        let rig = match &options.rig {
            None => None,
            Some(wanted) => {
                let upstream =
                    Upstream { aws: aws.endpoint(), bedrock: bedrock.base_url(), sqs: clients.sqs.clone() };
                let rig = FaultProxy::start(wanted.clone(), upstream, options.seed)
                    .await
                    .context("the fault rig could not be started")?;
                let (sdk, bedrock_sdk) = (sdk_at(&sdk, &rig.aws_url()), sdk_at(&sdk, &rig.bedrock_url()));
                Some(Rigged { rig, sdk, bedrock_sdk })
            }
        };
        Ok(Self { rig, aws, bedrock, feeds, credentials, sdk, bedrock_sdk, clients, names, queues })
    }

    /// The embedded AWS.
    pub fn aws(&self) -> &EmbeddedAws {
        &self.aws
    }

    /// The stand-in for Bedrock.
    pub fn bedrock(&self) -> &Bedrock {
        &self.bedrock
    }

    /// The stand-ins for the feeds.
    pub fn feeds(&self) -> &FeedsServer {
        &self.feeds
    }

    /// The one pair of keys that the embedded AWS and the Bedrock stand-in honour.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The fault rig, when there is one.
    pub fn rig(&self) -> Option<&FaultProxy> {
        self.rig.as_ref().map(|rigged| &rigged.rig)
    }

    /// How the services' clients of AWS are configured: through the rig, when there is one.
    pub(super) fn service_sdk(&self) -> &SdkConfig {
        self.rig.as_ref().map_or(&self.sdk, |rigged| &rigged.sdk)
    }

    /// How the worker's client of Bedrock is configured: through the rig, when there is one.
    pub(super) fn service_bedrock_sdk(&self) -> &SdkConfig {
        self.rig.as_ref().map_or(&self.bedrock_sdk, |rigged| &rigged.bedrock_sdk)
    }

    /// How clients of the embedded AWS are configured that go past the rig.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// How the client of the Bedrock stand-in is configured.
    pub fn bedrock_sdk(&self) -> &SdkConfig {
        &self.bedrock_sdk
    }

    /// Clients of the embedded AWS, past the rig.
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// The names of the table, the queues and the bucket.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The URLs of the queues.
    pub fn queues(&self) -> &Provisioned {
        &self.queues
    }

    pub(super) async fn stop(self) -> anyhow::Result<()> {
        let Self { rig, aws, bedrock, feeds, .. } = self;
        // First, so that nothing that it passes on meets a closed door.
        let rig = match rig {
            Some(Rigged { rig, .. }) => rig.stop().await,
            None => Ok(()),
        };
        let (bedrock, feeds, aws) = tokio::join!(bedrock.stop(), feeds.stop(), aws.stop());
        rig.and(bedrock).and(feeds).and(aws)
    }
}

async fn free_port() -> anyhow::Result<TcpListener> {
    TcpListener::bind("127.0.0.1:0").await.context("no free port could be had on 127.0.0.1")
}

/// Made anew at each start: a client that was left over from an earlier stack is refused and not mistaken for one of
/// this stack.
fn credentials() -> Credentials {
    let id = hex::encode_upper(rand::random::<[u8; 8]>());
    let secret: SecretString = hex::encode(rand::random::<[u8; 20]>()).into();
    Credentials { access_key_id: format!("LOCL{id}"), secret_access_key: secret }
}

/// Nothing that bears on where a request goes is left to the environment of this process, which may be set up for the
/// real AWS; and several stacks run in one process.
async fn sdk(endpoint: &str, credentials: &Credentials) -> SdkConfig {
    let secret = credentials.secret_access_key.expose_secret();
    let keys = SdkCredentials::new(&credentials.access_key_id, secret, None, None, "local-stack");
    sdk_config_loader()
        .region(Region::new(REGION))
        .credentials_provider(keys)
        .endpoint_url(endpoint)
        .use_fips(false)
        .use_dual_stack(false)
        .load()
        .await
}

fn sdk_at(sdk: &SdkConfig, endpoint: &str) -> SdkConfig {
    sdk.to_builder().endpoint_url(endpoint).build()
}
