//! Company names as their writers mean them: words without case, marks, script and spelling, with
//! what each of them tells.

mod distance;
mod lexicon;
mod phonetic;
mod script;

pub use self::distance::{COMPARED_MAX, letter_similarity};
use self::{lexicon::lexicon, script::Reading};

/// What a word of a legal form tells.
const LEGAL_FORM: f32 = 0.04;
/// What a single letter tells.
const LETTER: f32 = 0.25;
/// A word that tells no more than this names a part of a company: branch, office, desk.
const UNIT: f32 = 0.12;
/// A word that tells no more than this can say which part of a company is meant.
const UNIT_ADJECTIVE: f32 = 0.3;
/// Words of the longest name of such a part.
const UNIT_WORDS_MAX: usize = 4;
/// What is left of the weight of a word in such a name.
const PART_OF_UNIT: f32 = 0.4;
/// What is left of the weight of a word that was there before.
const REPEATED: f32 = 0.1;
/// What is left of a place's weight at the end of a name and before such a word.
const PLACE_OF_UNIT: f32 = 0.3;
/// Words whose letters agree less than this do not sound alike either.
const WORTH_SOUNDING: f32 = 0.3;
/// What two letters tell: there are few of them, and many things that they stand for.
const TWO_LETTERS: f32 = 0.5;
/// What three letters tell.
const THREE_LETTERS: f32 = 0.75;
/// A word that tells more than this tells a company from others.
const TELLS_APART: f32 = 0.5;
/// Words of a name that are compared: as many as the bits that stand for them.
const WORDS_MAX: usize = 60;

/// A name that can be compared with others.
#[derive(Clone, Debug)]
pub struct Name {
    /// Its words, in order.
    pub words: Vec<Word>,
}

/// A word of a name.
#[derive(Clone, Debug)]
pub struct Word {
    /// In small Latin letters and digits.
    pub latin: String,
    /// The same, for comparing.
    letters: Vec<char>,
    /// Its sounds, vowels kept.
    pub sounds: Vec<char>,
    /// Classes of its consonants.
    pub consonants: Vec<char>,
    /// What it tells by itself, from 0 to 1.
    pub weight: f32,
    /// It is part of a legal form.
    pub is_legal_form: bool,
    /// Written without its vowels.
    pub without_vowels: bool,
    /// It holds a digit.
    is_number: bool,
    /// What it can mean, in English.
    pub meanings: Vec<String>,
}

/// How a word was recognised in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// They are the same.
    Same,
    /// They sound the same.
    Sound,
    /// They mean the same: an abbreviation or a translation.
    Meaning,
    /// One is cut short to the other.
    Cut,
    /// They differ by some letters.
    Near,
    /// Their consonants agree, one being written without vowels.
    Consonants,
}

impl Name {
    /// Reads `name`, in any script, known words by their meaning.
    pub fn read(name: &str) -> Self {
        Self::of(script::words(&script::folded(name), Reading::Meaning))
    }

    /// Every reading of `name`: where its script spells no sounds, both by meaning and by sound.
    pub fn readings(name: &str) -> Vec<Self> {
        let folded = script::folded(name);
        let mut readings = vec![Self::of(script::words(&folded, Reading::Meaning))];
        if folded.chars().any(script::is_foreign) {
            readings.push(Self::of(script::words(&folded, Reading::Sound)));
        }
        readings
    }

    /// Reads a text that may be longer than a name.
    fn long(text: &str) -> Self {
        Self {
            words: script::words(&script::folded(text), Reading::Meaning)
                .into_iter()
                .map(|word| Word::new(word, false))
                .collect(),
        }
    }

    /// Whether every word of `other` that tells it from others stands in this name: all that are no
    /// legal form, where none tells much.
    fn holds(&self, other: &Self) -> bool {
        let tells = |word: &&Word| !word.is_legal_form && word.weight > TELLS_APART;
        let mut needed: Vec<&Word> = other.words.iter().filter(tells).collect();
        if needed.is_empty() {
            needed = other.words.iter().filter(|word| !word.is_legal_form).collect();
        }
        let same = |a: &Word, b: &Word| {
            a.likeness(b)
                .is_some_and(|(similarity, likeness)| similarity >= 0.9 && likeness != Likeness::Near)
        };
        let joined: Vec<Word> = self.words.windows(2).map(|pair| pair[0].joined(&pair[1])).collect();
        let said = |word: &&Word| {
            let alone = self.words.iter().filter(|own| !own.is_legal_form).any(|own| same(own, word));
            alone || joined.iter().any(|own| same(own, word))
        };
        let written_apart = || !needed.is_empty() && self.compact() == other.compact();
        (!needed.is_empty() && needed.iter().all(said)) || written_apart()
    }

