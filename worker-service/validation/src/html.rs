//! The pack as one HTML file: without scripts, without external resources, with every text escaped.

use minijinja::{Environment, Error, UndefinedBehavior, value::Serde};
use rendering::STYLE;

use crate::document::Document;

/// Returns the page. minijinja escapes the texts of a template whose name ends in `.html`.
///
/// # Errors
/// Returns [`Error`] if the template cannot be filled, which is a defect of this program.
pub(crate) fn render(document: &Document) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_template("style.css", STYLE)?;
    environment.add_template("validation.html", include_str!("templates/validation.html"))?;
    environment.get_template("validation.html")?.render(Serde(document))
}
