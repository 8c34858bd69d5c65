//! Divides a folded text into tokens: words of one script, and runs of digits.

use crate::folding::Folded;

/// The script of a token, as far as it decides how the token is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word of a script with spaces between words.
    Word,
    /// ASCII digits.
    Digits,
    /// Chinese characters.
    Han,
    /// Katakana.
    Katakana,
    /// Hiragana, which writes particles and endings.
    Hiragana,
    /// Korean, a word with its particles.
    Hangul,
}

/// A token of a folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// The first byte.
    pub(crate) start: usize,
    /// The byte after the last.
    pub(crate) end: usize,
    /// The script.
    pub(crate) kind: Kind,
    /// Whether the first letter was a capital.
    pub(crate) is_capital: bool,
    /// Whether the last letter was a capital.
    pub(crate) is_upper: bool,
}

/// Returns the tokens of `folded`.
pub(crate) fn tokens(folded: &Folded) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut open = false;
    for (start, c) in folded.text.char_indices() {
        let Some(kind) = kind(c) else {
            open = false;
            continue;
        };
        let (end, is_capital) = (start + c.len_utf8(), folded.is_capital(start));
        match tokens.last_mut() {
            Some(last) if open && last.kind == kind => {
                last.end = end;
                last.is_upper = is_capital;
            }
            _ => tokens.push(Token { start, end, kind, is_capital, is_upper: is_capital }),
        }
        open = true;
    }
    for token in tokens.iter_mut().filter(|token| token.kind == Kind::Word) {
        token.start += arabic_prefix(&folded.text[token.start..token.end]);
    }
    tokens
}

/// Returns the length of the article and of conjunctions and prepositions that Arabic writes as one with a word.
fn arabic_prefix(word: &str) -> usize {
    const ARTICLES: [&str; 7] = ["وال", "بال", "فال", "كال", "ولل", "لل", "ال"];
    const SINGLE: [char; 5] = ['و', 'ب', 'ل', 'ف', 'ك'];
    let is_long = |length: usize| word[length..].chars().count() >= 3;
    let article = ARTICLES.iter().find(|article| word.starts_with(*article)).map(|article| article.len());
    let single = word.chars().next().filter(|c| SINGLE.contains(c)).map(char::len_utf8);
    match (article, single) {
        (Some(length), _) if is_long(length) => length,
        (None, Some(length)) if word[length..].chars().count() >= 4 => length,
        _ => 0,
    }
}

fn kind(c: char) -> Option<Kind> {
    Some(match c {
        '0'..='9' => Kind::Digits,
        '\u{30a1}'..='\u{30fa}' | 'ー' => Kind::Katakana,
        '\u{3041}'..='\u{309f}' => Kind::Hiragana,
        '\u{ac00}'..='\u{d7a3}' => Kind::Hangul,
        '\u{3400}'..='\u{9fff}' | '々' | '〇' | '\u{20000}'..='\u{3134f}' => Kind::Han,
        c if c.is_alphabetic() || is_mark(c) => Kind::Word,
        _ => return None,
    })
}

/// Returns whether `c` is a mark that belongs to the letter before it.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{903}' | '\u{93a}'..='\u{94f}' | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}')
}
