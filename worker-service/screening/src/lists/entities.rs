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
        let position = *self.by_id.entry(id.to_owned()).or_insert_with(|| {
            self.entities.push(ListedEntity { id: id.to_owned(), ..ListedEntity::default() });
            self.entities.len() - 1
        });
        &mut self.entities[position]
    }

    /// Returns the entity `id`, or `None` if it has no row.
    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut ListedEntity> {
        self.by_id.get(id).map(|position| &mut self.entities[*position])
    }

    /// Returns the entities that have a name. The first alias becomes the name of an entity without a main
    /// one.
    pub(super) fn finish(self) -> Vec<ListedEntity> {
        let mut entities = self.entities;
        for entity in &mut entities {
            if entity.name.is_empty() && !entity.aliases.is_empty() {
                entity.name = entity.aliases.remove(0);
            }
            let name = entity.name.clone();
            entity.aliases.retain(|alias| *alias != name);
        }
        entities.retain(|entity| !entity.name.is_empty());
        entities
    }
}
