//! Finds the listed names that a name could be: by words that are alike, and by runs of letters for
//! names whose words are written together or apart.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::names::{Likeness, Name, Word};

/// Names that are compared in full, by each of the two ways.
const BY_WORDS: usize = 60;
const BY_LETTERS: usize = 24;
/// Rarer words are looked at first; one that more names have finds no further candidates.
const TOO_COMMON: usize = 1_200;

/// A word of the lists, by its place in the vocabulary.
pub(super) type WordId = u32;
/// A listed name, by its place among all of them.
pub(super) type NameId = u32;
/// Words of the lists that are like a word, with how much and why.
pub(super) type Alike = FxHashMap<WordId, (f32, Likeness)>;

/// A listed name, prepared.
#[derive(Debug)]
pub(super) struct Listed {
    /// Whose name it is: the place of the entry.
    pub(super) entry: u32,
    /// Which of the entry's names: 0 is the main one.
    pub(super) which: u32,
    /// Its words in order.
    pub(super) words: Vec<WordId>,
    /// What each of them tells.
    pub(super) weights: Vec<f32>,
    /// Letters without legal forms and spaces.
    pub(super) compact: Vec<char>,
}

/// All listed names, prepared for looking up.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) vocabulary: Vec<Word>,
    pub(super) names: Vec<Listed>,
    entries: usize,
    /// Entries that have the word, by its Latin form.
    frequency: FxHashMap<String, u32>,
    by_latin: FxHashMap<String, Vec<WordId>>,
    by_sounds: FxHashMap<Vec<char>, Vec<WordId>>,
    by_meaning: FxHashMap<String, Vec<WordId>>,
    by_consonants: FxHashMap<Vec<char>, Vec<WordId>>,
    by_bigram: FxHashMap<[char; 2], Vec<WordId>>,
    by_trigram: FxHashMap<[char; 3], Vec<NameId>>,
    postings: Vec<Vec<NameId>>,
}

