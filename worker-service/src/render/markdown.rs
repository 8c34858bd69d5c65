//! The report as Markdown (CommonMark), in which no text from outside can become markup.

use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, context, value::Serde};
use shared::domain::document::Document;

pub(super) fn render(document: &Document) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.add_filter("md", |text: String| escape(&text));
    environment.add_template("report.md", include_str!("templates/report.md"))?;
    let country = document.company.country.name();
    environment.get_template("report.md")?.render(context! { report => Serde(document), country })
}

/// Any ASCII punctuation may be escaped by a backslash (CommonMark, "Backslash escapes"); line
/// breaks would end a list item or begin a heading.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for word in text.split_whitespace() {
        if !escaped.is_empty() {
            escaped.push(' ');
        }
        for c in word.chars() {
            if c.is_ascii_punctuation() {
                escaped.push('\\');
            }
            escaped.push(c);
        }
    }
    escaped
}
