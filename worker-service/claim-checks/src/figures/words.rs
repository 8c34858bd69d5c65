//! Reads number words and magnitudes such as million.

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;

use crate::{
    language::Language,
    lexicon::Terms,
    text::token::{Kind, Token},
};

#[derive(Deserialize)]
struct File {
    magnitude: Vec<HashMap<String, toml::Value>>,
    words: HashMap<Language, String>,
    about: HashMap<Language, String>,
}

/// The words of all languages for numbers.
struct Words {
    magnitudes: HashMap<Language, Terms<i32>>,
    numbers: HashMap<Language, HashMap<String, f64>>,
    about: HashMap<Language, Terms<()>>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the binary and a test uses it")]
    let file: File =
        toml::from_str(include_str!("../lexicon/data/numbers.toml")).expect("numbers.toml is valid");
    let mut magnitudes: HashMap<Language, Vec<(String, i32)>> = HashMap::new();
    for mut entry in file.magnitude {
        let zeros = entry.remove("zeros").and_then(|zeros| zeros.as_integer()).unwrap_or_default();
        for (language, list) in entry {
            let language = toml::Value::String(language).try_into::<Language>();
            let (Ok(language), Some(list)) = (language, list.as_str()) else { continue };
            let zeros = i32::try_from(zeros).unwrap_or_default();
            let list = list.split(", ").map(|term| (term.to_owned(), zeros));
            magnitudes.entry(language).or_default().extend(list);
        }
    }
    let terms =
        |list: Vec<(String, i32)>| Terms::new(list.iter().map(|(term, zeros)| (term.as_str(), *zeros)));
    let numbers = |list: String| {
        let pair = |pair: &str| {
            let (word, value) = pair.split_once('=')?;
            Some((word.to_owned(), value.parse().ok()?))
        };
        list.split(' ').filter_map(pair).collect()
    };
    Words {
        magnitudes: magnitudes.into_iter().map(|(language, list)| (language, terms(list))).collect(),
        numbers: file.words.into_iter().map(|(language, list)| (language, numbers(list))).collect(),
        about: file
            .about
            .into_iter()
            .map(|(language, list)| (language, Terms::new(list.split(", ").map(|term| (term, ())))))
            .collect(),
    }
});

/// Returns the magnitude that begins at byte `from`, directly after a number, as a power of ten, and the byte
/// after it. Magnitudes may follow one another, as in "5 hundred million" or 千万.
pub(super) fn magnitude(text: &str, tokens: &[Token], from: usize, language: Language) -> (i32, usize) {
    let (mut zeros, mut end) = (0, from);
    // English magnitudes are also used in texts of other languages, such as "USD 5m", and names make short texts
    // look like another language.
    let languages = [language, Language::En, Language::Tr, Language::Pl, Language::Sv, Language::Other];
    'next: for _ in 0..3 {
        let rest = &text[end..];
        let gap = rest.len() - rest.trim_start_matches([' ', '-', '\u{a0}']).len();
        if gap > 1 {
            break;
        }
        let index = tokens.partition_point(|token| token.start < end + gap);
        for language in languages {
            let Some(terms) = WORDS.magnitudes.get(&language) else { continue };
            if let Some(found) = terms.dense_prefix(&rest[gap..]) {
                zeros += found.value;
                end += gap + found.end;
                continue 'next;
            }
            let starts_here = tokens.get(index).is_some_and(|token| token.start == end + gap);
            let found = terms.at(text, tokens, index).into_iter().max_by_key(|found| found.end);
            if let Some(found) = found.filter(|_| starts_here) {
                zeros += found.value;
                end = found.end;
                continue 'next;
            }
        }
        break;
    }
    (zeros, end)
}

/// A number in words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spelled {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) value: f64,
}

/// Returns the numbers in words, with their magnitudes: "seven billion", "fünfundzwanzig", "half a million".
pub(super) fn spelled(text: &str, tokens: &[Token], language: Language) -> Vec<Spelled> {
    let mut spelled = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match read(text, tokens, at, language) {
            Some((one, next)) => {
                spelled.push(one);
                at = next.max(at + 1);
            }
            None => at += 1,
        }
    }
    spelled
}

