//! Helpers for finding numbers and dates: full-width digits and regular expressions.

use regex::Regex;

/// Returns `text` with full-width digits replaced by ASCII digits.
pub(super) fn with_ascii_digits(text: &str) -> String {
    text.chars().map(|c| ascii_digit(c).unwrap_or(c)).collect()
}

fn ascii_digit(c: char) -> Option<char> {
    match c {
        '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(c) - 0xff10, 10),
        _ => c.is_ascii_digit().then_some(c),
    }
}

/// Compiles a pattern that is part of the program.
pub(super) fn pattern(pattern: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "the patterns are part of the program and a test uses them")]
    Regex::new(pattern).expect("a pattern is valid")
}
