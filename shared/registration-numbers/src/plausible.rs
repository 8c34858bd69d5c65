//! Numbers that no scheme accepts: which of them some register could write like this.

use unicode_normalization::UnicodeNormalization;

use crate::{
    characters::{fold, uppercase},
    fault::Fault,
    scheme::UNVERIFIED_MAX,
};

/// The separators of registers. They stand one at a time between letters and digits, or next to a space.
pub(crate) const SEPARATORS: &str = " -./,:()";

/// Returns whether `c` is a digit, a Latin letter, or a character of Chinese, Japanese or Korean. Letters of scripts
/// that look like Latin ones, such as Greek and Cyrillic, are left out: a number must not look like another one.
pub(crate) fn is_letter_or_digit(c: char) -> bool {
    match c {
        // The long s and the letter kra look like other letters; the letter with an apostrophe is two.
        '\u{138}' | '\u{149}' | '\u{17f}' => false,
        '\u{c0}'..='\u{17e}' => c.is_alphabetic(),
        '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' => true,
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => true,
        _ => c.is_ascii_alphanumeric(),
    }
}

/// Returns the form in which a number that no scheme accepts is stored: with upper-case letters and single spaces. It
/// is plausible if it has up to [`UNVERIFIED_MAX`] letters, digits and separators, begins with a letter or digit, and
/// contains a digit other than 0.
///
/// # Errors
/// Returns the [`Fault`] of a number that no register writes like this.
pub(crate) fn plausible(number: &str) -> Result<String, Fault> {
    let folded = fold(number)?;
    let allowed = |c: &char| is_letter_or_digit(*c) || SEPARATORS.contains(*c) || *c == '\u{308}';
    if let Some((index, character)) = folded.chars().enumerate().find(|(_, c)| !allowed(c)) {
        let leading = number.chars().take_while(|c| matches!(c, ' ' | '\u{3000}')).count();
        return Err(Fault::Character { character, position: leading + index + 1 });
    }
    let composed: String = folded.nfc().map(uppercase).collect();
    let words: Vec<&str> = composed.split(' ').filter(|word| !word.is_empty()).collect();
    let normalized = words.join(" ");
    let length = normalized.chars().count();
    if length == 0 || length > UNVERIFIED_MAX {
        return Err(Fault::Length { length });
    }
    let has_digit = normalized.contains(|c: char| c.is_ascii_digit() && c != '0');
    let begins = normalized.starts_with(is_letter_or_digit);
    let ends = normalized.ends_with(|c| is_letter_or_digit(c) || c == ')');
    if has_digit && begins && ends && separators_stand_alone(&normalized) {
        Ok(normalized)
    } else {
        Err(Fault::Form)
    }
}

/// Returns whether no two separators follow each other, except a space and another one.
fn separators_stand_alone(number: &str) -> bool {
    let characters: Vec<char> = number.chars().collect();
    let is_sign = |c: char| c != ' ' && SEPARATORS.contains(c);
    let signs_apart = characters.windows(2).all(|pair| !(is_sign(pair[0]) && is_sign(pair[1])));
    signs_apart
        && characters.windows(3).all(|three| !(is_sign(three[0]) && three[1] == ' ' && is_sign(three[2])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_some_register_could_write_are_stored_as_written() {
        for (written, stored) in [
            (" ab-１２ ", "AB-12"),
            ("A  B 1", "A B 1"),
            ("FL-0001.234.567-8", "FL-0001.234.567-8"),
            ("202001012345 (1234567-a)", "202001012345 (1234567-A)"),
            ("Sa, 123/B", "SA, 123/B"),
            ("Neustadt an der Höhe HRB 12", "NEUSTADT AN DER HÖHE HRB 12"),
            ("R.C. 4711", "R.C. 4711"),
            ("企独沪总字第012345号", "企独沪总字第012345号"),
            ("1", "1"),
        ] {
            assert_eq!(plausible(written).as_deref(), Ok(stored), "{written}");
            assert_eq!(plausible(stored).as_deref(), Ok(stored), "{stored}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in [
            "",
            "   ",
            "-",
            "-1",
            "1-",
            "0",
            "000-00",
            "unknown",
            "N/A",
            "n.a. (not available)",
            "12..34",
            "12//3",
            "../1",
            "1/../2",
            "1 - - 2",
            "1\n",
            "1\t2",
            "=1+1",
            "1;2",
            "1'2",
            "1\"2",
            "<b>1",
            "{{7}}",
            "1%00",
            "1_2",
            "\u{202e}12",
            "1\u{200b}2",
            "\u{660}1",
            "²1",
            "①1",
            "ſ1",
            "FС004475",
            "ΗΕ 165",
            "😀1",
        ] {
            assert!(plausible(bad).is_err(), "{bad:?}");
        }
        assert_eq!(plausible(&"1".repeat(41)), Err(Fault::Length { length: 41 }));
        assert_eq!(plausible("  1<2"), Err(Fault::Character { character: '<', position: 4 }));
    }
}
