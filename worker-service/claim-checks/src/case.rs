//! A claim with the evidence that it cites, read for the checks.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    ops::Range,
    rc::Rc,
    sync::Arc,
};

use crate::{
    company::CompanyName,
    figures::Date,
    folding::Folded,
    language::Language,
    lexicon::{Concept, Found, Group},
    sound::sounds_like,
    text::{
        Text,
        token::{Kind, Token},
    },
};

/// The company that a claim is about.
#[derive(Clone, Copy, Debug)]
pub struct Company<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its registration number; may be empty.
    pub number: &'a str,
    /// The ISO 3166-1 alpha-2 code of its country.
    pub country: &'a str,
}

/// The headline and the text of a piece of evidence, read for the checks. Reading takes most of the time of a check,
/// so all claims that cite a piece share one reading. A clone is cheap.
#[derive(Clone, Debug)]
pub struct Reading(Arc<Text>);

impl Reading {
    /// Reads a piece of evidence.
    pub fn of(title: &str, text: &str) -> Self {
        Self(Arc::new(Text::read(&format!("{title}\n{text}"))))
    }
}

/// A piece of evidence that a claim cites.
#[derive(Clone, Debug)]
pub struct Piece<'a> {
    /// Its headline and its text.
    pub reading: Reading,
    /// The days on which it was published and retrieved, which it proves as dates only.
    pub times: Vec<Date>,
    /// The spans of its title or text that the claim quotes; empty if the claim cites the piece as a whole.
    pub quotes: Vec<&'a str>,
}

/// A claim.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// The statement.
    pub statement: &'a str,
    /// The BCP 47 tag of the statement's language.
    pub language: &'a str,
    /// The company.
    pub company: Company<'a>,
    /// The evidence that it cites.
    pub pieces: Vec<Piece<'a>>,
}

/// The content of ranges of texts.
type ItemsByRange = HashMap<(*const Text, usize, usize), Rc<[Item]>>;

/// A claim and its evidence, read.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) claim: &'a Claim<'a>,
    pub(crate) statement: Text,
    pub(crate) pieces: Vec<PieceText>,
    pub(crate) company: CompanyName,
    /// The content of ranges that was read before, by text and range.
    items: RefCell<ItemsByRange>,
    /// The mentions in the evidence that were looked for before.
    mentions: RefCell<Vec<(Key, Rc<[Mention]>)>>,
}

/// A mention, in the evidence, of what a claim mentions.
#[derive(Clone, Debug)]
pub(crate) struct Mention {
    piece: usize,
    /// The clause in which it stands.
    pub(crate) clause: Range<usize>,
    /// The sentence in which it stands.
    pub(crate) sentence: Range<usize>,
}

impl Mention {
    /// Returns the piece of evidence in which it stands.
    pub(crate) fn piece<'a>(&self, case: &'a Case<'_>) -> &'a PieceText {
        &case.pieces[self.piece]
    }
}

/// A piece of evidence, read: its title and its text are sentences of one text.
#[derive(Debug)]
pub(crate) struct PieceText {
    pub(crate) text: Arc<Text>,
    pub(crate) times: Vec<Date>,
    /// The sentences that the claim quotes, in whole or in part.
    pub(crate) quoted: Vec<Range<usize>>,
    /// Whether it speaks of "last year" or the like, once a check has asked.
    pub(crate) names_other_year: OnceCell<bool>,
}

/// What two texts can share: a concept, or a word that the lexicon does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Concept(Concept),
    Word(String),
}

/// A place where a text has content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) key: Key,
}

/// Number of bytes of a statement that are read. A claim has a few sentences; what stands after them is not checked.
const STATEMENT_MAX: usize = 4_000;

/// Number of mentions of one thing in the evidence that are compared.
const MENTIONS_MAX: usize = 60;

/// Number of bytes within which the words of a name stand.
const NAME_GAP: usize = 14;

/// Words that say nothing about a particular company, in folded form.
const GENERIC: [&str; 82] = [
    "register",
    "registers",
    "registry",
    "list",
    "lists",
    "screening",
    "press",
    "newspaper",
    "newspapers",
    "shows",
    "show",
    "says",
    "said",
    "states",
    "stated",
    "records",
    "entry",
    "entries",
    "searched",
    "search",
    "published",
    "announced",
    "company",
    "companies",
    "firm",
    "firms",
    "group",
    "business",
    "businesses",
    "corporation",
    "maker",
    "manufacturer",
    "report",
    "reports",
    "reported",
    "news",
    "media",
    "according",
    "evidence",
    "source",
    "sources",
    "article",
    "information",
    "unternehmen",
    "firma",
    "gesellschaft",
    "konzern",
    "société",
    "entreprise",
    "groupe",
    "empresa",
    "compañía",
    "sociedad",
    "companhia",
    "società",
    "azienda",
    "impresa",
    "bedrijf",
    "onderneming",
    "компания",
    "компании",
    "компанию",
    "общество",
    "شركه",
    "الشركه",
    "会社",
    "同社",
    "当社",
    "企業",
    "公司",
    "报道",
    "報道",
    "該公",
    "该公",
    "year",
    "years",
    "month",
    "time",
    "made",
    "one",
    "two",
    "three",
];

