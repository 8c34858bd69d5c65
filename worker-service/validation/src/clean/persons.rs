//! Persons who are not meant by any entry.

use screening::{BirthDate, ListedEntity};

use crate::{engine::Query, perturb::given_name_first, random::Random, words::ListWords};

/// Given names that are common somewhere.
const GIVEN_NAMES: [&str; 60] = [
    "Ahmed",
    "Aisha",
    "Akira",
    "Ali",
    "Amina",
    "Ana",
    "Andrei",
    "Anna",
    "Antonio",
    "Bruno",
    "Carlos",
    "Carmen",
    "Chiara",
    "Daniel",
    "David",
    "Elena",
    "Emma",
    "Fatima",
    "Felix",
    "Francesca",
    "Giulia",
    "Hannah",
    "Hassan",
    "Hiroshi",
    "Ibrahim",
    "Igor",
    "Ivan",
    "James",
    "Jan",
    "Jorge",
    "Jose",
    "Julia",
    "Karim",
    "Katarzyna",
    "Laila",
    "Lars",
    "Laura",
    "Li",
    "Lucas",
    "Maria",
    "Marie",
    "Mark",
    "Mei",
    "Michael",
    "Mohammed",
    "Natalia",
    "Noor",
    "Olga",
    "Omar",
    "Pablo",
    "Paul",
    "Peter",
    "Priya",
    "Rosa",
    "Samuel",
    "Sofia",
    "Thomas",
    "Wei",
    "Yuki",
    "Yusuf",
];
/// Family names that are common somewhere.
const FAMILY_NAMES: [&str; 60] = [
    "Abdullah",
    "Ahmad",
    "Ali",
    "Andersson",
    "Bakker",
    "Becker",
    "Brown",
    "Carvalho",
    "Chen",
    "Costa",
    "Cruz",
    "Diallo",
    "Dubois",
    "Fernandez",
    "Fischer",
    "Garcia",
    "Gomez",
    "Gupta",
    "Haddad",
    "Hansen",
    "Hassan",
    "Hoffmann",
    "Horvath",
    "Hussein",
    "Ibrahim",
    "Ito",
    "Ivanov",
    "Johnson",
    "Khan",
    "Kim",
    "Kowalski",
    "Kumar",
    "Kuznetsov",
    "Larsen",
    "Lopez",
    "Mahmoud",
    "Martin",
    "Meyer",
    "Mohamed",
    "Nakamura",
    "Nguyen",
    "Novak",
    "Okafor",
    "Park",
    "Patel",
    "Petrov",
    "Popescu",
    "Rahman",
    "Rossi",
    "Salem",
    "Santos",
    "Schmidt",
    "Silva",
    "Singh",
    "Smirnov",
    "Smith",
    "Suzuki",
    "Tanaka",
    "Wang",
    "Yilmaz",
];
/// The years in which clean persons are born: grown-ups of most ages.
const YEARS: (u16, u16) = (1940, 2005);
/// Minimum number of years between a listed person and a namesake.
const YEARS_APART_MIN: u16 = 10;

/// Returns a person with a common given name and family name, and sometimes a second given name.
pub(crate) fn composed(words: &ListWords, random: &mut Random) -> Option<Query> {
    let mut given = (*random.choose(&GIVEN_NAMES)?).to_owned();
    if random.one_in(3) {
        let second = *random.choose(&GIVEN_NAMES)?;
        if second == given {
            return None;
        }
        given = format!("{given} {second}");
    }
    let name = format!("{given} {}", random.choose(&FAMILY_NAMES)?);
    let country = random.choose(words.countries()).cloned();
    let is_listed = words.has_name(&name) || words.has_name(&reversed(&name));
    (!is_listed).then_some(Query { name, country, birth_date: Some(birth_date(random)?) })
}

/// Returns a person with the name and country of a listed one, born at least ten years earlier or later.
pub(crate) fn namesake(entity: &ListedEntity, _: &ListWords, random: &mut Random) -> Option<Query> {
    let birth_date = birth_date(random)?;
    let year = *birth_date.years().start();
    let is_apart = |listed: &BirthDate| listed.years().all(|other| other.abs_diff(year) >= YEARS_APART_MIN);
    if entity.birth_dates.is_empty() || !entity.birth_dates.iter().all(is_apart) {
        return None;
    }
    let name = given_name_first(&entity.name);
    Some(Query { name, country: entity.countries.first().cloned(), birth_date: Some(birth_date) })
}

/// Returns a person with the family name and country of a listed one, another given name and another date of birth.
pub(crate) fn other_given_name(
    entity: &ListedEntity,
    list: &ListWords,
    random: &mut Random,
) -> Option<Query> {
    let (family, _) = entity.name.split_once(',')?;
    let name = format!("{} {}", random.choose(&GIVEN_NAMES)?, family.trim());
    let is_listed = list.has_name(&name) || list.has_name(&reversed(&name));
    let query = namesake(entity, list, random)?;
    (!is_listed).then_some(Query { name, ..query })
}

/// Returns the words of a name with the last one first.
fn reversed(name: &str) -> String {
    name.rsplit_once(' ').map_or_else(|| name.to_owned(), |(given, family)| format!("{family} {given}"))
}

fn birth_date(random: &mut Random) -> Option<BirthDate> {
    let mut number =
        |from: u16, to: u16| from + u16::try_from(random.below((to - from + 1).into())).unwrap_or(0);
    let year = number(YEARS.0, YEARS.1);
    let (month, day) = (number(1, 12), number(1, 28));
    BirthDate::new(year, u8::try_from(month).ok(), u8::try_from(day).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed() -> ListedEntity {
        ListedEntity {
            name: "VANTROSK, Orrin".into(),
            birth_dates: vec!["1969-01-23".parse().unwrap()],
            countries: vec!["PA".into()],
            ..ListedEntity::default()
        }
    }

    #[test]
    fn composed_persons_are_not_listed_in_any_order() {
        let empty = ListWords::new(&[]);
        let name = composed(&empty, &mut Random::new(2, "x")).unwrap().name;
        let (given, family) = name.rsplit_once(' ').unwrap();
        for listed in [name.clone(), format!("{family}, {given}")] {
            let list = ListWords::new(&[ListedEntity { name: listed, ..ListedEntity::default() }]);
            assert_eq!(composed(&list, &mut Random::new(2, "x")), None, "{name}");
        }
    }

    #[test]
    fn a_namesake_is_born_in_another_decade() {
        let list = ListWords::new(&[listed()]);
        let mut any = false;
        for seed in 0..200 {
            let random = &mut Random::new(seed, "x");
            if let Some(query) = namesake(&listed(), &list, random) {
                let year = *query.birth_date.unwrap().years().start();
                assert!(year.abs_diff(1969) >= 10, "{year}");
                assert_eq!((query.name.as_str(), query.country.as_deref()), ("Orrin VANTROSK", Some("PA")));
                any = true;
            }
        }
        assert!(any);
        let undated = ListedEntity { birth_dates: vec![], ..listed() };
        assert!((0..50).all(|seed| namesake(&undated, &list, &mut Random::new(seed, "x")).is_none()));
    }

    #[test]
    fn relatives_keep_the_family_name() {
        let list = ListWords::new(&[listed()]);
        let names =
            (0..50).filter_map(|seed| other_given_name(&listed(), &list, &mut Random::new(seed, "x")));
        let names: Vec<String> = names.map(|query| query.name).collect();
        assert!(!names.is_empty() && names.iter().all(|name| name.ends_with(" VANTROSK")), "{names:?}");
        assert!(names.iter().all(|name| !name.starts_with("Orrin")), "{names:?}");
    }
}
