//! What is known of words in company names: legal forms, words that tell little, abbreviations and
//! translations.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use super::script::{self, Reading};

/// Stands for every legal form that is written in a script without spaces.
pub(super) const LEGAL_FORM: &str = "ltd";

/// Words of other languages and scripts in English.
#[derive(Debug)]
pub(super) struct Translations {
    english: HashMap<String, String>,
    /// Characters of the longest word in a script that writes no spaces.
    pub(super) longest_native: usize,
}

/// What is known of Latin words.
#[derive(Debug)]
pub(super) struct Lexicon {
    /// Phrases for a legal form, as sequences of words.
    legal: HashSet<Vec<String>>,
    longest_legal: usize,
    /// How much a word tells, from 0 to 1; a word that is not there tells all that its rarity says.
    weak: HashMap<String, f32>,
    /// Abbreviations, with each word that they stand for.
    abbreviations: HashMap<String, Vec<String>>,
    places: HashSet<&'static str>,
}

/// A word that tells no more than this can be a legal form.
const TELLS_NOTHING: f32 = 0.05;

/// What the name of a place tells: many companies have it in theirs.
const PLACE: f32 = 0.45;

/// Legal forms of two letters that stand in front of names.
const SHORT_IN_FRONT: [&str; 8] = ["ab", "ao", "as", "cv", "gp", "ip", "oy", "pt"];

static TRANSLATIONS: LazyLock<Translations> = LazyLock::new(Translations::read);
static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::read);

pub(super) fn translations() -> &'static Translations {
    &TRANSLATIONS
}

pub(super) fn lexicon() -> &'static Lexicon {
    &LEXICON
}

/// The rows of a table of two columns; lines that begin with # are comments.
fn rows(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    file.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'))
}

/// Every way to write a legal form.
fn legal_forms() -> impl Iterator<Item = &'static str> {
    rows(include_str!("data/legal_forms.tsv"))
        .filter_map(|(_, rest)| rest.split_once('\t'))
        .flat_map(|(_, variants)| variants.split('|'))
}

impl Translations {
    fn read() -> Self {
        let mut english = HashMap::new();
        let mut longest_native = 1;
        let native_forms = legal_forms().filter(|form| form.chars().any(script::is_unspaced));
        let words = native_forms.map(|form| (form, LEGAL_FORM));
        for (word, meaning) in words.chain(rows(include_str!("data/translations.tsv"))) {
            let word = script::folded(word);
            if word.chars().any(script::is_unspaced) {
                longest_native = longest_native.max(word.chars().count());
            }
            english.entry(word).or_insert_with(|| meaning.to_owned());
        }
        Self { english, longest_native }
    }

    /// What a folded word means in English; none when it is not known.
    pub(super) fn of(&self, word: &str) -> Option<&str> {
        self.english.get(word).map(String::as_str)
    }
}

impl Lexicon {
    fn read() -> Self {
        let phrase = |form: &str| -> Vec<String> {
            script::words(&script::folded(form), Reading::Meaning)
                .into_iter()
                .map(|word| word.latin)
                .collect()
        };
        let legal: HashSet<Vec<String>> =
            legal_forms().map(phrase).filter(|words| !words.is_empty()).collect();
        let mut abbreviations: HashMap<String, Vec<String>> = HashMap::new();
        for (short, long) in rows(include_str!("data/abbreviations.tsv")) {
            abbreviations.entry(script::folded(short)).or_default().push(script::folded(long));
        }
        Self {
            longest_legal: legal.iter().map(Vec::len).max().unwrap_or_default(),
            legal,
            weak: rows(include_str!("data/weak_words.tsv"))
                .filter_map(|(word, weight)| Some((script::folded(word), weight.parse().ok()?)))
                .collect(),
            abbreviations,
            places: include_str!("data/places.tsv").lines().filter(|line| !line.starts_with('#')).collect(),
        }
    }

    /// Whether `word` is one of a place that branches and offices are named after.
    pub(super) fn is_place(&self, word: &str) -> bool {
        self.places.contains(word)
    }

    /// How many of the first `words` are a legal form; 0 where none begins there. A single word that
    /// has a weight of its own is none, and few that are so short stand in front of a name.
    pub(super) fn legal_form(&self, words: &[String], at_start: bool) -> usize {
        let longest = self.longest_legal.min(words.len());
        (1..=longest)
            .rev()
            .find(|length| {
                let word = words[0].as_str();
                let misplaced = at_start && word.len() <= 2 && !SHORT_IN_FRONT.contains(&word);
                let ordinary = *length == 1
                    && (misplaced || self.weak.get(word).is_some_and(|told| *told > TELLS_NOTHING));
                !ordinary && self.legal.contains(&words[..*length])
            })
            .unwrap_or_default()
    }

    /// How much `word` tells, from 0 to 1.
    pub(super) fn weight(&self, word: &str) -> f32 {
        let most = if self.is_place(word) { PLACE } else { 1.0 };
        self.weak.get(word).copied().unwrap_or(most).min(most)
    }

    /// What `word` can mean, in English: what it abbreviates and what it translates to.
    pub(super) fn meanings(&self, word: &str) -> Vec<String> {
        let mut meanings: Vec<String> = self.abbreviations.get(word).cloned().unwrap_or_default();
        meanings.extend(translations().of(word).map(str::to_owned));
        let longer: Vec<String> =
            meanings.iter().filter_map(|meaning| translations().of(meaning)).map(str::to_owned).collect();
        meanings.extend(longer);
        meanings.push(word.to_owned());
        meanings.iter().map(|meaning| singular(meaning)).collect()
    }
}

/// An English word without the ending of its plural.
fn singular(word: &str) -> String {
    match word.strip_suffix("ies") {
        Some(stem) if stem.len() > 2 => format!("{stem}y"),
        _ => match word.strip_suffix('s').filter(|stem| stem.len() > 3 && !stem.ends_with('s')) {
            Some(stem) => stem.to_owned(),
            None => word.to_owned(),
        },
    }
}
