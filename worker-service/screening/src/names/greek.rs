//! Spells Greek words in Latin letters.

use any_ascii::any_ascii;

/// Where a word that is written in Greek letters comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Greek: it is usually spelled as ELOT 743 does, "Όλυμπος" as "Olympos".
    Greek,
    /// Another language whose "b", "d" and "g" Greek writes with two letters: "Αμπού" is "Abou".
    Foreign,
    /// Unknown: the spelling lies between the two, and is similar to either.
    Unknown,
}

/// Pairs of letters at the beginning of a word, where they are one sound in words of any origin.
const INITIAL: [(&str, &str); 4] = [("μπ", "b"), ("ντ", "d"), ("γκ", "g"), ("τζ", "j")];

/// Pairs of letters in words of any origin. A final sigma was folded to the usual one before, or is read like it.
const PAIRS: [(&str, &str); 6] =
    [("ου", "ou"), ("αυ", "av"), ("ευ", "ev"), ("γγ", "ng"), ("γχ", "nχ"), ("γξ", "nx")];

/// Letters in words of any origin that `any_ascii` spells in another way than names are spelled.
const LETTERS: [(&str, &str); 3] = [("η", "i"), ("υ", "y"), ("ω", "o")];

/// Returns whether `c` is a Greek letter.
pub(crate) fn is_greek(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{3ff}')
}

/// Returns a folded Greek word in Latin letters.
pub(crate) fn in_latin(word: &str, origin: Origin) -> String {
    let inside: &[(&str, &str)] = match origin {
        Origin::Greek => &[("χ", "ch")],
        Origin::Foreign => &[("μπ", "b"), ("ντ", "d"), ("γκ", "g"), ("τζ", "j"), ("τσ", "ch"), ("χ", "kh")],
        Origin::Unknown => &[("μπ", "mb"), ("ντ", "nd"), ("γκ", "ng"), ("τζ", "j"), ("χ", "kh")],
    };
    let start = INITIAL
        .into_iter()
        .find_map(|(greek, latin)| word.strip_prefix(greek).map(|rest| format!("{latin}{rest}")))
        .unwrap_or_else(|| word.to_owned());
    let spellings = PAIRS.iter().chain(inside).chain(&LETTERS);
    let spelled = spellings.fold(start, |text, (greek, latin)| text.replace(greek, latin));
    any_ascii(&spelled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_letters_are_read_by_origin() {
        for (word, greek, foreign) in [
            ("ολυμπος", "olympos", "olybos"),
            ("μπερκο", "berko", "berko"),
            ("αμπουχαν", "ampouchan", "aboukhan"),
            ("τζαντιντ", "jantint", "jadid"),
            ("ευαγγελος", "evangelos", "evangelos"),
            ("τσαβες", "tsaves", "chaves"),
            ("αγχιαλος", "anchialos", "ankhialos"),
        ] {
            assert_eq!(in_latin(word, Origin::Greek), greek);
            assert_eq!(in_latin(word, Origin::Foreign), foreign);
        }
        assert_eq!(in_latin("ολυμπος", Origin::Unknown), "olymbos");
    }
}
