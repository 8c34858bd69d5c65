//! Renders a report as Markdown (CommonMark), with every text escaped so that none becomes markup.

use std::sync::LazyLock;

use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, value::Serde};

use super::view::View;

/// Returns the document. The filter `md` escapes a text.
///
/// # Errors
/// Returns [`Error`] if the template cannot be filled.
pub(super) fn render(view: &View<'_>) -> Result<String, Error> {
    static ENVIRONMENT: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(environment);
    let environment = ENVIRONMENT.as_ref().map_err(|error| Error::new(error.kind(), error.to_string()))?;
    environment.get_template("report.md")?.render(Serde(view))
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.add_filter("md", |text: String| escape(&text, true));
    environment.add_function("quoted", |before: String, quote: String, after: String| {
        quoted(&before, &quote, &after)
    });
    environment.add_template("report.md", include_str!("templates/report.md"))?;
    Ok(environment)
}

/// Returns a quote in bold with the text around it, which is the beginning of a line. White space stands where the text
/// has it, and where two asterisks would be read as text without it: between a letter and punctuation ("Emphasis and
/// strong emphasis", CommonMark Spec).
fn quoted(before: &str, quote: &str, after: &str) -> String {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let quote = quote.trim();
    let space = |is_given: bool, outside: Option<char>, inside: Option<char>| {
        let is_needed = is_word(outside) && !is_word(inside);
        if outside.is_some() && (is_given || is_needed) { " " } else { "" }
    };
    let (left, right) = (before.trim_end(), after.trim_start());
    let before_quote = space(left.len() < before.len(), left.chars().last(), quote.chars().next());
    let after_quote = space(right.len() < after.len(), right.chars().next(), quote.chars().last());
    let (left, quote, right) = (escape(left, true), escape(quote, false), escape(right, false));
    format!("{left}{before_quote}**{quote}**{after_quote}{right}")
}

/// Escapes what CommonMark reads as markup, and what GitHub's dialect adds: tables, bare web addresses and
/// strike-through. Other punctuation stays as it is, so the text stays readable. Line breaks become spaces,
/// because they would end a list item or begin a heading. GitHub turns mail addresses into links whatever is
/// escaped. `is_line_start` says whether the text stands at the beginning of a line.
fn escape(text: &str, is_line_start: bool) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for (index, word) in text.split_whitespace().enumerate() {
        if index > 0 {
            escaped.push(' ');
        }
        // List items, numbered list items and underlines of headings are markup only at the start of a line.
        let opens_line = is_line_start
            && index == 0
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_has_the_white_space_of_its_text_and_stays_bold() {
        for (before, quote, after, expected) in [
            ("named as ", "the parent", ".", "named as **the parent**."),
            ("", "1. It paid", " late", "**1. It paid** late"),
            ("同社は", "罰金を払った", "と認めた", "同社は**罰金を払った**と認めた"),
            ("同社は", "「罰金」", "と認めた", "同社は **「罰金」** と認めた"),
            ("- a", "*b*", "- c", "\\- a **\\*b\\***- c"),
        ] {
            assert_eq!(quoted(before, quote, after), expected);
        }
    }
}
