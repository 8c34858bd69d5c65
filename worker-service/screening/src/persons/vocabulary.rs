//! The distinct words of all listed names, each with an id, and the keys by which similar words are found. All texts
//! lie in two buffers: a list of a million names has hundreds of thousands of words.

use rustc_hash::FxHashMap;

use super::{
    sound,
    syllables::SyllableKey,
    tables,
    word::{Keys, WordView, kinds, syllable_hashes, without_article},
};

/// Shortest skeleton, in consonants, by which words with vowels are found. Shorter ones have too many words.
const SKELETON_MIN: usize = 3;
/// Number of persons whose names are assumed to be known besides the list: rarity in a short list says little.
const ASSUMED_PERSONS: f32 = 2000.0;
/// Share of persons who have a common name, and any other name, before the list is looked at.
const COMMON_SHARE: f32 = 0.01;
const OTHER_SHARE: f32 = 0.0005;
/// Weight of the commonest words. The rarest have weight 1.
const WEIGHT_MIN: f32 = 0.4;

/// The words of a list.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    /// The text of each word and then its sounds, which are read together: side by side, they are in the same cache line.
    texts: String,
    /// The ends of both.
    ends: Vec<[u32; 2]>,
    syllables: Vec<[SyllableKey; 2]>,
    without_vowels: Vec<bool>,
    weights: Vec<f32>,
    /// Keys with their words, sorted: the hash of the key above the id of the word.
    keys: Vec<u64>,
    persons: f32,
}

/// Collects the words of a list.
#[derive(Debug, Default)]
pub(super) struct VocabularyBuilder {
    vocabulary: Vocabulary,
    ids: FxHashMap<u64, u32>,
}

impl VocabularyBuilder {
    /// Returns the id of a word, which is added if it is new.
    pub(super) fn add(&mut self, text: &str, without_vowels: bool) -> u32 {
        let mut key = u64::from(sound::hash(u8::from(without_vowels) + 100, text.as_bytes())) << 32
            | u64::from(sound::hash(u8::from(without_vowels) + 102, text.as_bytes()));
        loop {
            match self.ids.get(&key) {
                Some(id) if self.vocabulary.is(*id, text, without_vowels) => return *id,
                Some(_) => key = key.wrapping_add(1),
                None => break,
            }
        }
        let id = self.vocabulary.push(text, without_vowels);
        self.ids.insert(key, id);
        id
    }

    /// Returns the vocabulary. `counts` holds the number of persons with each word, and `persons` that of all.
    pub(super) fn finish(self, counts: &[u32], persons: usize) -> Vocabulary {
        let mut vocabulary = self.vocabulary;
        drop(self.ids);
        vocabulary.weigh(counts, persons);
        vocabulary.index();
        vocabulary
    }
}

impl Vocabulary {
    fn push(&mut self, text: &str, without_vowels: bool) -> u32 {
        let id = offset(self.ends.len());
        let keys = Keys::new(text);
        self.texts.push_str(text);
        let text_end = offset(self.texts.len());
        self.texts.push_str(&keys.sounds);
        self.ends.push([text_end, offset(self.texts.len())]);
        self.syllables.push(keys.syllables);
        self.without_vowels.push(without_vowels);
        id
    }

    fn is(&self, id: u32, text: &str, without_vowels: bool) -> bool {
        let at = id as usize;
        self.texts(at).0 == text && self.without_vowels[at] == without_vowels
    }

    /// Returns the number of words.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns the text and the sounds of the word with this index.
    fn texts(&self, at: usize) -> (&str, &str) {
        let start = if at == 0 { 0 } else { self.ends[at - 1][1] as usize };
        let [text_end, sounds_end] = self.ends[at].map(|end| end as usize);
        (&self.texts[start..text_end], &self.texts[text_end..sounds_end])
    }

