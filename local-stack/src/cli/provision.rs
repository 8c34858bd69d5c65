//! `local-stack provision`: what the data stack makes on AWS, made in an emulator of it.

use aws_adapters::load_sdk_config;
use service_runtime::config::process_environment;

use super::say;
use crate::provision::{Clients, Names, provision};

/// Makes what is missing in the AWS that the environment names, and says where it is.
pub(super) async fn run() -> anyhow::Result<()> {
    let environment = process_environment();
    let mut names = Names::default();
    for (name, variable) in [(&mut names.table, "DOSSIER_TABLE"), (&mut names.bucket, "DOSSIER_BUCKET")] {
        if let Some(wanted) = environment.get(variable).filter(|wanted| !wanted.trim().is_empty()) {
            wanted.trim().clone_into(name);
        }
    }
    let sdk = load_sdk_config().await?;
    // Emulators know no hosts that are named after buckets.
    let s3 = aws_sdk_s3::config::Builder::from(&sdk).force_path_style(sdk.endpoint_url().is_some()).build();
    let clients = Clients {
        dynamodb: aws_sdk_dynamodb::Client::new(&sdk),
        sqs: aws_sdk_sqs::Client::new(&sdk),
        s3: aws_sdk_s3::Client::from_conf(s3),
    };
    let queues = provision(&clients, &names).await?;
    for (variable, value) in [
        ("DOSSIER_TABLE", &names.table),
        ("DOSSIER_BUCKET", &names.bucket),
        ("DOSSIER_QUEUE_URL", &queues.queue_url),
        ("DOSSIER_DLQ_URL", &queues.dlq_url),
        ("DOSSIER_CALLBACK_QUEUE_URL", &queues.callback_queue_url),
        ("DOSSIER_CALLBACK_DLQ_URL", &queues.callback_dlq_url),
    ] {
        say(&format!("{variable}={value}"));
    }
    Ok(())
}
