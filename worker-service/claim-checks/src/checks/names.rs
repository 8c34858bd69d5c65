//! Which companies a text names: the one that a claim is about, or another whose name begins like its own.

use std::ops::Range;

use crate::{
    case::{Case, PieceText},
    language::Language,
    text::{
        Text,
        token::{Kind, Token},
    },
};

/// What a range of a text calls by a name that begins like the company's.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Whether the company itself is named.
    pub(super) own: bool,
    /// Another company.
    pub(super) other: Option<String>,
    /// Whether the other company is named before the company.
    pub(super) is_other_first: bool,
}

impl Names {
    pub(super) fn in_range(case: &Case<'_>, piece: &PieceText, range: &Range<usize>) -> Self {
        let text = &piece.text;
        let tokens: Vec<&Token> = text.tokens_in(range).collect();
        let mut names = Self::default();
        for (at, token) in tokens.iter().enumerate() {
            if token.kind != Kind::Word {
                names.add_dense(case, text, token);
                continue;
            }
            if !case.company.is_mention(text, token) {
                names.own |= is_short_name(case, text, token);
                continue;
            }
            let mut name = vec![text.word(token)];
            let mut end = token.end;
            let mut foreign = false;
            for next in &tokens[at + 1..] {
                let word = text.word(next);
                let joined =
                    text.at(end..next.start).chars().all(|c| matches!(c, ' ' | '.' | '&' | '-' | '\''))
                        && next.start - end <= 3;
                // "Acme S.A. The court": a full stop after a legal form ends the sentence, unless the form goes on.
                let is_form = |word: &str| LEGAL_FORMS.contains(&word) || word.chars().count() == 1;
                let is_ended = name[1..].last().is_some_and(|last| {
                    is_form(last)
                        && !is_form(word)
                        && (text.at(end..next.start).contains(". ") || last.chars().count() > 1)
                });
                if !joined
                    || is_ended
                    || next.kind != Kind::Word
                    || !next.is_capital
                    || text.at(end..next.start).contains('\'')
                {
                    break;
                }
                let own = case.company.contains(word);
                let is_form = LEGAL_FORMS.contains(&word) || word.chars().count() == 1;
                // Texts translate the words of names in other scripts.
                let is_translated = !case.company.is_plain() && text.language == Language::En;
                foreign |= !own && !is_form && !is_translated;
                name.push(word);
                end = next.end;
            }
            // A headline in capitals or in German continues with capitals that are no names.
            let is_title = text.sentences.first().is_some_and(|title| title.contains(&token.start));
            if !foreign {
                names.own = true;
            } else if !is_title {
                names.is_other_first |= !names.own;
                names.other = names.other.take().or_else(|| Some(name.join(" ")));
            }
        }
        names
    }

    /// Returns the other company of a piece that does not name the company.
    pub(super) fn of_piece(case: &Case<'_>, piece: &PieceText) -> Self {
        let mut names = Self::default();
        for sentence in &piece.text.sentences {
            let found = Self::in_range(case, piece, sentence);
            if found.own {
                return Self::default();
            }
            names.other = names.other.or(found.other);
        }
        names.is_other_first = names.other.is_some();
        names
    }

    /// Adds what a run of Chinese or Japanese characters names.
    fn add_dense(&mut self, case: &Case<'_>, text: &Text, token: &Token) {
        let Some(own) =
            case.company.words().filter(|own| !own.is_ascii()).max_by_key(|word| word.chars().count())
        else {
            return;
        };
        let word = text.word(token);
        if word.contains(own) {
            self.own = true;
            return;
        }
        let shared = own.chars().zip(word.chars()).take_while(|(a, b)| a == b).count();
        if shared < 2 || shared * 2 < own.chars().count().min(6) {
            return;
        }
        let next = text.at(token.end..text.folded.len()).chars().next();
        let rest: String = word.chars().skip(shared).collect();
        let has_suffix = rest.is_empty() && next.is_some_and(|c| matches!(c, '\u{30a1}'..='\u{30fa}'));
        let other_word = COMPANY_WORDS.iter().any(|suffix| rest.starts_with(suffix));
        if has_suffix || other_word {
            self.other = self.other.take().or_else(|| Some(text.written(token.start..token.end)));
        } else if rest.is_empty() {
            self.own = true;
        }
    }
}

/// Returns whether a token that begins a sentence's name is another word of the company's name, by which a text may
/// call it for short. In a text of German, where all nouns are capitals, none can tell.
fn is_short_name(case: &Case<'_>, text: &Text, token: &Token) -> bool {
    let word = text.word(token);
    let before = text.tokens_in(&(token.start.saturating_sub(NAME_GAP)..token.start)).last();
    let follows_name = before.is_some_and(|before| before.is_capital && token.start - before.end == 1);
    token.is_capital
        && !follows_name
        && text.language != Language::De
        && word.chars().count() >= SHORT_NAME_MIN
        && case.company.contains(word)
        && !LEGAL_FORMS.contains(&word)
}

/// Bytes before a word in which the rest of its name stands.
const NAME_GAP: usize = 24;
/// Characters of a word of a name that can stand for the whole name.
const SHORT_NAME_MIN: usize = 6;

/// Returns whether a word is a legal form.
pub(super) fn is_legal_form(word: &str) -> bool {
    LEGAL_FORMS.contains(&word)
}

/// Legal forms, in folded form.
const LEGAL_FORMS: [&str; 60] = [
    "ltd",
    "limited",
    "plc",
    "llc",
    "llp",
    "lp",
    "inc",
    "corp",
    "corporation",
    "co",
    "company",
    "gmbh",
    "ag",
    "kg",
    "kgaa",
    "ohg",
    "ug",
    "se",
    "ev",
    "sa",
    "sas",
    "sarl",
    "sasu",
    "snc",
    "sl",
    "slu",
    "srl",
    "spa",
    "sapa",
    "bv",
    "nv",
    "ab",
    "as",
    "asa",
    "aps",
    "oy",
    "oyj",
    "kk",
    "pty",
    "pte",
    "pvt",
    "sdn",
    "bhd",
    "jsc",
    "pjsc",
    "ooo",
    "oao",
    "zao",
    "pao",
    "fze",
    "fzc",
    "fzco",
    "dmcc",
    "lda",
    "ltda",
    "eirl",
    "kft",
    "zrt",
    "doo",
    "eg",
];

/// Words that make a Chinese or Japanese name the name of another company of a group.
const COMPANY_WORDS: [&str; 24] = [
    "商事",
    "工業",
    "建設",
    "販売",
    "産業",
    "興業",
    "食品",
    "運輸",
    "電機",
    "製作所",
    "不動産",
    "銀行",
    "物流",
    "商会",
    "水産",
    "製薬",
    "化学",
    "開発",
    "集团",
    "集團",
    "控股",
    "贸易",
    "貿易",
    "实业",
];

/// Returns the places in `range` where the text mentions the company itself: the first word of its name, with or
/// without the words after it.
pub(super) fn own_mentions(case: &Case<'_>, text: &Text, range: &Range<usize>) -> Vec<Range<usize>> {
    let mut places: Vec<Range<usize>> = Vec::new();
    for token in text.tokens_in(range) {
        if places.last().is_some_and(|last| token.start < last.end) {
            continue;
        }
        if case.company.is_mention(text, token) {
            let mut end = token.end;
            for next in text.tokens_in(&(token.end..range.end)) {
                let is_part = case.company.contains(text.word(next));
                if !is_part || next.start > end + 3 {
                    break;
                }
                end = next.end;
            }
            places.push(token.start..end);
        }
    }
    places
}
