//! Finds terms in a headline: runs of words, or runs of characters in languages whose words are not reliably
//! separated by spaces.

use aho_corasick::AhoCorasick;
use unicode_normalization::UnicodeNormalization;

/// The replacement for words that a benign phrase hides.
const HIDDEN: &str = "\u{25a1}";

/// The adverse terms, negations or benign phrases of one language.
#[derive(Debug)]
pub(super) enum TermSet {
    /// Runs of words.
    Words(Vec<Vec<Word>>),
    /// Runs of characters, and the automaton that finds them all in one pass.
    Characters { runs: Vec<String>, automaton: AhoCorasick },
}

/// A word of a term.
#[derive(Debug)]
pub(super) struct Word {
    text: String,
    /// Whether the text is the beginning of a word (`brib*`).
    is_prefix: bool,
}

impl Word {
    fn new(text: &str) -> Self {
        Self { text: text.trim_end_matches('*').to_owned(), is_prefix: text.ends_with('*') }
    }

    fn matches(&self, form: &str) -> bool {
        if self.is_prefix { form.starts_with(&self.text) } else { form == self.text }
    }
}

impl TermSet {
    /// Prepares `terms` of `language`.
    pub(super) fn new(terms: &[String], language: &str) -> Self {
        let terms = terms.iter().map(|term| folded(term));
        if is_unspaced(language) {
            let runs: Vec<String> = terms.map(|term| term.replace(['*', ' '], "")).collect();
            #[expect(clippy::expect_used, reason = "the terms are part of the binary, and a test reads them")]
            let automaton = AhoCorasick::new(&runs).expect("the terms are few and short");
            return Self::Characters { runs, automaton };
        }
        let words = |term: String| -> Vec<Word> {
            let words = term.split(|c: char| !is_word(c) && c != '*').filter(|word| !word.is_empty());
            words.map(Word::new).collect()
        };
        Self::Words(terms.map(words).collect())
    }

    /// Returns the indices of the terms that are in `text`, in ascending order.
    pub(super) fn matches(&self, text: &Text) -> Vec<usize> {
        match self {
            Self::Words(terms) => {
                let matches = terms.iter().enumerate().filter(|(_, term)| text.position(term, 0).is_some());
                matches.map(|(index, _)| index).collect()
            }
            Self::Characters { automaton, .. } => {
                let matches = automaton.find_overlapping_iter(&text.characters);
                let mut indices: Vec<usize> = matches.map(|found| found.pattern().as_usize()).collect();
                indices.sort_unstable();
                indices.dedup();
                indices
            }
        }
    }

    /// Replaces the terms in `text` with [`HIDDEN`], in the order of the terms.
    pub(super) fn mask(&self, text: &mut Text) {
        match self {
            Self::Words(terms) => terms.iter().for_each(|term| text.mask(term)),
            Self::Characters { runs, .. } => {
                for run in runs {
                    text.characters = text.characters.replace(run.as_str(), HIDDEN);
                }
            }
        }
    }
}

/// A headline, prepared for one language.
#[derive(Debug)]
pub(super) struct Text {
    /// The text without spaces if the language [`is_unspaced`], otherwise empty.
    characters: String,
    /// The words, each with its [`forms`].
    words: Vec<Vec<String>>,
}

impl Text {
    /// Prepares `text`.
    pub(super) fn new(text: &str, language: &str) -> Self {
        let text = folded(text);
        let characters = if is_unspaced(language) {
            text.chars().filter(|c| !c.is_whitespace()).collect()
        } else {
            String::new()
        };
        let words = text.split(|c: char| !is_word(c)).filter(|word| !word.is_empty());
        Self { characters, words: words.map(|word| forms(word, language)).collect() }
    }

    /// Returns the index of the word at which `term` first occurs, starting from the word `from`.
    fn position(&self, term: &[Word], from: usize) -> Option<usize> {
        if term.is_empty() {
            return None;
        }
        let found = self.words.get(from..)?.windows(term.len()).position(|run| {
            run.iter().zip(term).all(|(forms, word)| forms.iter().any(|form| word.matches(form)))
        });
        found.map(|at| from + at)
    }

    fn mask(&mut self, term: &[Word]) {
        let mut from = 0;
        while let Some(at) = self.position(term, from) {
            self.words[at..at + term.len()].fill(vec![HIDDEN.to_owned()]);
            from = at + term.len();
        }
    }
}

/// Returns whether words are not reliably separated by spaces in `language`.
fn is_unspaced(language: &str) -> bool {
    matches!(language, "ja" | "zh-Hans" | "zh-Hant" | "ko")
}

/// Folds compatibility forms, case, curly apostrophes, and the marks and letter variants that are optional in
/// Arabic and Russian.
fn folded(text: &str) -> String {
    let folded = text.nfkc().flat_map(char::to_lowercase).filter_map(|c| match c {
        '\u{64b}'..='\u{652}' | '\u{640}' | '\u{670}' => None,
        'أ' | 'إ' | 'آ' | 'ٱ' => Some('ا'),
        'ة' => Some('ه'),
        'ى' => Some('ي'),
        'ё' => Some('е'),
        '’' | '‘' => Some('\''),
        _ => Some(c),
    });
    folded.collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '\''
}

/// Returns a word and, in Arabic, its forms without the particles and the article that are written together
/// with it.
fn forms(word: &str, language: &str) -> Vec<String> {
    let mut forms = vec![word.to_owned()];
    if language == "ar" {
        let mut rest = word;
        for particles in [&["و", "ف"][..], &["ب", "ل", "ك"], &["ال"]] {
            if let Some(shorter) = particles.iter().find_map(|particle| rest.strip_prefix(particle)) {
                rest = shorter;
                forms.push(rest.to_owned());
            }
        }
        if let Some(shorter) = word.strip_prefix("ال") {
            forms.push(shorter.to_owned());
        }
    }
    forms
}
