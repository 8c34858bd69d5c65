//! Draws the queries of a kind.

use screening::{EntityKind, ListedEntity};

use crate::{
    engine::Query,
    kinds::{self, Kind, Make},
    perturb::given_name_first,
    random::Random,
    words::ListWords,
};

/// Maximum number of attempts for each clean name that is put together: some are listed by chance.
const ATTEMPTS: usize = 20;

/// A query with the entry that it means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Case<'a> {
    pub(crate) query: Query,
    /// The entry, or `None` if nobody on the list is meant.
    pub(crate) expected: Option<&'a ListedEntity>,
}

/// Returns the queries of a kind, each from another entry: as many as a run with this sample asks for, or fewer if the
/// kind applies to fewer entries.
pub(crate) fn draw<'a>(
    kind: &Kind,
    entities: &'a [ListedEntity],
    words: &ListWords,
    seed: u64,
    sample: usize,
) -> Vec<Case<'a>> {
    let mut random = Random::new(seed, kind.id);
    let wanted = kind.wanted(sample);
    if let Make::Composed(make) = kind.make {
        let made = (0..wanted * ATTEMPTS).filter_map(|_| make(words, &mut random));
        return made.take(wanted).map(|query| Case { query, expected: None }).collect();
    }
    let mut order: Vec<&ListedEntity> =
        entities.iter().filter(|entity| kind.applies_in(&entity.countries)).collect();
    random.shuffle(&mut order);
    order.into_iter().filter_map(|entity| case(kind, entity, words, &mut random)).take(wanted).collect()
}

/// Returns the query that a kind makes from an entry, or `None` if it does not apply.
fn case<'a>(
    kind: &Kind,
    entity: &'a ListedEntity,
    words: &ListWords,
    random: &mut Random,
) -> Option<Case<'a>> {
    match kind.make {
        Make::Composed(_) => None,
        Make::Entry(make) => make(entity, random).map(|query| Case { query, expected: Some(entity) }),
        Make::Sibling(make) => make(entity, words, random).map(|query| Case { query, expected: None }),
        Make::Name(perturb) => {
            let name = match entity.kind {
                EntityKind::Organization => entity.name.clone(),
                EntityKind::Person => given_name_first(&entity.name),
            };
            let changed = perturb(&name, random).filter(|changed| *changed != name)?;
            Some(Case { query: kinds::query(entity, changed), expected: Some(entity) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Vec<ListedEntity> {
        let names =
            ["Quillmarsh Ore Ltd", "Tessaly Terminals LLC", "Vantrosk Trading JSC", "Orlinsk Ugol OOO"];
        names
            .into_iter()
            .map(|name| ListedEntity {
                id: name.to_lowercase(),
                name: name.into(),
                ..ListedEntity::default()
            })
            .collect()
    }

    #[test]
    fn seed_and_kind_determine_the_queries() {
        let (entities, kinds) = (list(), kinds::of(EntityKind::Organization));
        let words = ListWords::new(&entities);
        let kind = kinds.iter().find(|kind| kind.id == "typing-1").unwrap();
        let drawn = draw(kind, &entities, &words, 1, 3);
        assert_eq!(drawn.len(), 3);
        assert_eq!(drawn, draw(kind, &entities, &words, 1, 3));
        assert_ne!(drawn, draw(kind, &entities, &words, 2, 3));
        for case in &drawn {
            assert_ne!(case.query.name, case.expected.unwrap().name);
        }
    }

    #[test]
    fn a_kind_that_applies_to_few_entries_has_few_queries() {
        let entities = list();
        let words = ListWords::new(&entities);
        for kind in kinds::of(EntityKind::Organization) {
            let drawn = draw(kind, &entities, &words, 1, 100);
            let most = if kind.is_ordinary() { 500 } else { 4 };
            assert!(drawn.len() <= most, "{}", kind.id);
            assert_eq!(drawn.iter().all(|case| case.expected.is_none()), kind.is_clean() || drawn.is_empty());
        }
    }
}
