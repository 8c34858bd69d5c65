//! Groups of scripts that are read in different ways.

/// A group of scripts that are read in the same way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    /// Latin, and all scripts without rules of their own. Their letters can be in one run with Latin letters.
    Latin,
    Cyrillic,
    /// Arabic, which writes no short vowels.
    Arabic,
    /// Chinese, Japanese and Korean, which write words and compounds without spaces.
    EastAsian,
}

/// Returns the script of a folded letter or digit, by its Unicode block.
pub(super) fn script(c: char) -> Script {
    match c {
        '\u{400}'..='\u{52f}' => Script::Cyrillic,
        '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' => {
            Script::Arabic
        }
        '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{2fa1f}' => Script::EastAsian,
        _ => Script::Latin,
    }
}

/// Returns whether the script of `c` writes no spaces between words.
pub(super) fn is_unspaced(c: char) -> bool {
    script(c) == Script::EastAsian
}

/// Returns whether words in the script of `c` are translated before they are romanised.
pub(super) fn is_translated(c: char) -> bool {
    matches!(script(c), Script::EastAsian | Script::Arabic)
}