/// Words for fractions, in folded form.
const FRACTIONS: [(&str, f64); 16] = [
    ("third", 1.0 / 3.0),
    ("thirds", 2.0 / 3.0),
    ("quarter", 0.25),
    ("half", 0.5),
    ("drittel", 1.0 / 3.0),
    ("viertel", 0.25),
    ("hälfte", 0.5),
    ("tiers", 1.0 / 3.0),
    ("quart", 0.25),
    ("moitié", 0.5),
    ("mitad", 0.5),
    ("metade", 0.5),
    ("metà", 0.5),
    ("helft", 0.5),
    ("половина", 0.5),
    ("треть", 1.0 / 3.0),
];

/// Words for half of a magnitude, after "and".
const HALVES: [&str; 8] = ["demi", "demie", "medio", "media", "mezzo", "mezza", "meio", "meia"];

/// The words for a number in one text.
struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    language: Language,
    numbers: &'static HashMap<String, f64>,
}

impl<'a> Reader<'a> {
    fn word(&self, at: usize) -> Option<&'a str> {
        let token = self.tokens.get(at).filter(|token| token.kind == Kind::Word)?;
        Some(&self.text[token.start..token.end])
    }

    fn value(&self, at: usize) -> Option<f64> {
        let word = self.word(at)?;
        self.numbers.get(word).copied().or_else(|| compound(word, self.numbers, self.language))
    }

    /// Returns the power of ten that the token stands for. Single letters are magnitudes after digits only.
    fn magnitude(&self, at: usize) -> Option<i32> {
        let token = self.tokens.get(at).filter(|token| token.end - token.start > 2)?;
        let terms = WORDS.magnitudes.get(&self.language)?;
        terms
            .at(self.text, self.tokens, at)
            .into_iter()
            .find(|found| found.end == token.end)
            .map(|found| found.value)
    }

    /// Returns whether only a space or a hyphen stands between the token and the one before it.
    fn is_joined(&self, at: usize) -> bool {
        at > 0
            && self.tokens.get(at).is_some_and(|token| {
                self.text[self.tokens[at - 1].end..token.start].chars().all(|c| matches!(c, ' ' | '-'))
            })
    }

    fn is_and(&self, at: usize) -> bool {
        self.word(at).is_some_and(|word| matches!(word, "and" | "und" | "y" | "e" | "et"))
    }
}

