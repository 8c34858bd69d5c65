//! Settings from the environment: declared once, read with every mistake reported together, and
//! listed by `--help` and the documentation from the same declarations.

use std::{collections::HashMap, fmt, fmt::Write as _, str::FromStr, time::Duration};

use thiserror::Error;

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

/// Joins lists of settings into one: `const ALL: [Setting; N] = concatenate(&[A, B])`, where `N` is the length of both.
///
/// # Panics
/// At compile time, if `N` is not the number of settings.
pub const fn concatenate<const N: usize>(lists: &[&[Setting]]) -> [Setting; N] {
    let mut all = [Setting { name: "", default: Presence::Optional, help: "" }; N];
    // `const fn` has no iterators.
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

/// Splits the value of a setting that is a list, without the white space around its parts and without empty parts.
pub fn parts(text: &str, separator: char) -> impl Iterator<Item = &str> {
    text.split(separator).map(str::trim).filter(|part| !part.is_empty())
}
