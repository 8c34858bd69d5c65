//! The data tables behind tokens: tab-separated files that are compiled into the program.

/// Legal forms of companies, each with its countries and its spellings.
const LEGAL_FORMS: &str = include_str!("data/legal_forms.tsv");
/// Words of other languages and scripts with their English translation.
const TRANSLATIONS: &str = include_str!("data/translations.tsv");
/// Abbreviations with the words they stand for.
const ABBREVIATIONS: &str = include_str!("data/abbreviations.tsv");
/// Common words of company names with a weight from 0 to 1.
const WEAK_WORDS: &str = include_str!("data/weak_words.tsv");
/// Words of places that branches and offices are named after.
const PLACES: &str = include_str!("data/places.tsv");

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

/// Returns pairs of an abbreviation and a word that it stands for. An abbreviation may occur in several
/// pairs.
pub(super) fn abbreviations() -> impl Iterator<Item = (&'static str, &'static str)> {
    rows(ABBREVIATIONS)
}

/// Returns pairs of a common word and its weight, from 0 to 1.
pub(super) fn weak_words() -> impl Iterator<Item = (&'static str, f32)> {
    rows(WEAK_WORDS).filter_map(|(word, weight)| Some((word, weight.parse().ok()?)))
}

/// Returns the words of place names.
pub(super) fn places() -> impl Iterator<Item = &'static str> {
    lines(PLACES)
}

/// Returns the first column and the rest of each row.
fn rows(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    lines(file).filter_map(|line| line.split_once('\t'))
}

/// Returns the lines of a table without comments, which begin with `#`.
fn lines(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().filter(|line| !line.starts_with('#'))
}
