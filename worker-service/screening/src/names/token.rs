//! Tokens: the words of a name with the properties by which they are compared.

use super::{
    distance::{edit_similarity, phonetic_similarity},
    lexicon::lexicon,
    phonetic,
    tokenize::LatinWord,
};

/// Weight, from 0 to 1, of a token that is part of a legal form.
const LEGAL_FORM_WEIGHT: f32 = 0.04;
/// Maximum weight, from 0 to 1, of a token of one letter.
const ONE_LETTER_WEIGHT: f32 = 0.25;
/// Maximum weight, from 0 to 1, of a token of two letters: there are few of them, and each stands for many
/// things.
const TWO_LETTERS_WEIGHT: f32 = 0.5;
/// Maximum weight, from 0 to 1, of a token of three letters.
const THREE_LETTERS_WEIGHT: f32 = 0.75;

/// Similarity of two tokens that sound the same.
const PHONETIC_SIMILARITY: f32 = 0.97;
/// Similarity of two tokens of up to [`ACRONYM_MAX`] letters that sound the same: acronyms are spelled, not
/// spoken.
const PHONETIC_ACRONYM_SIMILARITY: f32 = 0.6;
/// Number of letters of the longest token that counts as an acronym.
const ACRONYM_MAX: usize = 3;
/// Similarity of two tokens with a common meaning.
const SYNONYM_SIMILARITY: f32 = 0.93;
/// Share of a truncation's similarity that is left if the longer token is distinctive: common words are
/// truncated, names are not.
const DISTINCTIVE_TRUNCATION: f32 = 0.6;
/// Minimum edit similarity, from 0 to 1, from which the phonetic similarity of two tokens is computed at all.
/// Below it, the tokens do not sound alike either.
const PHONETIC_EDIT_MIN: f32 = 0.3;

/// Limits of the fuzzy match of tokens of one length. One changed letter makes another word of a short one, so
/// short tokens need a higher similarity and are never certain: the words around them decide.
struct FuzzyLimits {
    /// Minimum similarity of letters or sounds, from 0 to 1.
    min: f32,
    /// Maximum similarity of the match, from 0 to 1.
    max: f32,
}

/// Number of letters of the longest token that is never matched fuzzily.
const NEVER_FUZZY_LETTERS: usize = 2;
/// Limits for tokens whose shorter one has three letters.
const FUZZY_THREE_LETTERS: FuzzyLimits = FuzzyLimits { min: 0.66, max: 0.5 };
/// Limits for tokens whose shorter one has four letters.
const FUZZY_FOUR_LETTERS: FuzzyLimits = FuzzyLimits { min: 0.74, max: 0.6 };
/// Limits for longer tokens.
const FUZZY_LONGER: FuzzyLimits = FuzzyLimits { min: 0.64, max: 1.0 };
/// Maximum difference in length of tokens that are matched fuzzily, as a share of the longer one: two fifths.
const FUZZY_LENGTH_DIFFERENCE: (usize, usize) = (2, 5);
/// Similarity of letters or sounds that counts as none. The rest of the scale, up to 1, becomes the similarity
/// of the match.
const FUZZY_ZERO: f32 = 0.4;

/// Minimum number of consonant classes of a skeleton that is compared: one class says nothing.
const SKELETON_CLASSES_MIN: usize = 2;
/// Similarity of two tokens with equal skeletons.
const SKELETON_EQUAL_SIMILARITY: f32 = 0.9;
/// Number of classes from which on a single different one is tolerated.
const SKELETON_TOLERANT_CLASSES: usize = 4;
/// Minimum edit similarity of two skeletons that differ in one class.
const SKELETON_TOLERANT_MIN: f32 = 0.79;
/// Similarity of two tokens whose skeletons differ in one class.
const SKELETON_TOLERANT_SIMILARITY: f32 = 0.7;

