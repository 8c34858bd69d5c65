//! Folds names into one normal form, so that names that differ only in case, marks or apostrophes are equal.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Returns `name` in one normal form: compatibility forms (Unicode NFKD) and case folded, marks and
/// apostrophes dropped, then composed again (NFC).
pub(crate) fn fold(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.nfkd() {
        if is_dropped_mark(c) || is_dropped_sign(c) {
            continue;
        }
        match c {
            'ß' | 'ẞ' => text.push_str("ss"),
            'ł' | 'Ł' => text.push('l'),
            'ø' | 'Ø' => text.push('o'),
            'ı' => text.push('i'),
            'đ' | 'Đ' | 'ð' | 'Ð' => text.push('d'),
            'æ' | 'Æ' => text.push_str("ae"),
            'œ' | 'Œ' => text.push_str("oe"),
            'þ' | 'Þ' => text.push_str("th"),
            'ə' | 'Ə' => text.push('e'),
            _ => text.extend(c.to_lowercase()),
        }
    }
    // Composes kana with its voicing marks and Hangul syllables again.
    text.nfc().collect()
}

/// Returns whether `c` is a combining mark without meaning for a comparison. The voicing marks of kana make
/// another letter (カ, ガ); the marks of Latin, Greek, Cyrillic and Arabic letters are optional in practice.
fn is_dropped_mark(c: char) -> bool {
    is_combining_mark(c) && !matches!(c, '\u{3099}' | '\u{309a}')
}

/// Returns whether `c` is a sign inside words that is not part of a letter: apostrophes of every kind,
/// quotation marks, the signs of transliterations, the Arabic tatweel, joiners and direction marks.
fn is_dropped_sign(c: char) -> bool {
    matches!(
        c,
        '\'' | '’' | '‘' | 'ʼ' | 'ʿ' | 'ʾ' | '`' | '´' | 'ʹ' | 'ʺ' | '"' | '“' | '”' | '\u{640}' | '\u{200b}'
            ..='\u{200f}'
    )
}
