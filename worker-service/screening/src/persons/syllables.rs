//! Keys of Chinese and Korean words that are the same in all usual romanisations: Pinyin, Wade-Giles and spellings of
//! Taiwan and Hong Kong; Revised Romanization, McCune-Reischauer and usual spellings of family names.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::sound;

/// The syllables of both languages. One spelling is used for several sounds by different systems, so classes are broad.
const SYLLABLES: &str = include_str!("data/syllables.tsv");

/// Maximum length of a word that is read as syllables.
const WORD_MAX: usize = 16;
/// Maximum length of an initial and of a final.
const INITIAL_MAX: usize = 3;
const FINAL_MAX: usize = 5;
/// Multiplier of the hash of several syllables.
const BASE: u32 = 0x9e37_79b1;

/// The classes of the syllables of a word. Those of words written together are combined from those of the words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SyllableKey {
    hash: u32,
    /// Number of syllables; 0 if the word is not made of syllables.
    count: u8,
}

impl SyllableKey {
    /// Returns a hash for finding words, or `None` if the word is not made of syllables.
    pub(super) fn hash(self, kind: u8) -> Option<u32> {
        (self.count > 0).then(|| sound::hash(kind, &self.hash.to_le_bytes()))
    }

    /// Returns the key of both words written together.
    pub(super) fn then(self, next: Self) -> Self {
        if self.count == 0 || next.count == 0 {
            return Self::default();
        }
        let shift = BASE.wrapping_pow(u32::from(next.count));
        Self { hash: self.hash.wrapping_mul(shift).wrapping_add(next.hash), count: self.count + next.count }
    }

    /// Returns whether both words have the same syllables.
    pub(super) fn agrees(self, other: Self) -> bool {
        self.count > 0 && self == other
    }

    fn push(self, syllable: &str) -> Self {
        let hash = sound::hash(SYLLABLE, syllable.as_bytes());
        Self { hash: self.hash.wrapping_mul(BASE).wrapping_add(hash), count: self.count + 1 }
    }
}

/// Kind of the hash of a syllable.
const SYLLABLE: u8 = 50;

/// A word as syllables of one language.
#[derive(Clone, Debug, Default)]
pub(super) struct Syllables {
    pub(super) key: SyllableKey,
    /// The end of each syllable in the word.
    pub(super) ends: Vec<usize>,
}

/// The parts of syllables of a language with their classes.
#[derive(Default)]
struct Table {
    initials: FxHashMap<&'static [u8], &'static str>,
    finals: FxHashMap<&'static [u8], &'static str>,
}

impl Table {
    fn new(language: &str) -> Self {
        let mut table = Self::default();
        // A syllable may begin with its vowel.
        table.initials.insert(b"", "");
        for line in SYLLABLES.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<&str> = line.split('\t').collect();
            if let [name, part, class, spellings] = cells[..]
                && name == language
            {
                let parts = if part == "initial" { &mut table.initials } else { &mut table.finals };
                parts.extend(spellings.split(' ').map(|spelling| (spelling.as_bytes(), class)));
            }
        }
        table
    }
}

static MANDARIN_TABLE: LazyLock<Table> = LazyLock::new(|| Table::new("mandarin"));
static KOREAN_TABLE: LazyLock<Table> = LazyLock::new(|| Table::new("korean"));

/// Returns the word as Mandarin syllables; it has none if it is no such word.
pub(super) fn mandarin(word: &str) -> Syllables {
    read(word, &MANDARIN_TABLE).unwrap_or_default()
}

/// Returns the word as Korean syllables; it has none if it is no such word.
pub(super) fn korean(word: &str) -> Syllables {
    read(word, &KOREAN_TABLE).unwrap_or_default()
}

/// The best reading up to a position: the number of syllables, the start of the last one, and its classes.
type Reading = (u8, usize, &'static str, &'static str);

/// Reads a word with the fewest syllables.
fn read(word: &str, table: &Table) -> Option<Syllables> {
    let bytes = word.as_bytes();
    if bytes.len() > WORD_MAX || !bytes.iter().all(u8::is_ascii_lowercase) {
        return None;
    }
    let mut best: [Option<Reading>; WORD_MAX + 1] = [None; WORD_MAX + 1];
    best[0] = Some((0, 0, "", ""));
    for start in 0..bytes.len() {
        let Some((count, ..)) = best[start] else { continue };
        for middle in start..=(start + INITIAL_MAX).min(bytes.len()) {
            let Some(initial) = table.initials.get(&bytes[start..middle]) else { continue };
            for end in middle + 1..=(middle + FINAL_MAX).min(bytes.len()) {
                // Of readings with as many syllables, the one with the longer first syllables is kept: "sung il".
                if best[end].is_some_and(|(other, ..)| other < count + 1) {
                    continue;
                }
                if let Some(last) = table.finals.get(&bytes[middle..end]) {
                    best[end] = Some((count + 1, start, initial, last));
                }
            }
        }
    }
    let (mut at, mut parts, mut ends) = (bytes.len(), Vec::new(), Vec::new());
    while at > 0 {
        let (_, start, initial, last) = best[at]?;
        parts.push([initial, last].concat());
        ends.push(at);
        at = start;
    }
    ends.reverse();
    let key = parts.iter().rev().fold(SyllableKey::default(), |key, syllable| key.push(syllable));
    Some(Syllables { key, ends })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn romanisations_have_one_key() {
        let key = |word: &str| mandarin(word).key;
        for (a, b) in [
            ("xia", "hsia"),
            ("zhonghua", "chunghua"),
            ("guo", "kuo"),
            ("jianhua", "chienhua"),
            ("cai", "tsai"),
        ] {
            assert_eq!(key(a), key(b), "{a} / {b}");
        }
        let key = |word: &str| korean(word).key;
        for (a, b) in
            [("jeongeun", "jongun"), ("gim", "kim"), ("bak", "pak"), ("seongil", "sungil"), ("choe", "choi")]
        {
            assert_eq!(key(a), key(b), "{a} / {b}");
        }
        assert_ne!(key("min"), key("mun"));
        assert_eq!(mandarin("smith").key, SyllableKey::default());
        assert_eq!(key("jong").then(key("un")), key("jeongeun"));
    }
}