    /// Returns a word.
    pub(super) fn word(&self, id: u32) -> WordView<'_> {
        let at = id as usize;
        let (text, sounds) = self.texts(at);
        WordView { text, sounds, syllables: self.syllables[at], without_vowels: self.without_vowels[at] }
    }

    /// Returns how distinctive a word is, from 0 to 1.
    pub(super) fn weight(&self, id: u32) -> f32 {
        self.weights[id as usize]
    }

    /// Returns how distinctive a word is that the list may not have.
    pub(super) fn weight_of(&self, sounds: &str) -> f32 {
        let known = self.find(kinds::SOUND, sounds.as_bytes()).filter(|id| self.word(*id).sounds == sounds);
        known.map(|id| self.weight(id)).reduce(f32::min).unwrap_or_else(|| weight(0.0, self.persons, sounds))
    }

    /// Returns the words that have a key. Few others may be among them, because keys are hashed.
    pub(super) fn find(&self, kind: u8, key: &[u8]) -> impl Iterator<Item = u32> {
        self.find_hash(sound::hash(kind, key))
    }

    /// Returns the words that have a key with this hash.
    pub(super) fn find_hash(&self, hash: u32) -> impl Iterator<Item = u32> {
        let start = self.keys.partition_point(|entry| entry >> 32 < u64::from(hash));
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is the id")]
        self.keys[start..]
            .iter()
            .take_while(move |entry| *entry >> 32 == u64::from(hash))
            .map(|entry| *entry as u32)
    }

    /// Weighs each word by the share of persons who have it or another spelling of it.
    #[expect(clippy::cast_precision_loss, reason = "counts need no precision")]
    fn weigh(&mut self, counts: &[u32], persons: usize) {
        self.persons = persons as f32;
        let mut by_sound: FxHashMap<&str, f32> = FxHashMap::default();
        let mut by_group: FxHashMap<u16, f32> = FxHashMap::default();
        for (at, count) in counts.iter().enumerate() {
            let (_, sounds) = self.texts(at);
            *by_sound.entry(sounds).or_default() += *count as f32;
            for group in tables::groups(sounds) {
                *by_group.entry(*group).or_default() += *count as f32;
            }
        }
        let weights = (0..counts.len()).map(|at| {
            let (_, sounds) = self.texts(at);
            let groups = tables::groups(sounds).iter().filter_map(|group| by_group.get(group));
            let count = groups.copied().fold(by_sound.get(sounds).copied().unwrap_or(0.0), f32::max);
            weight(count, self.persons, sounds)
        });
        self.weights = weights.collect();
    }

    /// Fills the keys.
    fn index(&mut self) {
        let mut keys: Vec<u64> = Vec::with_capacity(self.len() * 10);
        for id in 0..offset(self.len()) {
            let word = self.word(id);
            let mut add = |hash: u32| keys.push(u64::from(hash) << 32 | u64::from(id));
            add_sounds(word.sounds, word.without_vowels, &mut add);
            if let Some(stem) = without_article(word.text, word.sounds) {
                add_sounds(&sound::key(stem), word.without_vowels, &mut add);
            }
            for hash in syllable_hashes(word.syllables) {
                add(hash);
            }
        }
        keys.sort_unstable();
        keys.dedup();
        keys.shrink_to_fit();
        self.keys = keys;
    }
}

/// Adds the keys of a spelling.
fn add_sounds(sounds: &str, without_vowels: bool, add: &mut impl FnMut(u32)) {
    add(sound::hash(kinds::SOUND, sounds.as_bytes()));
    sound::deletions(sounds, |shorter| add(sound::hash(kinds::DELETION, shorter)));
    if without_vowels {
        for skeleton in sound::native_skeletons(sounds) {
            add(sound::hash(kinds::SKELETON, skeleton.as_bytes()));
        }
    } else {
        add(sound::hash(kinds::SKELETON, sound::skeleton(sounds).as_bytes()));
    }
}

/// Returns whether words with vowels are found by this skeleton.
pub(super) fn is_selective(skeleton: &str) -> bool {
    skeleton.len() >= SKELETON_MIN
}

/// Returns how distinctive a word is that `count` of `persons` have. The weight depends on shares, never on the size
/// of the list, and never exceeds that of a common name for a common name.
fn weight(count: f32, persons: f32, sounds: &str) -> f32 {
    let assumed = if tables::is_common(sounds) { COMMON_SHARE } else { OTHER_SHARE };
    let share = (count + ASSUMED_PERSONS * assumed) / (persons + ASSUMED_PERSONS);
    let rarest = -OTHER_SHARE.ln();
    (-share.max(assumed).ln() / rarest).clamp(WEIGHT_MIN, 1.0)
}

#[expect(clippy::cast_possible_truncation, reason = "a list has fewer than four thousand million letters")]
fn offset(length: usize) -> u32 {
    length as u32
}
