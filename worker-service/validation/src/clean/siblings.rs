//! Companies whose names nearly match a listed one and that are others nevertheless.

use screening::ListedEntity;

use super::companies::coined;
use crate::{engine::Query, random::Random, words::ListWords};

/// Replaces the only distinctive word of a listed name with an invented one.
pub(crate) fn other_name(entity: &ListedEntity, list: &ListWords, random: &mut Random) -> Option<Query> {
    let mut parts: Vec<&str> = entity.name.split(' ').collect();
    let distinctive: Vec<usize> = (0..parts.len()).filter(|at| tells_apart(parts[*at])).collect();
    let [at] = distinctive[..] else { return None };
    if parts.iter().filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 2).count() < 2 {
        return None;
    }
    let mut word = coined(list, random)?;
    if !parts[at].chars().any(char::is_lowercase) {
        word = word.to_uppercase();
    }
    parts[at] = &word;
    sibling(entity, parts.join(" "), list)
}

/// Replaces the number in a listed name ("Plant 12") with another one.
pub(crate) fn other_number(entity: &ListedEntity, list: &ListWords, random: &mut Random) -> Option<Query> {
    let mut parts: Vec<String> = entity.name.split(' ').map(str::to_owned).collect();
    let is_number = |word: &str| word.len() <= 4 && word.parse::<u32>().is_ok_and(|number| number > 0);
    let numbers: Vec<usize> = (0..parts.len()).filter(|at| is_number(&parts[*at])).collect();
    let [at] = numbers[..] else { return None };
    let number: u32 = parts[at].parse().ok()?;
    let other = u32::try_from(random.below(98)).ok()? + 2;
    if other == number {
        return None;
    }
    // If the name is listed without a number as well, an alert is right.
    let without = parts.iter().enumerate().filter(|(position, _)| *position != at);
    if list.has_name(&without.map(|(_, word)| word.as_str()).collect::<Vec<_>>().join(" ")) {
        return None;
    }
    parts[at] = other.to_string();
    sibling(entity, parts.join(" "), list)
}

/// Returns whether a word may tell the company from others: neither common in names of companies nor a place.
fn tells_apart(word: &str) -> bool {
    screening::names::has_distinctive_word(word)
}

/// Returns the query for the sibling, in the country of the listed company. Returns `None` if an entry has the name.
fn sibling(entity: &ListedEntity, name: String, list: &ListWords) -> Option<Query> {
    let country = entity.countries.first().cloned();
    (!list.has_name(&name)).then_some(Query { name, country, birth_date: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(name: &str) -> ListedEntity {
        ListedEntity { name: name.into(), countries: vec!["PA".into()], ..ListedEntity::default() }
    }

    fn changed(
        name: &str,
        make: fn(&ListedEntity, &ListWords, &mut Random) -> Option<Query>,
    ) -> Option<String> {
        let entity = entity(name);
        let list = ListWords::new(std::slice::from_ref(&entity));
        make(&entity, &list, &mut Random::new(5, "x")).map(|query| query.name)
    }

    #[test]
    fn the_distinctive_word_is_replaced() {
        let name = changed("QUILLMARSH TRADING COMPANY", other_name).unwrap();
        assert!(name.ends_with(" TRADING COMPANY") && !name.contains("QUILLMARSH"), "{name}");
        assert_eq!(changed("Quillmarsh", other_name), None, "nothing is left of the listed name");
        assert_eq!(changed("Quillmarsh Tessaly Trading", other_name), None, "one of two would stay");
        assert_eq!(changed("General Trading Company", other_name), None);
    }

    #[test]
    fn the_number_is_replaced() {
        let name = changed("Quillmarsh Plant 12", other_number).unwrap();
        let number: u32 = name.strip_prefix("Quillmarsh Plant ").unwrap().parse().unwrap();
        assert_ne!(number, 12);
        assert_eq!(changed("Quillmarsh Plant", other_number), None);
    }

    #[test]
    fn a_sibling_that_is_listed_is_no_clean_name() {
        let entity = entity("Quillmarsh Plant 12");
        let mut all: Vec<ListedEntity> = (1..=100)
            .map(|number| ListedEntity {
                name: format!("Quillmarsh Plant {number}"),
                ..ListedEntity::default()
            })
            .collect();
        all.push(entity.clone());
        let list = ListWords::new(&all);
        let plain = ListWords::new(&[
            entity.clone(),
            ListedEntity { name: "Quillmarsh Plant".into(), ..entity.clone() },
        ]);
        assert_eq!(other_number(&entity, &plain, &mut Random::new(5, "x")), None);
        assert!((0..100).all(|seed| other_number(&entity, &list, &mut Random::new(seed, "x")).is_none()));
    }
}
