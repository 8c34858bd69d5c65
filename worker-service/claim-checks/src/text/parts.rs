//! Divides a text into sentences and clauses.

use std::ops::Range;

use super::token::{Kind, Token};
use crate::language::Language;

/// Abbreviations after which a full stop does not end a sentence unless the next word begins one clearly.
const ABBREVIATIONS: [&str; 34] = [
    "ltd", "co", "inc", "corp", "no", "nos", "mr", "mrs", "ms", "dr", "st", "vs", "v", "approx", "jan",
    "feb", "mar", "apr", "aug", "sept", "oct", "nov", "dec", "mio", "mrd", "bzw", "ca", "art", "abs", "nr",
    "sr", "sra", "plc", "bros",
];

/// Words that begin a sentence after an abbreviation.
const BEGINNINGS: [&str; 30] = [
    "the",
    "it",
    "a",
    "an",
    "in",
    "on",
    "its",
    "this",
    "he",
    "she",
    "they",
    "prosecutors",
    "der",
    "die",
    "das",
    "im",
    "el",
    "la",
    "le",
    "les",
    "los",
    "il",
    "de",
    "het",
    "o",
    "no",
    "at",
    "both",
    "neither",
    "according",
];

/// Conjunctions that begin a clause.
const CONJUNCTIONS: [&str; 44] = [
    "but",
    "while",
    "although",
    "though",
    "which",
    "who",
    "whose",
    "that",
    "whether",
    "and",
    "aber",
    "während",
    "obwohl",
    "dass",
    "und",
    "wobei",
    "mais",
    "tandis",
    "et",
    "que",
    "qui",
    "pero",
    "mientras",
    "aunque",
    "y",
    "mas",
    "enquanto",
    "e",
    "ma",
    "mentre",
    "che",
    "maar",
    "terwijl",
    "dat",
    "en",
    "но",
    "что",
    "который",
    "которая",
    "которое",
    "و",
    "ان",
    "الذي",
    "التي",
];

/// Returns the sentences of a folded text.
pub(super) fn sentences(text: &str, tokens: &[Token], language: Language) -> Vec<Range<usize>> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let end = at + c.len_utf8();
        let next = chars.peek().map(|(_, next)| *next);
        let ends = match c {
            '\n' | '。' | '！' | '？' | '؟' | '۔' | '।' => true,
            '!' | '?' => next.is_none_or(char::is_whitespace) || language.is_dense(),
            '.' => {
                next.is_none_or(|next| next.is_whitespace() || matches!(next, '"' | ')'))
                    && ends_sentence(text, tokens, at)
            }
            _ => false,
        };
        if ends {
            // A quotation mark or bracket after the full stop belongs to the sentence.
            let mut end = end;
            while let Some((at, closing)) =
                chars.peek().copied().filter(|(_, c)| matches!(c, '"' | '」' | ')' | '』' | '\''))
            {
                end = at + closing.len_utf8();
                chars.next();
            }
            sentences.push(start..end);
            start = end;
        }
    }
    if !text[start..].trim().is_empty() {
        sentences.push(start..text.len());
    }
    sentences.into_iter().flat_map(|sentence| pieces(sentence, tokens)).collect()
}

/// Length in bytes from which a sentence is divided, so that the time that a check takes grows with a text's length
/// only. No sentence of prose is as long.
const SENTENCE_MAX: usize = 1_500;

/// Divides a sentence into pieces that are not too long, each of which begins with a token.
fn pieces(sentence: Range<usize>, tokens: &[Token]) -> Vec<Range<usize>> {
    let (mut pieces, mut start) = (Vec::new(), sentence.start);
    while sentence.end - start > SENTENCE_MAX {
        let next = tokens.partition_point(|token| token.start < start + SENTENCE_MAX);
        let Some(cut) = tokens.get(next).map(|token| token.start).filter(|cut| *cut < sentence.end) else {
            break;
        };
        pieces.push(start..cut);
        start = cut;
    }
    pieces.push(start..sentence.end);
    pieces
}

/// Returns whether the full stop at byte `at` ends a sentence.
fn ends_sentence(text: &str, tokens: &[Token], at: usize) -> bool {
    let index = tokens.partition_point(|token| token.start < at);
    let (Some(before), Some(after)) =
        (index.checked_sub(1).and_then(|index| tokens.get(index)), tokens.get(index))
    else {
        return true;
    };
    if before.end != at {
        return true;
    }
    let (before_word, after_word) = (&text[before.start..before.end], &text[after.start..after.end]);
    // Scripts without capitals, such as Arabic, begin a sentence with any letter.
    let has_case = after_word.starts_with(|c: char| c.is_lowercase());
    let begins = after.is_capital || after.kind != Kind::Word || !has_case;
    if !begins {
        return false;
    }
    let is_abbreviation = (before.kind == Kind::Word && before_word.chars().count() == 1)
        || ABBREVIATIONS.contains(&before_word);
    // "12. März" is a date.
    let is_ordinal = before.kind == Kind::Digits
        && before_word.len() <= 2
        && after.kind == Kind::Word
        && !BEGINNINGS.contains(&after_word);
    !(is_abbreviation || is_ordinal) || (is_abbreviation && BEGINNINGS.contains(&after_word))
}

/// Returns the clauses of the sentences: their parts between commas, brackets and conjunctions.
pub(super) fn clauses(
    text: &str,
    tokens: &[Token],
    sentences: &[Range<usize>],
    language: Language,
) -> Vec<Range<usize>> {
    let mut clauses = Vec::new();
    for sentence in sentences {
        let mut start = sentence.start;
        let mut cut = |at: usize, start: &mut usize| {
            if at > *start && !text[*start..at].trim().is_empty() {
                clauses.push(*start..at);
                *start = at;
            }
        };
        for (offset, c) in text[sentence.clone()].char_indices() {
            let at = sentence.start + offset;
            let between_digits = text[..at].ends_with(|c: char| c.is_ascii_digit())
                && text[at + c.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
            if matches!(c, ',' | ';' | ':' | '、' | '，' | '；' | '(' | ')' | '（' | '）') && !between_digits
            {
                cut(at + c.len_utf8(), &mut start);
            } else if c.is_alphabetic() && !language.is_dense() {
                let Ok(index) = tokens.binary_search_by_key(&at, |token| token.start) else { continue };
                let word = &text[tokens[index].start..tokens[index].end];
                if CONJUNCTIONS.contains(&word) && language.is_function_word(word)
                    || matches!(word, "while" | "whereas" | "although" | "но")
                {
                    cut(at, &mut start);
                }
            }
        }
        cut(sentence.end, &mut start);
    }
    clauses
}
