//! Reads words in Arabic, Persian and Hebrew script, which leave out short vowels.

use crate::names::romanize::romanize;

use super::{super::tables, words::Words};

/// Letters that only Persian and its neighbours write.
const PERSIAN: &str = "پچژگیکڤٹڈڑےہ";
/// Arabic letters whose Persian sound differs.
const PERSIAN_SOUNDS: [(char, &str); 4] = [('ض', "z"), ('ذ', "z"), ('ث', "s"), ('ظ', "z")];
/// Hebrew letters, and the Arabic one for which `names` writes a "j" that could be a vowel elsewhere.
const LETTERS: [(char, &str); 28] = [
    ('ج', "dj"),
    ('א', "a"),
    ('ב', "b"),
    ('ג', "g"),
    ('ד', "d"),
    ('ה', "h"),
    ('ו', "w"),
    ('ז', "z"),
    ('ח', "h"),
    ('ט', "t"),
    ('י', "y"),
    ('כ', "k"),
    ('ך', "k"),
    ('ל', "l"),
    ('מ', "m"),
    ('ם', "m"),
    ('נ', "n"),
    ('ן', "n"),
    ('ס', "s"),
    ('ע', "a"),
    ('פ', "p"),
    ('ף', "f"),
    ('צ', "ts"),
    ('ץ', "ts"),
    ('ק', "k"),
    ('ר', "r"),
    ('ש', "sh"),
    ('ת', "t"),
];
/// Articles of Arabic, alone and after "and".
const ARTICLES: [&str; 3] = ["وال", "ال", "لل"];

/// Returns the word without its article. A known name is spelled with its vowels.
pub(super) fn words(run: &[char]) -> Words {
    let text: String = run.iter().collect();
    if let Some(known) = tables::native_name(&text) {
        return known.split(' ').map(|word| (word.to_owned(), false)).collect();
    }
    let stem = ARTICLES
        .into_iter()
        .find_map(|article| text.strip_prefix(article).filter(|stem| stem.chars().count() > 2))
        .unwrap_or(&text);
    if let Some(known) = tables::native_name(stem) {
        return known.split(' ').map(|word| (word.to_owned(), false)).collect();
    }
    let is_persian = text.chars().any(|c| PERSIAN.contains(c));
    let mut latin = String::new();
    for c in stem.chars() {
        let table = if is_persian { &PERSIAN_SOUNDS[..] } else { &[] };
        match table.iter().chain(&LETTERS).find(|(letter, _)| *letter == c) {
            Some((_, sound)) => latin.push_str(sound),
            None => latin.push_str(&romanize(std::iter::once(c))),
        }
    }
    if latin.is_empty() { Vec::new() } else { vec![(latin, true)] }
}

/// Cost of a vowel that only the spelling with vowels has.
const WRITTEN_VOWEL: f32 = 0.06;
/// Cost of a long vowel that only the spelling without short vowels has.
const LONG_VOWEL: f32 = 0.35;

/// Returns how well the sounds of a word spelled with vowels agree with the consonants and long vowels of another,
/// from 0 to 1.
pub(crate) fn similarity(native: &[u8], spelled: &[u8]) -> f32 {
    const MAX: usize = 24;
    let (native, spelled) = (&native[..native.len().min(MAX)], &spelled[..spelled.len().min(MAX)]);
    if native.is_empty() || spelled.is_empty() {
        return 0.0;
    }
    let mut last = [0.0_f32; MAX + 1];
    let mut row = [0.0_f32; MAX + 1];
    for (at, c) in spelled.iter().enumerate() {
        last[at + 1] = last[at] + spelled_cost(*c);
    }
    for (i, n) in native.iter().enumerate() {
        row[0] = last[0] + native_cost(*n);
        for (j, s) in spelled.iter().enumerate() {
            // A doubled letter is written once.
            let doubled = j > 0 && spelled[j - 1] == *s;
            let extra = if doubled { 0.0 } else { spelled_cost(*s) };
            row[j + 1] =
                (last[j] + letter_cost(*n, *s)).min(last[j + 1] + native_cost(*n)).min(row[j] + extra);
        }
        std::mem::swap(&mut last, &mut row);
        let _ = i;
    }
    let consonants = |word: &[u8]| word.iter().filter(|c| !b"aeiouyw".contains(c)).count();
    #[expect(clippy::cast_precision_loss, reason = "a word's length is small")]
    let length = consonants(native).max(consonants(spelled)).max(2) as f32;
    (1.0 - last[spelled.len()] / length).max(0.0)
}

fn spelled_cost(c: u8) -> f32 {
    match c {
        b'a' | b'e' | b'i' | b'o' | b'u' => WRITTEN_VOWEL,
        b'h' | b'y' => 0.3,
        _ => 1.0,
    }
}

fn native_cost(c: u8) -> f32 {
    match c {
        b'a' | b'y' | b'w' => LONG_VOWEL,
        b'h' => 0.4,
        _ => 1.0,
    }
}

fn letter_cost(native: u8, spelled: u8) -> f32 {
    if native == spelled {
        return 0.0;
    }
    match (native, spelled) {
        (b'w', b'u' | b'o' | b'v')
        | (b'y', b'i')
        | (b'a', b'e')
        | (b'k', b'q' | b'c')
        | (b'q', b'k')
        | (b'p', b'f')
        | (b'b', b'v')
        | (b'j' | b'J', b'j' | b'J')
        | (b'c', b's' | b'z') => 0.0,
        (b'y', b'e')
        | (b'a', b'o' | b'i' | b'u')
        | (b'z', b'd')
        | (b'd', b'z')
        | (b'q', b'g')
        | (b'g', b'k' | b'q') => 0.15,
        (b'S', b's')
        | (b's', b'S' | b'z')
        | (b't', b'd')
        | (b'd', b't')
        | (b'k', b'h' | b'g')
        | (b'h', b'k') => 0.4,
        _ => 1.2,
    }
}
