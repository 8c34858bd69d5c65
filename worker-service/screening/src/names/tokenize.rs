//! Names of any script as words of small Latin letters.

use std::{collections::HashMap, sync::LazyLock};

use any_ascii::any_ascii_char;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::lexicon::translations;

/// A word of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// In small Latin letters and digits.
    pub latin: String,
    /// Written without its vowels, as Arabic script does.
    pub without_vowels: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Cyrillic,
    Arabic,
    /// Scripts that write no spaces between words, or write compounds.
    EastAsian,
    Other,
}

fn script(c: char) -> Script {
    match c {
        'a'..='z' | '0'..='9' => Script::Latin,
        '\u{400}'..='\u{52f}' => Script::Cyrillic,
        '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' => {
            Script::Arabic
        }
        '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{2fa1f}' => Script::EastAsian,
        _ => Script::Other,
    }
}

/// Whether the script of `c` writes no spaces between words.
pub(super) fn is_unspaced(c: char) -> bool {
    script(c) == Script::EastAsian
}

/// Whether the script of `c` is one whose words are read by their meaning.
pub(super) fn is_foreign(c: char) -> bool {
    matches!(script(c), Script::EastAsian | Script::Arabic)
}

/// Cyrillic letters in the romanisation that lists of sanctions mostly use (BGN/PCGN, simplified).
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

/// Letters of the Arabic script; those for long vowels are kept, the short ones are not written.
const ARABIC: [(char, &str); 43] = [
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
];

static LETTERS: LazyLock<HashMap<char, &'static str>> =
    LazyLock::new(|| CYRILLIC.into_iter().chain(ARABIC).chain([('ي', "y"), ('ہ', "h")]).collect());

/// Signs that are no part of a letter: apostrophes of every kind, marks of transliterations, joiners.
fn is_dropped(c: char) -> bool {
    matches!(
        c,
        '\'' | '’' | '‘' | 'ʼ' | 'ʿ' | 'ʾ' | '`' | '´' | 'ʹ' | 'ʺ' | '"' | '“' | '”' | '\u{640}' | '\u{200b}'
            ..='\u{200f}'
    )
}

/// The name in one normal form: compatibility forms, case and marks folded, apostrophes dropped.
pub(super) fn folded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.nfkd() {
        // The marks of kana make other letters; those of Latin, Greek, Cyrillic and Arabic are dress.
        if (is_combining_mark(c) && !matches!(c, '\u{3099}' | '\u{309a}')) || is_dropped(c) {
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
    // Letters whose mark is part of them (й, kana, Hangul) are put together again.
    text.nfc().collect()
}

/// How words of scripts other than Latin are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Known words by their meaning, the others by their sound.
    Meaning,
    /// All words by their sound.
    Sound,
}

/// The words of a folded name.
pub(super) fn words(folded: &str, reading: Reading) -> Vec<Word> {
    let runs = runs(folded);
    let mut words = Vec::new();
    let mut at = 0;
    while at < runs.len() {
        let known = (1..=PHRASE_MAX.min(runs.len() - at)).rev().find_map(|length| {
            let phrase = &runs[at..at + length];
            let foreign =
                reading == Reading::Meaning && phrase.iter().all(|run| script(run[0]) == Script::Arabic);
            let text: Vec<String> =
                phrase.iter().filter(|_| foreign).map(|run| run.iter().collect()).collect();
            translations().of(&text.join(" ")).map(|english| (length, english))
        });
        match known {
            Some((length, english)) => {
                words.extend(english.split(' ').map(plain));
                at += length;
            }
            None => {
                read(&runs[at], reading, &mut words);
                at += 1;
            }
        }
    }
    words
}

/// Words of the longest phrase whose meaning is known.
const PHRASE_MAX: usize = 3;

/// Runs of letters and digits of one script; initials with full stops and no spaces between them
/// (S.A., d.o.o.) are one.
fn runs(folded: &str) -> Vec<Vec<char>> {
    let characters: Vec<char> = folded.chars().collect();
    let mut runs = Vec::new();
    let mut initials = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        let c = characters[at];
        if !c.is_alphanumeric() {
            if c != '.' && !initials.is_empty() {
                runs.push(std::mem::take(&mut initials));
            }
            if c == '&' {
                runs.push("and".chars().collect());
            }
            at += 1;
            continue;
        }
        let end =
            characters[at..].iter().position(|c| !c.is_alphanumeric()).map_or(characters.len(), |n| at + n);
        let stop = characters.get(end) == Some(&'.');
        if end == at + 1 && c.is_alphabetic() && (stop || !initials.is_empty()) && !is_unspaced(c) {
            initials.push(c);
            at = end;
            continue;
        }
        if !initials.is_empty() {
            runs.push(std::mem::take(&mut initials));
        }
        let kind = |c: &char| match script(*c) {
            Script::Other => Script::Latin,
            kind => kind,
        };
        let run = without_look_alikes(&characters[at..end]);
        runs.extend(run.chunk_by(|a, b| kind(a) == kind(b)).map(<[char]>::to_vec));
        at = end;
    }
    if !initials.is_empty() {
        runs.push(initials);
    }
    runs
}

