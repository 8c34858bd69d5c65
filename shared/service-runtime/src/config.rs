//! Settings from environment variables. Each setting is declared once; `--help`, the documentation and the
//! reader use the same declaration, and all invalid settings are reported together.

use std::{collections::HashMap, fmt, fmt::Write as _, str::FromStr, time::Duration};

use thiserror::Error;

/// A setting, given as an environment variable.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The name of the variable.
    pub name: &'static str,
    /// What applies if the variable is not set.
    pub default: Presence,
    /// What the setting does, with its unit.
    pub help: &'static str,
}

/// The effect of a setting that is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The service does not start.
    Required,
    /// The feature that it configures is off.
    Optional,
    /// This value is used.
    Default(&'static str),
}

/// All errors in the settings, one message each.
#[derive(Debug, Error)]
pub struct ConfigErrors(pub Vec<String>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "invalid settings; correct them and start again (--help lists every setting):")?;
        self.0.iter().try_for_each(|error| writeln!(f, "  {error}"))
    }
}

/// Environment variables and their values.
pub type Environment = HashMap<String, String>;

/// Returns the environment variables of this process. Invalid Unicode is read with replacement characters,
/// which no setting accepts, so that the variable is reported instead of ignored.
pub fn process_environment() -> Environment {
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
}

/// A reader of settings that collects their errors.
#[derive(Debug)]
pub struct Reader<'a> {
    environment: &'a Environment,
    errors: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Returns a reader of the settings in `environment`.
    pub fn new(environment: &'a Environment) -> Self {
        Self { environment, errors: Vec::new() }
    }

    /// Returns the trimmed value of `setting`, or `None` if it is not set and has no default. An empty value
    /// counts as not set.
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

    /// Returns the parsed value of `setting`, or records the parser's error. The error never contains the
    /// value, which may be secret.
    pub fn parse<T: FromStr<Err: fmt::Display>>(&mut self, setting: &Setting) -> Option<T> {
        let text = self.text(setting)?;
        self.convert(setting, text.parse())
    }

    /// Returns the value of `setting` as whole seconds from `min` to `max`, or records an error.
    pub fn seconds(&mut self, setting: &Setting, min: u64, max: u64) -> Option<Duration> {
        self.number(setting, min, max).map(Duration::from_secs)
    }

    /// Returns the value of `setting` as a whole number from `min` to `max`, or records an error.
    pub fn number(&mut self, setting: &Setting, min: u64, max: u64) -> Option<u64> {
        let value: u64 = self.parse(setting)?;
        if (min..=max).contains(&value) {
            Some(value)
        } else {
            self.fail(setting, format_args!("is {value}: use a number from {min} to {max}"));
            None
        }
    }

    /// Returns the value of a conversion of `setting`, or records its error.
    pub fn convert<T, E: fmt::Display>(&mut self, setting: &Setting, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.fail(setting, format_args!("cannot be parsed: {error}"))).ok()
    }

    /// Records an error in `setting`. `reason` is a predicate, such as "is not a URL".
    pub fn fail(&mut self, setting: &Setting, reason: impl fmt::Display) {
        self.errors.push(format!("{} {reason} ({})", setting.name, setting.help));
    }

    /// Returns `settings` if no error was recorded.
    ///
    /// # Errors
    /// Returns [`ConfigErrors`] with all recorded errors if there are any or `settings` is `None`.
    pub fn finish<T>(self, settings: Option<T>) -> Result<T, ConfigErrors> {
        match settings {
            Some(settings) if self.errors.is_empty() => Ok(settings),
            _ => Err(ConfigErrors(self.errors)),
        }
    }
}

/// Returns the settings as a list for `--help`.
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

/// Returns the settings as a Markdown table for the documentation.
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

/// Declares settings as constants, and a list of them:
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

/// Joins lists of settings into one: `const ALL: [Setting; N] = concatenate(&[A, B])`, where `N` is the
/// total number of settings.
///
/// # Panics
/// Panics if `N` is not the total number of settings; in a constant, at compile time.
pub const fn concatenate<const N: usize>(lists: &[&[Setting]]) -> [Setting; N] {
    let mut all = [Setting { name: "", default: Presence::Optional, help: "" }; N];
    // Iterators cannot be used in a `const fn`.
    let (mut list, mut filled) = (0, 0);
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            all[filled] = lists[list][at];
            filled += 1;
            at += 1;
        }
        list += 1;
    }
    assert!(filled == N, "the length is not that of the lists");
    all
}

/// Splits the value of a list setting at `separator`. Parts are trimmed, and empty parts are dropped.
pub fn parts(text: &str, separator: char) -> impl Iterator<Item = &str> {
    text.split(separator).map(str::trim).filter(|part| !part.is_empty())
}
