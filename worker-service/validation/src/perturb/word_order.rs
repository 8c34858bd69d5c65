//! Words in another order.

use crate::{random::Random, words::Parts};

/// Puts the words of the name without its legal form into another order.
pub(crate) fn reorder(name: &str, random: &mut Random) -> Option<String> {
    let parts = Parts::of(name);
    let mut order: Vec<&str> = parts.core.split_whitespace().map(|word| word.trim_matches(',')).collect();
    let before = order.clone();
    if before.iter().all(|word| *word == before[0]) {
        return None;
    }
    while order == before {
        random.shuffle(&mut order);
    }
    Some(parts.with(&order.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_the_same_and_the_legal_form_stays_last() {
        let random = &mut Random::new(1, "order");
        assert_eq!(reorder("Quillmarsh Ore LLC", random).as_deref(), Some("Ore Quillmarsh LLC"));
        let changed = reorder("Tessaly Ore Terminals", random).unwrap();
        let mut sorted: Vec<&str> = changed.split(' ').collect();
        sorted.sort_unstable();
        assert_eq!(sorted, ["Ore", "Terminals", "Tessaly"]);
        assert_ne!(changed, "Tessaly Ore Terminals");
    }

    #[test]
    fn one_word_has_no_other_order() {
        let random = &mut Random::new(1, "order");
        assert_eq!(reorder("Quillmarsh LLC", random), None);
        assert_eq!(reorder("Quill Quill", random), None);
        assert_eq!(reorder("", random), None);
    }
}
