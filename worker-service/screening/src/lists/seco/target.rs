//! A target of the Swiss list.

use std::collections::HashMap;

use crate::{
    birth_date::BirthDate,
    entity::{EntityKind, ListedEntity, Topic},
    lists::{
        country::{self, add_country},
        entities::named,
        identifiers::add_identifier,
        text::{add, tidy},
        xml::{Attributes, Path},
    },
};

/// Labels in remarks with the kind of identifier, in lower case.
const LABELS: [(&str, &str); 4] = [
    ("registration number", "reg"),
    ("tax registration number", "tax"),
    ("taxpayer identification number", "tax"),
    ("imo number", "imo"),
];

/// Maximum number of spellings of one name, which bounds the memory for hostile input.
const VARIANTS_MAX: usize = 32;

/// A target whose element is open.
pub(super) struct Target {
    entity: ListedEntity,
    kind: Option<EntityKind>,
    sets: Vec<String>,
    /// The type of the last modification and its date: the newest one says whether the target is listed.
    modification: (String, bool),
    is_main: bool,
    is_weak: bool,
    name_type: String,
    /// The parts of the open name, each with its variants.
    parts: Vec<Vec<String>>,
    /// The number and issuing country of the open document.
    document: [String; 2],
}

impl Target {
    /// Begins a target.
    pub(super) fn new(attributes: &Attributes<'_>) -> Self {
        let set = attributes.get("sanctions-set-id").to_owned();
        Self {
            entity: ListedEntity {
                id: format!("seco-{}", attributes.get("ssid")),
                ..ListedEntity::default()
            },
            kind: None,
            sets: Some(set).filter(|set| !set.is_empty()).into_iter().collect(),
            modification: Default::default(),
            is_main: false,
            is_weak: false,
            name_type: String::new(),
            parts: Vec::new(),
            document: Default::default(),
        }
    }

    /// Reads the start of an element.
    pub(super) fn start(
        &mut self,
        attributes: &Attributes<'_>,
        path: &Path,
        places: &HashMap<String, String>,
    ) {
        let get = |name: &str| attributes.get(name);
        match path.name() {
            "modification" if path.parent() == "target" => {
                // Dates are in the order year, month, day.
                let date = [get("effective-date"), get("publication-date")].concat();
                if date >= self.modification.0 {
                    self.modification = (date, get("modification-type") == "de-listed");
                }
            }
            // A modification holds what was added and removed, in the same elements.
            _ if path.contains("modification") => {}
            "entity" => self.kind = Some(EntityKind::Organization),
            "individual" => self.kind = Some(EntityKind::Person),
            "identity" => self.is_main = get("main") == "true",
            "name" => {
                self.parts.clear();
                get("name-type").clone_into(&mut self.name_type);
                self.is_weak = get("quality") == "low";
            }
            "name-part" => self.parts.push(Vec::new()),
            "day-month-year" => {
                let small = |name: &str| get(name).parse().ok();
                let year = get("year").parse().ok();
                let date = year.and_then(|year| BirthDate::new(year, small("month"), small("day")));
                let is_new = |date: &BirthDate| !self.entity.birth_dates.contains(date);
                let date = date.filter(is_new);
                self.entity.birth_dates.extend(date);
            }
            "address" => {
                let code = places.get(get("place-id"));
                code.into_iter().for_each(|code| add(&mut self.entity.countries, code));
            }
            "country" if path.parent() == "nationality" => {
                add_country(&mut self.entity.countries, get("iso-code"));
            }
            "identification-document" => self.document = Default::default(),
            "issuer" => get("code").clone_into(&mut self.document[1]),
            _ => {}
        }
    }

    /// Reads the text of an element.
    pub(super) fn end(&mut self, path: &Path, value: &str) {
        if path.contains("modification") {
            return;
        }
        match path.last_two() {
            ("target", "sanctions-set-id") => self.sets.push(value.to_owned()),
            ("name-part", "value" | "spelling-variant") => {
                if let Some(part) = self.parts.last_mut() {
                    add(part, value);
                }
            }
            ("identity", "name") => self.add_names(),
            ("identification-document", "number") => value.clone_into(&mut self.document[0]),
            ("identification-document", "issuer") if self.document[1].is_empty() => {
                value.clone_into(&mut self.document[1]);
            }
            (_, "identification-document") => {
                let [number, country] = std::mem::take(&mut self.document);
                add_identifier(&mut self.entity.ids, "national", &country, &number);
            }
            (_, "other-information") => self.add_numbers(value),
            _ => {}
        }
    }

    /// Adds the open name: its parts in order, and once more with each variant of each part.
    fn add_names(&mut self) {
        let first = |part: &Vec<String>| part.first().cloned().unwrap_or_default();
        let main = tidy(&self.parts.iter().map(first).collect::<Vec<_>>().join(" "));
        let mut names = vec![main];
        for (at, part) in self.parts.iter().enumerate() {
            for variant in part.iter().skip(1).take(VARIANTS_MAX.saturating_sub(names.len())) {
                let with_variant = self.parts.iter().enumerate();
                let with_variant =
                    with_variant.map(|(other, part)| if other == at { variant.clone() } else { first(part) });
                names.push(tidy(&with_variant.collect::<Vec<_>>().join(" ")));
            }
        }
        let entity = &mut self.entity;
        for name in names {
            let is_primary = self.is_main && self.name_type == "primary-name";
            if is_primary && !self.is_weak && entity.name.is_empty() {
                entity.name = name;
            } else {
                add(if self.is_weak { &mut entity.weak_aliases } else { &mut entity.aliases }, &name);
            }
        }
    }

    /// Adds the number in a remark such as "Registration number: 1027700132195".
    fn add_numbers(&mut self, text: &str) {
        let Some((label, number)) = text.split_once(':') else { return };
        let label = label.trim().to_lowercase();
        let kind = LABELS.iter().find(|(known, _)| label.ends_with(known)).map(|(_, kind)| *kind);
        let number = number.trim().trim_end_matches('.');
        if let Some(kind) = kind.filter(|_| !number.contains(char::is_whitespace)) {
            add_identifier(&mut self.entity.ids, kind, "", number);
        }
    }

    /// Returns the entity, or `None` if it is left out or not listed any more.
    pub(super) fn finish(self, programs: &HashMap<String, String>) -> Option<ListedEntity> {
        let Self { mut entity, kind, sets, modification, .. } = self;
        entity.kind = kind?;
        entity.topics = vec![Topic::Sanction];
        for set in sets {
            add(&mut entity.programs, programs.get(&set).unwrap_or(&set));
        }
        entity.countries.retain(|code| country::code(code).is_some());
        if modification.1 { None } else { named(entity) }
    }
}
