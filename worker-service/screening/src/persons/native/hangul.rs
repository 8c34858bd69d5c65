//! Reads Korean names in Hangul: each syllable is one character, and the first is the family name.

use super::words::Words;

/// Initial consonants, vowels and final consonants in the order of Unicode, in Revised Romanization.
const INITIALS: [&str; 19] =
    ["g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h"];
const VOWELS: [&str; 21] = [
    "a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi",
    "yu", "eu", "ui", "i",
];
const FINALS: [&str; 28] = [
    "", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t",
    "ng", "t", "t", "k", "t", "p", "t",
];
/// Family names of two syllables.
const LONG_FAMILY_NAMES: [&str; 6] = ["남궁", "황보", "제갈", "선우", "독고", "사공"];

const FIRST: u32 = 0xac00;
const LAST: u32 = 0xd7a3;

/// Returns whether a run consists of Hangul syllables.
pub(super) fn is_hangul(run: &[char]) -> bool {
    run.iter().all(|c| (FIRST..=LAST).contains(&u32::from(*c)))
}

/// Returns the family name and the given name.
pub(super) fn words(run: &[char]) -> Words {
    let start: String = run.iter().take(2).collect();
    let family = if run.len() > 2 && LONG_FAMILY_NAMES.contains(&start.as_str()) { 2 } else { 1 };
    // Up to four syllables are a whole name; a longer word is one of several or another language's.
    let parts = if (2..=4).contains(&run.len()) { vec![&run[..family], &run[family..]] } else { vec![run] };
    let latin = |part: &[char]| part.iter().map(|c| syllable(*c)).collect::<String>();
    parts.into_iter().filter(|part| !part.is_empty()).map(|part| (latin(part), false)).collect()
}

fn syllable(c: char) -> String {
    let at = (u32::from(c) - FIRST) as usize;
    let (initial, vowel, last) = (at / 588, at % 588 / 28, at % 28);
    [INITIALS[initial], VOWELS[vowel], FINALS[last]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_family_and_given_name() {
        let read = |name: &str| {
            let run: Vec<char> = name.chars().collect();
            words(&run).into_iter().map(|(word, _)| word).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(read("박영철"), "bak yeongcheol");
        assert_eq!(read("남궁민수"), "namgung minsu");
        assert_eq!(read("김"), "gim");
    }
}
