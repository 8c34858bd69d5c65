//! Finds persons by the number of a document.

use super::sound;
use crate::entity::ListedEntity;

/// Kinds of identifiers that are no documents of a person.
const OTHER_KINDS: [&str; 6] = ["imo", "swift", "duns", "lei", "ofac", "un"];
/// Shortest number, in letters and digits, that identifies a document.
const LENGTH_MIN: usize = 5;

/// The numbers of documents with the persons who have them.
#[derive(Debug)]
pub(super) struct Numbers {
    /// The hash of the number and the person, sorted.
    entries: Vec<(u32, u32)>,
}

impl Numbers {
    pub(super) fn new(entities: &[ListedEntity]) -> Self {
        let mut entries = Vec::new();
        for (person, entity) in entities.iter().enumerate() {
            for number in numbers(entity) {
                entries.push((hash(&number), u32::try_from(person).unwrap_or(u32::MAX)));
            }
        }
        entries.sort_unstable();
        entries.shrink_to_fit();
        Self { entries }
    }

    /// Returns the persons who have a document with this number.
    pub(super) fn find(&self, number: &str, entities: &[ListedEntity]) -> Vec<u32> {
        let number = normal(number);
        let sought = hash(&number);
        let start = self.entries.partition_point(|(hash, _)| *hash < sought);
        let alike = self.entries[start..].iter().take_while(|(hash, _)| *hash == sought);
        let mut persons: Vec<u32> = alike
            .map(|(_, person)| *person)
            .filter(|person| numbers(&entities[*person as usize]).any(|other| other == number))
            .collect();
        persons.dedup();
        persons
    }
}

fn numbers(entity: &ListedEntity) -> impl Iterator<Item = String> {
    let documents = entity.ids.iter().filter_map(|id| {
        let mut parts = id.splitn(3, ':');
        let (kind, _, number) = (parts.next()?, parts.next()?, parts.next()?);
        (!OTHER_KINDS.contains(&kind)).then(|| normal(number))
    });
    documents.filter(|number| number.len() >= LENGTH_MIN)
}

/// Returns the letters and digits of a number.
fn normal(number: &str) -> String {
    number.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

fn hash(number: &str) -> u32 {
    sound::hash(200, number.as_bytes())
}
