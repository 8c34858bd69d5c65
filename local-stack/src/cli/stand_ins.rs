//! `local-stack stand-ins`: only the stand-ins for Bedrock and the sources of evidence, for containers.

use std::net::SocketAddr;

use anyhow::Context as _;
use service_runtime::{
    clock::Clock,
    config::process_environment,
    probe::{ALIVE, probe},
};
use telemetry::{Telemetry, TelemetrySettings};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    account::Account,
    aws::Credentials,
    bedrock::{self, Bedrock},
    console::print_line,
    faults::{StandIn, from_args},
    feeds::FeedsServer,
    stack::Options,
};

/// Options that only the stand-ins have.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Address and port of the stand-in for Bedrock. It accepts requests that are signed with
    /// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for AWS_REGION
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4600")]
    bedrock_bind: SocketAddr,

    /// Address and port of the stand-ins for the sources of evidence
    #[arg(long, alias = "feeds-bind", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4601")]
    sources_bind: SocketAddr,

    /// Only check whether the stand-ins at these addresses are alive; exit code 0 means yes
    #[arg(long)]
    probe: bool,
}

/// Serves until `stop` is cancelled, or probes the running stand-ins.
pub(super) async fn run(args: Args, options: Options, stop: CancellationToken) -> anyhow::Result<()> {
    if args.probe {
        probe(args.bedrock_bind, ALIVE).await?;
        return Ok(probe(args.sources_bind, ALIVE).await?);
    }
    let environment = process_environment();
    let telemetry = Telemetry::start(
        "dossier-stand-ins",
        &TelemetrySettings::with_default_filter(&environment, "info")?,
    )?;
    let variable = |name: &str| {
        environment.get(name).filter(|value| !value.is_empty()).cloned().with_context(|| {
            format!("{name} is not set: the stand-in for Bedrock needs it to verify signatures")
        })
    };
    let bedrock = bedrock::Options {
        credentials: Credentials {
            access_key_id: variable("AWS_ACCESS_KEY_ID")?,
            secret_access_key: variable("AWS_SECRET_ACCESS_KEY")?.into(),
        },
        region: variable("AWS_REGION")?,
        faults: from_args(&options.faults, StandIn::Bedrock),
        seed: options.seed,
        forward: options.forward.clone(),
        account: Account::new(options.aws_limits.as_ref(), Clock::system()),
    };
    let bedrock = Bedrock::start(listen(args.bedrock_bind).await?, bedrock).await?;
    let faults = from_args(&options.faults, StandIn::Feeds);
    let sources = FeedsServer::start(listen(args.sources_bind).await?, faults, options.seed).await?;
    print_line(&format!(
        "Bedrock stand-in  {}\nSource stand-ins  {}",
        bedrock.base_url(),
        sources.base_url()
    ));
    stop.cancelled().await;
    let (bedrock, sources) = tokio::join!(bedrock.stop(), sources.stop());
    tokio::task::spawn_blocking(move || telemetry.shutdown()).await?;
    bedrock.and(sources)
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}
