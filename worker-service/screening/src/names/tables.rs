//! The data tables behind tokens: tab-separated files that are compiled into the program.

/// Legal forms of companies, each with its countries and its spellings.
const LEGAL_FORMS: &str = include_str!("data/legal_forms.tsv");
/// Words of other languages and scripts with their English translation.
const TRANSLATIONS: &str = include_str!("data/translations.tsv");
/// Words of public bodies in many languages: English first.
const PUBLIC_BODIES: &str = include_str!("data/public_bodies.tsv");
/// Abbreviations with the words they stand for.
const ABBREVIATIONS: &str = include_str!("data/abbreviations.tsv");
/// Common words of company names with a weight from 0 to 1.
const WEAK_WORDS: &str = include_str!("data/weak_words.tsv");
/// Words of places that branches and offices are named after.
const PLACES: &str = include_str!("data/places.tsv");
/// Words that exclude each other, such as "north" and "south".
const OPPOSITES: &str = include_str!("data/opposites.tsv");
/// Numbers and ordinals as words.
const NUMERALS: &str = include_str!("data/numerals.tsv");
/// Phrases between two names in one field.
const NAME_LINKS: &str = include_str!("data/name_links.tsv");

/// A common word of company names.
pub(super) struct WeakWord {
    pub(super) word: &'static str,
    /// How distinctive it is, from 0 to 1.
    pub(super) weight: f32,
    /// Whether it tells siblings apart, or `None` if its weight decides.
    pub(super) tells_apart: Option<bool>,
}

/// A value of a kind of words that exclude each other.
pub(super) struct Opposite {
    pub(super) kind: &'static str,
    /// The value, as the English word.
    pub(super) value: &'static str,
    pub(super) words: std::str::Split<'static, char>,
}

/// Returns every spelling of every legal form.
pub(super) fn legal_forms() -> impl Iterator<Item = &'static str> {
    named_legal_forms().map(|(_, spelling)| spelling)
}

/// Returns pairs of the name of a legal form and one of its spellings.
pub(super) fn named_legal_forms() -> impl Iterator<Item = (&'static str, &'static str)> {
    // Columns: name, countries, spellings.
    rows(LEGAL_FORMS)
        .filter_map(|(name, rest)| Some((name, rest.split_once('\t')?.1)))
        .flat_map(|(name, spellings)| spellings.split('|').map(move |spelling| (name, spelling)))
}

/// Returns pairs of a word and its English translation.
pub(super) fn translations() -> impl Iterator<Item = (&'static str, &'static str)> {
    rows(TRANSLATIONS)
}

/// Returns pairs of a word or phrase of a public body's name and its English translation.
pub(super) fn public_bodies() -> impl Iterator<Item = (&'static str, &'static str)> {
    rows(PUBLIC_BODIES).flat_map(|(english, cells)| {
        let forms = cells.split(['\t', '|']).filter(|form| !form.is_empty());
        forms.map(move |form| (form, english))
    })
}

/// Returns pairs of an abbreviation and a word that it stands for. An abbreviation may occur in several
/// pairs.
pub(super) fn abbreviations() -> impl Iterator<Item = (&'static str, &'static str)> {
    rows(ABBREVIATIONS)
}

/// Returns the common words.
pub(super) fn weak_words() -> impl Iterator<Item = WeakWord> {
    rows(WEAK_WORDS).filter_map(|(word, rest)| {
        let (weight, role) = rest.split_once('\t').unwrap_or((rest, ""));
        let tells_apart = match role {
            "activity" => Some(true),
            "filler" => Some(false),
            _ => None,
        };
        Some(WeakWord { word, weight: weight.parse().ok()?, tells_apart })
    })
}

/// Returns the words of place names.
pub(super) fn places() -> impl Iterator<Item = &'static str> {
    lines(PLACES)
}

/// Returns the words that exclude each other.
pub(super) fn opposites() -> impl Iterator<Item = Opposite> {
    rows(OPPOSITES).filter_map(|(kind, rest)| {
        let (value, words) = rest.split_once('\t')?;
        Some(Opposite { kind, value, words: words.split('|') })
    })
}

/// Returns pairs of a number and a word for it.
pub(super) fn numerals() -> impl Iterator<Item = (u32, &'static str)> {
    rows(NUMERALS)
        .filter_map(|(value, words)| Some((value.parse().ok()?, words)))
        .flat_map(|(value, words)| words.split('|').map(move |word| (value, word)))
}

/// Returns pairs of what follows a phrase and the phrase.
pub(super) fn name_links() -> impl Iterator<Item = (&'static str, &'static str)> {
    rows(NAME_LINKS).flat_map(|(follows, phrases)| phrases.split('|').map(move |phrase| (follows, phrase)))
}

/// Returns the first column and the rest of each row.
fn rows(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    lines(file).filter_map(|line| line.split_once('\t'))
}

/// Returns the lines of a table without comments, which begin with `#`.
fn lines(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().filter(|line| !line.starts_with('#'))
}
