//! Settings from the environment: declared once, read with every mistake reported together, and
//! listed by `--help` and the documentation from the same declarations.

use std::{collections::HashMap, fmt, fmt::Write as _, str::FromStr, time::Duration};

use thiserror::Error;
use url::Url;

use crate::domain::lifecycle::Policy;

/// A setting: an environment variable.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The variable's name.
    pub name: &'static str,
    /// What holds when it is not set.
    pub default: Presence,
    /// What it does, with its unit.
    pub help: &'static str,
}

/// What holds when a setting is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The service does not start.
    Required,
    /// What it does is left undone.
    Optional,
    /// This value.
    Default(&'static str),
}

/// Everything that is wrong with the settings.
#[derive(Debug, Error)]
pub struct ConfigErrors(pub Vec<String>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the settings are not usable; mend these and start again (--help lists every setting):")?;
        self.0.iter().try_for_each(|error| writeln!(f, "  {error}"))
    }
}

/// Variables and their values.
pub type Environment = HashMap<String, String>;

/// The variables of this process. One that is no Unicode text is taken with replacement characters,
/// which no setting accepts, so that it is reported and not passed over.
pub fn process_environment() -> Environment {
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
}

/// Reads settings and collects what is wrong with them.
#[derive(Debug)]
pub struct Reader<'a> {
    environment: &'a Environment,
    errors: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Reads from `environment`.
    pub fn new(environment: &'a Environment) -> Self {
        Self { environment, errors: Vec::new() }
    }

    /// The value of `setting` as text; none when it is not set and has no default. White space
    /// around it does not count, and an empty value is as good as none.
    pub fn text(&mut self, setting: &Setting) -> Option<String> {
        let set =
            self.environment.get(setting.name).map(|value| value.trim()).filter(|value| !value.is_empty());
        match (set, setting.default) {
            (Some(value), _) => Some(value.to_owned()),
            (None, Presence::Default(default)) => Some(default.to_owned()),
            (None, Presence::Optional) => None,
            (None, Presence::Required) => {
                self.errors.push(format!("{} is not set: {}", setting.name, setting.help));
                None
            }
        }
    }

    /// The value of `setting`, parsed. The message of an error is the parser's; the value itself is
    /// not repeated, for it may be secret.
    pub fn parse<T: FromStr<Err: fmt::Display>>(&mut self, setting: &Setting) -> Option<T> {
        let text = self.text(setting)?;
        self.convert(setting, text.parse())
    }

    /// The value of `setting`, a number of whole seconds from `least` to `most`.
    pub fn seconds(&mut self, setting: &Setting, least: u64, most: u64) -> Option<Duration> {
        self.number(setting, least, most).map(Duration::from_secs)
    }

    /// The value of `setting`, a whole number from `least` to `most`.
    pub fn number(&mut self, setting: &Setting, least: u64, most: u64) -> Option<u64> {
        let value: u64 = self.parse(setting)?;
        if (least..=most).contains(&value) {
            Some(value)
        } else {
            self.fail(setting, format_args!("is {value}: use a number from {least} to {most}"));
            None
        }
    }

    /// Takes the result of a conversion of `setting`, noting its error.
    pub fn convert<T, E: fmt::Display>(&mut self, setting: &Setting, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.fail(setting, format_args!("cannot be read: {error}"))).ok()
    }

    /// Notes that `setting` is wrong.
    pub fn fail(&mut self, setting: &Setting, why: impl fmt::Display) {
        self.errors.push(format!("{} {why} ({})", setting.name, setting.help));
    }

    /// The settings, made by `make` from what was read.
    ///
    /// # Errors
    /// Everything that was noted.
    pub fn finish<T>(self, make: Option<T>) -> Result<T, ConfigErrors> {
        match make {
            Some(settings) if self.errors.is_empty() => Ok(settings),
            _ => Err(ConfigErrors(self.errors)),
        }
    }
}

/// The settings as a list for `--help`.
pub fn help(settings: &[&[Setting]]) -> String {
    let mut text = String::from("Settings (environment variables):\n");
    for setting in settings.iter().copied().flatten() {
        let default = match setting.default {
            Presence::Required => "required".to_owned(),
            Presence::Optional => "optional".to_owned(),
            Presence::Default(value) => format!("default {value}"),
        };
        let _ = writeln!(text, "  {} [{default}]\n      {}", setting.name, setting.help);
    }
    text
}

/// The settings as rows of a Markdown table for the documentation.
pub fn markdown(settings: &[&[Setting]]) -> String {
    let mut text = String::from("| setting | default | what it does |\n| --- | --- | --- |\n");
    for setting in settings.iter().copied().flatten() {
        let default = match setting.default {
            Presence::Required => "*required*".to_owned(),
            Presence::Optional => "*none*".to_owned(),
            Presence::Default(value) => format!("`{value}`"),
        };
        let _ = writeln!(text, "| `{}` | {default} | {} |", setting.name, setting.help);
    }
    text
}

