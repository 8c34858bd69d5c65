//! A name that is searched, with the listed words that resemble each of its words.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    parse::{Role, Token},
    similarity::{How, QUALITY_MIN, initial, similarity},
    sound, syllables, tables,
    vocabulary::{Vocabulary, is_selective},
    word::{Keys, WordView, kinds, without_article},
};

/// Maximum number of words that are looked at for one key.
const WORDS_PER_KEY_MAX: usize = 2_000;

/// A token of a query.
#[derive(Debug)]
pub(super) struct QueryToken {
    pub(super) token: Token,
    pub(super) keys: Keys,
    pub(super) weight: f32,
    /// Listed words that were compared with it.
    compared: FxHashMap<u32, (f32, How)>,
}

impl QueryToken {
    pub(super) fn new(token: Token, vocabulary: &Vocabulary) -> Self {
        let keys = Keys::new(&token.text);
        let weight = vocabulary.weight_of(&keys.sounds) * token.role.share();
        Self { token, keys, weight, compared: FxHashMap::default() }
    }

    pub(super) fn view(&self) -> WordView<'_> {
        self.keys.view(&self.token.text, self.token.without_vowels)
    }

    /// Returns how well a listed word agrees that was compared before or is compared without effort, or `None`. An
    /// initial agrees with a name that begins with it.
    pub(super) fn known(&self, id: u32, role: Role, vocabulary: &Vocabulary) -> Option<(f32, How)> {
        match (self.token.role, role) {
            (Role::Initial, Role::Name | Role::Patronymic) => {
                Some(initial(&self.view(), &vocabulary.word(id)))
            }
            (Role::Name | Role::Patronymic, Role::Initial) => {
                Some(initial(&vocabulary.word(id), &self.view()))
            }
            _ => self.compared.get(&id).copied(),
        }
    }

    /// Returns how well a listed word agrees. An initial agrees with a name that begins with it.
    pub(super) fn compare(&mut self, id: u32, role: Role, vocabulary: &Vocabulary) -> (f32, How) {
        if let Some(known) = self.known(id, role, vocabulary) {
            return known;
        }
        let found = similarity(&self.view(), &vocabulary.word(id));
        self.compared.insert(id, found);
        found
    }

    /// Returns the listed words that resemble the token, with how well, the best first.
    pub(super) fn similar(&mut self, vocabulary: &Vocabulary) -> Vec<(u32, f32)> {
        let mut ids: FxHashSet<u32> = FxHashSet::default();
        self.look_up(vocabulary, &mut |id| {
            ids.insert(id);
        });
        let role = self.token.role;
        let mut found: Vec<(u32, f32)> =
            ids.into_iter().map(|id| (id, self.compare(id, role, vocabulary).0)).collect();
        found.retain(|(_, quality)| *quality >= QUALITY_MIN);
        found.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found
    }

    fn look_up(&self, vocabulary: &Vocabulary, add: &mut impl FnMut(u32)) {
        let sounds = &self.keys.sounds;
        let stem = without_article(&self.token.text, sounds).map(sound::key);
        for sounds in std::iter::once(sounds).chain(&stem) {
            vocabulary.find(kinds::SOUND, sounds.as_bytes()).for_each(&mut *add);
            sound::deletions(sounds, |shorter| {
                vocabulary.find(kinds::DELETION, shorter).take(WORDS_PER_KEY_MAX).for_each(&mut *add);
            });
            let skeletons = if self.token.without_vowels {
                sound::native_skeletons(sounds)
            } else {
                let skeleton = sound::skeleton(sounds);
                if is_selective(&skeleton) { vec![skeleton] } else { Vec::new() }
            };
            for skeleton in skeletons {
                vocabulary
                    .find(kinds::SKELETON, skeleton.as_bytes())
                    .take(WORDS_PER_KEY_MAX)
                    .for_each(&mut *add);
            }
            for relative in tables::relatives(sounds) {
                vocabulary.find(kinds::SOUND, relative.as_bytes()).for_each(&mut *add);
            }
        }
        for hash in self.keys.syllable_hashes() {
            vocabulary.find_hash(hash).take(WORDS_PER_KEY_MAX).for_each(&mut *add);
        }
    }

    /// Returns pairs of groups of listed words of which the token may be written together: "Jongun" is "Jong" and
    /// "Un".
    pub(super) fn halves(&self, vocabulary: &Vocabulary) -> Vec<(Vec<u32>, Vec<u32>)> {
        const HALF_MIN: usize = 2;
        let text = self.token.text.as_str();
        if self.token.role != Role::Name || text.len() < 2 * HALF_MIN || !text.is_ascii() {
            return Vec::new();
        }
        let mut ends: Vec<usize> = (HALF_MIN..=text.len() - HALF_MIN).collect();
        let syllable_ends = [syllables::mandarin(text), syllables::korean(text)].into_iter();
        let syllable_ends: FxHashSet<usize> = syllable_ends.flat_map(|syllables| syllables.ends).collect();
        ends.sort_unstable_by_key(|end| !syllable_ends.contains(end));
        let words = |part: &str, by_syllable: bool| {
            let keys = Keys::new(part);
            let mut ids: Vec<u32> = vocabulary.find(kinds::SOUND, keys.sounds.as_bytes()).collect();
            if by_syllable {
                for hash in keys.syllable_hashes() {
                    ids.extend(vocabulary.find_hash(hash));
                }
            }
            ids
        };
        let pairs = ends.into_iter().map(|end| {
            let by_syllable = syllable_ends.contains(&end);
            (words(&text[..end], by_syllable), words(&text[end..], by_syllable))
        });
        pairs.filter(|(one, other)| !one.is_empty() && !other.is_empty()).collect()
    }
}
