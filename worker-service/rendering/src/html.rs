//! Renders a report as one HTML file: without scripts, without external resources, with every text escaped.

use std::sync::LazyLock;

use minijinja::{Environment, Error, UndefinedBehavior, value::Serde};

use super::view::View;

/// The style of the page, for other pages that must look like it.
pub const STYLE: &str = include_str!("templates/style.css");

/// Returns the page. minijinja escapes the texts of a template whose name ends in `.html`.
///
/// # Errors
/// Returns [`Error`] if the template cannot be filled.
pub(super) fn render(view: &View<'_>) -> Result<String, Error> {
    // Templates are read once, because reading them takes as long as filling them.
    static ENVIRONMENT: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(environment);
    let environment = ENVIRONMENT.as_ref().map_err(|error| Error::new(error.kind(), error.to_string()))?;
    environment.get_template("report.html")?.render(Serde(view))
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_template("style.css", STYLE)?;
    environment.add_template("report.html", include_str!("templates/report.html"))?;
    Ok(environment)
}
