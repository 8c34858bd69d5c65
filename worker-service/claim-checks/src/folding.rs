//! Folds a text into the form in which words, numbers and names are compared: compatibility characters, letter
//! case, digits of all scripts, quotation marks and dashes, and the spelling variants of Arabic.

use unicode_normalization::UnicodeNormalization;

/// A folded text, and which of its characters were capitals.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folded {
    /// The folded text.
    pub(crate) text: String,
    /// For each byte of `text`, whether it begins a character that was a capital.
    pub(crate) capitals: Vec<bool>,
}

impl Folded {
    /// Folds `text`.
    pub(crate) fn new(text: &str) -> Self {
        let mut folded = Self::default();
        for c in text.nfkc() {
            let Some(plain) = plain(c) else { continue };
            let lower = plain.to_lowercase().next().unwrap_or(plain);
            folded.capitals.push(c.is_uppercase());
            folded.capitals.extend(std::iter::repeat_n(false, lower.len_utf8() - 1));
            folded.text.push(lower);
        }
        folded
    }

    /// Returns whether the character at `at`, a byte of the folded text, was a capital.
    pub(crate) fn is_capital(&self, at: usize) -> bool {
        self.capitals.get(at).copied().unwrap_or_default()
    }
}

/// Returns the plain form of a character, or `None` for a mark that does not change the word.
fn plain(c: char) -> Option<char> {
    if let Some(digit) = decimal_digit(c) {
        return char::from_digit(digit, 10);
    }
    Some(match c {
        '‘' | '’' | '‚' | '‛' | 'ʼ' | '`' | '´' | '′' => '\'',
        '“' | '”' | '„' | '‟' | '«' | '»' | '″' => '"',
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => '-',
        '\u{66b}' => '.',
        '\u{66c}' | '،' => ',',
        '؛' => ';',
        '؟' => '?',
        '٪' => '%',
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'ى' => 'ي',
        'ة' => 'ه',
        // Vowel marks and the stretching of Arabic, soft hyphens, and marks of direction.
        '\u{64b}'..='\u{652}' | '\u{640}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2066}'..='\u{2069}' => {
            return None;
        }
        c if c.is_whitespace() && c != '\n' => ' ',
        c => c,
    })
}

/// The zeros of all scripts with decimal digits; the other nine digits follow each of them. Source: the characters
/// of the general category `Nd` in the Unicode Character Database.
const ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
    0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066,
    0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950,
    0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6,
    0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// Returns the value of a decimal digit of any script.
pub(crate) fn decimal_digit(c: char) -> Option<u32> {
    let at = ZEROS.partition_point(|zero| *zero <= u32::from(c)).checked_sub(1)?;
    Some(u32::from(c) - ZEROS[at]).filter(|digit| *digit < 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_all_scripts_are_read() {
        assert_eq!(Folded::new("١٢٣٬٤٥٦٫٧ ۱۲ १२३ ๑๒ ５０ 𝟗").text, "123,456.7 12 123 12 50 9");
        let decimal = regex::Regex::new(r"^\p{Nd}$").unwrap();
        for c in (0..0x11_0000).filter_map(char::from_u32) {
            if decimal_digit(c).is_some() {
                assert!(decimal.is_match(c.encode_utf8(&mut [0; 4])), "{c:?}");
            }
        }
    }

    #[test]
    fn case_is_folded_and_remembered() {
        let folded = Folded::new("The “İzmir” Court – أحكام");
        assert_eq!(folded.text, "the \"izmir\" court - احكام");
        assert!(folded.is_capital(0) && folded.is_capital(5) && !folded.is_capital(6));
    }
}