/// Reads the number in words that begins with the token at index `at`. Returns it with the index of the token
/// after it.
fn read(text: &str, tokens: &[Token], at: usize, language: Language) -> Option<(Spelled, usize)> {
    let reader = Reader { text, tokens, language, numbers: WORDS.numbers.get(&language)? };
    let first = reader.word(at)?;
    let spelled = |last: usize, value: f64| {
        Some((Spelled { start: tokens[at].start, end: tokens[last].end, value }, last + 1))
    };
    if language == Language::En && first == "half" && reader.word(at + 1) == Some("a") {
        return spelled(at + 2, 0.5 * 10_f64.powi(reader.magnitude(at + 2)?));
    }
    if language == Language::En && first == "a" && reader.word(at + 1) != Some("dozen") {
        return spelled(at + 1, 10_f64.powi(reader.magnitude(at + 1)?));
    }
    if let Some(value) = alone(first, language) {
        return spelled(at, value);
    }
    // "millón y medio".
    let is_half = |word: Option<&str>| word.is_some_and(|word| HALVES.contains(&word));
    if matches!(language, Language::Es | Language::Pt | Language::It | Language::Fr)
        && reader.value(at).is_none()
        && reader.is_and(at + 1)
        && is_half(reader.word(at + 2))
        && let Some(zeros) = reader.magnitude(at)
    {
        return spelled(at + 2, 1.5 * 10_f64.powi(zeros));
    }
    if let Some(value) = FRACTIONS.iter().find(|(word, _)| *word == first).map(|(_, value)| *value) {
        return spelled(at, value);
    }
    // "mil" and "mille" begin a number, but "million" needs a number before it. In a language without such a
    // magnitude the word is none: "one cent" in English.
    let is_magnitude = matches!(
        (language, first),
        (Language::Es | Language::Pt, "mil")
            | (Language::Fr | Language::It, "mille")
            | (Language::Fr, "cent")
            | (Language::De, "tausend" | "hundert")
    ) && reader.magnitude(at).is_some();
    if reader.value(at).is_none() && !is_magnitude {
        return None;
    }
    let (mut total, mut part, mut next) = (0.0, None::<f64>, at);
    loop {
        if next > at && !reader.is_joined(next) {
            break;
        }
        if let Some(value) = reader.value(next) {
            let french = language == Language::Fr;
            match part {
                // "quatre-vingt-douze", "soixante-dix".
                Some(4.0) if french && value == 20.0 => part = Some(80.0),
                Some(before) if french && value < 20.0 && matches!(before % 100.0, 60.0 | 80.0) => {
                    part = Some(before + value);
                }
                Some(before) if language == Language::En && reader.word(next) == Some("dozen") => {
                    part = Some(before * value);
                }
                // "twenty five", but not "five twenty".
                Some(before) if before % 100.0 != 0.0 && (value >= 10.0 || before % 10.0 != 0.0) => break,
                _ => part = Some(part.unwrap_or_default() + value),
            }
        } else if language == Language::En
            && next > at
            && reader.is_and(next)
            && reader.word(next + 1) == Some("a")
            && reader.word(next + 2) == Some("half")
        {
            part = Some(part.unwrap_or_default() + 0.5);
            next += 3;
            continue;
        } else if let Some(zeros) = reader.magnitude(next) {
            let scale = 10_f64.powi(zeros);
            match part {
                Some(hundreds) if zeros == 2 => part = Some(hundreds * scale),
                None if zeros == 2 => part = Some(scale),
                Some(before) => {
                    total += before * scale;
                    part = None;
                }
                None if total > 0.0 => total *= scale,
                None => total = scale,
            }
        } else if next > at
            && reader.is_and(next)
            && reader.is_joined(next + 1)
            && reader.value(next + 1).is_some()
            && part.is_some_and(|part| part >= 20.0)
        {
            next += 1;
            continue;
        } else {
            break;
        }
        next += 1;
    }
    if reader.is_and(next - 1) {
        next -= 1;
    }
    // "six millions et demi".
    if reader.is_and(next) && is_half(reader.word(next + 1)) {
        let scale = reader.magnitude(next - 1).map_or(1.0, |zeros| 10_f64.powi(zeros));
        return spelled(next + 1, total + part.unwrap_or_default() + scale / 2.0);
    }
    spelled(next - 1, total + part.unwrap_or_default())
}

/// Returns the number of a magnitude that stands without a number: one, or two if Arabic writes it in the dual.
fn alone(word: &str, language: Language) -> Option<f64> {
    match language {
        Language::Ar => {
            // The article is read as if it were a prefix of the dual of a thousand.
            if matches!(word, "فين" | "فان") {
                return Some(2_000.0);
            }
            let (value, ending) = [("مليون", 1e6), ("مليار", 1e9), ("الف", 1e3)]
                .into_iter()
                .find_map(|(magnitude, value)| Some((value, word.strip_prefix(magnitude)?)))?;
            match ending {
                "" if value > 1e3 => Some(value),
                "ان" | "ين" | "ي" => Some(2.0 * value),
                // "مليونا" is the dual before its noun, and the singular after a number.
                "ا" if value > 1e3 => Some(2.0 * value),
                _ => None,
            }
        }
        Language::Ru => match word {
            "миллион" => Some(1e6),
            "миллиард" => Some(1e9),
            _ => None,
        },
        _ => None,
    }
}

