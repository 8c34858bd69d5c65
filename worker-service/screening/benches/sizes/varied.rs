//! Makes a list longer: each further entry is one of the list in which the rare words are other words.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::Path,
};

use serde_json::{Value, json};

/// Number of entries that have a word at most, for the word to be replaced. More common words say what a body does,
/// where it is, or what its legal form is.
const RARE_MAX: usize = 20;
/// Seed of the variants: the same list in each run.
const SEED: u64 = 42;

/// Number of different words that are made. A list of 300,000 bodies then has about as many as the growth of the
/// vocabulary with the length of a text predicts (law of Heaps).
const NEW_WORDS: usize = 300_000;

/// The words of variants, in upper case.
struct Words {
    /// Words that few entries have, in order.
    rare: Vec<String>,
    /// Words that no entry has.
    new: Vec<String>,
}

/// A sequence of pseudo-random numbers (SplitMix64 of Steele, Lea and Flood).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}

/// Writes a list of `size` entries to `to`: those of the list at `from`, then variants of them.
pub(super) fn write(from: &Path, to: &Path, size: usize) {
    let text = fs::read_to_string(from).unwrap();
    let entries: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut random = Random(SEED);
    let rare = rare_words(&entries);
    let words = Words { new: new_words(&rare, &mut random), rare };
    let mut out = BufWriter::new(File::create(to).unwrap());
    for (number, entry) in entries.iter().cycle().take(size).enumerate() {
        let round = number / entries.len();
        let entry = if round == 0 { entry.clone() } else { variant(entry, round, &words, &mut random) };
        writeln!(out, "{entry}").unwrap();
    }
    out.flush().unwrap();
}

fn names(entry: &Value) -> impl Iterator<Item = &str> {
    let aliases = entry["aliases"].as_array().into_iter().flatten();
    std::iter::once(&entry["name"]).chain(aliases).filter_map(Value::as_str)
}

fn words_of(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 1)
}

/// Returns the words that few entries have, in order.
fn rare_words(entries: &[Value]) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for entry in entries {
        let words: HashSet<&str> = names(entry).flat_map(words_of).collect();
        words.into_iter().for_each(|word| *counts.entry(word).or_default() += 1);
    }
    let is_rare =
        |(word, count): &(&str, usize)| *count <= RARE_MAX && word.bytes().all(|c| c.is_ascii_alphabetic());
    let mut rare: Vec<String> = counts.into_iter().filter(is_rare).map(|(word, _)| word.to_owned()).collect();
    rare.sort_unstable();
    rare
}

/// Returns an entry like `entry` with other rare words, the same ones in all of its names, and other numbers.
fn variant(entry: &Value, round: usize, words: &Words, random: &mut Random) -> Value {
    let mut replacements: HashMap<String, String> = HashMap::new();
    let is_rare = |word: &&str| words.rare.binary_search_by(|other| other.as_str().cmp(word)).is_ok();
    // The first rare word of each name becomes a new one: two bodies of one name could not be told apart.
    for first in names(entry).filter_map(|name| words_of(name).find(is_rare)) {
        replacements.entry(first.to_owned()).or_insert_with(|| words.invented(random));
    }
    let mut vary = |name: &str, random: &mut Random| {
        let mut varied = String::new();
        for part in name.split_inclusive(|c: char| !c.is_alphanumeric()) {
            let word = part.trim_end_matches(|c: char| !c.is_alphanumeric());
            if is_rare(&word) {
                let other = replacements.entry(word.to_owned()).or_insert_with(|| words.any(random));
                varied.push_str(other);
            } else {
                varied.push_str(word);
            }
            varied.push_str(&part[word.len()..]);
        }
        if varied == name { format!("{} {name}", words.invented(random)) } else { varied }
    };
    let name = vary(entry["name"].as_str().unwrap(), random);
    let aliases: Vec<String> = names(entry).skip(1).map(|alias| vary(alias, random)).collect();
    let digit = |c: char, random: &mut Random| {
        if c.is_ascii_digit() { char::from(b'0' + u8::try_from(random.below(10)).unwrap()) } else { c }
    };
    let ids: Vec<String> = entry["ids"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|id| id.as_str().unwrap().chars().map(|c| digit(c, random)).collect())
        .collect();
    json!({
        "id": format!("v{round}-{}", entry["id"].as_str().unwrap()),
        "name": name,
        "aliases": aliases,
        "countries": entry["countries"],
        "programs": entry["programs"],
        "ids": ids,
    })
}

impl Words {
    /// Returns a word of the list, or a new one.
    fn any(&self, random: &mut Random) -> String {
        if random.below(2) == 0 {
            self.rare[random.below(self.rare.len())].clone()
        } else {
            self.invented(random)
        }
    }

    fn invented(&self, random: &mut Random) -> String {
        self.new[random.below(self.new.len())].clone()
    }
}

/// Makes words that the list does not have: the beginning and end of each are those of two words of the list.
fn new_words(rare: &[String], random: &mut Random) -> Vec<String> {
    let mut words = Vec::with_capacity(NEW_WORDS);
    while words.len() < NEW_WORDS {
        let [beginning, end] = [(); 2].map(|()| rare[random.below(rare.len())].as_str());
        let word = format!("{}{}", &beginning[..beginning.len().div_ceil(2)], &end[end.len() / 2..]);
        if rare.binary_search(&word).is_err() {
            words.push(word);
        }
    }
    words
}
