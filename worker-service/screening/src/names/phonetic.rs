//! Phonetic keys: different romanisations of one word have equal or similar keys.

/// Spellings of sibilants with their sounds. A spelling comes before every spelling that is a prefix of it.
/// Capital letters are sounds for which the Latin alphabet has no single letter: S as in "ship", C as in
/// "chip", J as in "pleasure".
const SIBILANTS: [(&str, char); 22] = [
    ("schtsch", 'S'),
    ("shchsh", 'S'),
    ("shtsh", 'S'),
    ("shch", 'S'),
    ("shhch", 'S'),
    ("schch", 'S'),
    ("szcz", 'S'),
    ("shh", 'S'),
    ("tsch", 'C'),
    ("tch", 'C'),
    ("tsh", 'C'),
    ("dsch", 'J'),
    ("dzh", 'J'),
    ("sch", 'S'),
    ("ch", 'C'),
    ("sh", 'S'),
    ("sz", 'S'),
    ("dj", 'J'),
    ("zh", 'J'),
    ("ts", 'c'),
    ("tz", 'c'),
    ("tc", 'c'),
];

/// Other spellings of a consonant.
const CONSONANTS: [(&str, &str); 8] =
    [("kh", "h"), ("gh", "g"), ("th", "t"), ("dh", "d"), ("ph", "f"), ("ck", "k"), ("x", "ks"), ("q", "k")];

/// Digraphs that spell one vowel.
const VOWELS: [(&str, &str); 11] = [
    ("ou", "u"),
    ("oo", "u"),
    ("ee", "i"),
    ("ie", "i"),
    ("aa", "a"),
    ("iy", "i"),
    ("yy", "i"),
    ("ij", "i"),
    ("yj", "i"),
    ("ii", "i"),
    ("yi", "i"),
];

fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u')
}

/// Returns the sounds of a word in lower-case Latin letters, vowels included. Repeated sounds count once.
pub(crate) fn sounds(word: &str) -> String {
    let mut text = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        match SIBILANTS.iter().find(|(spelling, _)| rest.starts_with(spelling)) {
            Some((spelling, sound)) => {
                text.push(*sound);
                rest = &rest[spelling.len()..];
            }
            None => {
                text.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    for (spelling, sound) in CONSONANTS {
        text = text.replace(spelling, sound);
    }
    text = replace_glide(
        &text,
        'w',
        |before, _| if before.is_some_and(|c| "kgh".contains(c)) { 'u' } else { 'v' },
    );
    for (spelling, sound) in VOWELS {
        text = text.replace(spelling, sound);
    }
    // A glide is part of a diphthong after a vowel, and a "y" before one.
    text = replace_glide(&text, 'j', |before, after| match (before, after) {
        (Some(before), _) if is_vowel(before) => 'i',
        (Some(_), Some(after)) if is_vowel(after) => 'y',
        _ => 'j',
    });
    text = replace_glide(&text, 'y', |before, after| match (before, after) {
        (Some(before), _) if is_vowel(before) => 'i',
        (_, Some(after)) if is_vowel(after) => 'y',
        _ => 'i',
    });
    text = replace_glide(
        &text,
        'i',
        |_, after| if after.is_some_and(|c| "aou".contains(c)) { 'y' } else { 'i' },
    );
    text = text.replace("ye", "e");
    if text.len() > 3 && (text.ends_with("ah") || text.ends_with("eh")) {
        text.pop();
    }
    let mut last = None;
    text.retain(|c| last.replace(c) != Some(c));
    text
}

/// Replaces each `letter` of `text` by what `replacement` returns for the letters before and after it.
fn replace_glide(
    text: &str,
    letter: char,
    replacement: impl Fn(Option<char>, Option<char>) -> char,
) -> String {
    let characters: Vec<char> = text.chars().collect();
    let replaced = characters.iter().enumerate().map(|(at, c)| {
        if *c != letter {
            return *c;
        }
        let before = at.checked_sub(1).and_then(|at| characters.get(at)).copied();
        replacement(before, characters.get(at + 1).copied())
    });
    replaced.collect()
}

/// Returns the consonant skeleton of a word's sounds, for words that are written without vowels: consonants
/// that some script or romanisation does not distinguish are one class, and repeated classes count once.
pub(super) fn consonants(sounds: &str) -> String {
    let mut key = String::with_capacity(sounds.len());
    for c in sounds.chars() {
        let class = match c {
            'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'h' | '\'' => continue,
            'k' | 'g' => 'k',
            't' | 'd' => 't',
            'p' | 'b' => 'p',
            'v' | 'w' => continue,
            's' | 'z' | 'c' => 's',
            'S' | 'C' | 'J' | 'j' => 'S',
            other => other,
        };
        if !key.ends_with(class) {
            key.push(class);
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn romanisations_of_one_word_sound_the_same() {
        for (a, b) in [
            ("khimicheskiy", "himicheskii"),
            ("obshchestvo", "obschtschestvo"),
            ("tsentralny", "tzentralnyj"),
            ("yuzhnaya", "iuzhnaia"),
            ("mukhtar", "moukhtar"),
            ("qasim", "kassim"),
            ("broujen", "brujen"),
            ("export", "eksport"),
            ("dzhamal", "djamal"),
        ] {
            assert_eq!(sounds(a), sounds(b), "{a} / {b}");
        }
        assert_ne!(sounds("kazan"), sounds("kursk"));
        assert_eq!(consonants(&sounds("mahan")), consonants(&sounds("mhn")));
    }
}
