//! Distances between the characters of Japanese text, according to JIS X 4051 and the W3C's Requirements for Japanese
//! Text Layout (sections 3.1.2, 3.1.4 and 3.2.6). East Asian and Western characters have a quarter of an em between them.
//! Punctuation is a full em wide, half of it empty: where two marks meet, the empty half of one is left out. Both change
//! the distance to the next character and add no character to the text. At the end of a line they are invisible.

use std::ops::Range;

/// The space between East Asian and Western characters, as a fraction of the font size.
const SPACE: f32 = 0.25;
/// What is left out between two punctuation marks, as a fraction of the font size.
const OVERLAP: f32 = -0.5;

/// A kind of character that decides how far away the next one is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// An ideograph, hiragana or katakana.
    EastAsian,
    /// A Latin, Greek or Cyrillic letter, or a European digit.
    Western,
    /// A full-width bracket that opens, whose first half is empty.
    Opening,
    /// A full-width bracket that closes, comma or full stop, whose second half is empty.
    Closing,
    /// A mark, which belongs to the character before it.
    Mark,
    /// Anything else: nothing changes beside spaces and other punctuation.
    Other,
}

/// Returns the byte ranges of the characters whose distance to the next one changes, in order, with the change as a
/// fraction of the font size. A range includes the marks of its character.
pub(crate) fn changes(text: &str) -> impl Iterator<Item = (Range<usize>, f32)> {
    let mut last: Option<(Class, usize)> = None;
    text.char_indices().filter_map(move |(at, c)| match class(c) {
        Class::Mark => None,
        next => {
            let (class, start) = last.replace((next, at))?;
            let change = match (class, next) {
                (Class::EastAsian, Class::Western) | (Class::Western, Class::EastAsian) => SPACE,
                (Class::Closing, Class::Closing | Class::Opening) | (Class::Opening, Class::Opening) => {
                    OVERLAP
                }
                _ => return None,
            };
            Some((start..at, change))
        }
    })
}

/// Returns the class of a character. The ranges are blocks of Unicode without their punctuation.
fn class(c: char) -> Class {
    match u32::from(c) {
        0x300..=0x36f | 0x3099..=0x309a | 0xfe00..=0xfe0f | 0xe_0100..=0xe_01ef => Class::Mark,
        0x3008 | 0x300a | 0x300c | 0x300e | 0x3010 | 0x3014 | 0x3016 | 0x3018 | 0xff08 | 0xff3b | 0xff5b => {
            Class::Opening
        }
        0x3001 | 0x3002 | 0x3009 | 0x300b | 0x300d | 0x300f | 0x3011 | 0x3015 | 0x3017 | 0x3019 | 0xff09
        | 0xff0c | 0xff0e | 0xff3d | 0xff5d => Class::Closing,
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

    /// Returns `text` with `|` where space is added, and `<` where characters move together.
    fn spaced(text: &str) -> String {
        let mut spaced = String::new();
        let mut start = 0;
        for (range, change) in changes(text) {
            spaced.push_str(&text[start..range.end]);
            spaced.push(if change > 0.0 { '|' } else { '<' });
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
        let texts = [
            "会社 ABC、A。A「A」",
            "星見川精機",
            "Calder Vane 2026",
            "가A",
            "(社)A・",
            "ＡＢ社",
            "「社」・「社」",
            "",
            "社",
        ];
        for text in texts {
            assert_eq!(spaced(text), text);
        }
    }

    #[test]
    fn two_punctuation_marks_in_a_row_are_not_two_ems_wide() {
        assert_eq!(
            spaced("「低」です。（社）は「中」、「高」。"),
            "「低」です。<（社）は「中」<、<「高」<。"
        );
        assert_eq!(spaced("『「ABC」』：「社」"), "『<「ABC」<』：「社」");
    }

    #[test]
    fn marks_belong_to_the_character_before_them() {
        assert_eq!(spaced("e\u{301}葛\u{e0100}B\u{301}\u{302}"), "e\u{301}|葛\u{e0100}|B\u{301}\u{302}");
    }
}
