//! Properties of the Latin words in company names: legal forms, common words with little weight, places,
//! abbreviations.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use super::{
    fold, tables,
    tables::WeakWord,
    tokenize::{self, Reading},
    translations::translations,
};

/// Maximum weight of a word in `weak_words.tsv` that can still be a legal form on its own. A word with a
/// higher weight ("partners", "institute") is an ordinary word although a legal form is spelled the same.
const LEGAL_FORM_WEIGHT_MAX: f32 = 0.05;

/// Maximum weight, from 0 to 1, of a word of a place name: many companies have it in their name.
const PLACE_WEIGHT: f32 = 0.45;

/// Weight, from 0 to 1, of a word that is part of a legal form.
const LEGAL_FORM_WEIGHT: f32 = 0.04;
/// Maximum weight, from 0 to 1, of a word of one letter.
const ONE_LETTER_WEIGHT: f32 = 0.25;
/// Maximum weight, from 0 to 1, of a word of two letters: there are few of them, and each stands for many
/// things.
const TWO_LETTERS_WEIGHT: f32 = 0.5;
/// Maximum weight, from 0 to 1, of a word of three letters.
const THREE_LETTERS_WEIGHT: f32 = 0.75;

/// Maximum weight, from 0 to 1, of a word that says nothing of what a company does, unless its row says
/// otherwise.
const FILLER_WEIGHT_MAX: f32 = 0.12;

/// Legal forms of up to two letters that occur at the start of names ("PT Acme Tbk"). Any other word of two
/// letters at the start is part of the name itself.
const SHORT_LEADING_FORMS: [&str; 8] = ["ab", "ao", "as", "cv", "gp", "ip", "oy", "pt"];

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::read);

/// What a word says of a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nothing by which siblings differ: "group", "international", "branch".
    Filler,
    /// What the company does, or what it is: "shipping", "ministry".
    Activity,
    /// Where it is.
    Place,
    /// What it is called.
    Name,
}

/// The properties of Latin words.
#[derive(Debug)]
pub(super) struct Lexicon {
    /// Spellings of legal forms, as sequences of words.
    legal_forms: HashSet<Vec<String>>,
    /// Number of words of the longest spelling.
    longest_legal_form: usize,
    /// Weights, from 0 to 1, of common words. A word that is not listed has the full weight of its inverse
    /// document frequency.
    weights: HashMap<String, f32>,
    /// The common words that say what a company does.
    activities: HashSet<String>,
    /// Abbreviations, each with every word that it stands for.
    abbreviations: HashMap<String, Vec<String>>,
    places: HashSet<&'static str>,
    /// English words that the tables translate to.
    english: HashSet<String>,
}

/// Returns the lexicon, which is read once per process.
pub(super) fn lexicon() -> &'static Lexicon {
    &LEXICON
}

impl Lexicon {
    fn read() -> Self {
        let phrase = |form: &str| -> Vec<String> {
            tokenize::words(&fold::fold(form), Reading::Meaning).into_iter().map(|word| word.latin).collect()
        };
        let legal_forms: HashSet<Vec<String>> =
            tables::legal_forms().map(phrase).filter(|words| !words.is_empty()).collect();
        let mut abbreviations: HashMap<String, Vec<String>> = HashMap::new();
        for (short, long) in tables::abbreviations() {
            abbreviations.entry(fold::fold(short)).or_default().push(fold::fold(long));
        }
        let tells_apart = |row: &WeakWord| row.tells_apart.unwrap_or(row.weight > FILLER_WEIGHT_MAX);
        let translated = tables::translations().chain(tables::public_bodies());
        Self {
            longest_legal_form: legal_forms.iter().map(Vec::len).max().unwrap_or_default(),
            legal_forms,
            weights: tables::weak_words().map(|row| (fold::fold(row.word), row.weight)).collect(),
            activities: tables::weak_words().filter(tells_apart).map(|row| fold::fold(row.word)).collect(),
            abbreviations,
            places: tables::places().collect(),
            english: translated.flat_map(|(_, english)| english.split(' ')).map(str::to_owned).collect(),
        }
    }