    fn of(mut words: Vec<script::Word>) -> Self {
        if words.len() > WORDS_MAX {
            // Single letters in front could push a name out of sight.
            words.retain(|word| word.latin.len() > 1);
            words.truncate(WORDS_MAX);
        }
        let latin: Vec<String> = words.iter().map(|word| word.latin.clone()).collect();
        let mut legal = vec![false; words.len()];
        let mut at = 0;
        while at < words.len() {
            let length = lexicon().legal_form(&latin[at..], at == 0);
            legal[at..at + length].fill(true);
            at += length.max(1);
        }
        // A name of nothing but such words is still a name.
        if legal.iter().all(|is_legal| *is_legal) {
            legal.fill(false);
        }
        let words = words.into_iter().zip(legal).map(|(word, is_legal)| Word::new(word, is_legal)).collect();
        let mut name = Self { words };
        name.weigh_repeated();
        name.weigh_care_of();
        name.weigh_places();
        name.weigh_unit();
        name
    }

    /// A word that was there before tells nothing more.
    fn weigh_repeated(&mut self) {
        for at in 1..self.words.len() {
            if self.words[..at].iter().any(|before| before.latin == self.words[at].latin) {
                self.words[at].weight *= REPEATED;
            }
        }
    }

    /// What follows c/o is whom to send it to, not the company.
    fn weigh_care_of(&mut self) {
        let care_of = |pair: &[Word]| pair[0].latin == "c" && pair[1].latin == "o";
        if let Some(at) = self.words.windows(2).position(care_of).filter(|at| *at > 0) {
            for word in &mut self.words[at..] {
                word.weight *= PART_OF_UNIT;
            }
        }
    }

    /// The last words that name a part of a company: Export Department, Trading Arm.
    fn weigh_unit(&mut self) {
        let is_unit = |word: &Word| !word.is_legal_form && word.weight <= UNIT;
        if !self.words.last().is_some_and(is_unit) {
            return;
        }
        let part = |word: &Word| !word.is_legal_form && word.weight <= UNIT_ADJECTIVE;
        let start = self.words.iter().rposition(|word| !part(word)).map_or(0, |at| at + 1);
        let start = start.max(self.words.len().saturating_sub(UNIT_WORDS_MAX));
        if self.words[..start].iter().any(|word| !word.is_legal_form) {
            for word in &mut self.words[start..] {
                word.weight *= PART_OF_UNIT;
            }
        }
    }

    /// Where a branch or an office is tells little; a place that the name begins with tells more.
    fn weigh_places(&mut self) {
        for at in 1..self.words.len() {
            if !lexicon().is_place(&self.words[at].latin) {
                continue;
            }
            let behind = self.words[at + 1..].iter().find(|word| !lexicon().is_place(&word.latin));
            let of_unit = match behind {
                Some(word) => !word.is_legal_form && word.weight <= UNIT,
                None => true,
            };
            if of_unit {
                self.words[at].weight *= PLACE_OF_UNIT;
            }
        }
    }

    /// Its words without legal forms and without spaces between them.
    pub fn compact(&self) -> String {
        self.words.iter().filter(|word| !word.is_legal_form).map(|word| word.latin.as_str()).collect()
    }
}

