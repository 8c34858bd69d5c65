//! The words by which texts name the company that a claim is about.

use any_ascii::any_ascii;

use crate::{
    folding::Folded,
    language::Language,
    lexicon::Group,
    sound::may_be_name,
    text::{
        Text,
        token::{Kind, Token, tokens},
    },
};

/// The name of a company, as texts write it.
#[derive(Clone, Debug, Default)]
pub(crate) struct CompanyName {
    /// All words of the name, in folded form, with their transliterations.
    words: Vec<String>,
    /// The words by which a text mentions the company: the first that is no legal form.
    heads: Vec<String>,
}

impl CompanyName {
    /// Reads a name. A statement in Latin letters may write a name of another script in its own way, so the first
    /// name in it counts as the company's if it mentions the company in no other way.
    pub(crate) fn new(name: &str, statement: &Text) -> Self {
        let folded = Folded::new(name);
        let mut words: Vec<String> = Vec::new();
        let mut heads: Vec<String> = Vec::new();
        for token in tokens(&folded) {
            let word = &folded.text[token.start..token.end];
            let core = core(word);
            if core.is_empty() {
                words.push(word.to_owned());
                continue;
            }
            let latin = any_ascii(core).to_lowercase();
            let latin = latin.trim_matches(|c: char| !c.is_alphanumeric());
            let is_transliterated = token.kind == Kind::Word && !latin.is_empty() && latin != word;
            let is_head = heads.is_empty() && is_distinctive(core, token.kind);
            for form in [Some(core), Some(word), is_transliterated.then_some(latin)].into_iter().flatten() {
                if !words.iter().any(|known| known == form) {
                    words.push(form.to_owned());
                }
            }
            if is_head {
                heads.push(core.to_owned());
                heads.extend(is_transliterated.then(|| latin.to_owned()));
            }
        }
        let mut name = Self { words, heads };
        let is_latin = folded.text.chars().any(|c| c.is_ascii_alphabetic());
        let is_named = statement.tokens.iter().any(|token| name.is_mention(statement, token));
        if !is_named && statement.language == Language::Ja {
            name.add_transcript(statement);
        }
        let is_named = is_named || statement.tokens.iter().any(|token| name.is_mention(statement, token));
        if !is_latin && !is_named {
            name.add_alias(statement);
        }
        name
    }

    /// Returns the words of the name.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }

    /// Returns whether `word` is one of the words of the name.
    pub(crate) fn contains(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }

    /// Returns whether the name is in Latin letters without marks, so that texts do not translate its words.
    pub(crate) fn is_plain(&self) -> bool {
        self.words.iter().all(|word| word.is_ascii())
    }

    /// Returns whether a token mentions the company.
    pub(crate) fn is_mention(&self, text: &Text, token: &Token) -> bool {
        let word = text.word(token);
        self.heads
            .iter()
            .any(|head| head == word || (token.kind != Kind::Word && word.contains(head.as_str())))
    }

    /// Adds the words in katakana of a statement that sound like words of the name.
    fn add_transcript(&mut self, statement: &Text) {
        let latin: Vec<String> = self
            .words
            .iter()
            .map(|word| any_ascii(word).to_lowercase())
            .filter(|word| word.len() > 3)
            .collect();
        let mut found: Vec<String> = Vec::new();
        let mut end = None;
        for token in statement.tokens.iter().filter(|token| token.kind == Kind::Katakana) {
            let word = statement.word(token);
            let is_like = latin.iter().any(|latin| may_be_name(word, latin));
            // "サン・トーブラック" is one name.
            let goes_on = end.is_some_and(|end| {
                token.start > end && matches!(statement.at(end..token.start), "・" | "=" | "-")
            });
            if (is_like || goes_on) && !found.iter().any(|known| known == word) {
                found.push(word.to_owned());
            }
            end = (is_like || goes_on).then_some(token.end);
        }
        self.heads.extend(found.first().cloned());
        self.words.extend(found);
    }

    /// Adds the first name of a statement: a run of capitals that the lexicon does not know.
    fn add_alias(&mut self, statement: &Text) {
        let is_capital = |token: &Token| token.kind == Kind::Word && token.is_capital;
        let is_known = |token: &Token| {
            statement.mentions.iter().any(|found| {
                matches!(found.value.group(), Group::Place | Group::Authority)
                    && found.start <= token.start
                    && token.end <= found.end
            }) || statement.dates.iter().any(|date| date.start <= token.start && token.end <= date.end)
                || statement.language.is_function_word(statement.word(token))
        };
        let mut run: Vec<&str> = Vec::new();
        let mut end = 0;
        let mut starts_sentence = false;
        for token in &statement.tokens {
            let joins = !run.is_empty()
                && statement.at(end..token.start).chars().all(|c| matches!(c, ' ' | '-' | '&'));
            let is_part = is_capital(token) && !is_known(token);
            let ends = !run.is_empty() && (!joins || !is_part);
            // "Miyagi Prefecture" is no company.
            let is_authority = run.last().is_some_and(|last| AUTHORITIES.contains(last));
            if ends {
                if !is_authority && (run.len() > 1 || !starts_sentence) {
                    break;
                }
                run.clear();
            }
            if is_part {
                if run.is_empty() {
                    starts_sentence = statement.sentence_at(token.start).start == token.start;
                }
                run.push(statement.word(token));
                end = token.end;
            }
        }
        if run.len() > 1 || !starts_sentence {
            self.heads.extend(run.first().map(|word| (*word).to_owned()));
            self.words.extend(run.iter().map(|word| (*word).to_owned()));
        }
    }
}

/// Returns a word of a Chinese, Japanese or Korean name without its legal form.
fn core(word: &str) -> &str {
    const FORMS: [&str; 11] = [
        "株式会社",
        "有限会社",
        "合同会社",
        "合資会社",
        "股份有限公司",
        "有限责任公司",
        "有限公司",
        "股份公司",
        "集团",
        "集團",
        "주식회사",
    ];
    let mut core = word;
    for form in FORMS {
        core = core.strip_suffix(form).or_else(|| core.strip_prefix(form)).unwrap_or(core);
    }
    core
}

/// Words that end the names of authorities, in folded form.
pub(crate) const AUTHORITIES: [&str; 18] = [
    "prefecture",
    "province",
    "county",
    "city",
    "court",
    "ministry",
    "agency",
    "authority",
    "commission",
    "bureau",
    "office",
    "police",
    "government",
    "council",
    "department",
    "bank",
    "inspectorate",
    "administration",
];

/// Words that begin the names of many companies: legal forms, and words for a company.
const BEGINNINGS: [&str; 40] = [
    "the",
    "pt",
    "cv",
    "ооо",
    "оао",
    "зао",
    "пао",
    "ао",
    "тоо",
    "оюл",
    "công",
    "cong",
    "ty",
    "cổ",
    "co",
    "phần",
    "phan",
    "شركه",
    "مجموعه",
    "مصنع",
    "مؤسسه",
    "grupo",
    "groupe",
    "gruppo",
    "compañía",
    "compania",
    "companhia",
    "compagnie",
    "compagnia",
    "société",
    "societe",
    "coopérative",
    "cooperative",
    "cooperativa",
    "officine",
    "the",
    "sarl",
    "sa",
    "as",
    "ab",
];

fn is_distinctive(word: &str, kind: Kind) -> bool {
    let length = word.chars().count();
    if kind == Kind::Word {
        length > 2 && !BEGINNINGS.contains(&word)
    } else {
        length > 1 && kind != Kind::Digits
    }
}