    /// Returns whether `word` belongs to the name of a place that branches and offices are named after.
    pub(super) fn is_place(&self, word: &str) -> bool {
        self.places.contains(word)
    }

    /// Returns whether `word` is in one of the tables.
    pub(super) fn is_known(&self, word: &str) -> bool {
        self.weights.contains_key(word)
            || self.is_place(word)
            || self.english.contains(word)
            || self.abbreviations.contains_key(word)
            || translations().of(word).is_some()
    }

    /// Returns what `word` says of a company.
    pub(super) fn role(&self, word: &str) -> Role {
        if self.is_place(word) {
            return Role::Place;
        }
        let word = self.weighted(word);
        match self.weights.get(word) {
            None => Role::Name,
            Some(_) if self.activities.contains(word) => Role::Activity,
            Some(_) => Role::Filler,
        }
    }

    /// Returns how many of the first `words` are a legal form: the longest known spelling, or 0 if none
    /// begins there.
    ///
    /// A single word is not a legal form if it has a weight of its own in `weak_words.tsv`, or if it has at
    /// most two letters, begins the name and is not in [`SHORT_LEADING_FORMS`].
    pub(super) fn legal_form(&self, words: &[String], at_start: bool) -> usize {
        let longest = self.longest_legal_form.min(words.len());
        (1..=longest)
            .rev()
            .find(|length| {
                let word = words[0].as_str();
                let misplaced = at_start && word.len() <= 2 && !SHORT_LEADING_FORMS.contains(&word);
                let ordinary = *length == 1
                    && (misplaced
                        || self.weights.get(word).is_some_and(|weight| *weight > LEGAL_FORM_WEIGHT_MAX));
                !ordinary && self.legal_forms.contains(&words[..*length])
            })
            .unwrap_or_default()
    }

    /// Returns the weight of `word` from 0 to 1, before its inverse document frequency.
    pub(super) fn weight(&self, word: &str, is_legal_form: bool) -> f32 {
        let max_of_length = match word.len() {
            _ if is_legal_form => return LEGAL_FORM_WEIGHT,
            1 => ONE_LETTER_WEIGHT,
            2 => TWO_LETTERS_WEIGHT,
            3 => THREE_LETTERS_WEIGHT,
            _ => 1.0,
        };
        let max = if self.is_place(word) { PLACE_WEIGHT } else { 1.0 };
        self.weights.get(self.weighted(word)).copied().unwrap_or(max).min(max).min(max_of_length)
    }

    /// Returns the word whose weight `word` has: itself, or its translation if only that one is listed.
    fn weighted<'a>(&'a self, word: &'a str) -> &'a str {
        let translation = translations().of(word).filter(|english| self.weights.contains_key(*english));
        translation.filter(|_| !self.weights.contains_key(word)).unwrap_or(word)
    }

    /// Returns what `word` can mean, in English and without plural endings: what it abbreviates, what it
    /// translates to, the translations of both, and itself.
    pub(super) fn meanings(&self, word: &str) -> Vec<String> {
        let mut meanings: Vec<String> = self.abbreviations.get(word).cloned().unwrap_or_default();
        meanings.extend(translations().of(word).map(str::to_owned));
        let translated: Vec<String> =
            meanings.iter().filter_map(|meaning| translations().of(meaning)).map(str::to_owned).collect();
        meanings.extend(translated);
        meanings.push(word.to_owned());
        meanings.iter().map(|meaning| singular(meaning)).collect()
    }
}

/// Returns an English word without its plural ending.
fn singular(word: &str) -> String {
    match word.strip_suffix("ies") {
        Some(stem) if stem.len() > 2 => format!("{stem}y"),
        _ => match word.strip_suffix('s').filter(|stem| stem.len() > 3 && !stem.ends_with('s')) {
            Some(stem) => stem.to_owned(),
            None => word.to_owned(),
        },
    }
}