impl Word {
    fn new(word: script::Word, is_legal_form: bool) -> Self {
        let script::Word { latin, without_vowels, .. } = word;
        let sounds = phonetic::sounds(&latin);
        let weight = match latin.chars().count() {
            _ if is_legal_form => LEGAL_FORM,
            1 => lexicon().weight(&latin).min(LETTER),
            2 => lexicon().weight(&latin).min(TWO_LETTERS),
            3 => lexicon().weight(&latin).min(THREE_LETTERS),
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

    /// A word of this one and the one behind it, for names whose words are written together.
    pub fn joined(&self, next: &Self) -> Self {
        let latin = format!("{}{}", self.latin, next.latin);
        let without_vowels = self.without_vowels || next.without_vowels;
        let mut joined = Self::new(script::Word { latin, without_vowels }, false);
        joined.weight = self.weight.max(next.weight);
        joined
    }

    /// Whether it holds a digit: numbers are equal or not, never alike.
    pub fn is_number(&self) -> bool {
        self.is_number
    }

    /// How alike two words are, from 0 to 1, and why; none when they are not.
    pub fn likeness(&self, other: &Self) -> Option<(f32, Likeness)> {
        if self.latin == other.latin {
            return Some((1.0, Likeness::Same));
        }
        if self.is_number || other.is_number {
            return None;
        }
        if self.without_vowels || other.without_vowels {
            return self.same_consonants(other);
        }
        let shortest = self.letters.len().min(other.letters.len());
        if self.sounds == other.sounds && shortest > 1 {
            // Acronyms are spelled, not spoken.
            return Some((if shortest <= 3 { 0.6 } else { 0.97 }, Likeness::Sound));
        }
        let mut best = None;
        let mut offer = |similarity: f32, likeness| {
            if best.is_none_or(|(most, _)| similarity > most) {
                best = Some((similarity, likeness));
            }
        };
        if self.means(other) {
            offer(0.93, Likeness::Meaning);
        }
        for (short, long) in [(self, other), (other, self)] {
            // Common words are cut short, names are not.
            if let Some(similarity) = cut(&short.letters, &long.letters) {
                offer(if long.weight < 1.0 { similarity } else { similarity * 0.6 }, Likeness::Cut);
            }
        }
        // A letter more or less makes another word of a short one: it needs the words around it.
        let (least, most) = match shortest {
            0..=2 => return best,
            3 => (0.66, 0.5),
            4 => (0.74, 0.6),
            _ => (0.64, 1.0),
        };
        let allowed = self.letters.len().max(other.letters.len()) * 2 / 5;
        if self.letters.len().abs_diff(other.letters.len()) <= allowed {
            let letters = letter_similarity(&self.letters, &other.letters);
            let similarity = if letters < WORTH_SOUNDING {
                letters
            } else {
                letters.max(distance::sound_similarity(&self.sounds, &other.sounds))
            };
            if similarity >= least {
                offer(((similarity - 0.4) / 0.6_f32).min(most), Likeness::Near);
            }
        }
        best
    }

    fn means(&self, other: &Self) -> bool {
        self.meanings.iter().any(|meaning| other.meanings.contains(meaning))
    }

    fn same_consonants(&self, other: &Self) -> Option<(f32, Likeness)> {
        let shortest = self.consonants.len().min(other.consonants.len());
        if shortest < 2 {
            return None;
        }
        let similarity = letter_similarity(&self.consonants, &other.consonants);
        let found = match shortest {
            _ if similarity >= 1.0 => 0.9,
            4.. if similarity >= 0.79 => 0.7,
            _ => return None,
        };
        Some((found, Likeness::Consonants))
    }
}

/// Whether two names can be the same company's: every word of each that tells it from others is the
/// same as, or sounds or means the same as one of the other.
pub fn same_company(a: &str, b: &str) -> bool {
    let (a, b) = (Name::readings(a), Name::readings(b));
    a.iter().any(|a| b.iter().any(|b| a.holds(b) && b.holds(a)))
}

/// Whether `text` names the company: every word of its name that tells it from others stands in it.
pub fn mentions(text: &str, company: &str) -> bool {
    let text = Name::long(text);
    Name::readings(company).iter().any(|company| text.holds(company))
}

/// How sure it is that `short` is `long` cut short: its beginning, or some of its letters in order.
fn cut(short: &[char], long: &[char]) -> Option<f32> {
    if short.len() < 3 || short.len() >= long.len() || short.first() != long.first() {
        return None;
    }
    if long.starts_with(short) {
        return Some(if long.len() - short.len() <= 2 { 0.85 } else { 0.7 });
    }
    // Without vowels but for the first letter: trdg, mfg.
    let is_vowel = |c: &char| "aeiou".contains(*c);
    if short.len() > 6 || short[1..].iter().any(is_vowel) {
        return None;
    }
    let mut rest = long.iter();
    short.iter().all(|c| rest.any(|other| other == c)).then_some(0.72)
}

#[cfg(test)]
mod tests;
