//! The report as one HTML file: no script, nothing loaded from elsewhere, every text escaped.

use minijinja::{Environment, Error, UndefinedBehavior, value::Serde};

use super::view::View;

/// The page. The template's name ends in .html: that turns escaping on.
pub(super) fn render(view: &View<'_>) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_template("report.html", include_str!("templates/report.html"))?;
    environment.get_template("report.html")?.render(Serde(view))
}
