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

/// Passes each parameter of `query` to `accept`, which stores or rejects it. Returns an error for each
/// rejected or repeated parameter.
pub(crate) fn read(
    query: Option<&str>,
    mut accept: impl FnMut(&str, &str) -> Result<(), Rejected>,
) -> Vec<FieldError> {
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
    errors
}

/// Ends the reading of a query.
///
/// # Errors
/// Returns the [`Problem`] to answer with if there are `errors`.
pub(crate) fn finish(errors: Vec<FieldError>) -> Result<(), Problem> {
    if errors.is_empty() { Ok(()) } else { Err(Problem::parameter(errors)) }
}

/// Parses the day in the parameter `name`.
///
/// # Errors
/// Returns [`Rejected::Value`] if `value` is not a day.
pub(crate) fn day(name: &str, value: &str) -> Result<Day, Rejected> {
    value.parse().map_err(|error| Rejected::Value("day_invalid", format!("{name} {error}")))
}

/// Returns an error if `from` is after `to`.
pub(crate) fn out_of_order(from: Option<Day>, to: Option<Day>) -> Option<FieldError> {
    let (from, to) = from.zip(to).filter(|(from, to)| from > to)?;
    let message = format!("from ({from}) is after to ({to})");
    Some(FieldError::new("/query/from", "range_reversed", message))
}

/// Returns a name as it can be shown in a message: without control characters, and 60 characters at most.
fn clip(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(60).collect()
}