impl<'a> Case<'a> {
    /// Reads `claim`.
    pub(crate) fn read(claim: &'a Claim<'a>) -> Self {
        let end = claim.statement.floor_char_boundary(STATEMENT_MAX);
        let statement = Text::read_in(&claim.statement[..end], Language::with_tag(claim.language));
        let company = CompanyName::new(claim.company.name, &statement);
        let pieces = claim.pieces.iter().map(PieceText::read).collect();
        Self { claim, statement, pieces, company, items: RefCell::default(), mentions: RefCell::default() }
    }

    /// Returns the content of `range` in `text`, in its order, without the company's name.
    pub(crate) fn items(&self, text: &Text, range: &Range<usize>) -> Rc<[Item]> {
        let key = (std::ptr::from_ref(text), range.start, range.end);
        if let Some(items) = self.items.borrow().get(&key) {
            return Rc::clone(items);
        }
        let items: Rc<[Item]> = self.read_items(text, range).into();
        self.items.borrow_mut().insert(key, Rc::clone(&items));
        items
    }

    /// Returns the first mentions of `key` in the evidence: those in its text, or in its titles if there are no others.
    pub(crate) fn mentions(&self, key: &Key) -> Rc<[Mention]> {
        if let Some((_, mentions)) = self.mentions.borrow().iter().find(|(known, _)| known == key) {
            return Rc::clone(mentions);
        }
        let mut found: [Vec<Mention>; 2] = [Vec::new(), Vec::new()];
        for (at, piece) in self.pieces.iter().enumerate() {
            for sentence in &piece.text.sentences {
                let found = &mut found[usize::from(piece.text.is_title(sentence))];
                if found.len() >= MENTIONS_MAX {
                    continue;
                }
                let items = self.items(&piece.text, sentence);
                found.extend(items.iter().filter(|item| item.key.is_like(key)).map(|item| Mention {
                    piece: at,
                    clause: piece.text.clause_at(item.start),
                    sentence: sentence.clone(),
                }));
                // One sentence may be as long as its piece.
                found.truncate(MENTIONS_MAX);
            }
        }
        let [body, title] = found;
        let mentions: Rc<[Mention]> = if body.is_empty() { title } else { body }.into();
        self.mentions.borrow_mut().push((key.clone(), Rc::clone(&mentions)));
        mentions
    }

    fn read_items(&self, text: &Text, range: &Range<usize>) -> Vec<Item> {
        let mut items: Vec<Item> = text
            .mentions_in(range)
            .filter(|found| {
                // "owing to" is no debt.
                !matches!(found.value.group(), Group::Mark)
                    && !text.is_within_mark(found)
                    && !self.is_company(text, found)
            })
            .map(|found| Item { start: found.start, end: found.end, key: Key::Concept(found.value) })
            .collect();
        let covered = |token: &&Token| {
            !text.mentions_in(range).any(|found| found.start <= token.start && token.end <= found.end)
        };
        for token in text.tokens_in(range).filter(covered) {
            for (start, end, word) in words(text, token) {
                let is_company = self
                    .company
                    .words()
                    .any(|known| known == word || (token.kind != Kind::Word && known.contains(&word)));
                if !is_company && !GENERIC.contains(&word.as_str()) {
                    items.push(Item { start, end, key: Key::Word(word) });
                }
            }
        }
        items.sort_by_key(|item| item.start);
        items
    }

    /// Returns whether a mention is part of the company's name.
    fn is_company(&self, text: &Text, found: &Found<Concept>) -> bool {
        let word = text.at(found.start..found.end);
        let near = found.start.saturating_sub(NAME_GAP)..found.end + NAME_GAP;
        self.company.contains(word)
            && text.tokens_in(&near).filter(|token| self.company.contains(text.word(token))).count() > 1
    }

    /// Returns the sentences of the evidence that the claim rests on.
    pub(crate) fn quoted(&self) -> impl Iterator<Item = (&PieceText, &Range<usize>)> {
        self.pieces.iter().flat_map(|piece| piece.quoted.iter().map(move |sentence| (piece, sentence)))
    }

    /// Returns all sentences of the evidence.
    pub(crate) fn sentences(&self) -> impl Iterator<Item = (&PieceText, &Range<usize>)> {
        self.pieces
            .iter()
            .flat_map(|piece| piece.text.sentences.iter().map(move |sentence| (piece, sentence)))
    }

