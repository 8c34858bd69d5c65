//! The command `api-service keys`: creates, lists, rotates, revokes and moves API keys. It prints JSON, one object
//! per line. Changes are in the audit log, as those of the routes are.

use std::{fmt, io::Write};

use aws_adapters::{error::AwsError, keys::Keys, webhook_secrets::WebhookSecrets};
use clap::Subcommand;
use domain::{
    access::{KeyId, KeyRecord, LIFETIME_DAYS_MAX, OVERLAP_HOURS, OVERLAP_HOURS_MAX, Scope, check_label},
    identity::Tenant,
    time::UtcTime,
};
use serde::Serialize;
use serde_json::json;
use telemetry::audit;
use thiserror::Error;

use super::{
    manage,
    resource::{KeyResource, NewKeyResource},
};

/// The subcommands of `keys`.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Creates a key and prints it. This is the only time that it is shown: the table stores its hash.
    Create {
        /// The tenant that the key belongs to.
        #[arg(long)]
        tenant: Tenant,
        /// A scope of the key: reports:write, reports:read, usage:read or admin. Repeat the option for several.
        #[arg(long = "scope", required = true)]
        scopes: Vec<Scope>,
        /// A name for people, such as the system that uses the key.
        #[arg(long, value_parser = label)]
        label: Option<String>,
        /// The number of days after which it expires; a key without it never expires.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=i64::from(LIFETIME_DAYS_MAX)))]
        expires_in_days: Option<u32>,
    },
    /// Lists the keys of a tenant, including revoked ones.
    List {
        /// The tenant.
        #[arg(long)]
        tenant: Tenant,
    },
    /// Revokes a key. Every API task rejects it within 50 seconds.
    Revoke {
        /// The id of the key: the 16 digits after dossier_.
        id: KeyId,
    },
    /// Creates a key with the tenant, scopes and label of an old one, which stays active for a while.
    Rotate {
        /// The id of the old key: the 16 digits after dossier_.
        id: KeyId,
        /// The number of hours for which the old key stays active.
        #[arg(long, value_name = "HOURS", default_value_t = OVERLAP_HOURS, value_parser = clap::value_parser!(u32).range(0..=i64::from(OVERLAP_HOURS_MAX)))]
        overlap_hours: u32,
    },
    /// Moves the keys and the webhook secrets of a tenant from the table of reports, where version 0.2 keeps them, to
    /// the access table. Can be repeated. Run it when no task of version 0.2 runs any more.
    Migrate {
        /// The tenant.
        #[arg(long)]
        tenant: Tenant,
    },
}

/// The error of a `keys` command.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The table cannot be read or written.
    #[error("{0}")]
    Aws(#[from] AwsError),
    /// There is no such key.
    #[error("there is no key {0}: `keys list --tenant T` lists the ids")]
    Unknown(KeyId),
    /// The key to rotate is not active any more.
    #[error("the key {0} is revoked or expired and cannot be rotated: create a new one with `keys create`")]
    Inactive(KeyId),
    /// The result cannot be printed.
    #[error("the result cannot be written: {0}")]
    Output(#[from] std::io::Error),
    /// The result cannot be printed as JSON.
    #[error("the result cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

fn label(text: &str) -> Result<String, domain::access::InvalidLabel> {
    check_label(text).map(|()| text.to_owned())
}

/// Runs `command` at the time `now`, and prints its result to `output`.
///
/// # Errors
/// Returns [`KeysError`] if the key does not exist or is not active, if the tables cannot be used, or if
/// `output` fails.
pub async fn run(
    command: KeysCommand,
    keys: &Keys,
    webhook_secrets: &WebhookSecrets,
    now: UtcTime,
    output: &mut impl Write,
) -> Result<(), KeysError> {
    match command {
        KeysCommand::Create { tenant, scopes, label, expires_in_days } => {
            let expires_at = manage::end_of_lifetime(now, expires_in_days);
            let scopes = scopes.into_iter().collect();
            let created = manage::create(keys, tenant, scopes, label, expires_at, now).await?;
            audit("key.create", &created.record.id, &created.record.tenant);
            print(output, &NewKeyResource::from(created))
        }
        KeysCommand::List { tenant } => {
            let records = keys.list(&tenant).await?;
            records.into_iter().try_for_each(|record| print(output, &KeyResource::from(record)))
        }
        KeysCommand::Revoke { id } => {
            let record = keys.revoke(&id, now).await?.ok_or(KeysError::Unknown(id))?;
            audit("key.revoke", &record.id, &record.tenant);
            print(output, &KeyResource::from(record))
        }
        KeysCommand::Rotate { id, overlap_hours } => {
            let old: KeyRecord = keys.get(&id).await?.ok_or_else(|| KeysError::Unknown(id.clone()))?;
            if !old.is_active(now) {
                return Err(KeysError::Inactive(id));
            }
            let created = manage::successor(keys, &old, now).await?;
            audit("key.create", &created.record.id, &old.tenant);
            // The new key is printed first, so that it is not lost if the old one cannot be changed.
            print(output, &NewKeyResource::from(created))?;
            manage::retire(keys, &old, overlap_hours, now).await?;
            audit("key.rotate", &old.id, &old.tenant);
            Ok(())
        }
        KeysCommand::Migrate { tenant } => {
            let moved = keys.adopt(&tenant).await;
            // Some keys may have been moved before an error, and the secrets of webhooks come after all of them.
            audit("key.migrate", &tenant, &tenant);
            let moved = moved?;
            let has_moved_secrets = webhook_secrets.adopt(&tenant).await?;
            print(output, &json!({"tenant": tenant, "keys": moved, "webhookSecrets": has_moved_secrets}))
        }
    }
}

/// Records in the audit log that the command performed `action` on `subject`. The command does not know who ran it; AWS
/// does, for a one-off task (`RunTask` in CloudTrail).
fn audit(action: &'static str, subject: &dyn fmt::Display, tenant: &Tenant) {
    audit::record(&audit::Event { action, subject, tenant, actor: &"command" });
}

/// Prints `value` as one line of JSON.
fn print(output: &mut impl Write, value: &impl Serialize) -> Result<(), KeysError> {
    let line = serde_json::to_string(value)?;
    Ok(writeln!(output, "{line}")?)
}
