//! Properties of the Latin words in company names: legal forms, common words with little weight, places,
//! abbreviations.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

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

/// What the tables say of a word.
#[derive(Clone, Copy, Debug)]
struct Properties {
    /// Maximum weight, from 0 to 1.
    weight: f32,
    role: Role,
}

/// The properties of Latin words.
#[derive(Debug)]
pub(super) struct Lexicon {
    /// Spellings of legal forms by their first word, as the words that follow it, the longest first.
    legal_forms: FxHashMap<String, Vec<Vec<String>>>,
    /// Weights, from 0 to 1, of common words. A word that is not listed has the full weight of its inverse
    /// document frequency.
    weights: FxHashMap<String, f32>,
    /// The properties of common words, places and words whose translation is common. All other words have the full
    /// weight, and are names.
    properties: FxHashMap<String, Properties>,
    /// Abbreviations, each with every word that it stands for.
    abbreviations: FxHashMap<String, Vec<String>>,
    places: FxHashSet<&'static str>,
    /// English words that the tables translate to.
    english: FxHashSet<String>,
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
        let mut legal_forms: FxHashMap<String, Vec<Vec<String>>> = FxHashMap::default();
        for form in tables::legal_forms() {
            if let Some((first, rest)) = phrase(form).split_first() {
                legal_forms.entry(first.clone()).or_default().push(rest.to_vec());
            }
        }
        for rests in legal_forms.values_mut() {
            rests.sort_by_key(|rest| std::cmp::Reverse(rest.len()));
            rests.dedup();
        }
        let mut abbreviations: FxHashMap<String, Vec<String>> = FxHashMap::default();
        for (short, long) in tables::abbreviations() {
            abbreviations.entry(fold::fold(short)).or_default().push(fold::fold(long));
        }
        let tells_apart = |row: &WeakWord| row.tells_apart.unwrap_or(row.weight > FILLER_WEIGHT_MAX);
        let activities: FxHashSet<String> =
            tables::weak_words().filter(tells_apart).map(|row| fold::fold(row.word)).collect();
        let translated = tables::translations().chain(tables::public_bodies());
        let mut lexicon = Self {
            legal_forms,
            weights: tables::weak_words().map(|row| (fold::fold(row.word), row.weight)).collect(),
            properties: FxHashMap::default(),
            abbreviations,
            places: tables::places().collect(),
            english: translated.flat_map(|(_, english)| english.split(' ')).map(str::to_owned).collect(),
        };
        let places = lexicon.places.iter().copied();
        let words = places.chain(lexicon.weights.keys().map(String::as_str)).chain(translations().words());
        let properties = words
            .filter_map(|word| Some((word.to_owned(), lexicon.properties_of(word, &activities)?)))
            .collect();
        lexicon.properties = properties;
        lexicon
    }

    /// Works out the properties of a word from the tables, or `None` if they say nothing of it.
    fn properties_of(&self, word: &str, activities: &FxHashSet<String>) -> Option<Properties> {
        let weighted = self.weighted(word);
        let weight = self.weights.get(weighted).copied();
        if self.is_place(word) {
            let weight = weight.unwrap_or(PLACE_WEIGHT).min(PLACE_WEIGHT);
            return Some(Properties { weight, role: Role::Place });
        }
        let role = if activities.contains(weighted) { Role::Activity } else { Role::Filler };
        weight.map(|weight| Properties { weight, role })
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
        self.properties.get(word).map_or(Role::Name, |properties| properties.role)
    }

    /// Returns how many of the first `words` are a legal form: the longest known spelling, or 0 if none
    /// begins there.
    ///
    /// A single word is not a legal form if it has a weight of its own in `weak_words.tsv`, or if it has at
    /// most two letters, begins the name and is not in [`SHORT_LEADING_FORMS`].
    pub(super) fn legal_form<Word: AsRef<str>>(&self, words: &[Word], at_start: bool) -> usize {
        let Some((first, others)) = words.split_first() else { return 0 };
        let word = first.as_ref();
        let Some(rests) = self.legal_forms.get(word) else { return 0 };
        let misplaced = at_start && word.len() <= 2 && !SHORT_LEADING_FORMS.contains(&word);
        let is_ordinary =
            || misplaced || self.weights.get(word).is_some_and(|weight| *weight > LEGAL_FORM_WEIGHT_MAX);
        let is_found = |rest: &&Vec<String>| {
            rest.len() <= others.len()
                && rest.iter().zip(others).all(|(form, word)| form == word.as_ref())
                && !(rest.is_empty() && is_ordinary())
        };
        rests.iter().find(is_found).map_or(0, |rest| rest.len() + 1)
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
        self.properties.get(word).map_or(1.0, |properties| properties.weight).min(max_of_length)
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