/// Reads a number that German or Dutch writes as one word, such as "zweihundertfünfundzwanzigtausend".
fn compound(word: &str, numbers: &HashMap<String, f64>, language: Language) -> Option<f64> {
    let (hundred, thousand, and): (&str, &str, &[&str]) = match language {
        Language::De => ("hundert", "tausend", &["und"]),
        Language::Nl => ("honderd", "duizend", &["en", "ën"]),
        _ => return None,
    };
    let below_hundred = |word: &str| {
        numbers.get(word).copied().or_else(|| {
            and.iter().find_map(|and| {
                word.match_indices(and).find_map(|(at, _)| {
                    let (ones, tens) = (numbers.get(&word[..at])?, numbers.get(&word[at + and.len()..])?);
                    (*ones < 10.0 && *tens >= 20.0).then_some(ones + tens)
                })
            })
        })
    };
    let below_thousand = |word: &str| match word.split_once(hundred) {
        Some((before, after)) => {
            let before = if before.is_empty() { Some(1.0) } else { below_hundred(before) }?;
            let after = if after.is_empty() { Some(0.0) } else { below_hundred(after) }?;
            Some(before * 100.0 + after)
        }
        None => below_hundred(word),
    };
    match word.split_once(thousand) {
        Some((before, after)) => {
            let before = if before.is_empty() { Some(1.0) } else { below_thousand(before) }?;
            let after = if after.is_empty() { Some(0.0) } else { below_thousand(after) }?;
            Some(before * 1000.0 + after)
        }
        None => below_thousand(word),
    }
}

/// Returns whether a word directly before or after the number says that it is rounded.
pub(super) fn is_about(text: &str, tokens: &[Token], start: usize, end: usize, language: Language) -> bool {
    let Some(terms) = WORDS.about.get(&language) else { return false };
    let after: String = text[end..].chars().take(6).collect();
    let before: Vec<char> = text[..start].chars().rev().take(5).collect();
    let before: String = before.into_iter().rev().collect();
    if language.is_dense() {
        let ends = (0..before.chars().count()).any(|skip| {
            let rest: String = before.chars().skip(skip).collect();
            terms.dense_prefix(&rest).is_some_and(|found| found.end + 3 >= rest.len())
        });
        let starts = (0..4).any(|skip| {
            let rest: String = after.chars().skip(skip).collect();
            terms.dense_prefix(&rest).is_some()
        });
        return ends || starts;
    }
    let index = tokens.partition_point(|token| token.start < start);
    // A sign or a code of a currency may stand between: "about $5 million".
    (index.saturating_sub(4)..index).any(|at| {
        terms.at(text, tokens, at).into_iter().any(|found| {
            let between = text.get(found.end..start).unwrap_or_default();
            between.chars().filter(|c| c.is_alphabetic()).count() <= 3 && !between.contains([',', ';', '.'])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{folding::Folded, text::token::tokens};

    fn read_in(text: &str, language: Language) -> Vec<f64> {
        let folded = Folded::new(text);
        spelled(&folded.text, &tokens(&folded), language).iter().map(|spelled| spelled.value).collect()
    }

    #[test]
    fn a_magnitude_may_be_a_number_of_its_own() {
        assert_eq!(read_in("غرامه بمليوني ريال", Language::Ar), [2e6]);
        assert_eq!(read_in("سته ملايين ريال", Language::Ar), [6e6]);
        assert_eq!(read_in("خمسه مليون ريال", Language::Ar), [5e6]);
        assert_eq!(read_in("штраф в миллион рублей", Language::Ru), [1e6]);
        assert_eq!(read_in("два миллиона рублей", Language::Ru), [2e6]);
    }

    #[test]
    fn a_word_that_begins_a_number_in_another_language_only_is_no_number() {
        assert_eq!(read_in("The levy fell by one cent per litre.", Language::En), [1.0]);
        assert_eq!(read_in("cent mil hundert tausend mille", Language::En), [0.0; 0]);
    }
}