impl Index {
    /// Prepares the names of each entry.
    pub(super) fn new<'a>(entries: impl Iterator<Item = Vec<&'a str>>) -> Self {
        let mut index = Self::default();
        let mut known: FxHashMap<(String, bool), WordId> = FxHashMap::default();
        // What a word tells in its name, before its rarity is known.
        let mut told: Vec<Vec<f32>> = Vec::new();
        for (entry, names) in entries.enumerate() {
            let mut seen = FxHashSet::default();
            for (which, name) in names.into_iter().enumerate() {
                let name = Name::read(name);
                told.push(name.words.iter().map(|word| word.weight).collect());
                index.add(entry, which, &name, &mut known, &mut seen);
            }
            for word in seen {
                *index.frequency.entry(word).or_default() += 1;
            }
            index.entries += 1;
        }
        for (at, told) in told.into_iter().enumerate() {
            let words = &index.names[at].words;
            let weigh =
                |(id, told): (&WordId, f32)| told * index.rarity(&index.vocabulary[*id as usize].latin);
            index.names[at].weights = words.iter().zip(told).map(weigh).collect();
        }
        index
    }

    fn add(
        &mut self,
        entry: usize,
        which: usize,
        name: &Name,
        known: &mut FxHashMap<(String, bool), WordId>,
        seen: &mut FxHashSet<String>,
    ) {
        let name_id = id(self.names.len());
        let mut words = Vec::with_capacity(name.words.len());
        for word in &name.words {
            let key = (word.latin.clone(), word.is_legal_form);
            let word_id = *known.entry(key).or_insert_with(|| self.learn(word.clone()));
            if !word.is_legal_form {
                seen.insert(word.latin.clone());
                let postings = &mut self.postings[word_id as usize];
                if postings.last() != Some(&name_id) {
                    postings.push(name_id);
                }
            }
            words.push(word_id);
        }
        let compact: Vec<char> = name.compact().chars().collect();
        for trigram in trigrams(&compact) {
            self.by_trigram.entry(trigram).or_default().push(name_id);
        }
        self.names.push(Listed { entry: id(entry), which: id(which), words, weights: Vec::new(), compact });
    }

    fn learn(&mut self, word: Word) -> WordId {
        let id = id(self.vocabulary.len());
        self.by_latin.entry(word.latin.clone()).or_default().push(id);
        if !word.is_legal_form {
            self.by_sounds.entry(word.sounds.clone()).or_default().push(id);
            for meaning in &word.meanings {
                self.by_meaning.entry(meaning.clone()).or_default().push(id);
            }
            self.by_consonants.entry(word.consonants.clone()).or_default().push(id);
        }
        if !word.is_number() {
            for bigram in bigrams(&word.sounds) {
                self.by_bigram.entry(bigram).or_default().push(id);
            }
        }
        self.postings.push(Vec::new());
        self.vocabulary.push(word);
        id
    }

    /// From 0 to 1: 1 for a word that at most one entry has.
    #[expect(clippy::cast_precision_loss, reason = "counts of entries are small")]
    fn rarity(&self, latin: &str) -> f32 {
        let frequency = self.frequency.get(latin).copied().unwrap_or_default();
        let entries = self.entries.max(1) as f32;
        (1.0 + entries / frequency.max(1) as f32).ln() / (1.0 + entries).ln()
    }

    /// What `word` of an asked name tells, given the words that are like it. A word that the lists do
    /// not have may be a misspelt one of theirs that tells little.
    pub(super) fn weight(&self, word: &Word, alike: &Alike) -> f32 {
        let weight = word.weight * self.rarity(&word.latin);
        let known = word.is_legal_form || word.weight < 1.0 || self.by_latin.contains_key(&word.latin);
        let nearest = alike.iter().filter(|_| !known).max_by(|a, b| a.1.0.total_cmp(&b.1.0));
        let Some((id, (similarity, Likeness::Near))) = nearest else { return weight };
        let meant = &self.vocabulary[*id as usize];
        weight + (meant.weight * self.rarity(&meant.latin) - weight).min(0.0) * similarity
    }

    /// The words of the lists that are like `word`.
    pub(super) fn alike(&self, word: &Word) -> Alike {
        let mut candidates: FxHashSet<WordId> = FxHashSet::default();
        let mut take = |found: Option<&Vec<WordId>>| candidates.extend(found.into_iter().flatten());
        take(self.by_latin.get(&word.latin));
        if !word.is_number() && !word.is_legal_form {
            take(self.by_sounds.get(&word.sounds));
            for meaning in &word.meanings {
                take(self.by_meaning.get(meaning));
            }
            if word.without_vowels {
                take(self.by_consonants.get(&word.consonants));
                if word.consonants.len() >= 4 {
                    for shorter in (0..word.consonants.len()).map(|at| without(&word.consonants, at)) {
                        take(self.by_consonants.get(&shorter));
                    }
                }
            } else {
                self.sharing_bigrams(word, &mut candidates);
            }
        }
        let like = |id: WordId| Some((id, word.likeness(&self.vocabulary[id as usize])?));
        candidates.into_iter().filter_map(like).collect()
    }

    /// Words that share enough pairs of neighbouring sounds with `word` to differ by few letters.
    fn sharing_bigrams(&self, word: &Word, found: &mut FxHashSet<WordId>) {
        let bigrams = bigrams(&word.sounds);
        let enough = u16::try_from(bigrams.len() * 2 / 5).unwrap_or(u16::MAX).max(2);
        let mut shared = vec![0_u16; self.vocabulary.len()];
        for id in bigrams.iter().filter_map(|bigram| self.by_bigram.get(bigram)).flatten() {
            let count = &mut shared[*id as usize];
            *count += 1;
            if *count == enough {
                found.insert(*id);
            }
        }
    }

    /// The words that sound like two that were written as one or apart.
    pub(super) fn sounding(&self, word: &Word) -> impl Iterator<Item = WordId> {
        self.by_sounds.get(&word.sounds).into_iter().flatten().copied()
    }

    /// The listed names that are worth a full comparison with `name`, whose words have `weights` and
    /// are like the words `alike`.
    pub(super) fn candidates(&self, name: &Name, weights: &[f32], alike: &[Alike]) -> FxHashSet<NameId> {
        let mut scores: FxHashMap<NameId, f32> = FxHashMap::default();
        let mut order: Vec<usize> =
            (0..name.words.len()).filter(|at| !name.words[*at].is_legal_form).collect();
        order.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]));
        for at in order {
            for (id, (similarity, _)) in &alike[at] {
                let postings = &self.postings[*id as usize];
                if postings.len() > TOO_COMMON && !scores.is_empty() {
                    continue;
                }
                for name in postings {
                    *scores.entry(*name).or_default() += similarity * weights[at];
                }
            }
        }
        for joined in name.words.windows(2).map(|pair| pair[0].joined(&pair[1])) {
            for name in self.sounding(&joined).flat_map(|id| &self.postings[id as usize]) {
                *scores.entry(*name).or_default() += joined.weight;
            }
        }
        // Names with little else come before longer ones.
        for (name, score) in &mut scores {
            *score /= (1.0 + self.names[*name as usize].weights.iter().sum::<f32>()).sqrt();
        }
        let mut chosen = best(scores, BY_WORDS);
        chosen.extend(best(self.sharing_trigrams(name), BY_LETTERS));
        chosen
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of names are small")]
    fn sharing_trigrams(&self, name: &Name) -> FxHashMap<NameId, f32> {
        let compact: Vec<char> = name.compact().chars().collect();
        let mut scores: FxHashMap<NameId, f32> = FxHashMap::default();
        for names in trigrams(&compact).iter().filter_map(|trigram| self.by_trigram.get(trigram)) {
            if names.len() > TOO_COMMON / 2 {
                continue;
            }
            let rarity = 1.0 / (1.0 + names.len() as f32).ln();
            for id in names {
                *scores.entry(*id).or_default() += rarity;
            }
        }
        for (id, score) in &mut scores {
            *score /= (1.0 + self.names[*id as usize].compact.len() as f32).sqrt();
        }
        scores
    }
}

/// The names with the highest scores.
fn best(scores: FxHashMap<NameId, f32>, most: usize) -> FxHashSet<NameId> {
    let mut scores: Vec<(NameId, f32)> = scores.into_iter().collect();
    let by_score = |a: &(NameId, f32), b: &(NameId, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if scores.len() > most {
        scores.select_nth_unstable_by(most, by_score);
        scores.truncate(most);
    }
    scores.into_iter().map(|(id, _)| id).collect()
}

fn id(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn without(letters: &[char], at: usize) -> Vec<char> {
    letters.iter().enumerate().filter(|(index, _)| *index != at).map(|(_, c)| *c).collect()
}

/// Pairs of neighbours, the ends counting as such.
fn bigrams(letters: &[char]) -> FxHashSet<[char; 2]> {
    let padded: Vec<char> = ['^'].iter().chain(letters).chain(['$'].iter()).copied().collect();
    padded.windows(2).map(|pair| [pair[0], pair[1]]).collect()
}

fn trigrams(letters: &[char]) -> FxHashSet<[char; 3]> {
    letters.windows(3).map(|run| [run[0], run[1], run[2]]).collect()
}
