//! The parameters of a query string, with everything that is wrong with them at once.

use domain::{request::FieldError, usage::Day};

use crate::problem::Problem;

/// Why a parameter is refused.
#[derive(Debug)]
pub enum Rejected {
    /// Its value is not valid: a code, and what to do.
    Value(&'static str, String),
    /// There is no such parameter.
    Unknown,
}

/// Hands each parameter of `query` to `take`, which says why it refuses one.
///
/// # Errors
/// Everything that is wrong, those that were sent twice included.
pub fn read(
    query: Option<&str>,
    mut take: impl FnMut(&str, &str) -> Result<(), Rejected>,
) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let mut seen = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let shown = clip(&name);
        let refused = if seen.contains(&name) {
            Some(("repeated", format!("{shown} is there twice: send it once")))
        } else {
            match take(&name, &value) {
                Ok(()) => None,
                Err(Rejected::Value(code, message)) => Some((code, message)),
                Err(Rejected::Unknown) => {
                    Some(("unknown_parameter", format!("there is no parameter named {shown}: remove it")))
                }
            }
        };
        errors
            .extend(refused.map(|(code, message)| FieldError::new(format!("/query/{shown}"), code, message)));
        seen.push(name);
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::parameter(errors)) }
}

/// The day that the parameter `name` means.
///
/// # Errors
/// [`Rejected`] when it is none.
pub fn day(name: &str, value: &str) -> Result<Day, Rejected> {
    value.parse().map_err(|error| Rejected::Value("day_invalid", format!("{name} {error}")))
}

/// Sees that `from` is not after `to`.
///
/// # Errors
/// The [`Problem`] to answer with when it is.
pub fn in_order(from: Option<Day>, to: Option<Day>) -> Result<(), Problem> {
    match (from, to) {
        (Some(from), Some(to)) if from > to => {
            let message = format!("from is {from}, which is after to, {to}");
            Err(Problem::parameter(vec![FieldError::new("/query/from", "range_reversed", message)]))
        }
        _ => Ok(()),
    }
}

fn clip(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(60).collect()
}
