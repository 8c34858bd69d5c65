//! Parses query strings, and reports everything that is wrong with the parameters at once.

use domain::{request::FieldError, usage::Day};

use crate::problem::Problem;

/// Why a parameter is rejected.
#[derive(Debug)]
pub(crate) enum Rejected {
    /// Its value is invalid: an error code, and a message that says what to do.
    Value(&'static str, String),
    /// There is no such parameter.
    Unknown,
}

/// Passes each parameter of `query` to `accept`, which stores or rejects it.
///
/// # Errors
/// Returns a [`Problem`] with all rejected and repeated parameters.
pub(crate) fn read(
    query: Option<&str>,
    mut accept: impl FnMut(&str, &str) -> Result<(), Rejected>,
) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let mut seen = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let shown = clip(&name);
        let rejected = if seen.contains(&name) {
            Some(("repeated", format!("{shown} occurs more than once: send it once")))
        } else {
            match accept(&name, &value) {
                Ok(()) => None,
                Err(Rejected::Value(code, message)) => Some((code, message)),
                Err(Rejected::Unknown) => {
                    Some(("unknown_parameter", format!("there is no parameter named {shown}: remove it")))
                }
            }
        };
        errors.extend(
            rejected.map(|(code, message)| FieldError::new(format!("/query/{shown}"), code, message)),
        );
        seen.push(name);
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::parameter(errors)) }
}

/// Parses the day in the parameter `name`.
///
/// # Errors
/// Returns [`Rejected::Value`] if `value` is not a day.
pub(crate) fn day(name: &str, value: &str) -> Result<Day, Rejected> {
    value.parse().map_err(|error| Rejected::Value("day_invalid", format!("{name} {error}")))
}

/// Checks that `from` is not after `to`.
///
/// # Errors
/// Returns the [`Problem`] to answer with if `from` is after `to`.
pub(crate) fn in_order(from: Option<Day>, to: Option<Day>) -> Result<(), Problem> {
    match (from, to) {
        (Some(from), Some(to)) if from > to => {
            let message = format!("from ({from}) is after to ({to})");
            Err(Problem::parameter(vec![FieldError::new("/query/from", "range_reversed", message)]))
        }
        _ => Ok(()),
    }
}

/// Returns a name as it can be shown in a message: without control characters, and 60 characters at most.
fn clip(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(60).collect()
}
