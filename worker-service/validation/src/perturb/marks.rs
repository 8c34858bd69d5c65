//! Marks on letters, added and dropped.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::{random::Random, words::Parts};

/// Letters with the marks that they get.
const MARKS: [(char, &[char]); 9] = [
    ('a', &['á', 'ä', 'ā', 'ã']),
    ('c', &['ç', 'č']),
    ('e', &['é', 'ë', 'ē']),
    ('i', &['í', 'ï', 'ī']),
    ('n', &['ñ', 'ń']),
    ('o', &['ó', 'ö', 'ō']),
    ('s', &['š', 'ş']),
    ('u', &['ú', 'ü', 'ū']),
    ('z', &['ž', 'ż']),
];
/// Maximum number of marks that a name gets.
const MARKS_MAX: usize = 3;

/// Adds one to three marks to the letters of the name without its legal form.
pub(crate) fn add_marks(name: &str, random: &mut Random) -> Option<String> {
    let parts = Parts::of(name);
    let mut letters: Vec<char> = parts.core.chars().collect();
    let mut positions: Vec<usize> =
        (0..letters.len()).filter(|at| marks_of(letters[*at]).is_some()).collect();
    random.shuffle(&mut positions);
    positions.truncate(random.below(MARKS_MAX) + 1);
    if positions.is_empty() {
        return None;
    }
    for at in positions {
        let marked = *random.choose(marks_of(letters[at])?)?;
        letters[at] =
            if letters[at].is_uppercase() { marked.to_uppercase().next().unwrap_or(marked) } else { marked };
    }
    Some(parts.with(&letters.into_iter().collect::<String>()))
}

/// Drops all marks of a name in Latin letters.
pub(crate) fn drop_marks(name: &str, _: &mut Random) -> Option<String> {
    // Marks of other scripts are vowels or other sounds and not left out by anybody.
    if !name.chars().filter(|c| c.is_alphabetic()).all(|c| u32::from(c) < 0x250) {
        return None;
    }
    let plain: String = name.nfd().filter(|c| !is_combining_mark(*c)).collect();
    (plain != name.nfd().collect::<String>()).then_some(plain)
}

fn marks_of(letter: char) -> Option<&'static [char]> {
    let letter = letter.to_ascii_lowercase();
    MARKS.iter().find(|(plain, _)| *plain == letter).map(|(_, marks)| *marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_added_before_the_legal_form_and_change_no_letter() {
        for seed in 0..50 {
            let changed = add_marks("QUILLMARSH ORE S.A.", &mut Random::new(seed, "marks")).unwrap();
            assert_ne!(changed, "QUILLMARSH ORE S.A.");
            assert!(changed.ends_with(" S.A."), "{changed}");
            assert_eq!(crate::words::folded(&changed), "quillmarsh ore s a");
        }
        assert_eq!(add_marks("BBB", &mut Random::new(1, "marks")), None);
    }

    #[test]
    fn marks_are_dropped() {
        let random = &mut Random::new(1, "marks");
        assert_eq!(drop_marks("Ströndal Verk", random).as_deref(), Some("Strondal Verk"));
        assert_eq!(drop_marks("Strondal Verk", random), None);
        assert_eq!(drop_marks("Йота", random), None, "a letter of its own");
    }
}
