//! Properties of the Latin words in company names: legal forms, common words with little weight, places,
//! abbreviations.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use super::{
    fold, tables,
    tokenize::{self, Reading},
    translations::translations,
};

/// Maximum weight of a word in `weak_words.tsv` that can still be a legal form on its own. A word with a
/// higher weight ("partners", "institute") is an ordinary word although a legal form is spelled the same.
const LEGAL_FORM_WEIGHT_MAX: f32 = 0.05;

/// Maximum weight, from 0 to 1, of a word of a place name: many companies have it in their name.
const PLACE_WEIGHT: f32 = 0.45;

/// Legal forms of up to two letters that occur at the start of names ("PT Acme Tbk"). Any other word of two
/// letters at the start is part of the name itself.
const SHORT_LEADING_FORMS: [&str; 8] = ["ab", "ao", "as", "cv", "gp", "ip", "oy", "pt"];

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::read);

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
    /// Abbreviations, each with every word that it stands for.
    abbreviations: HashMap<String, Vec<String>>,
    places: HashSet<&'static str>,
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
        Self {
            longest_legal_form: legal_forms.iter().map(Vec::len).max().unwrap_or_default(),
            legal_forms,
            weights: tables::weak_words().map(|(word, weight)| (fold::fold(word), weight)).collect(),
            abbreviations,
            places: tables::places().collect(),
        }
    }

    /// Returns whether `word` belongs to the name of a place that branches and offices are named after.
    pub(super) fn is_place(&self, word: &str) -> bool {
        self.places.contains(word)
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
    pub(super) fn weight(&self, word: &str) -> f32 {
        let max = if self.is_place(word) { PLACE_WEIGHT } else { 1.0 };
        self.weights.get(word).copied().unwrap_or(max).min(max)
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
