//! Keys of Chinese and Korean words that are the same in all usual romanisations: Pinyin, Wade-Giles and spellings of
//! Taiwan and Hong Kong; Revised Romanization, McCune-Reischauer and usual spellings of family names.

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

/// A word as syllables of one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Syllables {
    /// The classes of all syllables.
    pub(super) key: String,
    /// The end of each syllable in the word.
    pub(super) ends: Vec<usize>,
}

/// Returns the word as Mandarin syllables, or `None` if it has none.
pub(super) fn mandarin(word: &str) -> Option<Syllables> {
    read(word, &MANDARIN)
}

/// Returns the word as Korean syllables, or `None` if it has none.
pub(super) fn korean(word: &str) -> Option<Syllables> {
    read(word, &KOREAN)
}

/// Reads a word with the fewest syllables.
fn read(word: &str, language: &Language) -> Option<Syllables> {
    if word.len() > WORD_MAX || !word.bytes().all(|c| c.is_ascii_lowercase()) {
        return None;
    }
    // The best reading up to each position: the number of syllables, the start of the last one, and its classes.
    let mut best: Vec<Option<(usize, usize, &str, &str)>> = vec![None; word.len() + 1];
    best[0] = Some((0, 0, "", ""));
    for start in 0..word.len() {
        let Some((count, ..)) = best[start] else { continue };
        for (initial, initial_class) in language.initials {
            let Some(rest) = word[start..].strip_prefix(initial) else { continue };
            for (last, last_class) in language.finals {
                // A syllable without a consonant inside a word is ambiguous, but "eun" in "jeongeun" has none.
                if rest.starts_with(last) {
                    let end = start + initial.len() + last.len();
                    let reading = (count + 1, start, *initial_class, *last_class);
                    if best[end].is_none_or(|(other, ..)| other > count + 1) {
                        best[end] = Some(reading);
                    }
                }
            }
        }
    }
    let (mut at, mut parts, mut ends) = (word.len(), Vec::new(), Vec::new());
    while at > 0 {
        let (_, start, initial, last) = best[at]?;
        parts.push([initial, last].concat());
        ends.push(at);
        at = start;
    }
    parts.reverse();
    ends.reverse();
    // A separator keeps "xian" apart from "xi an".
    (!parts.is_empty()).then(|| Syllables { key: parts.join("."), ends })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn romanisations_have_one_key() {
        let key = |word: &str| mandarin(word).unwrap().key;
        for (a, b) in [("xia", "hsia"), ("zhonghua", "chunghua"), ("guo", "kuo"), ("jianhua", "chienhua"), ("cai", "tsai")]
        {
            assert_eq!(key(a), key(b), "{a} / {b}");
        }
        let key = |word: &str| korean(word).unwrap().key;
        for (a, b) in [("jeongeun", "jongun"), ("gim", "kim"), ("bak", "pak"), ("seongil", "sungil"), ("choe", "choi")] {
            assert_eq!(key(a), key(b), "{a} / {b}");
        }
        assert_ne!(key("min"), key("mun"));
        assert!(mandarin("smith").is_none() && korean("smith").is_none());
    }
}
