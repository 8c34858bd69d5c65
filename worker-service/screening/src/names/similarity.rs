//! How similar two tokens are, and in which way.

use super::{
    contrast::is_opposite_compound,
    distance::{edit_similarity, phonetic_similarity},
    token::TokenView,
};

/// Similarity of two tokens that sound the same.
const PHONETIC_SIMILARITY: f32 = 0.97;
/// Similarity of two tokens of up to [`ACRONYM_MAX`] letters that sound the same: acronyms are spelled, not
/// spoken.
const PHONETIC_ACRONYM_SIMILARITY: f32 = 0.6;
/// Number of letters of the longest token that counts as an acronym.
const ACRONYM_MAX: usize = 3;
/// Similarity of two tokens with a common meaning.
const SYNONYM_SIMILARITY: f32 = 0.93;
/// Similarity of two numbers with one value, and of two words for one side of an opposition, such as "north".
const CONTRAST_SIMILARITY: f32 = 0.97;
/// Minimum number of first letters that forms of one word have in common: "export", "exporters".
const STEM_LETTERS_MIN: usize = 4;
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
/// Maximum cost of the edits between two tokens that are matched fuzzily: two letters, and a little for sounds
/// that romanisations write differently. Words that differ in more are the words of siblings: "petroline",
/// "petrochem".
const FUZZY_COST_MAX: f32 = 2.3;
/// The same for long words, as a share of the letters of the longer one.
const FUZZY_COST_SHARE: f32 = 0.23;
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
    /// One consists of the initials of several tokens.
    Acronym,
}

impl TokenView<'_> {
    /// Returns how similar two tokens are, from 0 to 1, and how they match, or `None` if they do not match.
    pub(crate) fn similarity(self, other: TokenView<'_>) -> Option<(f32, MatchKind)> {
        if self.latin == other.latin {
            return Some((1.0, MatchKind::Exact));
        }
        match (self.traits.contrast, other.traits.contrast) {
            (Some(one), Some(two)) if one == two => return Some((CONTRAST_SIMILARITY, MatchKind::Synonym)),
            (Some(one), Some(two)) if one.is_comparable(two) => return None,
            _ if self.traits.is_number || other.traits.is_number => return None,
            _ => {}
        }
        if self.traits.without_vowels || other.traits.without_vowels {
            return self.skeleton_similarity(other);
        }
        let shortest = self.latin.len().min(other.latin.len());
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
            if let Some(similarity) = truncation_similarity(short.latin.as_bytes(), long.latin.as_bytes()) {
                let is_common = long.traits.weight < 1.0;
                let similarity = if is_common { similarity } else { similarity * DISTINCTIVE_TRUNCATION };
                offer(similarity, MatchKind::Truncation);
            }
        }
        if !self.is_another_word(other)
            && let Some(similarity) = self.fuzzy_similarity(other)
        {
            offer(similarity, MatchKind::Fuzzy);
        }
        best
    }

    /// Returns the similarity of two tokens that differ in a few letters or sounds, or `None` if they differ
    /// in more.
    fn fuzzy_similarity(self, other: TokenView<'_>) -> Option<f32> {
        let (a, b) = (self.latin.len(), other.latin.len());
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
        let edits = edit_similarity(self.latin.as_bytes(), other.latin.as_bytes());
        let similarity = if edits < PHONETIC_EDIT_MIN {
            edits
        } else {
            edits.max(phonetic_similarity(self.sounds.as_bytes(), other.sounds.as_bytes()))
        };
        #[expect(clippy::cast_precision_loss, reason = "a word's length is small")]
        let longest = a.max(b) as f32;
        let is_misspelling = (1.0 - similarity) * longest <= FUZZY_COST_MAX.max(FUZZY_COST_SHARE * longest);
        (similarity >= min && is_misspelling)
            .then(|| ((similarity - FUZZY_ZERO) / (1.0 - FUZZY_ZERO)).min(max))
    }

    /// Returns whether both are known words that are not forms of one word, or compounds with opposite first
    /// parts. Neither is then a misspelling of the other, however similar their letters are.
    fn is_another_word(self, other: TokenView<'_>) -> bool {
        let stem = self.latin.bytes().zip(other.latin.bytes()).take_while(|(a, b)| a == b).count();
        let shortest = self.latin.len().min(other.latin.len());
        let has_one_stem = stem >= STEM_LETTERS_MIN && 2 * stem >= shortest;
        let are_known = self.traits.is_known && other.traits.is_known;
        (are_known && !has_one_stem) || is_opposite_compound(self.latin, other.latin)
    }

    fn is_synonym(self, other: TokenView<'_>) -> bool {
        self.meanings.iter().any(|meaning| other.meanings.contains(meaning))
    }

    /// Compares the consonant skeletons of two tokens. Skeletons of one class match nothing, and a single
    /// different class is tolerated from four classes on.
    fn skeleton_similarity(self, other: TokenView<'_>) -> Option<(f32, MatchKind)> {
        let shortest = self.consonants.len().min(other.consonants.len());
        if shortest < SKELETON_CLASSES_MIN {
            return None;
        }
        let edits = edit_similarity(self.consonants.as_bytes(), other.consonants.as_bytes());
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
fn truncation_similarity(short: &[u8], long: &[u8]) -> Option<f32> {
    if short.len() < TRUNCATION_LETTERS_MIN || short.len() >= long.len() || short.first() != long.first() {
        return None;
    }
    if long.starts_with(short) {
        let is_short = long.len() - short.len() <= TRUNCATION_SHORT_LETTERS;
        return Some(if is_short { TRUNCATION_SHORT_SIMILARITY } else { TRUNCATION_LONG_SIMILARITY });
    }
    let is_vowel = |c: &u8| b"aeiou".contains(c);
    // The first letter may be a vowel.
    if short.len() > CONTRACTION_LETTERS_MAX || short[1..].iter().any(is_vowel) {
        return None;
    }
    let mut rest = long.iter();
    short.iter().all(|c| rest.any(|other| other == c)).then_some(CONTRACTION_SIMILARITY)
}
