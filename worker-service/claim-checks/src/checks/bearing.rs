//! Quotes that say nothing about what the claim states.

use crate::{
    case::{Case, Item, Key},
    flaw::Flaw,
    lexicon::Group,
};

/// Share of the content of a claim that its quotes must have, if both are in one language. A claim that says what an entry
/// of a list means shares little more than the entry's subject.
const SHARE_MIN: f64 = 0.16;

/// The same in a script in which each pair of neighbouring characters counts as a word.
const DENSE_SHARE_MIN: f64 = 0.1;

/// Returns a flaw if the quotes do not bear on the claim.
pub(super) fn flaws(case: &Case<'_>) -> Vec<Flaw> {
    let statement = &case.statement;
    let all = 0..statement.folded.len();
    let items = distinct(&case.items(statement, &all));
    // The title says what a piece is about.
    let titles = case.sentences().filter(|(piece, sentence)| piece.text.is_title(sentence));
    let quoted: Vec<Item> = case
        .quoted()
        .chain(titles.filter(|_| case.is_of_one_language()))
        .flat_map(|(piece, sentence)| case.items(&piece.text, sentence).to_vec())
        .collect();
    let shares = |item: &&Item| quoted.iter().any(|other| other.key.is_like(&item.key));
    let figures = statement.figures.iter().filter(|figure| {
        case.quoted()
            .any(|(piece, sentence)| piece.text.figures_in(sentence).any(|proof| figure.has_value_of(proof)))
    });
    let dates = statement.dates.iter().filter(|date| {
        case.quoted().any(|(piece, sentence)| {
            piece.text.dates_in(sentence).any(|proof| {
                date.readings.iter().any(|date| proof.readings.iter().any(|proof| date.may_be(*proof)))
            })
        })
    });
    let shared_figures = figures.count() + dates.count();
    let shared = items.iter().filter(shares).count();
    if case.is_of_one_language() {
        let total = items.len().max(1);
        #[expect(clippy::cast_precision_loss, reason = "a claim has far fewer words than 2^52")]
        let share = (shared + shared_figures) as f64 / total as f64;
        let least = if statement.language.is_dense() { DENSE_SHARE_MIN } else { SHARE_MIN };
        let irrelevant = shared + shared_figures == 0 || share < least;
        return if irrelevant { vec![Flaw::Irrelevant] } else { Vec::new() };
    }
    // Across languages only concepts are shared: where the claim and its quotes have some, but none in common, the
    // quotes are about something else.
    let is_concept =
        |item: &&Item| matches!(item.key, Key::Concept(concept) if concept.group() != Group::Place);
    let (claimed, known) =
        (items.iter().filter(is_concept).count(), quoted.iter().filter(is_concept).count());
    let shared_concepts = items.iter().filter(is_concept).filter(shares).count();
    let irrelevant =
        case.is_covered() && claimed > 1 && known > 1 && shared_concepts == 0 && shared_figures == 0
            || quoted.is_empty() && claimed > 0;
    if irrelevant { vec![Flaw::Irrelevant] } else { Vec::new() }
}

fn distinct(items: &[Item]) -> Vec<Item> {
    let mut kept: Vec<Item> = Vec::new();
    for item in items {
        if !kept.iter().any(|other| other.key == item.key) {
            kept.push(item.clone());
        }
    }
    kept
}
