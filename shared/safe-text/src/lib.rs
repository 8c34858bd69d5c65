//! Rules for untrusted text: which characters names and lines may contain, how a rejected character is
//! described, and how text is cleaned before it is displayed or put into a prompt.

use std::fmt;

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Maximum number of combining marks on one letter. No orthography needs more than four after composition;
/// more are decoration.
const COMBINING_MARKS_MAX: usize = 4;

/// A character that a text must not contain, with its position and the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedCharacter {
    character: char,
    position: usize,
    kind: &'static str,
}

impl fmt::Display for RefusedCharacter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = u32::from(self.character);
        write!(f, "U+{code:04X} ({}) at character {}", self.kind, self.position)
    }
}

impl RefusedCharacter {
    /// Returns the character.
    pub fn character(&self) -> char {
        self.character
    }

    /// Returns its position, counted in characters from 1.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Returns the kind of character, such as "control character".
    pub fn kind(&self) -> &'static str {
        self.kind
    }
}

/// Returns the kind of a character that no text may contain: one that is invisible, changes the direction or
/// shape of its neighbours, or has no meaning.
fn unprintable(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{180e}' => "zero-width character",
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "direction control"
        }
        '\u{e0000}'..='\u{e007f}' => "tag character",
        '\u{00ad}' => "soft hyphen",
        '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}' | '\u{3164}'
        | '\u{ffa0}' => "invisible character",
        '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}' => {
            "variation selector"
        }
        '\u{fffc}' | '\u{fffd}' => "replacement character",
        _ => match c.general_category() {
            GeneralCategory::Control => "control character",
            GeneralCategory::Format => "invisible format character",
            GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => "line separator",
            GeneralCategory::PrivateUse => "private-use character",
            GeneralCategory::Unassigned | GeneralCategory::Surrogate => "unassigned character",
            _ => return None,
        },
    })
}

/// Returns the kind of a printable character that company names must not contain.
fn not_in_names(c: char) -> Option<&'static str> {
    let group = c.general_category_group();
    match c {
        '<' | '>' | '{' | '}' | '\\' | '`' | '|' | '^' | '~' | '=' => {
            Some("punctuation that company names do not use")
        }
        '+' | '×' => None,
        _ if matches!(
            c.general_category(),
            GeneralCategory::MathSymbol | GeneralCategory::ModifierSymbol
        ) =>
        {
            Some("symbol that company names do not use")
        }
        _ if group == GeneralCategoryGroup::Separator && c != ' ' && c != '\u{3000}' && c != '\u{a0}' => {
            Some("unusual space")
        }
        _ => None,
    }
}

fn first_refused(text: &str, extra_rule: fn(char) -> Option<&'static str>) -> Option<RefusedCharacter> {
    let mut marks = 0;
    let mut previous = None;
    for (index, character) in text.chars().enumerate() {
        let presentation = matches!(character, '\u{fe0e}' | '\u{fe0f}');
        let is_mark = character.general_category_group() == GeneralCategoryGroup::Mark;
        marks = if is_mark { marks + 1 } else { 0 };
        let kind = if presentation {
            // Legitimate only after a symbol, where it selects text or emoji presentation.
            let after_symbol =
                previous.is_some_and(|c: char| c.general_category_group() == GeneralCategoryGroup::Symbol);
            if after_symbol { None } else { Some("variation selector") }
        } else if marks > COMBINING_MARKS_MAX {
            Some("combining mark beyond the maximum on one letter")
        } else {
            unprintable(character).or_else(|| extra_rule(character))
        };
        if let Some(kind) = kind {
            return Some(RefusedCharacter { character, position: index + 1, kind });
        }
        previous = Some(character);
    }
    None
}

/// Returns the first character of `name` that company names must not contain: invisible and directional
/// characters, and the punctuation of markup and templates.
pub fn refused_in_name(name: &str) -> Option<RefusedCharacter> {
    first_refused(name, not_in_names)
}

/// Returns the first character of `line` that a single line of plain text must not contain.
pub fn refused_in_line(line: &str) -> Option<RefusedCharacter> {
    first_refused(line, |_| None)
}

/// Returns untrusted `text` in a form that is safe to display and to put into a prompt: unprintable
/// characters become spaces, runs of white space become one space, and the result has at most `max_chars`
/// characters.
pub fn clean(text: &str, max_chars: usize) -> String {
    let mut cleaned = String::with_capacity(text.len().min(max_chars * 4));
    let mut kept = 0;
    let mut pending_space = false;
    let mut marks = 0;
    for c in text.chars() {
        let is_mark = c.general_category_group() == GeneralCategoryGroup::Mark;
        marks = if is_mark { marks + 1 } else { 0 };
        if c.is_whitespace()
            || (unprintable(c).is_some()
                && !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}'))
        {
            pending_space = kept > 0;
            continue;
        }
        // Zero-width characters are dropped without a space, which would split a name in two.
        if unprintable(c).is_some() || marks > COMBINING_MARKS_MAX {
            continue;
        }
        if kept + usize::from(pending_space) >= max_chars {
            break;
        }
        if pending_space {
            cleaned.push(' ');
            kept += 1;
            pending_space = false;
        }
        cleaned.push(c);
        kept += 1;
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_every_script_are_accepted() {
        for name in [
            "株式会社さくら・精密",
            "Müller & Söhne GmbH",
            "ООО «Ромашка»",
            "شركة النور",
            "AT&T Inc.",
            "7-Eleven",
            "Yahoo!",
            "Ｃanon",
            "L'Oréal S.A.",
            "Toys \"R\" Us",
            "İstanbul ŞİRKETİ",
            "บริษัท",
            "C++ Ltd. (UK)",
            "Café ☕",
            "❤️ Foods",
        ] {
            assert_eq!(refused_in_name(name), None, "{name}");
        }
    }

    #[test]
    fn the_first_refused_character_is_reported_with_its_position() {
        let refused = |text| refused_in_name(text).map(|r| r.to_string());
        assert_eq!(refused("Ac\u{200b}me").unwrap(), "U+200B (zero-width character) at character 3");
        assert_eq!(refused("\u{202e}dtL").unwrap(), "U+202E (direction control) at character 1");
        assert_eq!(refused("A\u{e006c}").unwrap(), "U+E006C (tag character) at character 2");
        assert_eq!(refused("a\tb").unwrap(), "U+0009 (control character) at character 2");
        assert_eq!(refused("a\u{e000}").unwrap(), "U+E000 (private-use character) at character 2");
        assert!(refused("A\u{fe0f}cme").is_some());
        assert!(refused("<b>").is_some());
        assert!(refused(&format!("Z{}", "\u{0330}".repeat(9))).is_some());
    }

    #[test]
    fn cleaning_keeps_words_and_drops_invisible_characters() {
        assert_eq!(clean(" a\u{1b}[2J\n\n b\u{200b}c\u{e0041} ", 50), "a [2J bc");
        assert_eq!(clean("abcdef", 3), "abc");
    }

    proptest! {
        #[test]
        fn cleaned_text_is_a_bounded_printable_line(text in "\\PC*|.{0,80}|[\u{200b}-\u{206f}a ]{0,40}", max_chars in 0_usize..60) {
            let cleaned = clean(&text, max_chars);
            prop_assert!(cleaned.chars().count() <= max_chars);
            prop_assert_eq!(clean(&cleaned, max_chars), cleaned.trim_end());
            let refused = cleaned.chars().find(|c| unprintable(*c).is_some());
            prop_assert_eq!(refused, None);
        }
    }
}
