//! The query parameters that select reports, for lists and exports.

use aws_adapters::table::Filter;
use country::Country;
use domain::{lifecycle::Status, request::COMPANY_NAME_MAX, risk::RiskLevel};

use crate::query::{self, Rejected};

/// Sets the part of `filter` that the parameter `name` describes.
///
/// # Errors
/// Returns [`Rejected`] if the value is invalid, or if there is no such parameter.
pub(super) fn set(filter: &mut Filter, name: &str, value: &str) -> Result<(), Rejected> {
    match name {
        "status" => {
            filter.status = Some(one_of(&Status::ALL, Status::as_str, name, value, "status_unknown")?);
        }
        "riskLevel" => {
            let level = one_of(&RiskLevel::ALL, RiskLevel::as_str, name, value, "risk_level_unknown")?;
            filter.risk_level = Some(level);
        }
        "country" => {
            let country: Result<Country, _> = value.parse();
            let unknown = |error| Rejected::Value("country_unknown", format!("country {error}"));
            filter.country = Some(country.map_err(unknown)?);
        }
        "corporateNumber" => {
            filter.number =
                Some(text(name, value, registration_numbers::NUMBER_MAX, "corporate_number_invalid")?);
        }
        "name" => filter.name = Some(text(name, value, COMPANY_NAME_MAX, "name_invalid")?),
        "review" => {
            let required = one_of(&[true, false], bool_name, name, value, "review_unknown")?;
            filter.review = Some(required);
        }
        "from" => filter.from = Some(query::day(name, value)?),
        "to" => filter.to = Some(query::day(name, value)?),
        _ => return Err(Rejected::Unknown),
    }
    Ok(())
}

/// Replaces the number of `filter` by the form in which reports keep it, if the country is known and accepts it.
pub(super) fn normalize_number(filter: &mut Filter) {
    if let (Some(number), Some(country)) = (&filter.number, filter.country)
        && let Ok(accepted) = registration_numbers::check(country, number)
    {
        filter.number = Some(accepted.normalized);
    }
}

/// Returns `value` if it has 1 to `max` characters.
///
/// # Errors
/// Returns [`Rejected::Value`] with `code` otherwise.
fn text(parameter: &str, value: &str, max: usize, code: &'static str) -> Result<String, Rejected> {
    if value.is_empty() || value.chars().count() > max {
        return Err(Rejected::Value(code, format!("{parameter} must have 1 to {max} characters")));
    }
    Ok(value.to_owned())
}

/// Returns the name of a boolean in a query.
fn bool_name(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// Returns the element of `all` that is named `value`.
///
/// # Errors
/// Returns [`Rejected::Value`] with `code` if there is no such element.
pub(super) fn one_of<T: Copy>(
    all: &[T],
    name_of: impl Fn(T) -> &'static str,
    parameter: &str,
    value: &str,
    code: &'static str,
) -> Result<T, Rejected> {
    all.iter().copied().find(|element| name_of(*element) == value).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|element| name_of(*element)).collect();
        Rejected::Value(code, format!("{parameter} must be one of {}", names.join(", ")))
    })
}