/// Minimum number of letters of a truncation.
const TRUNCATION_LETTERS_MIN: usize = 3;
/// Number of missing letters up to which a truncation is [`TRUNCATION_SHORT_SIMILARITY`].
const TRUNCATION_SHORT_LETTERS: usize = 2;
/// Similarity of a word and its beginning, if few letters are missing.
const TRUNCATION_SHORT_SIMILARITY: f32 = 0.85;
/// Similarity of a word and its beginning, if more letters are missing.
const TRUNCATION_LONG_SIMILARITY: f32 = 0.7;
/// Maximum number of letters of an abbreviation without vowels, such as "trdg" or "mfg".
const CONTRACTION_LETTERS_MAX: usize = 6;
/// Similarity of a word and its abbreviation without vowels.
const CONTRACTION_SIMILARITY: f32 = 0.72;

/// A word of a name, prepared for comparisons.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// The word in lower-case Latin letters and digits.
    pub(crate) latin: String,
    /// The characters of `latin`.
    letters: Vec<char>,
    /// Its phonetic key, vowels included.
    pub(crate) sounds: Vec<char>,
    /// Its consonant skeleton: the classes of its consonants, in order.
    pub(crate) consonants: Vec<char>,
    /// How distinctive the word is in itself and at its place in the name, from 0 to 1. The index multiplies
    /// it by the word's inverse document frequency.
    pub(crate) weight: f32,
    /// Whether the token is part of a legal form.
    pub(crate) is_legal_form: bool,
    /// Whether the word was written without short vowels, as in Arabic script.
    pub(crate) without_vowels: bool,
    /// Whether the word contains a digit. Numbers are equal or different, never similar.
    pub(crate) is_number: bool,
    /// What the word can mean, in English. Empty for legal forms.
    pub(crate) meanings: Vec<String>,
}

/// How a token was matched with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MatchKind {
    /// Both are the same word.
    Exact,
    /// Both sound the same.
    Phonetic,
    /// Both have a common meaning: one abbreviates or translates the other.
    Synonym,
    /// One is a truncation of the other.
    Truncation,
    /// They differ in a few letters.
    Fuzzy,
    /// Their consonants agree, and at least one is written without vowels.
    Skeleton,
}

impl Token {
    /// Looks up the properties of `word`.
    pub(super) fn new(word: LatinWord, is_legal_form: bool) -> Self {
        let LatinWord { latin, without_vowels } = word;
        let sounds = phonetic::sounds(&latin);
        let weight = match latin.chars().count() {
            _ if is_legal_form => LEGAL_FORM_WEIGHT,
            1 => lexicon().weight(&latin).min(ONE_LETTER_WEIGHT),
            2 => lexicon().weight(&latin).min(TWO_LETTERS_WEIGHT),
            3 => lexicon().weight(&latin).min(THREE_LETTERS_WEIGHT),
            _ => lexicon().weight(&latin),
        };
        Self {
            letters: latin.chars().collect(),
            consonants: phonetic::consonants(&sounds).chars().collect(),
            sounds: sounds.chars().collect(),
            weight,
            is_legal_form,
            without_vowels,
            is_number: latin.contains(|c: char| c.is_ascii_digit()),
            meanings: if is_legal_form { Vec::new() } else { lexicon().meanings(&latin) },
            latin,
        }
    }

    /// Returns this token and its successor `next` as one word, for names that write together what others
    /// write apart.
    pub(crate) fn joined(&self, next: &Self) -> Self {
        let latin = format!("{}{}", self.latin, next.latin);
        let without_vowels = self.without_vowels || next.without_vowels;
        let mut joined = Self::new(LatinWord { latin, without_vowels }, false);
        joined.weight = self.weight.max(next.weight);
        joined
    }

