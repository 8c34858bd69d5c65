//! Names of persons: their order, initials, middle names and particles.

use super::in_case_of;
use crate::random::Random;

/// Particles that stand alone, with other spellings of them.
const PARTICLES: [(&str, &[&str]); 14] = [
    ("abu", &["abou"]),
    ("al", &["el"]),
    ("ben", &["bin", "ibn"]),
    ("bin", &["ibn", "ben"]),
    ("bint", &[]),
    ("da", &[]),
    ("de", &[]),
    ("del", &[]),
    ("der", &[]),
    ("el", &["al"]),
    ("ibn", &["bin", "ben"]),
    ("la", &[]),
    ("van", &[]),
    ("von", &[]),
];
/// Articles that are joined to a name with a hyphen.
const ARTICLES: [&str; 9] = ["al-", "el-", "ad-", "an-", "ar-", "as-", "ash-", "at-", "az-"];

/// Returns a name that is listed as "FAMILY, Given" with the given name first. Other names stay as they are.
pub(crate) fn given_name_first(name: &str) -> String {
    match name.split_once(',') {
        Some((family, given)) if !family.trim().is_empty() && !given.trim().is_empty() => {
            format!("{} {}", given.trim(), family.trim())
        }
        _ => name.trim().to_owned(),
    }
}

/// Puts the last word first, with a comma, as registers and lists do.
pub(crate) fn swap_person_order(name: &str, _: &mut Random) -> Option<String> {
    let (given, family) = name.rsplit_once(' ')?;
    Some(format!("{family}, {given}"))
}

/// Shortens all given names, or the first, to their initials.
pub(crate) fn initials(name: &str, random: &mut Random) -> Option<String> {
    let words: Vec<&str> = name.split_whitespace().collect();
    let (family, given) = words.split_last()?;
    let count = if random.one_in(2) { given.len() } else { 1 };
    let mut any = false;
    let shortened = given.iter().enumerate().map(|(at, word)| match word.chars().next() {
        Some(first) if at < count && first.is_alphabetic() && word.chars().count() > 2 => {
            any = true;
            format!("{first}.")
        }
        _ => (*word).to_owned(),
    });
    let shortened = shortened.collect::<Vec<_>>().join(" ");
    any.then(|| format!("{shortened} {family}"))
}

/// Drops one name between the first and the last.
pub(crate) fn drop_middle_name(name: &str, random: &mut Random) -> Option<String> {
    let mut words: Vec<&str> = name.split_whitespace().collect();
    let middle: Vec<usize> =
        (1..words.len().saturating_sub(1)).filter(|at| particle(words[*at]).is_none()).collect();
    words.remove(*random.choose(&middle)?);
    Some(words.join(" "))
}

/// Drops a particle ("al-", "bin", "de"), joins it to the next word, or writes it differently.
pub(crate) fn change_particle(name: &str, random: &mut Random) -> Option<String> {
    let mut words: Vec<String> = name.split_whitespace().map(str::to_owned).collect();
    let positions: Vec<usize> = (0..words.len())
        .filter(|at| {
            article(&words[*at]).is_some() || (*at + 1 < words.len() && particle(&words[*at]).is_some())
        })
        .collect();
    let at = *random.choose(&positions)?;
    let word = words[at].clone();
    if let Some(article) = article(&word) {
        let rest = &word[article.len()..];
        words[at] = match random.below(3) {
            0 => rest.to_owned(),
            1 => word.replacen('-', "", 1),
            _ => word.replacen('-', " ", 1),
        };
        return Some(words.join(" "));
    }
    let others = particle(&word)?;
    match random.below(3) {
        0 if !others.is_empty() => words[at] = in_case_of(random.choose(others)?, &word),
        1 => {
            let next = words.remove(at + 1);
            words[at].push_str(&next);
        }
        _ => {
            words.remove(at);
        }
    }
    Some(words.join(" "))
}

fn particle(word: &str) -> Option<&'static [&'static str]> {
    PARTICLES.iter().find(|(particle, _)| word.eq_ignore_ascii_case(particle)).map(|(_, others)| *others)
}

/// Returns the article that a word begins with.
fn article(word: &str) -> Option<&'static str> {
    let lower = word.to_ascii_lowercase();
    ARTICLES.into_iter().find(|article| lower.starts_with(article) && lower.len() > article.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variants(name: &str, change: super::super::Perturbation) -> Vec<String> {
        let all = (0..200).filter_map(|seed| change(name, &mut Random::new(seed, "x")));
        all.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }

    #[test]
    fn the_given_name_goes_first_and_back() {
        assert_eq!(given_name_first("VANTROSK, Orrin Tessal"), "Orrin Tessal VANTROSK");
        assert_eq!(given_name_first("Orrin Vantrosk"), "Orrin Vantrosk");
        assert_eq!(variants("Orrin Tessal VANTROSK", swap_person_order), ["VANTROSK, Orrin Tessal"]);
        assert!(variants("Orrin", swap_person_order).is_empty());
    }

    #[test]
    fn given_names_become_initials() {
        let expected = ["O. T. Vantrosk", "O. Tessal Vantrosk"];
        assert_eq!(variants("Orrin Tessal Vantrosk", initials), expected);
        assert!(variants("Vantrosk", initials).is_empty());
    }

    #[test]
    fn a_middle_name_is_dropped_but_no_particle() {
        let expected = ["Orrin Kelbrith Vantrosk", "Orrin Tessal Vantrosk"];
        assert_eq!(variants("Orrin Tessal Kelbrith Vantrosk", drop_middle_name), expected);
        assert!(variants("Orrin van Vantrosk", drop_middle_name).is_empty());
    }

    #[test]
    fn particles_are_dropped_joined_or_written_differently() {
        let expected = ["ORRIN ALTESSALI", "ORRIN AL TESSALI", "ORRIN TESSALI"];
        let mut found = variants("ORRIN AL-TESSALI", change_particle);
        found.sort_by_key(|name| expected.iter().position(|other| other == name));
        assert_eq!(found, expected);
        let found = variants("Orrin bin Tessal", change_particle);
        assert_eq!(found, ["Orrin Tessal", "Orrin ben Tessal", "Orrin binTessal", "Orrin ibn Tessal"]);
        assert!(variants("Orrin Vantrosk", change_particle).is_empty());
    }
}
