//! Keys of Chinese and Korean words that are the same in all usual romanisations: Pinyin, Wade-Giles and spellings of
//! Taiwan and Hong Kong; Revised Romanization, McCune-Reischauer and usual spellings of family names.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::sound;

/// Romanisations of a language: initials and finals, each with the class that it belongs to.
struct Language {
    initials: &'static [(&'static str, &'static str)],
    finals: &'static [(&'static str, &'static str)],
}

/// Initials of Mandarin. One spelling is used for several sounds by different systems, so classes are broad.
const MANDARIN: Language = Language {
    initials: &[
        ("tsh", "C"), ("zh", "C"), ("ch", "C"), ("sh", "S"), ("hs", "X"), ("ts", "Z"), ("tz", "Z"), ("b", "P"),
        ("p", "P"), ("m", "M"), ("f", "F"), ("d", "T"), ("t", "T"), ("n", "N"), ("l", "L"), ("g", "K"), ("k", "K"),
        ("h", "H"), ("j", "C"), ("q", "C"), ("x", "X"), ("r", "R"), ("z", "Z"), ("c", "Z"), ("s", "S"), ("y", "Y"),
        ("w", "W"), ("", ""),
    ],
    finals: &[
        ("iang", "iang"), ("yang", "iang"), ("iong", "iung"), ("iung", "iung"), ("uang", "uang"), ("wang", "uang"),
        ("iao", "iao"), ("iau", "iao"), ("ian", "ian"), ("ien", "ian"), ("uai", "uai"), ("uan", "uan"), ("uei", "ui"),
        ("uen", "un"), ("ueh", "ue"), ("ang", "ang"), ("eng", "eng"), ("ing", "ing"), ("ong", "ung"), ("ung", "ung"),
        ("ieh", "ie"), ("iu", "iu"), ("iou", "iu"), ("yu", "iu"), ("ai", "ai"), ("ei", "ei"), ("ao", "ao"), ("au", "ao"),
        ("ou", "ou"), ("an", "an"), ("en", "en"), ("in", "in"), ("un", "un"), ("ia", "ia"), ("ie", "ie"), ("ua", "ua"),
        ("uo", "o"), ("ui", "ui"), ("ue", "ue"), ("ih", "i"), ("eh", "e"), ("erh", "er"), ("er", "er"), ("a", "a"),
        ("o", "o"), ("e", "o"), ("i", "i"), ("u", "u"),
    ],
};

const KOREAN: Language = Language {
    initials: &[
        ("tch", "C"), ("ch", "C"), ("jj", "C"), ("kk", "K"), ("tt", "T"), ("pp", "P"), ("ss", "S"), ("sh", "S"),
        ("rh", "L"), ("g", "K"), ("k", "K"), ("d", "T"), ("t", "T"), ("b", "P"), ("p", "P"), ("j", "C"), ("z", "C"),
        ("s", "S"), ("h", "H"), ("m", "M"), ("n", "N"), ("r", "L"), ("l", "L"), ("", ""),
    ],
    finals: &[
        ("young", "yoN"), ("yeong", "yoN"), ("yong", "yoN"), ("yung", "yoN"), ("yoon", "yun"), ("yeon", "yon"),
        ("youn", "yon"), ("yeol", "yol"), ("yeob", "yop"), ("yeop", "yop"), ("eong", "oN"), ("eung", "uN"), ("oong", "oN"),
        ("wang", "waN"), ("yang", "yaN"), ("yeok", "yok"), ("yuck", "yok"), ("young", "yoN"), ("weon", "won"),
        ("oung", "oN"), ("yun", "yun"), ("yon", "yon"), ("yol", "yol"), ("yop", "yop"), ("yok", "yok"), ("yuk", "yok"),
        ("eom", "om"), ("eon", "on"), ("eop", "op"), ("eob", "op"), ("eok", "ok"), ("eol", "ol"), ("eum", "um"),
        ("eun", "un"), ("eul", "ul"), ("eub", "up"), ("oon", "un"), ("ook", "uk"), ("ool", "ul"), ("oom", "um"),
        ("ang", "aN"), ("ong", "oN"), ("ung", "oN"), ("ing", "iN"), ("aeng", "eN"), ("aing", "eN"), ("ahn", "an"),
        ("yeo", "yo"), ("yoo", "yu"), ("you", "yu"), ("aek", "ek"), ("aik", "ek"), ("eck", "ek"), ("aeg", "ek"),
        ("won", "won"), ("wan", "wan"), ("wol", "wol"), ("hwa", "hwa"), ("ack", "ak"), ("ark", "ak"), ("uck", "uk"),
        ("ee", "i"), ("ie", "i"), ("yi", "i"), ("oi", "oe"), ("oy", "oe"), ("oe", "oe"), ("ai", "e"), ("ae", "e"),
        ("ay", "e"), ("eo", "o"), ("oh", "o"), ("eu", "u"), ("oo", "u"), ("ou", "u"), ("ui", "ui"), ("eui", "ui"),
        ("wi", "wi"), ("wa", "wa"), ("we", "we"), ("ya", "ya"), ("ye", "ye"), ("yo", "yo"), ("yu", "yu"), ("an", "an"),
        ("am", "am"), ("al", "al"), ("ak", "ak"), ("ag", "ak"), ("ap", "ap"), ("ab", "ap"), ("at", "at"), ("en", "en"),
        ("in", "in"), ("im", "im"), ("il", "il"), ("ik", "ik"), ("ig", "ik"), ("ip", "ip"), ("ib", "ip"), ("on", "on"),
        ("om", "om"), ("ol", "ol"), ("ok", "ok"), ("og", "ok"), ("op", "op"), ("ob", "op"), ("ot", "ot"), ("un", "un"),
        ("um", "um"), ("ul", "ul"), ("uk", "uk"), ("ug", "uk"), ("up", "up"), ("ub", "up"), ("ah", "a"), ("a", "a"),
        ("e", "e"), ("i", "i"), ("o", "o"), ("u", "u"),
    ],
};

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
struct Table {
    initials: FxHashMap<&'static [u8], &'static str>,
    finals: FxHashMap<&'static [u8], &'static str>,
}

impl Table {
    fn new(language: &Language) -> Self {
        let map = |rows: &'static [(&'static str, &'static str)]| {
            rows.iter().map(|(spelling, class)| (spelling.as_bytes(), *class)).collect()
        };
        Self { initials: map(language.initials), finals: map(language.finals) }
    }
}

static MANDARIN_TABLE: LazyLock<Table> = LazyLock::new(|| Table::new(&MANDARIN));
static KOREAN_TABLE: LazyLock<Table> = LazyLock::new(|| Table::new(&KOREAN));

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
                if best[end].is_some_and(|(other, ..)| other <= count + 1) {
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
        for (a, b) in [("xia", "hsia"), ("zhonghua", "chunghua"), ("guo", "kuo"), ("jianhua", "chienhua"), ("cai", "tsai")]
        {
            assert_eq!(key(a), key(b), "{a} / {b}");
        }
        let key = |word: &str| korean(word).key;
        for (a, b) in [("jeongeun", "jongun"), ("gim", "kim"), ("bak", "pak"), ("seongil", "sungil"), ("choe", "choi")] {
            assert_eq!(key(a), key(b), "{a} / {b}");
        }
        assert_ne!(key("min"), key("mun"));
        assert_eq!(mandarin("smith").key, SyllableKey::default());
        assert_eq!(key("jong").then(key("un")), key("jeongeun"));
    }
}
