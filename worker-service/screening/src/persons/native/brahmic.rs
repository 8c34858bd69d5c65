//! Reads words in Devanagari, Burmese, Thai and related scripts.

use crate::names::romanize::romanize;

use super::words::Words;

/// Devanagari consonants; an `a` follows unless another vowel or the virama does.
const CONSONANTS: [(char, &str); 33] = [
    ('क', "k"),
    ('ख', "kh"),
    ('ग', "g"),
    ('घ', "gh"),
    ('ङ', "n"),
    ('च', "ch"),
    ('छ', "chh"),
    ('ज', "j"),
    ('झ', "jh"),
    ('ञ', "n"),
    ('ट', "t"),
    ('ठ', "th"),
    ('ड', "d"),
    ('ढ', "dh"),
    ('ण', "n"),
    ('त', "t"),
    ('थ', "th"),
    ('द', "d"),
    ('ध', "dh"),
    ('न', "n"),
    ('प', "p"),
    ('फ', "f"),
    ('ब', "b"),
    ('भ', "bh"),
    ('म', "m"),
    ('य', "y"),
    ('र', "r"),
    ('ल', "l"),
    ('व', "v"),
    ('श', "sh"),
    ('ष', "sh"),
    ('स', "s"),
    ('ह', "h"),
];
/// Devanagari vowels, as signs and as letters of their own.
const VOWELS: [(char, &str); 24] = [
    ('ा', "a"),
    ('ि', "i"),
    ('ी', "i"),
    ('ु', "u"),
    ('ू', "u"),
    ('े', "e"),
    ('ै', "ai"),
    ('ो', "o"),
    ('ौ', "au"),
    ('ृ', "ri"),
    ('अ', "a"),
    ('आ', "a"),
    ('इ', "i"),
    ('ई', "i"),
    ('उ', "u"),
    ('ऊ', "u"),
    ('ए', "e"),
    ('ऐ', "ai"),
    ('ओ', "o"),
    ('औ', "au"),
    ('ऋ', "ri"),
    ('ं', "n"),
    ('ँ', "n"),
    ('ः', "h"),
];
const VIRAMA: char = '्';

/// Burmese consonants as they are usually spelled in names.
const BURMESE: [(char, &str); 33] = [
    ('က', "k"),
    ('ခ', "kh"),
    ('ဂ', "g"),
    ('ဃ', "g"),
    ('င', "ng"),
    ('စ', "s"),
    ('ဆ', "hs"),
    ('ဇ', "z"),
    ('ဈ', "z"),
    ('ည', "ny"),
    ('ဉ', "ny"),
    ('ဋ', "t"),
    ('ဌ', "ht"),
    ('ဍ', "d"),
    ('ဎ', "d"),
    ('ဏ', "n"),
    ('တ', "t"),
    ('ထ', "ht"),
    ('ဒ', "d"),
    ('ဓ', "d"),
    ('န', "n"),
    ('ပ', "p"),
    ('ဖ', "ph"),
    ('ဗ', "b"),
    ('ဘ', "b"),
    ('မ', "m"),
    ('ယ', "y"),
    ('ရ', "y"),
    ('လ', "l"),
    ('ဝ', "w"),
    ('သ', "th"),
    ('ဟ', "h"),
    ('အ', ""),
];
/// Burmese rhymes, longest first: vowel signs with the final consonant.
const RHYMES: [(&str, &str); 40] = [
    ("ောင်", "aung"),
    ("ိုင်", "aing"),
    ("ိုက်", "aik"),
    ("ောက်", "auk"),
    ("ုန်း", "one"),
    ("ုန်", "on"),
    ("ိန်", "ein"),
    ("ိမ်", "ein"),
    ("ုတ်", "oke"),
    ("ိတ်", "eik"),
    ("ွန်", "un"),
    ("ွတ်", "ut"),
    ("ွင်", "win"),
    ("ွယ်", "we"),
    ("ျော်", "yaw"),
    ("ော်", "aw"),
    ("ို", "o"),
    ("ော", "aw"),
    ("င်", "in"),
    ("က်", "et"),
    ("စ်", "it"),
    ("ည်", "i"),
    ("ဉ်", "in"),
    ("တ်", "at"),
    ("ပ်", "at"),
    ("န်", "an"),
    ("မ်", "an"),
    ("ယ်", "e"),
    ("ုံ", "on"),
    ("ံ", "an"),
    ("ာ", "a"),
    ("ါ", "a"),
    ("ိ", "i"),
    ("ီ", "i"),
    ("ု", "u"),
    ("ူ", "u"),
    ("ေ", "ay"),
    ("ဲ", "e"),
    ("့", ""),
    ("း", ""),
];

