//! Splits a folded name into runs of letters of one script.

use super::script::{is_unspaced, script};

/// Returns the runs of letters and digits of one script, in order. Initials with full stops and no spaces
/// between them ("S.A.", "d.o.o.") form one run, and `&` becomes the run "and".
pub(super) fn runs(folded: &str) -> Vec<Vec<char>> {
    let characters: Vec<char> = folded.chars().collect();
    let mut runs = Vec::new();
    let mut initials = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        let c = characters[at];
        if !c.is_alphanumeric() {
            if c != '.' && !initials.is_empty() {
                runs.push(std::mem::take(&mut initials));
            }
            if c == '&' {
                runs.push("and".chars().collect());
            }
            at += 1;
            continue;
        }
        let end =
            characters[at..].iter().position(|c| !c.is_alphanumeric()).map_or(characters.len(), |n| at + n);
        let before_full_stop = characters.get(end) == Some(&'.');
        let is_single_letter = end == at + 1 && c.is_alphabetic() && !is_unspaced(c);
        if is_single_letter && (before_full_stop || !initials.is_empty()) {
            initials.push(c);
            at = end;
            continue;
        }
        if !initials.is_empty() {
            runs.push(std::mem::take(&mut initials));
        }
        let run = replace_look_alikes(&characters[at..end]);
        runs.extend(run.chunk_by(|a, b| script(*a) == script(*b)).map(<[char]>::to_vec));
        at = end;
    }
    if !initials.is_empty() {
        runs.push(initials);
    }
    runs
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
