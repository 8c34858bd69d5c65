//! The report as Markdown (CommonMark), in which no text from outside can become markup.

use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, value::Serde};

use super::view::View;

pub(super) fn render(view: &View<'_>) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.add_filter("md", |text: String| escape(&text));
    environment.add_template("report.md", include_str!("templates/report.md"))?;
    environment.get_template("report.md")?.render(Serde(view))
}

/// Escapes what CommonMark, and the tables, web addresses and strike-through of GitHub's dialect, could
/// read as markup; leaves other punctuation readable. (GitHub makes a link of a mail address whatever is done to it.) Line breaks become spaces: they would end a
/// list item or begin a heading.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for (index, word) in text.split_whitespace().enumerate() {
        if index > 0 {
            escaped.push(' ');
        }
        // Only at the start of a line: list items, numbered ones and underlines of headings.
        let opens = index == 0
            && word.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(['-', '+', '=', '.', ')']);
        let mut escape_next_mark = opens;
        for (at, c) in word.char_indices() {
            let always = matches!(
                c,
                '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!'
            );
            let link = (c == ':' && word[at..].starts_with("://"))
                || (c == '@' && at > 0)
                || (c == '.' && word[..at].to_ascii_lowercase().ends_with("www"));
            if always || link || (escape_next_mark && c.is_ascii_punctuation()) {
                escaped.push('\\');
            }
            escape_next_mark &= c.is_ascii_digit();
            escaped.push(c);
        }
    }
    escaped
}
