//! Builds a screener.

use std::sync::Mutex;

use super::{Screener, numbers::NumbersBuilder};
use crate::{entity::ListedEntity, index::IndexBuilder, store::Entities};

/// Builds a [`Screener`], entity by entity, so that the entities of a list need not be in memory together.
#[derive(Debug)]
pub struct ScreenerBuilder {
    entities: Entities,
    index: IndexBuilder,
    numbers: NumbersBuilder,
    names: usize,
}

impl Default for ScreenerBuilder {
    fn default() -> Self {
        Self {
            entities: Entities::default(),
            index: IndexBuilder::new(),
            numbers: NumbersBuilder::default(),
            names: 0,
        }
    }
}

impl ScreenerBuilder {
    /// Adds an entity.
    pub fn add(&mut self, entity: &ListedEntity) {
        let position = self.entities.push(entity);
        self.index.add(entity.names());
        self.numbers.add(position, entity);
        self.names += entity.names().count();
    }

    /// Returns the number of entities that were added.
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// Returns whether no entity was added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of names of all entities that were added.
    pub fn names(&self) -> usize {
        self.names
    }

    /// Returns the screener of all entities that were added.
    pub fn finish(mut self) -> Screener {
        self.entities.shrink();
        Screener {
            entities: self.entities,
            numbers: self.numbers.finish(),
            index: self.index.finish(),
            workspaces: Mutex::default(),
        }
    }
}
