//! Reads names in Chinese characters and kana: in Mandarin, and if their characters are known, in Cantonese and
//! Japanese.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::names::romanize::romanize;

use super::words::Words;

/// Characters of Chinese names with their usual spelling in Hong Kong.
const CANTONESE: &str = include_str!("../data/cantonese.tsv");
/// Japanese family names and given names with their readings.
const JAPANESE: &str = include_str!("../data/japanese.tsv");

/// Chinese family names of two characters, in both forms.
const LONG_FAMILY_NAMES: [&str; 18] = [
    "欧阳", "歐陽", "司马", "司馬", "诸葛", "諸葛", "上官", "东方", "東方", "夏侯", "皇甫", "尉迟", "公孙",
    "公孫", "慕容", "令狐", "司徒", "端木",
];

static SPELLINGS: LazyLock<FxHashMap<char, &'static str>> = LazyLock::new(|| {
    let rows = CANTONESE.lines().filter_map(|line| line.split_once('\t'));
    rows.flat_map(|(spelling, characters)| characters.chars().map(move |c| (c, spelling))).collect()
});

/// Japanese names: family names and given names, each with its readings.
static READINGS: LazyLock<[FxHashMap<&'static str, Vec<&'static str>>; 2]> = LazyLock::new(|| {
    let mut tables = [FxHashMap::default(), FxHashMap::default()];
    for line in JAPANESE.lines().filter(|line| !line.starts_with('#')) {
        let mut cells = line.split('\t');
        let (Some(kind), Some(name), Some(readings)) = (cells.next(), cells.next(), cells.next()) else {
            continue;
        };
        tables[usize::from(kind == "given")].insert(name, readings.split('|').collect());
    }
    tables
});

/// Returns the readings of a run.
pub(super) fn readings(run: &[char]) -> Vec<Words> {
    if run.iter().all(|c| is_kana(*c)) {
        return vec![vec![(kana(run), false)]];
    }
    let mut readings = vec![mandarin(run)];
    readings.extend(cantonese(run));
    readings.extend(japanese(run));
    readings
}

fn is_kana(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}')
}

fn kana(run: &[char]) -> String {
    romanize(run.iter().copied())
}

/// Returns the number of characters of the family name.
fn family_length(run: &[char]) -> usize {
    let start: String = run.iter().take(2).collect();
    if run.len() > 2 && LONG_FAMILY_NAMES.contains(&start.as_str()) { 2 } else { 1 }
}

/// Returns family and given name in the given spelling. Names of four characters may begin with a husband's family
/// name: each character of the first two is then a name.
fn split(run: &[char], spelled: impl Fn(&[char]) -> String) -> Words {
    if run.len() > 4 || run.len() < 2 {
        return vec![(spelled(run), false)];
    }
    let family = family_length(run);
    let mut parts = vec![&run[..family]];
    if run.len() == 4 && family == 1 {
        parts.extend([&run[1..2], &run[2..]]);
    } else {
        parts.push(&run[family..]);
    }
    parts.into_iter().map(|part| (spelled(part), false)).collect()
}

fn mandarin(run: &[char]) -> Words {
    split(run, |part| romanize(part.iter().copied()))
}

fn cantonese(run: &[char]) -> Option<Words> {
    let is_known = run.iter().all(|c| SPELLINGS.contains_key(c));
    is_known.then(|| split(run, |part| part.iter().filter_map(|c| SPELLINGS.get(c)).copied().collect()))
}

/// Returns readings in Japanese if the run begins with a Japanese family name and the rest is a known given name
/// or kana.
fn japanese(run: &[char]) -> Vec<Words> {
    let [families, givens] = &*READINGS;
    let mut found = Vec::new();
    for length in (1..run.len().min(4)).rev() {
        let (family, given): (String, String) =
            (run[..length].iter().collect(), run[length..].iter().collect());
        let Some(family) = families.get(family.as_str()) else { continue };
        let kana_given = given.chars().all(is_kana).then(|| vec![kana(&run[length..])]);
        let known = givens.get(given.as_str());
        let known = known.map(|readings| readings.iter().map(|text| (*text).to_owned()).collect());
        let given: Vec<String> = known.or(kana_given).unwrap_or_default();
        for family in family {
            let pair = |given: &String| vec![((*family).to_owned(), false), (given.clone(), false)];
            found.extend(given.iter().map(pair));
        }
        if !found.is_empty() {
            break;
        }
    }
    if found.is_empty() {
        let whole: String = run.iter().collect();
        let alone = families.get(whole.as_str()).or_else(|| givens.get(whole.as_str()));
        found.extend(alone.into_iter().flatten().map(|text| vec![((*text).to_owned(), false)]));
    }
    found
}
