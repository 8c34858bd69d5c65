//! The report as one HTML file: no script, nothing loaded from elsewhere, every text escaped.

use minijinja::{Environment, Error, UndefinedBehavior, context, value::Serde};
use shared::domain::document::Document;

/// The page. The template's name ends in .html: that turns escaping on.
pub(super) fn render(document: &Document) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_template("report.html", include_str!("templates/report.html"))?;
    let country = document.company.country.name();
    environment.get_template("report.html")?.render(context! {
        report => Serde(document),
        country,
        number_note => document.company.number_note(),
    })
}
