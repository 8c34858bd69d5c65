//! Keys by which reports are found: forms of a number and a name in which differences of writing do not matter.

use unicode_normalization::UnicodeNormalization;

/// Maximum number of characters of the key of a name. A longer name is found by its beginning.
pub const NAME_KEY_MAX: usize = 64;

/// Maximum number of characters of the key of a registration number. No accepted number has more.
const NUMBER_KEY_MAX: usize = 80;

/// Returns the key of a registration number: its letters and digits in lower case, in compatibility composition
/// (Unicode Standard Annex #15). Spaces and punctuation do not matter.
pub fn number_key(number: &str) -> String {
    let key = number.nfkc().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
    key.take(NUMBER_KEY_MAX).collect()
}

/// Returns the key of a company's name, of up to [`NAME_KEY_MAX`] characters: in lower case and compatibility
/// composition, with single spaces. The key of the beginning of a name is the beginning of the name's key.
pub fn name_key(name: &str) -> String {
    let text: String = name.nfkc().flat_map(char::to_lowercase).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(NAME_KEY_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_of_writing_do_not_matter() {
        for written in ["12-345 678", "12.345.678", "12345678", "１２３４５６７８"] {
            assert_eq!(number_key(written), "12345678", "{written}");
        }
        assert_eq!(number_key("HRB 86 891 B"), number_key("hrb-86891b"));
        assert_ne!(number_key("123"), number_key("0123"));
        // One character is fifteen letters in compatibility composition.
        assert_eq!(number_key(&"\u{FDFA}".repeat(80)).chars().count(), NUMBER_KEY_MAX);
        for written in ["Sakura  Precision", "SAKURA PRECISION", "Ｓａｋｕｒａ　Precision"] {
            assert_eq!(name_key(written), "sakura precision", "{written}");
        }
        assert!(name_key("Sakura Precision Works K.K.").starts_with(&name_key("sakura pre")));
        assert_eq!(name_key(&"é".repeat(200)).chars().count(), NAME_KEY_MAX);
        assert_eq!(name_key("日本　精工"), "日本 精工");
    }
}
