//! Spells letters of any script in Latin letters.

use std::sync::LazyLock;

use any_ascii::any_ascii_char;
use rustc_hash::FxHashMap;

use super::greek::{self, Origin};

/// Romanisation of Cyrillic letters that sanctions lists mostly use (BGN/PCGN, simplified).
const CYRILLIC: [(char, &str); 46] = [
    ('а', "a"),
    ('б', "b"),
    ('в', "v"),
    ('г', "g"),
    ('д', "d"),
    ('е', "e"),
    ('ё', "e"),
    ('ж', "zh"),
    ('з', "z"),
    ('и', "i"),
    ('й', "y"),
    ('к', "k"),
    ('л', "l"),
    ('м', "m"),
    ('н', "n"),
    ('о', "o"),
    ('п', "p"),
    ('р', "r"),
    ('с', "s"),
    ('т', "t"),
    ('у', "u"),
    ('ф', "f"),
    ('х', "kh"),
    ('ц', "ts"),
    ('ч', "ch"),
    ('ш', "sh"),
    ('щ', "shch"),
    ('ъ', ""),
    ('ы', "y"),
    ('ь', ""),
    ('э', "e"),
    ('ю', "yu"),
    ('я', "ya"),
    ('і', "i"),
    ('ї', "yi"),
    ('є', "ye"),
    ('ґ', "g"),
    ('ў', "u"),
    ('ј', "j"),
    ('љ', "lj"),
    ('њ', "nj"),
    ('ћ', "c"),
    ('ђ', "dj"),
    ('џ', "dz"),
    ('ѓ', "g"),
    ('ќ', "k"),
];

/// Romanisation of Arabic, Persian and Urdu letters. The script writes long vowels, which are kept, and omits
/// short ones.
const ARABIC: [(char, &str); 45] = [
    ('ا', "a"),
    ('آ', "a"),
    ('أ', "a"),
    ('إ', "i"),
    ('ٱ', "a"),
    ('ء', ""),
    ('ئ', "y"),
    ('ؤ', "w"),
    ('ى', "a"),
    ('ب', "b"),
    ('پ', "p"),
    ('ت', "t"),
    ('ة', "a"),
    ('ث', "th"),
    ('ج', "j"),
    ('چ', "ch"),
    ('ح', "h"),
    ('خ', "kh"),
    ('د', "d"),
    ('ذ', "z"),
    ('ر', "r"),
    ('ز', "z"),
    ('ژ', "zh"),
    ('س', "s"),
    ('ش', "sh"),
    ('ص', "s"),
    ('ض', "d"),
    ('ط', "t"),
    ('ظ', "z"),
    ('ع', ""),
    ('غ', "gh"),
    ('ف', "f"),
    ('ڤ', "v"),
    ('ق', "q"),
    ('ك', "k"),
    ('ک', "k"),
    ('گ', "g"),
    ('ل', "l"),
    ('م', "m"),
    ('ن', "n"),
    ('ه', "h"),
    ('و', "w"),
    ('ی', "y"),
    ('ي', "y"),
    ('ہ', "h"),
];

static LETTERS: LazyLock<FxHashMap<char, &'static str>> =
    LazyLock::new(|| CYRILLIC.into_iter().chain(ARABIC).collect());

/// Returns `letters` in lower-case Latin letters and digits, or an empty string if nothing of them is left.
/// Letters of scripts without rules of their own are spelled by `any_ascii`.
pub(crate) fn romanize(letters: impl Iterator<Item = char>) -> String {
    let mut latin = String::new();
    let mut letters = letters.peekable();
    while let Some(c) = letters.next() {
        if greek::is_greek(c) {
            let mut word = String::from(c);
            while let Some(next) = letters.next_if(|next| greek::is_greek(*next)) {
                word.push(next);
            }
            latin.push_str(&greek::in_latin(&word, Origin::Unknown));
        } else if c.is_ascii() {
            latin.push(c);
        } else {
            latin.push_str(LETTERS.get(&c).copied().unwrap_or_else(|| any_ascii_char(c)));
        }
    }
    latin.retain(|c| c.is_ascii_alphanumeric());
    latin.make_ascii_lowercase();
    latin
}
