//! `api-service keys …`: makes, lists, rotates and revokes API keys. What it prints is JSON, one object a line.

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

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Makes a key and prints it. It is shown this once: only its hash is stored.
    Create {
        /// Whose key it is.
        #[arg(long)]
        tenant: Tenant,
        /// What it allows: reports:write, reports:read, usage:read, admin. May be given more than once.
        #[arg(long = "scope", required = true)]
        scopes: Vec<Scope>,
        /// What people call it.
        #[arg(long, value_parser = label)]
        label: Option<String>,
        /// After how many days it expires; never unless told.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
        expires_in_days: Option<u32>,
    },
    /// Lists the keys of a tenant, those that are revoked included.
    List {
        /// Whose keys.
        #[arg(long)]
        tenant: Tenant,
    },
    /// Makes a key good no longer. Every API task knows within 50 seconds.
    Revoke {
        /// The key's id: the 16 digits after dossier_.
        id: KeyId,
    },
    /// Makes a new key like an old one, which stays good for a while.
    Rotate {
        /// The old key's id: the 16 digits after dossier_.
        id: KeyId,
        /// How long the old key stays good.
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=8760))]
        overlap_hours: u32,
    },
}

/// Why a command on keys failed.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The table does not do it.
    #[error("{0}")]
    Aws(#[from] AwsError),
    /// There is no such key.
    #[error("there is no key {0}: `keys list --tenant T` shows every id")]
    Unknown(KeyId),
    /// The key to be rotated is good no longer.
    #[error("the key {0} is revoked or expired and cannot be rotated: make a new one with `keys create`")]
    NotGood(KeyId),
    /// It cannot be printed.
    #[error("the outcome cannot be written: {0}")]
    Output(#[from] std::io::Error),
}

fn label(text: &str) -> Result<String, &'static str> {
    let fits = (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits {
        Ok(text.to_owned())
    } else {
        Err("a label has 1 to 100 characters, none of them a control character")
    }
}

/// Carries out `command` at `now`.
///
/// # Errors
/// [`KeysError`] says what was not done.
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
                return Err(KeysError::NotGood(id));
            }
            // As long as the old one was to live, if that was bounded.
            let expires_at = old.expires_at.map(|end| now.plus(end.since(old.created_at)));
            let (key, record) = create(keys, old.tenant, old.scopes, old.label, expires_at, now).await?;
            // Shown first: if the old one cannot be ended now, nobody has lost the new one.
            writeln!(output, "{}", with_key(&record, &key))?;
            let end = now.plus(HOUR * overlap_hours);
            keys.expire(&id, old.expires_at.map_or(end, |expires| expires.min(end))).await?;
        }
    }
    Ok(())
}

/// Makes and records a key.
///
/// # Errors
/// [`AwsError`] when it is not known to be recorded.
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
