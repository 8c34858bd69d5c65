//! Other romanisations of names from Arabic, Persian and Cyrillic script.

use super::in_case_of;
use crate::{random::Random, words};

/// Spellings of one sound in different romanisations. A spelling replaces the first of the pair.
const SPELLINGS: [(&str, &str); 34] = [
    ("kh", "h"),
    ("kh", "x"),
    ("gh", "g"),
    ("q", "gh"),
    ("q", "k"),
    ("dh", "d"),
    ("dh", "z"),
    ("th", "t"),
    ("sh", "ch"),
    ("ch", "tch"),
    ("zh", "j"),
    ("j", "dj"),
    ("ts", "tz"),
    ("ks", "x"),
    ("x", "ks"),
    ("ou", "u"),
    ("oo", "u"),
    ("u", "ou"),
    ("u", "o"),
    ("ee", "i"),
    ("i", "ee"),
    ("i", "e"),
    ("e", "i"),
    ("ei", "ey"),
    ("ai", "ay"),
    ("ay", "ai"),
    ("aa", "a"),
    ("iy", "i"),
    ("yy", "y"),
    ("ya", "ia"),
    ("yu", "iu"),
    ("y", "i"),
    ("v", "w"),
    ("mm", "m"),
];

/// Writes one or two distinctive words of a name in another romanisation, by one spelling each.
pub(crate) fn change_romanisation(name: &str, random: &mut Random) -> Option<String> {
    let mut changed: Vec<String> = name.split(' ').map(str::to_owned).collect();
    let mut distinctive: Vec<usize> = (0..changed.len())
        .filter(|at| changed[*at].is_ascii() && words::is_distinctive(&changed[*at]))
        .collect();
    random.shuffle(&mut distinctive);
    distinctive.truncate(1 + random.below(2));
    let mut any = false;
    for at in distinctive {
        if let Some(word) = respelt(&changed[at], random) {
            changed[at] = word;
            any = true;
        }
    }
    any.then(|| changed.join(" "))
}

fn respelt(word: &str, random: &mut Random) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    let applicable: Vec<(&str, &str)> =
        SPELLINGS.into_iter().filter(|(spelling, _)| lower.contains(spelling)).collect();
    let (spelling, other) = *random.choose(&applicable)?;
    let positions: Vec<usize> = lower.match_indices(spelling).map(|(position, _)| position).collect();
    let at = *random.choose(&positions)?;
    let (start, replaced) = word.split_at_checked(at)?;
    let (replaced, end) = replaced.split_at_checked(spelling.len())?;
    let mut other = in_case_of(other, word);
    if replaced.starts_with(char::is_uppercase) {
        other[..1].make_ascii_uppercase();
    }
    Some(format!("{start}{other}{end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinctive_words_are_respelt() {
        let mut variants = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let changed =
                change_romanisation("Khoshqal Trading Company", &mut Random::new(seed, "x")).unwrap();
            assert!(changed.ends_with(" Trading Company"), "{changed}");
            variants.insert(changed.split(' ').next().unwrap().to_owned());
        }
        let expected = ["Hoshqal", "Khochqal", "Khoshghal", "Khoshkal", "Xoshqal"];
        assert_eq!(variants.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn common_words_and_other_scripts_stay() {
        let random = &mut Random::new(1, "x");
        assert_eq!(change_romanisation("General Trading Company", random), None);
        assert_eq!(change_romanisation("Ромашка", random), None);
    }
}
