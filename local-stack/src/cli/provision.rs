//! `local-stack provision`: creates in an AWS account or emulator what the data stack's template creates on
//! AWS.

use aws_adapters::load_sdk_config;
use service_runtime::config::{Reader, process_environment};

use crate::console::print_line;
use crate::provision::{AwsClients, Names, RetentionDays, provision};

/// Creates missing resources in the AWS that the environment selects, and prints their names and URLs.
pub(super) async fn run() -> anyhow::Result<()> {
    let environment = process_environment();
    let mut names = Names::default();
    for (name, variable) in [
        (&mut names.table, "DOSSIER_TABLE"),
        (&mut names.access_table, "DOSSIER_ACCESS_TABLE"),
        (&mut names.bucket, "DOSSIER_BUCKET"),
    ] {
        if let Some(configured) = environment.get(variable).filter(|value| !value.trim().is_empty()) {
            configured.trim().clone_into(name);
        }
    }
    let mut reader = Reader::new(&environment);
    let days = RetentionDays::read(&mut reader);
    let days = reader.finish(days)?;
    let sdk = load_sdk_config().await?;
    // Emulators do not resolve virtual-hosted bucket names.
    let s3 = aws_sdk_s3::config::Builder::from(&sdk).force_path_style(sdk.endpoint_url().is_some()).build();
    let clients = AwsClients {
        dynamodb: aws_sdk_dynamodb::Client::new(&sdk),
        sqs: aws_sdk_sqs::Client::new(&sdk),
        s3: aws_sdk_s3::Client::from_conf(s3),
    };
    let queues = provision(&clients, &names, days).await?;
    for (variable, value) in [
        ("DOSSIER_TABLE", &names.table),
        ("DOSSIER_ACCESS_TABLE", &names.access_table),
        ("DOSSIER_BUCKET", &names.bucket),
        ("DOSSIER_QUEUE_URL", &queues.queue_url),
        ("DOSSIER_DLQ_URL", &queues.dlq_url),
        ("DOSSIER_CALLBACK_QUEUE_URL", &queues.callback_queue_url),
        ("DOSSIER_CALLBACK_DLQ_URL", &queues.callback_dlq_url),
    ] {
        print_line(&format!("{variable}={value}"));
    }
    Ok(())
}
