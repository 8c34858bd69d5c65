//! Names of companies that do not exist.

use crate::{engine::Query, random::Random, words::ListWords};

/// Beginnings of invented words.
const STARTS: [&str; 40] = [
    "Al", "Bel", "Bran", "Cal", "Cor", "Dal", "Dor", "El", "Fen", "Fol", "Gar", "Gren", "Hal", "Har", "Ill",
    "Jor", "Kel", "Kor", "Lan", "Lor", "Mar", "Mel", "Nor", "Ol", "Or", "Par", "Pel", "Quin", "Ral", "Ros",
    "San", "Sel", "Tal", "Tor", "Ul", "Val", "Ver", "Wal", "Yar", "Zel",
];
/// Middles of invented words.
const MIDDLES: [&str; 16] =
    ["a", "an", "ba", "de", "di", "e", "en", "i", "in", "la", "mi", "no", "o", "ri", "ta", "vi"];
/// Ends of invented words.
const ENDS: [&str; 30] = [
    "bach", "berg", "bury", "dale", "dor", "field", "ford", "ham", "kara", "lek", "line", "mann", "mar",
    "mere", "mont", "nova", "ric", "sen", "shi", "son", "stead", "stone", "tal", "tec", "ton", "vale", "vex",
    "vik", "wick", "zen",
];
/// Family names that are common somewhere, as companies have them in their names.
const FAMILY_NAMES: [&str; 40] = [
    "Andersen", "Baker", "Becker", "Bianchi", "Brown", "Carvalho", "Chen", "Costa", "Dubois", "Fischer",
    "Garcia", "Gupta", "Hansen", "Hoffmann", "Ito", "Jansen", "Johnson", "Kim", "Kowalski", "Larsen",
    "Lopez", "Martin", "Meyer", "Moreau", "Nakamura", "Nguyen", "Novak", "Okafor", "Patel", "Peeters",
    "Popescu", "Ricci", "Rossi", "Schmidt", "Silva", "Singh", "Smith", "Suzuki", "Virtanen", "Weber",
];
/// What companies do.
const ACTIVITIES: [&str; 40] = [
    "Advisory",
    "Agro",
    "Analytics",
    "Automotive",
    "Bakery",
    "Capital",
    "Catering",
    "Chemicals",
    "Cleaning",
    "Construction",
    "Consulting",
    "Design",
    "Electronics",
    "Energy",
    "Engineering",
    "Foods",
    "Freight",
    "Furniture",
    "Garments",
    "Healthcare",
    "Hotels",
    "Insurance",
    "Investments",
    "Logistics",
    "Machinery",
    "Marine",
    "Media",
    "Metals",
    "Packaging",
    "Pharma",
    "Plastics",
    "Printing",
    "Properties",
    "Shipping",
    "Software",
    "Systems",
    "Technologies",
    "Textiles",
    "Trading",
    "Travel",
];
/// Words that stand before what companies do.
const ADJECTIVES: [&str; 24] = [
    "Advanced",
    "Allied",
    "Atlantic",
    "Blue",
    "Central",
    "Continental",
    "Digital",
    "Eastern",
    "First",
    "General",
    "Global",
    "Golden",
    "Grand",
    "Green",
    "International",
    "Modern",
    "National",
    "New",
    "Northern",
    "Pacific",
    "Premier",
    "Royal",
    "United",
    "Universal",
];
/// Legal forms.
const FORMS: [&str; 16] = [
    "A/S",
    "AB",
    "AG",
    "B.V.",
    "Co. Ltd.",
    "Corp.",
    "GmbH",
    "Inc.",
    "LLC",
    "Limited",
    "Ltd",
    "Oy",
    "PLC",
    "S.A.",
    "S.r.l.",
    "Sp. z o.o.",
];

/// Returns a company with an invented word or one or two family names, what it does and a legal form.
pub(crate) fn invented(words: &ListWords, random: &mut Random) -> Option<Query> {
    let name = match random.below(4) {
        0 => pick(&FAMILY_NAMES, random)?.to_owned(),
        1 => format!("{} & {}", pick(&FAMILY_NAMES, random)?, pick(&FAMILY_NAMES, random)?),
        _ => coined(words, random)?,
    };
    let activity = pick(&ACTIVITIES, random)?;
    company(format!("{name} {activity} {}", pick(&FORMS, random)?), words, random)
}

/// Returns a company whose name consists of common words alone.
pub(crate) fn common_words(words: &ListWords, random: &mut Random) -> Option<Query> {
    let (one, other) = (pick(&ACTIVITIES, random)?, pick(&ACTIVITIES, random)?);
    let joint = if random.one_in(2) { " and " } else { " " };
    if one == other {
        return None;
    }
    let name = format!("{} {one}{joint}{other} {}", pick(&ADJECTIVES, random)?, pick(&FORMS, random)?);
    company(name, words, random)
}

/// Returns an invented word that no listed name contains.
pub(super) fn coined(words: &ListWords, random: &mut Random) -> Option<String> {
    let middle = if random.one_in(2) { pick(&MIDDLES, random)? } else { "" };
    let word = format!("{}{middle}{}", pick(&STARTS, random)?, pick(&ENDS, random)?);
    (words.count(&word) == 0).then_some(word)
}

/// Returns the query for a company of this name, in the country of some entry of the list: there, its alerts are
/// most likely. Returns `None` if an entry has the name.
fn company(name: String, words: &ListWords, random: &mut Random) -> Option<Query> {
    let country = random.choose(words.countries()).cloned();
    (!words.has_name(&name)).then_some(Query { name, country, birth_date: None })
}

fn pick(items: &[&'static str], random: &mut Random) -> Option<&'static str> {
    random.choose(items).copied()
}

#[cfg(test)]
mod tests {
    use screening::ListedEntity;

    use super::*;

    fn list(name: &str) -> ListWords {
        ListWords::new(&[ListedEntity {
            name: name.into(),
            countries: vec!["PA".into()],
            ..ListedEntity::default()
        }])
    }

    #[test]
    fn invented_companies_have_no_listed_name_or_word() {
        let words = list("Selvale Shipping Ltd");
        for seed in 0..500 {
            let random = &mut Random::new(seed, "x");
            if let Some(query) = invented(&words, random) {
                assert!(!words.has_name(&query.name) && !query.name.contains("Selvale"), "{}", query.name);
                assert_eq!(query.country.as_deref(), Some("PA"));
            }
            assert_ne!(coined(&words, random).as_deref(), Some("Selvale"));
        }
    }

    #[test]
    fn names_of_common_words_are_never_listed() {
        let name = common_words(&list("Quillmarsh"), &mut Random::new(3, "x")).unwrap().name;
        assert_eq!(common_words(&list(&name), &mut Random::new(3, "x")), None, "{name}");
    }
}
