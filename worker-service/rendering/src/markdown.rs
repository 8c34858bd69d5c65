//! Renders a report as Markdown (CommonMark), with every text escaped so that none becomes markup.

use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, value::Serde};

use super::view::View;

/// Returns the document. The filter `md` escapes a text.
///
/// # Errors
/// Returns [`Error`] if the template cannot be filled.
pub(super) fn render(view: &View<'_>) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.add_filter("md", |text: String| escape(&text));
    environment.add_template("report.md", include_str!("templates/report.md"))?;
    environment.get_template("report.md")?.render(Serde(view))
}

/// Escapes what CommonMark reads as markup, and what GitHub's dialect adds: tables, bare web addresses and
/// strike-through. Other punctuation stays as it is, so the text stays readable. Line breaks become spaces,
/// because they would end a list item or begin a heading. GitHub turns mail addresses into links whatever is
/// escaped.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for (index, word) in text.split_whitespace().enumerate() {
        if index > 0 {
            escaped.push(' ');
        }
        // List items, numbered list items and underlines of headings are markup only at the start of a line.
        let opens_line = index == 0
            && word.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(['-', '+', '=', '.', ')']);
        let mut escape_next_mark = opens_line;
        for (at, c) in word.char_indices() {
            let is_markup = matches!(
                c,
                '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!'
            );
            let begins_link = (c == ':' && word[at..].starts_with("://"))
                || (c == '@' && at > 0)
                || (c == '.' && word[..at].to_ascii_lowercase().ends_with("www"));
            if is_markup || begins_link || (escape_next_mark && c.is_ascii_punctuation()) {
                escaped.push('\\');
            }
            escape_next_mark &= c.is_ascii_digit();
            escaped.push(c);
        }
    }
    escaped
}