/// Cyrillic and Greek letters that look like Latin ones.
const LOOK_ALIKES: [(char, char); 24] = [
    ('а', 'a'),
    ('в', 'b'),
    ('с', 'c'),
    ('е', 'e'),
    ('һ', 'h'),
    ('н', 'h'),
    ('і', 'i'),
    ('ј', 'j'),
    ('к', 'k'),
    ('м', 'm'),
    ('о', 'o'),
    ('р', 'p'),
    ('ѕ', 's'),
    ('т', 't'),
    ('у', 'y'),
    ('х', 'x'),
    ('α', 'a'),
    ('ε', 'e'),
    ('ι', 'i'),
    ('κ', 'k'),
    ('ο', 'o'),
    ('ρ', 'p'),
    ('τ', 't'),
    ('ν', 'v'),
];

/// A run in which Latin letters stand among letters that look like them, all as Latin: nobody writes a
/// word in two alphabets but to hide it.
fn without_look_alikes(run: &[char]) -> Vec<char> {
    let latin = run.iter().filter(|c| c.is_ascii_alphabetic()).count();
    let look = |c: &char| LOOK_ALIKES.iter().find(|(other, _)| other == c).map_or(*c, |(_, latin)| *latin);
    let looked: Vec<char> = run.iter().map(look).collect();
    let all_latin = looked.iter().all(|c| c.is_ascii_alphanumeric());
    if latin > 0 && all_latin { looked } else { run.to_vec() }
}

/// Adds the words of a run of one script.
fn read(run: &[char], reading: Reading, words: &mut Vec<Word>) {
    match script(run[0]) {
        Script::EastAsian => east_asian(run, reading, words),
        Script::Arabic => {
            let text: String = run.iter().collect();
            let bare = ["وال", "بال", "لل", "ال"]
                .into_iter()
                .find_map(|article| text.strip_prefix(article).filter(|rest| rest.chars().count() > 2))
                .unwrap_or(&text);
            match translations().of(bare).filter(|_| reading == Reading::Meaning) {
                Some(english) => words.extend(english.split(' ').map(plain)),
                None => {
                    let latin = spell(bare.chars());
                    if !latin.is_empty() {
                        words.push(Word { latin, without_vowels: true });
                    }
                }
            }
        }
        Script::Cyrillic | Script::Latin | Script::Other => {
            let latin = spell(run.iter().copied());
            if !latin.is_empty() {
                words.push(plain(&latin));
            }
        }
    }
}

fn plain(latin: &str) -> Word {
    Word { latin: latin.to_owned(), without_vowels: false }
}

fn spell(letters: impl Iterator<Item = char>) -> String {
    let mut latin = String::new();
    for c in letters {
        match LETTERS.get(&c) {
            Some(spelling) => latin.push_str(spelling),
            None if c.is_ascii() => latin.push(c),
            None => latin.push_str(any_ascii_char(c)),
        }
    }
    latin.retain(|c| c.is_ascii_alphanumeric());
    latin.make_ascii_lowercase();
    latin
}

/// Longest known word first; what is between known words is one word, spelled by its readings.
fn east_asian(run: &[char], reading: Reading, words: &mut Vec<Word>) {
    let mut rest = String::new();
    let spelled = |rest: &mut String, words: &mut Vec<Word>| {
        let latin = spell(std::mem::take(rest).chars());
        if !latin.is_empty() {
            words.push(plain(&latin));
        }
    };
    let mut at = 0;
    while at < run.len() {
        let known = (1..=translations().longest_native.min(run.len() - at)).rev().find_map(|length| {
            let part: String = run[at..at + length].iter().collect();
            // A single character is a word of its own at the end alone: elsewhere it is part of a name.
            let whole = length > 1 || at + length == run.len();
            let by_meaning =
                reading == Reading::Meaning || translations().of(&part) == Some(super::lexicon::LEGAL_FORM);
            translations().of(&part).filter(|_| whole && by_meaning).map(|english| (length, english))
        });
        match known {
            Some((length, english)) => {
                spelled(&mut rest, words);
                words.extend(english.split(' ').filter(|word| !word.is_empty()).map(plain));
                at += length;
            }
            None => {
                rest.push(run[at]);
                at += 1;
            }
        }
    }
    spelled(&mut rest, words);
}
