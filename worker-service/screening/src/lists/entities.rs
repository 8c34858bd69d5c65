//! Collects the entities of a list whose rows each hold a part of one.

use std::collections::HashMap;

use crate::entity::ListedEntity;

/// Entities by their id, in the order of their first row.
#[derive(Debug, Default)]
pub(super) struct Entities {
    pub(super) entities: Vec<ListedEntity>,
    /// Positions in `entities`.
    by_id: HashMap<String, usize>,
}

impl Entities {
    /// Returns the entity `id`, and adds it if it is new.
    pub(super) fn entry(&mut self, id: &str) -> &mut ListedEntity {
        let position = match self.by_id.get(id) {
            Some(position) => *position,
            None => {
                self.by_id.insert(id.to_owned(), self.entities.len());
                self.entities.push(ListedEntity { id: id.to_owned(), ..ListedEntity::default() });
                self.entities.len() - 1
            }
        };
        &mut self.entities[position]
    }

    /// Returns the entity `id`, or `None` if it has no row.
    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut ListedEntity> {
        self.by_id.get(id).map(|position| &mut self.entities[*position])
    }

    /// Returns the entities that have a name.
    pub(super) fn finish(self) -> Vec<ListedEntity> {
        self.entities.into_iter().filter_map(named).collect()
    }
}

/// Returns `entity` if it has a name. The first of its other names becomes its main name if it has none.
pub(super) fn named(mut entity: ListedEntity) -> Option<ListedEntity> {
    if entity.name.is_empty() {
        let names = if entity.aliases.is_empty() { &mut entity.weak_aliases } else { &mut entity.aliases };
        entity.name = if names.is_empty() { return None } else { names.remove(0) };
    }
    let ListedEntity { name, aliases, weak_aliases, .. } = &mut entity;
    aliases.retain(|alias| alias != name);
    weak_aliases.retain(|alias| alias != name && !aliases.contains(alias));
    Some(entity)
}
