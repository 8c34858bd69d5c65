//! Tables of names and words around names, compiled into the program.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::sound;

/// Spellings and forms of one given name in different languages.
const VARIANTS: &str = include_str!("data/variants.tsv");
/// Given names with their short forms.
const NICKNAMES: &str = include_str!("data/nicknames.tsv");
/// Words around names: particles, titles and words of companies.
const WORDS: &str = include_str!("data/words.tsv");
/// The commonest given names and family names of the world.
const COMMON: &str = include_str!("data/common.tsv");
/// Known names in Arabic and Hebrew script, with their vowels.
const NATIVE: &str = include_str!("data/native.tsv");

/// What a word around a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordKind {
    /// A word between parts of a name: "bin", "de la".
    Particle,
    /// A title or honorific: "Dr", "Haji".
    Title,
    /// A suffix that tells generations apart: "Jr".
    Suffix,
    /// A word of companies: "Hotel", "Ltd".
    Company,
}

/// A row of the nicknames, and whether the word is its full name.
type Nickname = (u16, bool);

#[derive(Default)]
struct Relations {
    /// The groups of variants of a word, by its sounds.
    groups: FxHashMap<String, Vec<u16>>,
    /// The sounds in each group.
    members: Vec<Vec<String>>,
    nicknames: FxHashMap<String, Vec<Nickname>>,
    /// The sounds in each row of nicknames.
    rows: Vec<Vec<String>>,
}

static RELATIONS: LazyLock<Relations> = LazyLock::new(|| {
    let mut relations = Relations::default();
    for (group, line) in lines(VARIANTS).enumerate() {
        let mut members: Vec<String> = line.split_whitespace().map(sound::key).collect();
        members.sort_unstable();
        members.dedup();
        for member in &members {
            relations.groups.entry(member.clone()).or_default().push(number(group));
        }
        relations.members.push(members);
    }
    for (row, line) in lines(NICKNAMES).enumerate() {
        let (full, short) = line.split_once('\t').unwrap_or((line, ""));
        let mut names: FxHashSet<String> = full.split_whitespace().map(sound::key).collect();
        for name in names.clone() {
            for group in relations.groups.get(&name).into_iter().flatten() {
                names.extend(relations.members[usize::from(*group)].iter().cloned());
            }
        }
        let short: Vec<String> = short.split_whitespace().map(sound::key).collect();
        for name in &names {
            relations.nicknames.entry(name.clone()).or_default().push((number(row), true));
        }
        for name in &short {
            relations.nicknames.entry(name.clone()).or_default().push((number(row), false));
        }
        relations.rows.push(names.into_iter().chain(short).collect());
    }
    relations
});

static KINDS: LazyLock<FxHashMap<&'static str, WordKind>> = LazyLock::new(|| {
    let rows = lines(WORDS).filter_map(|line| line.split_once('\t'));
    let words = rows.flat_map(|(kind, words)| words.split_whitespace().map(move |word| (word, kind)));
    words
        .map(|(word, kind)| {
            let kind = match kind {
                "particle" => WordKind::Particle,
                "title" => WordKind::Title,
                "suffix" => WordKind::Suffix,
                _ => WordKind::Company,
            };
            (word, kind)
        })
        .collect()
});

static COMMON_SOUNDS: LazyLock<FxHashSet<String>> =
    LazyLock::new(|| lines(COMMON).flat_map(str::split_whitespace).map(sound::key).collect());

static NATIVE_NAMES: LazyLock<FxHashMap<&'static str, &'static str>> =
    LazyLock::new(|| lines(NATIVE).filter_map(|line| line.split_once('\t')).collect());

#[expect(clippy::cast_possible_truncation, reason = "a table has fewer than 65,536 rows")]
fn number(row: usize) -> u16 {
    row as u16
}

/// Returns the lines of a table without comments, which begin with `#`.
fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// Returns what a word around a name is, or `None` if it is part of a name.
pub(super) fn kind(word: &str) -> Option<WordKind> {
    KINDS.get(word).copied()
}

/// Returns whether many people have a name with these sounds.
pub(super) fn is_common(sounds: &str) -> bool {
    COMMON_SOUNDS.contains(sounds)
}

/// Returns a name in Arabic or Hebrew script with its vowels, or `None` if it is not known.
pub(super) fn native_name(word: &str) -> Option<&'static str> {
    NATIVE_NAMES.get(word).copied()
}

/// Returns the groups of variants of a name.
pub(super) fn groups(sounds: &str) -> &'static [u16] {
    RELATIONS.groups.get(sounds).map_or(&[], Vec::as_slice)
}

/// Returns whether two names are variants of one, or `None` if one of them is not in the table.
pub(super) fn are_variants(a: &str, b: &str) -> Option<bool> {
    let (a, b) = (groups(a), groups(b));
    (!a.is_empty() && !b.is_empty()).then(|| a.iter().any(|group| b.contains(group)))
}

/// Returns whether one name is a short form of the other, or of the same name as the other.
pub(super) fn are_nicknames(a: &str, b: &str) -> bool {
    let of = |sounds: &str| RELATIONS.nicknames.get(sounds).map_or(&[][..], Vec::as_slice);
    of(a).iter().any(|(row, is_full)| {
        of(b).iter().any(|(other, other_full)| row == other && !(*is_full && *other_full))
    })
}

/// Returns the sounds of all variants and short forms of a name.
pub(super) fn relatives(sounds: &str) -> impl Iterator<Item = &'static str> {
    let members = groups(sounds).iter().flat_map(|group| &RELATIONS.members[usize::from(*group)]);
    let rows = RELATIONS.nicknames.get(sounds).into_iter().flatten();
    members.chain(rows.flat_map(|(row, _)| &RELATIONS.rows[usize::from(*row)])).map(String::as_str)
}
