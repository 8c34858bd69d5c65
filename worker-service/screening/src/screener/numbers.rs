//! Registration numbers of listed entities, by which a company is found under any name.

use crate::{
    entity::ListedEntity,
    index::{HashMultimap, hash},
    lists,
    store::Entities,
};

/// Minimum length, in letters and digits, of a registration number that is compared: shorter ones agree by
/// chance.
const NUMBER_LENGTH_MIN: usize = 6;
/// Length, in letters and digits, of a Legal Entity Identifier (ISO 17442).
const LEI_LENGTH: usize = 20;
/// Kinds of identifiers that are no registration numbers: of ships, banks, accounts and persons, and of entries of
/// other lists. Every other kind is compared, also one that is not known: a list of one's own names its kinds as it
/// likes.
const OTHER_KINDS: [&str; 16] = [
    "imo", "swift", "bic", "bik", "duns", "iban", "isin", "passport", "birth", "driver", "phone", "email",
    "website", "mmsi", "ofac", "un",
];

/// The registration numbers of a list.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// The entities by the hash of each of their normalised numbers.
    by_number: HashMultimap,
}

/// Collects the registration numbers of a list.
#[derive(Debug, Default)]
pub(super) struct NumbersBuilder {
    entries: Vec<(u32, u32)>,
}

impl NumbersBuilder {
    /// Adds the numbers of the entity at a position.
    pub(super) fn add(&mut self, position: u32, entity: &ListedEntity) {
        let numbers = comparable_numbers(entity).map(|(number, _)| (hash(number.as_str()), position));
        self.entries.extend(numbers);
    }

    pub(super) fn finish(self) -> Numbers {
        Numbers { by_number: HashMultimap::new(self.entries) }
    }
}

/// An entity with the number of a query.
#[derive(Clone, Copy, Debug)]
pub(super) struct NumberHit {
    /// Its position in the list.
    pub(super) entity: u32,
    /// Whether the number is of the country of the query, or `None` if neither the number nor the entity has a
    /// country, or the query has none.
    pub(super) is_of_country: Option<bool>,
}

impl Numbers {
    /// Returns the entities with `number`, in any notation, that a company in `country` can be. The same digits in
    /// the register of another country are a different number; only a Legal Entity Identifier is unique across
    /// countries.
    pub(super) fn find(&self, number: &str, country: Option<&str>, entities: &Entities) -> Vec<NumberHit> {
        let number = normalized(number);
        let is_lei = number.len() == LEI_LENGTH;
        let mut hits = Vec::new();
        for position in self.by_number.get(hash(number.as_str())) {
            let entity = entities.get(position);
            for (_, own_country) in comparable_numbers(&entity).filter(|(other, _)| *other == number) {
                let of_number = own_country.as_deref().zip(country).map(|(own, country)| own == country);
                let is_of_country = of_number.or_else(|| entity.is_in(country));
                if is_lei || is_of_country != Some(false) {
                    hits.push(NumberHit { entity: position, is_of_country });
                }
            }
        }
        hits
    }
}

/// Returns the normalised numbers of an entity that are compared with registration numbers, each with its own
/// country. An identifier is `kind:country:number`, `kind:number`, `country:number` or a number alone.
fn comparable_numbers<Text: AsRef<str>>(
    entity: &ListedEntity<Text>,
) -> impl Iterator<Item = (String, Option<String>)> {
    entity.ids.iter().map(AsRef::as_ref).filter_map(|id: &str| {
        let (labels, number) = id.rsplit_once(':').unwrap_or(("", id));
        let (kind, country) = match labels.split_once(':') {
            Some((kind, country)) => (kind, country),
            // The kind "id" looks like a country, but kinds are in lower case.
            None if labels.bytes().all(|byte| byte.is_ascii_uppercase()) => ("", labels),
            None => (labels, ""),
        };
        let country = lists::country_code(country);
        let is_other = OTHER_KINDS.iter().any(|other| kind.trim().eq_ignore_ascii_case(other));
        let number = normalized(number);
        (!is_other && number.len() >= NUMBER_LENGTH_MIN).then_some((number, country))
    })
}

/// Returns a number in the form in which registers and lists agree: upper-case ASCII letters and digits.
fn normalized(number: &str) -> String {
    number.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}
