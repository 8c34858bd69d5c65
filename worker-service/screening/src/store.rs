//! The entities of a list in little memory: each is a record of bytes, and records follow each other in a few large
//! allocations.

mod record;

use rustc_hash::FxHashMap;

use self::record::{Record, Writer};
use crate::{
    birth_date::BirthDate,
    entity::{ListedEntity, NameKind},
};

/// Size of an allocation, in bytes. A longer record has one of its own.
const CHUNK: usize = 1 << 20;

/// The entities of a list.
#[derive(Debug, Default)]
pub(crate) struct Entities {
    chunks: Vec<Vec<u8>>,
    /// Where the record of each entity starts: the position of its chunk times [`CHUNK`], and the place there.
    starts: Vec<u32>,
    /// Countries and programmes, which many entities have in common.
    shared: SharedTexts,
    /// The dates of birth of the entities that have any: of persons, and so of few.
    birth_dates: FxHashMap<u32, Vec<BirthDate>>,
}

/// Texts that many entities have in common, by number.
#[derive(Debug, Default)]
struct SharedTexts {
    texts: Vec<Box<str>>,
    numbers: FxHashMap<Box<str>, u32>,
}

impl SharedTexts {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = position(self.texts.len());
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }

    fn get(&self, number: u32) -> &str {
        self.texts.get(number as usize).map(AsRef::as_ref).unwrap_or_default()
    }
}

impl Entities {
    /// Returns the number of entities.
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Adds an entity, and returns its position.
    pub(crate) fn push(&mut self, entity: &ListedEntity) -> u32 {
        let at = position(self.starts.len());
        let mut writer = Writer::default();
        writer.numbers(entity.countries.iter().map(|country| self.shared.number(country)));
        writer.number(position(entity.aliases.len()));
        writer.kind(entity.kind);
        writer.topics(&entity.topics);
        writer.numbers(entity.programs.iter().map(|program| self.shared.number(program)));
        writer.text(&entity.id);
        writer.text(&entity.name);
        for texts in [&entity.aliases, &entity.weak_aliases, &entity.ids] {
            writer.texts(texts);
        }
        if !entity.birth_dates.is_empty() {
            self.birth_dates.insert(at, entity.birth_dates.clone());
        }
        self.append(&writer.finish());
        at
    }

    /// Frees the memory that is reserved for further entities.
    pub(crate) fn shrink(&mut self) {
        self.starts.shrink_to_fit();
        if let Some(last) = self.chunks.last_mut() {
            last.shrink_to_fit();
        }
    }

    fn append(&mut self, record: &[u8]) {
        let has_space = |chunk: &Vec<u8>| chunk.len() + record.len() <= CHUNK;
        if !self.chunks.last().is_some_and(has_space) {
            self.chunks.push(Vec::with_capacity(CHUNK.max(record.len())));
        }
        let before = self.chunks.len() - 1;
        if let Some(chunk) = self.chunks.last_mut() {
            self.starts.push(position(before * CHUNK + chunk.len()));
            chunk.extend_from_slice(record);
        }
    }

    fn record(&self, at: u32) -> Record<'_> {
        let start = self.starts[at as usize] as usize;
        Record::new(&self.chunks[start / CHUNK][start % CHUNK..])
    }

    /// Returns the entity at a position.
    pub(crate) fn get(&self, at: u32) -> ListedEntity<&str> {
        let mut record = self.record(at);
        let shared = |number| self.shared.get(number);
        let countries = record.numbers().map(shared).collect();
        record.number();
        let kind = record.kind();
        let topics = record.topics();
        let programs = record.numbers().map(shared).collect();
        ListedEntity {
            kind,
            countries,
            topics,
            programs,
            id: record.text(),
            name: record.text(),
            aliases: record.texts().collect(),
            weak_aliases: record.texts().collect(),
            ids: record.texts().collect(),
            birth_dates: self.birth_dates.get(&at).cloned().unwrap_or_default(),
        }
    }

    /// Returns whether the entity at a position is in `country`, or `None` if either side has no country.
    pub(crate) fn is_in(&self, at: u32, country: Option<&str>) -> Option<bool> {
        let country = country?;
        let mut record = self.record(at);
        let mut countries = record.numbers().map(|number| self.shared.get(number)).peekable();
        countries.peek()?;
        Some(countries.any(|other| other == country))
    }

    /// Returns what the name at position `name` of those of the entity at `at` is.
    pub(crate) fn name_kind(&self, at: u32, name: u32) -> NameKind {
        let mut record = self.record(at);
        record.numbers().for_each(drop);
        NameKind::at(name as usize, record.number() as usize)
    }
}

/// Returns a position or count as a number of 32 bits.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{EntityKind, Topic};

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    fn owned(entity: &ListedEntity<&str>) -> ListedEntity {
        ListedEntity {
            id: entity.id.to_owned(),
            kind: entity.kind,
            name: entity.name.to_owned(),
            aliases: texts(&entity.aliases),
            weak_aliases: texts(&entity.weak_aliases),
            birth_dates: entity.birth_dates.clone(),
            countries: texts(&entity.countries),
            topics: entity.topics.clone(),
            programs: texts(&entity.programs),
            ids: texts(&entity.ids),
        }
    }

    #[test]
    fn entities_are_kept_whole() {
        let long = "Quillmarsh ".repeat(CHUNK / 4);
        let listed = [
            ListedEntity::default(),
            ListedEntity {
                id: "e1".to_owned(),
                kind: EntityKind::Person,
                name: "ООО «Кестрел» \u{0}\u{1f}".to_owned(),
                aliases: texts(&["Kestrel", ""]),
                weak_aliases: texts(&["KST"]),
                birth_dates: vec!["1969-01-23".parse().unwrap()],
                countries: texts(&["RU", "CY"]),
                topics: vec![Topic::Debarment, Topic::Sanction, Topic::Other],
                programs: texts(&["RUSSIA", "CYBER"]),
                ids: texts(&["reg:RU:1069900445566"]),
            },
            ListedEntity { name: long, countries: texts(&["CY"]), ..ListedEntity::default() },
            ListedEntity { id: "e3".to_owned(), ..ListedEntity::default() },
        ];
        let mut entities = Entities::default();
        for entity in &listed {
            entities.push(entity);
        }
        entities.shrink();
        assert_eq!(entities.len(), listed.len());
        for (at, entity) in (0..).zip(&listed) {
            assert_eq!(owned(&entities.get(at)), *entity);
        }
        assert_eq!(
            [Some("CY"), Some("GB"), None].map(|country| entities.is_in(1, country)),
            [Some(true), Some(false), None]
        );
        assert_eq!(entities.is_in(3, Some("GB")), None);
        assert_eq!(
            [0, 1, 2, 3].map(|name| entities.name_kind(1, name)),
            [NameKind::Main, NameKind::Alias, NameKind::Alias, NameKind::Weak]
        );
    }
}
