//! The command `api-service keys`: creates, lists, rotates and revokes API keys. It prints JSON, one object
//! per line.

use std::{io::Write, time::Duration};

use aws_adapters::{error::AwsError, keys::Keys};
use clap::Subcommand;
use domain::{
    access::{ApiKey, KeyId, KeyRecord, Scope, Scopes},
    identity::Tenant,
    time::UtcTime,
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use thiserror::Error;

const HOUR: Duration = Duration::from_secs(3600);

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
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
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
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=8760))]
        overlap_hours: u32,
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
}

fn label(text: &str) -> Result<String, &'static str> {
    let is_valid = (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if is_valid {
        Ok(text.to_owned())
    } else {
        Err("a label has 1 to 100 characters and no control characters")
    }
}

/// Runs `command` at the time `now`, and prints its result to `output`.
///
/// # Errors
/// Returns [`KeysError`] if the key does not exist or is not active, if the table cannot be used, or if
/// `output` fails.
pub async fn run(
    command: KeysCommand,
    keys: &Keys,
    now: UtcTime,
    output: &mut impl Write,
) -> Result<(), KeysError> {
    match command {
        KeysCommand::Create { tenant, scopes, label, expires_in_days } => {
            let expires_at = expires_in_days.map(|days| now.plus(HOUR * 24 * days));
            let scopes = scopes.into_iter().collect();
            let (key, record) = create(keys, tenant, scopes, label, expires_at, now).await?;
            writeln!(output, "{}", with_key(&record, &key))?;
        }
        KeysCommand::List { tenant } => {
            for record in keys.list(&tenant).await? {
                writeln!(output, "{}", shown(&record))?;
            }
        }
        KeysCommand::Revoke { id } => {
            let record = keys.revoke(&id, now).await?.ok_or(KeysError::Unknown(id))?;
            writeln!(output, "{}", shown(&record))?;
        }
        KeysCommand::Rotate { id, overlap_hours } => {
            let old = keys.get(&id).await?.ok_or_else(|| KeysError::Unknown(id.clone()))?;
            if !old.is_active(now) {
                return Err(KeysError::Inactive(id));
            }
            // The new key gets the same lifetime as the old one had from its creation, or none if the old one
            // does not expire.
            let expires_at = old.expires_at.map(|end| now.plus(end.since(old.created_at)));
            let (key, record) = create(keys, old.tenant, old.scopes, old.label, expires_at, now).await?;
            // The new key is printed first, so that it is not lost if the old one cannot be changed.
            writeln!(output, "{}", with_key(&record, &key))?;
            let end = now.plus(HOUR * overlap_hours);
            keys.expire(&id, old.expires_at.map_or(end, |expires| expires.min(end))).await?;
        }
    }
    Ok(())
}

/// Creates and records a key.
///
/// # Errors
/// Returns [`AwsError`] if the table does not confirm that the key was recorded.
pub async fn create(
    keys: &Keys,
    tenant: Tenant,
    scopes: Scopes,
    label: Option<String>,
    expires_at: Option<UtcTime>,
    now: UtcTime,
) -> Result<(ApiKey, KeyRecord), AwsError> {
    let key = ApiKey::new(rand::random(), rand::random());
    let (id, hash) = (key.id.clone(), key.hash());
    let record = KeyRecord { id, tenant, scopes, label, hash, created_at: now, expires_at, revoked_at: None };
    keys.create(&record).await?;
    Ok((key, record))
}

fn shown(record: &KeyRecord) -> Value {
    let KeyRecord { id, tenant, scopes, label, hash: _, created_at, expires_at, revoked_at } = record;
    json!({
        "id": id, "tenant": tenant, "scopes": scopes, "label": label, "createdAt": created_at,
        "expiresAt": expires_at, "revokedAt": revoked_at,
    })
}

fn with_key(record: &KeyRecord, key: &ApiKey) -> Value {
    let mut value = shown(record);
    value["key"] = key.text().expose_secret().into();
    value
}
