//! How well two words agree, and in which way.

use crate::names::distance::{edit_similarity, phonetic_similarity};

use super::{
    native, sound, tables,
    word::{WordView, has_same_syllables, without_article},
};

/// How two words agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Same,
    Sound,
    Variant,
    Syllables,
    Near,
    Consonants,
    Nickname,
    Initial,
    Joined,
}

impl How {
    /// Returns the name of the kind of agreement in explanations.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Sound => "sound",
            Self::Variant => "variant",
            Self::Syllables => "syllables",
            Self::Near => "near",
            Self::Consonants => "consonants",
            Self::Nickname => "nickname",
            Self::Initial => "initial",
            Self::Joined => "joined",
        }
    }
}

/// Quality, from 0 to 1, of words that sound the same, of variants of one name, and so on.
const SOUND: f32 = 0.97;
const VARIANT: f32 = 0.93;
const SYLLABLES: f32 = 0.92;
const CONSONANTS: f32 = 0.95;
const NICKNAME: f32 = 0.72;
const INITIAL: f32 = 0.75;
/// Highest quality of two different known names that look alike, such as Hasan and Husayn.
const DIFFERENT_NAMES: f32 = 0.4;
/// Lost quality of an article that is written as part of the word.
const JOINED_ARTICLE: f32 = 0.03;
/// How much faster quality falls than similarity.
const STEEPNESS: f32 = 1.25;
/// Lowest quality of words that agree at all.
pub(super) const QUALITY_MIN: f32 = 0.64;

/// Returns the quality, from 0 to 1, with which two words agree. It is 0 if they do not.
pub(super) fn similarity(a: &WordView<'_>, b: &WordView<'_>) -> (f32, How) {
    if a.text == b.text {
        return (1.0, How::Same);
    }
    if a.without_vowels != b.without_vowels {
        let (native, spelled) = if a.without_vowels { (a, b) } else { (b, a) };
        let stem = without_article(spelled.text, spelled.sounds).map(sound::key);
        let plain = consonants(native, spelled.sounds);
        return (stem.map_or(plain, |stem| plain.max(consonants(native, &stem))), How::Consonants);
    }
    if a.sounds == b.sounds {
        return (SOUND, How::Sound);
    }
    let variants = tables::are_variants(a.sounds, b.sounds);
    if variants == Some(true) {
        return (VARIANT, How::Variant);
    }
    if has_same_syllables(a.syllables, b.syllables) {
        return (SYLLABLES, How::Syllables);
    }
    if tables::are_nicknames(a.sounds, b.sounds) {
        return (NICKNAME, How::Nickname);
    }
    let near = near(a, b);
    (if variants == Some(false) { near.min(DIFFERENT_NAMES) } else { near }, How::Near)
}

/// Returns the quality of an initial and a name.
pub(super) fn initial(letter: &WordView<'_>, name: &WordView<'_>) -> (f32, How) {
    let (Some(letter), Some(first), Some(sound)) =
        (letter.text.bytes().next(), name.text.bytes().next(), name.sounds.bytes().next())
    else {
        return (0.0, How::Initial);
    };
    let alike = letter == first
        || letter == sound
        || matches!((letter, first), (b'y' | b'j' | b'i' | b'e', b'y' | b'j') | (b'y', b'e' | b'i'));
    (if alike { INITIAL } else { 0.0 }, How::Initial)
}

/// Returns the quality of words of which parts are written together on one side.
pub(super) fn joined(a: &str, b: &str) -> f32 {
    let similarity = phonetic_similarity(a.as_bytes(), b.as_bytes());
    if similarity < 0.85 { 0.0 } else { quality(similarity).min(SOUND) }
}

fn consonants(native: &WordView<'_>, sounds: &str) -> f32 {
    let text = if native.without_vowels { native.text } else { native.sounds };
    // The spelling of the native word is kept: its sounds would merge long vowels and consonants.
    let folded = fold_native(text);
    let similarity = native::similarity_without_vowels(folded.as_bytes(), sounds.as_bytes());
    if similarity < 0.6 { 0.0 } else { CONSONANTS * quality(similarity) }
}

/// Spells the consonants of a native word as sounds.
fn fold_native(text: &str) -> String {
    let pairs = [
        ("dj", "J"),
        ("kh", "h"),
        ("gh", "g"),
        ("sh", "S"),
        ("ch", "C"),
        ("zh", "J"),
        ("th", "t"),
        ("ts", "c"),
    ];
    let mut folded =
        pairs.into_iter().fold(text.to_owned(), |text, (spelling, sound)| text.replace(spelling, sound));
    // At the start, an alef before another long vowel only carries it.
    if folded.starts_with("aw") || folded.starts_with("ay") {
        folded.remove(0);
    }
    let mut last = None;
    folded.retain(|c| last.replace(c) != Some(c));
    folded
}

fn near(a: &WordView<'_>, b: &WordView<'_>) -> f32 {
    let mut best = near_sounds(a.text, a.sounds, b.text, b.sounds);
    if best < 1.0 - JOINED_ARTICLE {
        let stems = (without_article(a.text, a.sounds), without_article(b.text, b.sounds));
        let stripped = match stems {
            (Some(stem), None) => near_sounds(stem, &sound::key(stem), b.text, b.sounds),
            (None, Some(stem)) => near_sounds(a.text, a.sounds, stem, &sound::key(stem)),
            _ => 0.0,
        };
        best = best.max(stripped - JOINED_ARTICLE);
    }
    best
}

fn near_sounds(a: &str, a_sounds: &str, b: &str, b_sounds: &str) -> f32 {
    if a_sounds == b_sounds {
        return SOUND;
    }
    let (shorter, longer) = (a.len().min(b.len()), a.len().max(b.len()));
    if shorter < 3 || longer > shorter * 2 {
        return 0.0;
    }
    let by_sound = phonetic_similarity(a_sounds.as_bytes(), b_sounds.as_bytes());
    let by_letter = if by_sound > 0.9 { 0.0 } else { edit_similarity(a.as_bytes(), b.as_bytes()) };
    let quality = quality(by_sound.max(by_letter)).min(SOUND);
    if quality < QUALITY_MIN { 0.0 } else { quality }
}

fn quality(similarity: f32) -> f32 {
    (1.0 - STEEPNESS * (1.0 - similarity)).max(0.0)
}
