//! Space between East Asian and Western characters: a quarter of an em, according to JIS X 4051 and the W3C's
//! Requirements for Japanese Text Layout (section 3.2.6). It widens the distance to the next character and adds
//! no character to the text. At the end of a line it is invisible.

use std::ops::Range;

/// The width of the space, as a fraction of the font size.
pub(crate) const WIDTH: f32 = 0.25;

/// A kind of character that decides where space is added.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// An ideograph, hiragana or katakana.
    EastAsian,
    /// A Latin, Greek or Cyrillic letter, or a European digit.
    Western,
    /// A mark, which belongs to the character before it.
    Mark,
    /// Anything else: no space is added beside spaces and punctuation.
    Other,
}

/// Returns the byte ranges of the characters that space follows, in order. A range includes the marks of its
/// character.
pub(crate) fn before_space(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut last: Option<(Class, usize)> = None;
    text.char_indices().filter_map(move |(at, c)| match class(c) {
        Class::Mark => None,
        next => {
            let (class, start) = last.replace((next, at))?;
            let meet = matches!(
                (class, next),
                (Class::EastAsian, Class::Western) | (Class::Western, Class::EastAsian)
            );
            meet.then_some(start..at)
        }
    })
}

/// Returns the class of a character. The ranges are blocks of Unicode without their punctuation.
fn class(c: char) -> Class {
    match u32::from(c) {
        0x300..=0x36f | 0x3099..=0x309a | 0xfe00..=0xfe0f | 0xe_0100..=0xe_01ef => Class::Mark,
        0x3005..=0x3007
        | 0x3021..=0x3029
        | 0x3041..=0x3096
        | 0x309d..=0x309f
        | 0x30a1..=0x30fa
        | 0x30fc..=0x30ff
        | 0x31f0..=0x31ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff
        | 0xf900..=0xfaff
        | 0x2_0000..=0x3_ffff => Class::EastAsian,
        0x30..=0x39 => Class::Western,
        0x41..=0x24f | 0x370..=0x52f | 0x1e00..=0x1fff if c.is_alphabetic() => Class::Western,
        _ => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns `text` with `|` where space is added.
    fn spaced(text: &str) -> String {
        let mut spaced = String::new();
        let mut start = 0;
        for range in before_space(text) {
            spaced.push_str(&text[start..range.end]);
            spaced.push('|');
            start = range.end;
        }
        spaced + &text[start..]
    }

    #[test]
    fn space_separates_japanese_from_latin_letters_and_digits() {
        assert_eq!(spaced("株式会社ABCは2026年にIPO"), "株式会社|ABC|は|2026|年に|IPO");
        assert_eq!(spaced("カーЯд々Ω"), "カー|Яд|々|Ω");
    }

    #[test]
    fn there_is_none_beside_spaces_and_punctuation_and_within_a_script() {
        let texts =
            ["会社 ABC、A。「A」", "星見川精機", "Calder Vane 2026", "가A", "(社)A・", "ＡＢ社", "", "社"];
        for text in texts {
            assert_eq!(spaced(text), text);
        }
    }

    #[test]
    fn marks_belong_to_the_character_before_them() {
        assert_eq!(spaced("e\u{301}葛\u{e0100}B\u{301}\u{302}"), "e\u{301}|葛\u{e0100}|B\u{301}\u{302}");
    }
}