/// Returns the words of a run. Burmese writes no spaces between the syllables of a name, which are spelled apart.
pub(super) fn words(run: &[char]) -> Words {
    latin(run).split_whitespace().map(|word| (word.to_owned(), false)).collect()
}

fn latin(run: &[char]) -> String {
    match run[0] {
        '\u{900}'..='\u{97f}' => devanagari(run),
        '\u{1000}'..='\u{109f}' => burmese(run),
        '\u{e00}'..='\u{e7f}' => thai(run),
        _ => romanize(run.iter().copied()),
    }
}

fn spelling(table: &[(char, &'static str)], c: char) -> Option<&'static str> {
    table.iter().find(|(other, _)| *other == c).map(|(_, latin)| *latin)
}

fn devanagari(run: &[char]) -> String {
    let mut latin = String::new();
    for (at, c) in run.iter().enumerate() {
        if let Some(consonant) = spelling(&CONSONANTS, *c) {
            latin.push_str(consonant);
            // The inherent vowel is silent at the end of a word.
            let next = run.get(at + 1);
            if next.is_some_and(|next| spelling(&CONSONANTS, *next).is_some() || "ंँः".contains(*next))
            {
                latin.push('a');
            }
        } else if let Some(vowel) = spelling(&VOWELS, *c) {
            latin.push_str(vowel);
        } else if *c != VIRAMA && *c != '\u{93c}' {
            latin.push_str(&romanize(std::iter::once(*c)));
        }
    }
    latin
}

fn burmese(run: &[char]) -> String {
    let mut latin = String::new();
    let mut rest: String = run.iter().collect();
    rest = rest
        .replace("ဦး", " oo ")
        .replace('ဦ', " oo ")
        .replace('ဥ', " u")
        .replace('ဩ', " aw")
        .replace('ဧ', " ay");
    while let Some(c) = rest.chars().next() {
        if let Some((rhyme, spelling)) = RHYMES.iter().find(|(rhyme, _)| rest.starts_with(rhyme)) {
            latin.push_str(spelling);
            rest = rest[rhyme.len()..].to_owned();
            continue;
        }
        rest = rest[c.len_utf8()..].to_owned();
        if let Some(consonant) = spelling(&BURMESE, c) {
            latin.push(' ');
            // A breathed consonant is written with a sign below it: "hla", "hnin".
            let breathed = rest.contains('ှ') && rest.chars().take(3).any(|c| c == 'ှ');
            if breathed && "နမလ".contains(c) {
                latin.push('h');
            }
            latin.push_str(consonant);
        } else {
            match c {
                'ျ' | 'ြ' => latin.push('y'),
                'ွ' => latin.push('w'),
                _ if c.is_ascii_alphanumeric() || c == ' ' => latin.push(c),
                _ => {}
            }
            continue;
        }
        // Signs between a consonant and its rhyme.
        while let Some(sign) = rest.chars().next().filter(|c| "ျြှ".contains(*c)) {
            if sign != 'ှ' && !rest.starts_with("ျော်") {
                latin.push('y');
            } else if rest.starts_with("ျော်") {
                break;
            }
            rest = rest[sign.len_utf8()..].to_owned();
        }
    }
    latin
}

/// Returns a Thai word: vowels that are written before their consonant are spoken after it.
fn thai(run: &[char]) -> String {
    let mut letters = run.to_vec();
    for at in 0..letters.len().saturating_sub(1) {
        if matches!(letters[at], 'เ' | 'แ' | 'โ' | 'ใ' | 'ไ') {
            letters.swap(at, at + 1);
        }
    }
    // A consonant with the mark of silence is not spoken.
    let spoken: Vec<char> = (0..letters.len())
        .filter(|at| letters[*at] != '\u{e4c}' && letters.get(at + 1) != Some(&'\u{e4c}'))
        .map(|at| letters[at])
        .collect();
    romanize(spoken.into_iter())
}
