//! The ready file: one JSON object with the addresses, keys and environment of a stack, for other programs.
//! It is created atomically when the stack is usable, is readable by its owner only, and is removed when the
//! stack stops.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use domain::artifact::sha256_hex;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::stack::Stack;

/// The content of the file. It has no `Debug`, because it holds secrets.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReadyContent<'a> {
    api: &'a str,
    key: &'a str,
    keys: BTreeMap<&'static str, &'a str>,
    aws: String,
    bedrock: String,
    sources: String,
    /// The former name of `sources`.
    feeds: String,
    queue_url: &'a str,
    dlq_url: &'a str,
    table: &'a str,
    access_table: &'a str,
    bucket: &'a str,
    region: &'a str,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    env: BTreeMap<&'a str, &'a str>,
}

impl<'a> ReadyContent<'a> {
    fn of(stack: &'a Stack) -> Self {
        let (keys, infrastructure, names) = (stack.keys(), stack.infrastructure(), stack.names());
        let (dev, acme) = (keys.dev.expose_secret(), keys.acme.expose_secret());
        Self {
            api: stack.api_url(),
            key: dev,
            keys: [("dev", dev), ("acme", acme)].into(),
            aws: stack.aws().endpoint(),
            bedrock: stack.bedrock().base_url(),
            sources: stack.feeds().base_url(),
            feeds: stack.feeds().base_url(),
            queue_url: &infrastructure.queues().queue_url,
            dlq_url: &infrastructure.queues().dlq_url,
            table: &names.table,
            access_table: &names.access_table,
            bucket: &names.bucket,
            region: infrastructure.region(),
            access_key_id: &infrastructure.credentials().access_key_id,
            secret_access_key: infrastructure.credentials().secret_access_key.expose_secret(),
            env: stack.environment().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        }
    }
}

/// A ready file that is not yet published.
#[derive(Debug)]
pub(crate) struct PendingReadyFile {
    path: PathBuf,
    file: NamedTempFile,
}

/// A published ready file. Dropping it removes the file.
#[derive(Debug)]
pub(crate) struct ReadyFile {
    path: PathBuf,
    sha256: String,
}

impl PendingReadyFile {
    /// Checks that a file can be created at `path`, and removes the file that an earlier stack left there, so
    /// that no program takes it for the new one.
    ///
    /// # Errors
    /// Returns an error if the directory does not exist or is not writable, or if `path` is not a file.
    pub(crate) fn new(path: &Path) -> anyhow::Result<Self> {
        let absolute = std::path::absolute(path)
            .with_context(|| format!("the ready file {} has no usable path", path.display()))?;
        let directory = absolute.parent().unwrap_or(Path::new("/"));
        // From the moment it is created, only its owner can read and write a temporary file.
        let file = tempfile::Builder::new().prefix(".ready-").tempfile_in(directory).with_context(|| {
            format!(
                "the ready file {} cannot be created: give --ready-file a path in an existing, writable directory",
                path.display()
            )
        })?;
        match std::fs::remove_file(&absolute) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let message = format!(
                    "{} cannot be replaced by the ready file: give --ready-file another path",
                    path.display()
                );
                return Err(error).context(message);
            }
        }
        Ok(Self { path: absolute, file })
    }

    /// Writes the file and moves it to its path atomically.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub(crate) fn publish(self, stack: &Stack) -> anyhow::Result<ReadyFile> {
        let Self { path, mut file } = self;
        let mut content = serde_json::to_vec_pretty(&ReadyContent::of(stack))?;
        content.push(b'\n');
        let unwritable = || format!("the ready file {} cannot be written", path.display());
        file.write_all(&content).with_context(unwritable)?;
        file.persist(&path).with_context(unwritable)?;
        Ok(ReadyFile { path, sha256: sha256_hex(&content) })
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // Another stack may have replaced the file in the meantime.
        let ours = std::fs::read(&self.path).is_ok_and(|content| sha256_hex(&content) == self.sha256);
        if ours && let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the ready file could not be removed; delete it by hand");
        }
    }
}