    /// Returns whether the lexicon has all stages in the languages of the evidence.
    pub(crate) fn is_covered(&self) -> bool {
        self.pieces.iter().all(|piece| piece.text.language.is_covered())
    }

    /// Returns whether the claim and all evidence are in the same language, so that they can share words.
    pub(crate) fn is_of_one_language(&self) -> bool {
        self.pieces.iter().all(|piece| piece.text.language == self.statement.language)
    }
}

impl PieceText {
    fn read(piece: &Piece<'_>) -> Self {
        let text = Arc::clone(&piece.reading.0);
        let spans: Vec<Range<usize>> =
            piece.quotes.iter().filter_map(|quote| find(&text.folded, quote)).collect();
        let overlaps = |sentence: &&Range<usize>| {
            spans.iter().any(|span| span.start < sentence.end && sentence.start < span.end)
        };
        let quoted = if piece.quotes.is_empty() {
            text.sentences.clone()
        } else {
            text.sentences.iter().filter(overlaps).cloned().collect()
        };
        Self { text, times: piece.times.clone(), quoted, names_other_year: OnceCell::new() }
    }
}

/// Returns the range of `quote` in the folded text, whatever its white space.
fn find(folded: &str, quote: &str) -> Option<Range<usize>> {
    let needle: String = Folded::new(quote).text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut text = String::with_capacity(folded.len());
    let mut places = Vec::with_capacity(folded.len());
    for (at, c) in folded.char_indices().filter(|(_, c)| !c.is_whitespace()) {
        text.push(c);
        places.extend(std::iter::repeat_n((at, at + c.len_utf8()), c.len_utf8()));
    }
    if needle.is_empty() {
        return None;
    }
    // The text is preferred to the title, which stands before it.
    let at = text.rfind(&needle)?;
    Some(places[at].0..places[at + needle.len() - 1].1)
}

/// Returns the words of a token by which it is compared: a run of Chinese characters has no word boundaries, so
/// each pair of neighbours counts as a word.
fn words(text: &Text, token: &Token) -> Vec<(usize, usize, String)> {
    let word = text.word(token);
    match token.kind {
        Kind::Word => {
            let is_content = word.chars().count() >= 3 && !text.language.is_function_word(word);
            if is_content { vec![(token.start, token.end, word.to_owned())] } else { Vec::new() }
        }
        Kind::Katakana if word.chars().count() >= 2 => vec![(token.start, token.end, word.to_owned())],
        Kind::Han | Kind::Hangul => {
            let chars: Vec<(usize, char)> = word.char_indices().collect();
            let pair = |pair: &[(usize, char)]| {
                let (start, first) = pair[0];
                let (last, second) = pair[1];
                (
                    token.start + start,
                    token.start + last + second.len_utf8(),
                    [first, second].iter().collect(),
                )
            };
            chars.windows(2).map(pair).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns whether a word stands for any company, or says nothing of one.
pub(crate) fn is_generic(word: &str) -> bool {
    GENERIC.contains(&word)
}

impl Key {
    /// Returns whether both stand for the same: kindred concepts, or forms of the same word.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Concept(a), Self::Concept(b)) => a.is_kin(*b) || b.is_kin(*a),
            (Self::Word(a), Self::Word(b)) => same_word(a, b) || is_transcript(a, b) || is_transcript(b, a),
            _ => false,
        }
    }
}

/// Returns whether a word in katakana is another word as Japanese writes it.
fn is_transcript(katakana: &str, word: &str) -> bool {
    katakana.starts_with(|c| matches!(c, '\u{30a1}'..='\u{30fa}'))
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && sounds_like(katakana, word)
}

/// Endings of English words that do not change what a word is about.
const ENDINGS: [&str; 30] = [
    "s", "es", "ed", "d", "ing", "ings", "e", "er", "ers", "or", "ors", "ment", "ments", "ion", "ions",
    "ation", "ations", "al", "t", "ly", "y", "ies", "ied", "ive", "ance", "able", "ness", "age", "ure",
    "ity",
];

/// Returns whether two words are forms of the same word: they share most of their letters from the beginning.
pub(crate) fn same_word(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    if a.chars().any(|c| c > '\u{2e80}') {
        return false;
    }
    let shared = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let longer = a.chars().count().max(b.chars().count());
    let is_inflected = || {
        [a, b].iter().all(|word| {
            let ending: String = word.chars().skip(shared).collect();
            ending.is_empty() || ENDINGS.contains(&ending.as_str())
        })
    };
    shared >= 4 && (shared * 10 >= longer * 6 || is_inflected())
}
