//! Splits a folded name into runs of letters of one script.

use super::{
    romanize::romanize,
    script::{Script, is_unspaced, script},
};

/// Letters and digits of one script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// A word in an alphabet with vowels, in Latin letters. It is empty if no letter has a Latin one.
    Spelled(String),
    /// A word in a script without short vowels.
    Abjad(Vec<char>),
    /// Words in a script without spaces.
    EastAsian(Vec<char>),
}

impl Run {
    fn of(letters: &[char]) -> Self {
        match script(letters[0]) {
            Script::Latin | Script::Cyrillic => Self::Spelled(romanize(letters.iter().copied())),
            Script::Abjad => Self::Abjad(letters.to_vec()),
            Script::EastAsian => Self::EastAsian(letters.to_vec()),
        }
    }
}

/// Returns the runs of letters and digits of one script, in order. Initials with full stops and no spaces
/// between them ("S.A.", "d.o.o.") form one run, and `&` becomes the run "and".
pub(super) fn runs(folded: &str) -> Vec<Run> {
    let mut runs = Vec::with_capacity(8);
    let mut initials = String::new();
    let mut rest = folded;
    while let Some(c) = rest.chars().next() {
        if !c.is_alphanumeric() {
            if c != '.' {
                push_initials(&mut initials, &mut runs);
            }
            if c == '&' {
                runs.push(Run::Spelled("and".to_owned()));
            }
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let (word, after) = rest.split_at(rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()));
        rest = after;
        let is_single_letter = word.len() == c.len_utf8() && c.is_alphabetic() && !is_unspaced(c);
        if is_single_letter && (rest.starts_with('.') || !initials.is_empty()) {
            initials.push(c);
            continue;
        }
        push_initials(&mut initials, &mut runs);
        if word.is_ascii() {
            runs.push(Run::Spelled(word.to_owned()));
        } else {
            let letters = replace_look_alikes(&word.chars().collect::<Vec<char>>());
            runs.extend(letters.chunk_by(|a, b| script(*a) == script(*b)).map(Run::of));
        }
    }
    push_initials(&mut initials, &mut runs);
    runs
}

/// Adds the run that `initials` form, if there are any, and empties them. The script of the first one counts.
fn push_initials(initials: &mut String, runs: &mut Vec<Run>) {
    if !initials.is_empty() {
        let letters: Vec<char> = std::mem::take(initials).chars().collect();
        runs.push(Run::of(&letters));
    }
}

/// Cyrillic and Greek letters with the Latin letter that they look like.
const LOOK_ALIKES: [(char, char); 24] = [
    ('а', 'a'),
    ('в', 'b'),
    ('с', 'c'),
    ('е', 'e'),
    ('һ', 'h'),
    ('н', 'h'),
    ('і', 'i'),
    ('ј', 'j'),
    ('к', 'k'),
    ('м', 'm'),
    ('о', 'o'),
    ('р', 'p'),
    ('ѕ', 's'),
    ('т', 't'),
    ('у', 'y'),
    ('х', 'x'),
    ('α', 'a'),
    ('ε', 'e'),
    ('ι', 'i'),
    ('κ', 'k'),
    ('ο', 'o'),
    ('ρ', 'p'),
    ('τ', 't'),
    ('ν', 'v'),
];

/// Returns `run` in Latin letters if it mixes Latin letters with letters that look like them, and unchanged
/// otherwise. Only somebody who wants to evade screening writes one word in two alphabets.
pub(crate) fn replace_look_alikes(run: &[char]) -> Vec<char> {
    let has_latin = run.iter().any(char::is_ascii_alphabetic);
    let replace = |c: &char| LOOK_ALIKES.iter().find(|(other, _)| other == c).map_or(*c, |(_, latin)| *latin);
    let replaced: Vec<char> = run.iter().map(replace).collect();
    let all_latin = replaced.iter().all(char::is_ascii_alphanumeric);
    if has_latin && all_latin { replaced } else { run.to_vec() }
}
