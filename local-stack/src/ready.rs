//! The ready file: one JSON object that tells other programs where everything is and which keys are good. It appears
//! whole, once everything can be used, for its owner alone, and is gone when the stack is.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use domain::artifact::sha256_hex;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::stack::Stack;
use crate::stack::surroundings::REGION;

/// What the file holds. It has no `Debug`: everything in it is for its reader's eyes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ready<'a> {
    api: &'a str,
    key: &'a str,
    keys: BTreeMap<&'static str, &'a str>,
    aws: String,
    bedrock: String,
    feeds: String,
    queue_url: &'a str,
    dlq_url: &'a str,
    table: &'a str,
    bucket: &'a str,
    region: &'static str,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    env: BTreeMap<&'a str, &'a str>,
}

impl<'a> Ready<'a> {
    fn of(stack: &'a Stack) -> Self {
        let (keys, surroundings, names) = (stack.keys(), stack.surroundings(), stack.names());
        let (dev, acme) = (keys.dev.expose_secret(), keys.acme.expose_secret());
        Self {
            api: stack.api_url(),
            key: dev,
            keys: [("dev", dev), ("acme", acme)].into(),
            aws: stack.aws().endpoint(),
            bedrock: stack.bedrock().base_url(),
            feeds: stack.feeds().base_url(),
            queue_url: &surroundings.queues().queue_url,
            dlq_url: &surroundings.queues().dlq_url,
            table: &names.table,
            bucket: &names.bucket,
            region: REGION,
            access_key_id: &surroundings.credentials().access_key_id,
            secret_access_key: surroundings.credentials().secret_access_key.expose_secret(),
            env: stack.environment().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        }
    }
}

/// A ready file that is to come.
#[derive(Debug)]
pub struct Prepared {
    path: PathBuf,
    file: NamedTempFile,
}

/// A ready file that is there; dropping this removes it.
#[derive(Debug)]
pub struct ReadyFile {
    path: PathBuf,
    sha256: String,
}

impl Prepared {
    /// Sees that a file can be made at `path`, and removes what an earlier stack left there: whoever waits for the
    /// file must not find an old one.
    ///
    /// # Errors
    /// When the directory is not there or cannot be written to, or `path` is no file.
    pub fn new(path: &Path) -> anyhow::Result<Self> {
        let absolute = std::path::absolute(path)
            .with_context(|| format!("the ready file {} has no usable path", path.display()))?;
        let directory = absolute.parent().unwrap_or(Path::new("/"));
        // Readable and writable by its owner alone from the beginning.
        let file = tempfile::Builder::new().prefix(".ready-").tempfile_in(directory).with_context(|| {
            format!(
                "the ready file {} cannot be made: give --ready-file a path in a directory that exists and can be \
                 written to",
                path.display()
            )
        })?;
        match std::fs::remove_file(&absolute) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let message = format!(
                    "{} cannot be replaced by a ready file: give --ready-file another path",
                    path.display()
                );
                return Err(error).context(message);
            }
        }
        Ok(Self { path: absolute, file })
    }

    /// Makes the file appear, all at once.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn publish(self, stack: &Stack) -> anyhow::Result<ReadyFile> {
        let Self { path, mut file } = self;
        let mut content = serde_json::to_vec_pretty(&Ready::of(stack))?;
        content.push(b'\n');
        let unwritable = || format!("the ready file {} cannot be written", path.display());
        file.write_all(&content).with_context(unwritable)?;
        file.persist(&path).with_context(unwritable)?;
        Ok(ReadyFile { path, sha256: sha256_hex(&content) })
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // Another stack may have put its own file there since.
        let ours = std::fs::read(&self.path).is_ok_and(|content| sha256_hex(&content) == self.sha256);
        if ours && let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the ready file could not be removed");
        }
    }
}
