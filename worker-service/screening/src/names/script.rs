//! Groups of scripts that are read in different ways.

use unicode_script::{Script as Unicode, UnicodeScript as _};

/// A group of scripts that are read in the same way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    /// Latin, and all scripts without rules of their own. Their letters can be in one run with Latin letters.
    Latin,
    Cyrillic,
    /// Arabic and Hebrew, which write no short vowels.
    Abjad,
    /// Chinese, Japanese and Korean, which write words and compounds without spaces.
    EastAsian,
}

/// The scripts of Chinese, Japanese and Korean.
const EAST_ASIAN: [Unicode; 5] =
    [Unicode::Han, Unicode::Hiragana, Unicode::Katakana, Unicode::Hangul, Unicode::Bopomofo];

/// Returns the script of a folded letter or digit, by its Unicode properties. The long vowel mark of Japanese
/// and the digits of Arabic belong to several scripts, which their `Script_Extensions` name.
pub(crate) fn script(c: char) -> Script {
    if c.is_ascii() {
        return Script::Latin;
    }
    let scripts = c.script_extension();
    // Characters of all scripts contain each of them.
    let is_of = |script| !scripts.is_common() && !scripts.is_inherited() && scripts.contains_script(script);
    if is_of(Unicode::Latin) {
        Script::Latin
    } else if is_of(Unicode::Cyrillic) {
        Script::Cyrillic
    } else if is_of(Unicode::Arabic) || is_of(Unicode::Hebrew) {
        Script::Abjad
    } else if EAST_ASIAN.into_iter().any(is_of) {
        Script::EastAsian
    } else {
        Script::Latin
    }
}

/// Returns whether the script of `c` writes no spaces between words.
pub(super) fn is_unspaced(c: char) -> bool {
    script(c) == Script::EastAsian
}

/// Returns whether words in the script of `c` are translated before they are romanised.
pub(super) fn is_translated(c: char) -> bool {
    matches!(script(c), Script::EastAsian | Script::Abjad)
}
