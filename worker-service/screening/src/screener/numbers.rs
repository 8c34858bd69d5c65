//! Registration numbers of listed entities, by which a company is found under any name.

use rustc_hash::FxHashMap;

use crate::{entity::ListedEntity, lists};

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
    /// The entities with a normalised number, each with the country of the number if it has one of its own.
    by_number: FxHashMap<String, Vec<(u32, Option<String>)>>,
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
    /// Collects the numbers of `entities`.
    pub(super) fn new(entities: &[ListedEntity]) -> Self {
        let mut numbers = Self::default();
        for (position, entity) in (0_u32..).zip(entities) {
            for (number, country) in comparable_numbers(entity) {
                numbers.by_number.entry(number).or_default().push((position, country));
            }
        }
        numbers
    }

    /// Returns the entities with `number`, in any notation, that a company in `country` can be. The same digits in
    /// the register of another country are a different number; only a Legal Entity Identifier is unique across
    /// countries.
    pub(super) fn find<'a>(
        &'a self,
        number: &str,
        country: Option<&'a str>,
        entities: &'a [ListedEntity],
    ) -> impl Iterator<Item = NumberHit> + 'a {
        let number = normalized(number);
        let is_lei = number.len() == LEI_LENGTH;
        let found = self.by_number.get(&number).into_iter().flatten();
        let hits = found.map(move |(position, own_country)| {
            let entity = &entities[*position as usize];
            let of_number = own_country.as_deref().zip(country).map(|(own, country)| own == country);
            NumberHit { entity: *position, is_of_country: of_number.or_else(|| entity.is_in(country)) }
        });
        hits.filter(move |hit| is_lei || hit.is_of_country != Some(false))
    }
}

/// Returns the normalised numbers of an entity that are compared with registration numbers, each with its own
/// country. An identifier is `kind:country:number`, `kind:number`, `country:number` or a number alone.
fn comparable_numbers(entity: &ListedEntity) -> impl Iterator<Item = (String, Option<String>)> {
    entity.ids.iter().filter_map(|id| {
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