/// Declares settings and the list of them:
/// `settings! { LIST: IDENT = "NAME", presence, "what it does"; … }`.
#[macro_export]
macro_rules! settings {
    ($(#[$doc:meta])* $list:ident: $($ident:ident = $name:literal, $default:expr, $help:literal;)+) => {
        $(const $ident: $crate::config::Setting =
            $crate::config::Setting { name: $name, default: $default, help: $help };)+
        $(#[$doc])*
        pub const $list: &[$crate::config::Setting] = &[$($ident),+];
    };
}
settings! {
    /// The settings of the adapters to AWS and of the lifecycle, the same for both services.
    AWS_SETTINGS:
    TABLE = "DOSSIER_TABLE", Presence::Default("dossier"), "name of the DynamoDB table";
    QUEUE_URL = "DOSSIER_QUEUE_URL", Presence::Required, "URL of the SQS queue of reports";
    CALLBACK_QUEUE_URL = "DOSSIER_CALLBACK_QUEUE_URL", Presence::Required, "URL of the SQS queue of call-backs";
    BUCKET = "DOSSIER_BUCKET", Presence::Default("dossier-reports"), "name of the S3 bucket";
    KMS_KEY_ID = "DOSSIER_KMS_KEY_ID", Presence::Optional, "KMS key that encrypts objects; without it S3's own keys do (SSE-S3)";
    LINK_ENDPOINT = "DOSSIER_LINK_ENDPOINT", Presence::Optional,
        "base URL of S3 in the links that clients get, where clients reach it by another name than the services do, as behind an emulator";
    ATTEMPTS = "DOSSIER_ATTEMPTS", Presence::Default("3"), "attempts that one submission of a report is worth, 1 to 20";
    LEASE_SECONDS = "DOSSIER_LEASE_SECONDS", Presence::Default("60"),
        "seconds after which a report whose worker is silent may be taken over, 5 to 3600";
    PICKUP_GRACE_SECONDS = "DOSSIER_PICKUP_GRACE_SECONDS", Presence::Default("120"),
        "seconds after which a report that no worker took is sent to the queue again, 1 to 3600";
}

/// Where the adapters find what they adapt.
#[derive(Clone, Debug)]
pub struct AwsSettings {
    /// Name of the table.
    pub table: String,
    /// URL of the queue.
    pub queue_url: String,
    /// URL of the queue of call-backs.
    pub callback_queue_url: String,
    /// Name of the bucket.
    pub bucket: String,
    /// Key that encrypts objects.
    pub kms_key_id: Option<String>,
    /// Where links to artifacts lead, if not to where the services reach S3.
    pub link_endpoint: Option<String>,
    /// The numbers of the lifecycle.
    pub policy: Policy,
}

/// The settings of commands that work on the table alone.
pub const TABLE_SETTINGS: &[Setting] = &[TABLE];

/// The name of the table, for commands that work on it alone.
pub fn table(reader: &mut Reader<'_>) -> Option<String> {
    reader.text(&TABLE)
}

impl AwsSettings {
    /// Reads [`AWS_SETTINGS`]; none when `reader` noted an error.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let table = reader.text(&TABLE);
        let queue_url = reader.parse::<Url>(&QUEUE_URL).map(String::from);
        let callback_queue_url = reader.parse::<Url>(&CALLBACK_QUEUE_URL).map(String::from);
        let bucket = reader.text(&BUCKET);
        let kms_key_id = reader.text(&KMS_KEY_ID);
        let link_endpoint = reader.parse::<Url>(&LINK_ENDPOINT).map(String::from);
        let attempts = reader.number(&ATTEMPTS, 1, 20);
        let lease = reader.seconds(&LEASE_SECONDS, 5, 3600);
        let pickup_grace = reader.seconds(&PICKUP_GRACE_SECONDS, 1, 3600);
        Some(Self {
            table: table?,
            queue_url: queue_url?,
            callback_queue_url: callback_queue_url?,
            bucket: bucket?,
            kms_key_id,
            link_endpoint,
            policy: Policy {
                attempts: u32::try_from(attempts?).ok()?,
                lease: lease?,
                pickup_grace: pickup_grace?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn defaults_hold_where_nothing_is_set() {
        let environment = environment(&[
            ("DOSSIER_QUEUE_URL", "http://q"),
            ("DOSSIER_CALLBACK_QUEUE_URL", "http://c"),
            ("DOSSIER_TABLE", "  "),
        ]);
        let mut reader = Reader::new(&environment);
        let read = AwsSettings::read(&mut reader);
        let settings = reader.finish(read).unwrap();
        assert_eq!(settings.queue_url, "http://q/");
        assert_eq!((settings.table.as_str(), settings.policy), ("dossier", Policy::default()));
    }

    #[test]
    fn every_mistake_is_reported_at_once_without_its_value() {
        let environment = environment(&[("DOSSIER_ATTEMPTS", "s3cret"), ("DOSSIER_LEASE_SECONDS", "1")]);
        let mut reader = Reader::new(&environment);
        let read = AwsSettings::read(&mut reader);
        let text = reader.finish(read).unwrap_err().to_string();
        for name in
            ["DOSSIER_QUEUE_URL is not set", "DOSSIER_ATTEMPTS cannot be read", "DOSSIER_LEASE_SECONDS is 1"]
        {
            assert!(text.contains(name), "{text}");
        }
        assert!(!text.contains("s3cret"));
    }
}