    /// Returns how similar two tokens are, from 0 to 1, and how they match, or `None` if they do not match.
    pub(crate) fn similarity(&self, other: &Self) -> Option<(f32, MatchKind)> {
        if self.latin == other.latin {
            return Some((1.0, MatchKind::Exact));
        }
        if self.is_number || other.is_number {
            return None;
        }
        if self.without_vowels || other.without_vowels {
            return self.skeleton_similarity(other);
        }
        let shortest = self.letters.len().min(other.letters.len());
        if self.sounds == other.sounds && shortest > 1 {
            let is_acronym = shortest <= ACRONYM_MAX;
            let similarity = if is_acronym { PHONETIC_ACRONYM_SIMILARITY } else { PHONETIC_SIMILARITY };
            return Some((similarity, MatchKind::Phonetic));
        }
        let mut best = None;
        let mut offer = |similarity: f32, kind| {
            if best.is_none_or(|(highest, _)| similarity > highest) {
                best = Some((similarity, kind));
            }
        };
        if self.is_synonym(other) {
            offer(SYNONYM_SIMILARITY, MatchKind::Synonym);
        }
        for (short, long) in [(self, other), (other, self)] {
            if let Some(similarity) = truncation_similarity(&short.letters, &long.letters) {
                let is_common = long.weight < 1.0;
                let similarity = if is_common { similarity } else { similarity * DISTINCTIVE_TRUNCATION };
                offer(similarity, MatchKind::Truncation);
            }
        }
        if let Some(similarity) = self.fuzzy_similarity(other) {
            offer(similarity, MatchKind::Fuzzy);
        }
        best
    }

    /// Returns the similarity of two tokens that differ in a few letters or sounds, or `None` if they differ
    /// in more.
    fn fuzzy_similarity(&self, other: &Self) -> Option<f32> {
        let (a, b) = (self.letters.len(), other.letters.len());
        let FuzzyLimits { min, max } = match a.min(b) {
            0..=NEVER_FUZZY_LETTERS => return None,
            3 => FUZZY_THREE_LETTERS,
            4 => FUZZY_FOUR_LETTERS,
            _ => FUZZY_LONGER,
        };
        let (numerator, denominator) = FUZZY_LENGTH_DIFFERENCE;
        if a.abs_diff(b) > a.max(b) * numerator / denominator {
            return None;
        }
        let edits = edit_similarity(&self.letters, &other.letters);
        let similarity = if edits < PHONETIC_EDIT_MIN {
            edits
        } else {
            edits.max(phonetic_similarity(&self.sounds, &other.sounds))
        };
        (similarity >= min).then(|| ((similarity - FUZZY_ZERO) / (1.0 - FUZZY_ZERO)).min(max))
    }

    fn is_synonym(&self, other: &Self) -> bool {
        self.meanings.iter().any(|meaning| other.meanings.contains(meaning))
    }

    /// Compares the consonant skeletons of two tokens. Skeletons of one class match nothing, and a single
    /// different class is tolerated from four classes on.
    fn skeleton_similarity(&self, other: &Self) -> Option<(f32, MatchKind)> {
        let shortest = self.consonants.len().min(other.consonants.len());
        if shortest < SKELETON_CLASSES_MIN {
            return None;
        }
        let edits = edit_similarity(&self.consonants, &other.consonants);
        let similarity = match shortest {
            _ if edits >= 1.0 => SKELETON_EQUAL_SIMILARITY,
            SKELETON_TOLERANT_CLASSES.. if edits >= SKELETON_TOLERANT_MIN => SKELETON_TOLERANT_SIMILARITY,
            _ => return None,
        };
        Some((similarity, MatchKind::Skeleton))
    }
}

/// Returns how likely `short` is a truncation of `long`, from 0 to 1: its first letters, or some of its
/// letters in order without the vowels ("trdg", "mfg"). Returns `None` if it is neither.
fn truncation_similarity(short: &[char], long: &[char]) -> Option<f32> {
    if short.len() < TRUNCATION_LETTERS_MIN || short.len() >= long.len() || short.first() != long.first() {
        return None;
    }
    if long.starts_with(short) {
        let is_short = long.len() - short.len() <= TRUNCATION_SHORT_LETTERS;
        return Some(if is_short { TRUNCATION_SHORT_SIMILARITY } else { TRUNCATION_LONG_SIMILARITY });
    }
    let is_vowel = |c: &char| "aeiou".contains(*c);
    // The first letter may be a vowel.
    if short.len() > CONTRACTION_LETTERS_MAX || short[1..].iter().any(is_vowel) {
        return None;
    }
    let mut rest = long.iter();
    short.iter().all(|c| rest.any(|other| other == c)).then_some(CONTRACTION_SIMILARITY)
}
