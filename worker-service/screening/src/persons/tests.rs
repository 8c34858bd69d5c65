//! Tests of kinds of queries, with invented names.

use super::*;
use crate::{
    birth_date::BirthDate,
    entity::{EntityKind, ListedEntity},
};

fn person(id: &str, name: &str, aliases: &[&str], weak: &[&str], date: &str) -> ListedEntity {
    let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    ListedEntity {
        id: id.to_owned(),
        name: name.to_owned(),
        aliases: texts(aliases),
        weak_aliases: texts(weak),
        birth_dates: date.parse().into_iter().collect(),
        countries: vec!["KZ".to_owned()],
        ids: vec![format!("passport:KZ:N-{id}{id}{id} 77")],
        ..ListedEntity::default()
    }
}

fn screener() -> PersonScreener {
    PersonScreener::new(vec![
        person("1", "VOLSTANOV, Aleksandr Yuryevich", &[], &["Kaliber"], "1971-03-05"),
        person("2", "AL-QUBATI, Abd al-Rahman Salih", &["Abu Talha"], &[], "1980"),
        person("3", "PAK, Chong Hyok", &[], &[], "1960-01-01"),
        person("4", "DEL RIO ZAMBRANO, Jose Ignacio", &[], &[], "1955-12-24"),
        person("5", "XIONG, Guozhong", &["HSIUNG, Kuo-chung"], &[], ""),
        person("6", "MUHAMMAD, Ali", &[], &[], "1966"),
    ])
}

fn score(screener: &PersonScreener, name: &str, date: &str, id: &str) -> f32 {
    let date: Option<BirthDate> = date.parse().ok();
    let query = PersonQuery { name, birth_date: date.as_ref(), ..PersonQuery::default() };
    let hits = screener.search(&query, 0.0);
    hits.iter().find(|hit| hit.entity.id == id).map_or(0.0, |hit| hit.score)
}

/// Asserts that each query is a match of its person.
fn assert_found(queries: &[(&str, &str, &str)]) {
    let screener = screener();
    for (name, date, id) in queries {
        let score = score(&screener, name, date, id);
        assert!(score >= MATCH_THRESHOLD, "{name} {date}: {score}");
    }
}

/// Asserts that no query is a match of anybody.
fn assert_cleared(queries: &[(&str, &str)]) {
    let screener = screener();
    for (name, date) in queries {
        let date: Option<BirthDate> = date.parse().ok();
        let query = PersonQuery { name, birth_date: date.as_ref(), ..PersonQuery::default() };
        let hits = screener.search(&query, MATCH_THRESHOLD);
        assert!(hits.is_empty(), "{name}: {:?}", hits.first().map(PersonHit::explanation));
    }
}

#[test]
fn names_are_found_in_any_order_and_without_middle_names() {
    assert_found(&[
        ("Aleksandr Volstanov", "", "1"),
        ("VOLSTANOV Aleksandr", "", "1"),
        ("volstanov, aleksandr yuryevich", "", "1"),
        ("José Del Río", "", "4"),
        ("Ignacio Zambrano del Rio", "", "4"),
    ]);
}

#[test]
fn names_are_found_in_other_scripts_and_romanisations() {
    assert_found(&[
        ("Александр Волстанов", "", "1"),
        ("Oleksandr Wolstanow", "", "1"),
        ("عبد الرحمن صالح القباطي", "", "2"),
        ("Abdurrahman Saleh Qubati", "", "2"),
        ("박정혁", "1960", "3"),
        ("Bak Jeong-hyeok", "1960", "3"),
        ("Park Junghyuk", "1960", "3"),
        ("熊国忠", "", "5"),
        ("Hsiung Kuochung", "", "5"),
    ]);
}

#[test]
fn typing_errors_and_joined_words_are_bridged() {
    assert_found(&[
        ("Aleksadnr Volstanov", "", "1"),
        ("Aleksandr Volstannov", "", "1"),
        ("Jose Ignacio Delrio Zambrano", "", "4"),
        ("Abdelrahman S. Alqubati", "1980", "2"),
        ("Guo Zhong Xiong", "", "5"),
    ]);
}

#[test]
fn initials_and_short_forms_need_a_date() {
    assert_found(&[
        ("A. Volstanov", "1971-03-05", "1"),
        ("Sasha Volstanov", "1971-03-05", "1"),
        ("Pepe Del Rio", "1955", "4"),
    ]);
    assert_cleared(&[("A. Volstanov", ""), ("Volstanov", "")]);
}

#[test]
fn a_date_of_birth_may_be_off_by_a_year_and_not_by_five() {
    assert_found(&[("Aleksandr Volstanov", "1972", "1"), ("Aleksandr Volstanov", "1971-05-03", "1")]);
    assert_cleared(&[("Aleksandr Volstanov", "1976"), ("Abd al-Rahman Salih al-Qubati", "1990-01-01")]);
}

#[test]
fn another_given_or_family_name_is_another_person() {
    assert_cleared(&[
        ("Dmitri Volstanov", ""),
        ("Mikhail Yuryevich Volstanov", "1971"),
        ("Aleksandr Yuryevich Petrenko", "1971"),
        ("Pak Sun Mi", "1960"),
        ("Hasan Ali", ""),
        ("Mahmud Ali", ""),
    ]);
}

#[test]
fn companies_are_no_persons() {
    assert_cleared(&[
        ("Volstanov Trading Ltd", ""),
        ("Aleksandr Volstanov GmbH", ""),
        ("Hotel Zambrano", ""),
    ]);
}

#[test]
fn a_weak_name_alone_is_a_resemblance() {
    let screener = screener();
    let alone = score(&screener, "Kaliber", "", "1");
    assert!((0.7..MATCH_THRESHOLD).contains(&alone), "{alone}");
    assert!(score(&screener, "Kaliber", "1971", "1") >= MATCH_THRESHOLD);
}

#[test]
fn a_document_finds_its_owner_under_any_name() {
    let screener = screener();
    let query = PersonQuery { name: "Somebody Else", number: Some("n444 77"), ..PersonQuery::default() };
    let hits = screener.search(&query, MATCH_THRESHOLD);
    assert_eq!(hits.iter().map(|hit| hit.entity.id.as_str()).collect::<Vec<_>>(), ["4"]);
    assert_eq!(hits[0].explanation().identifier, "agrees");
}

#[test]
fn a_greek_text_may_spell_a_greek_name_or_a_foreign_one() {
    let listed =
        [person("1", "Abdulhamid Debrani", &[], &[], ""), person("2", "Olympia Antoniou", &[], &[], "")];
    let screener = PersonScreener::new(listed.to_vec());
    for (name, id) in [("Αμπντουλχαμίντ Ντεμπράνι", "1"), ("Ολυμπία Αντωνίου", "2")]
    {
        assert!(score(&screener, name, "", id) >= MATCH_THRESHOLD, "{name}");
    }
}

#[test]
fn the_country_matters_little() {
    let screener = screener();
    let score = |country| {
        let query = PersonQuery { name: "Aleksandr Volstanov", country, ..PersonQuery::default() };
        screener.search(&query, 0.0)[0].score
    };
    assert!(score(Some("KZ")) > score(None) && score(None) > score(Some("BR")));
    assert!(score(Some("BR")) >= MATCH_THRESHOLD);
}

#[test]
fn scores_do_not_depend_on_the_size_of_the_list() {
    let mut list: Vec<ListedEntity> = (0..3_000_u32)
        .map(|number| {
            let word = |number: u32| {
                let letter = |at: u32| char::from(b"bdfglmnprstv"[(number / 12_u32.pow(at) % 12) as usize]);
                format!("{}a{}o{}e", letter(0), letter(1), letter(2))
            };
            person(
                &format!("x{number}"),
                &format!("{}ski, {}n", word(number), word(number * 7 + 1)),
                &[],
                &[],
                "",
            )
        })
        .collect();
    let small = PersonScreener::new(list[..300].to_vec());
    // The same names, ten times as many persons.
    let shares = list[..300].to_vec();
    list.truncate(300);
    for _ in 0..9 {
        list.extend(shares.iter().cloned());
    }
    let large = PersonScreener::new(list);
    for entity in shares.iter().step_by(17) {
        let (family, given) = entity.name.split_once(", ").unwrap();
        for name in [format!("{given} {family}"), format!("Karl {family}"), format!("{given} Xaver {family}")]
        {
            let (small, large) = (score(&small, &name, "", &entity.id), score(&large, &name, "", &entity.id));
            assert!((small - large).abs() < 0.1, "{name}: {small} and {large}");
            assert_eq!(small >= MATCH_THRESHOLD, large >= MATCH_THRESHOLD, "{name}: {small} and {large}");
        }
    }
}

#[test]
fn an_explanation_names_the_parts_of_the_score() {
    let screener = screener();
    let date: BirthDate = "1971".parse().unwrap();
    let query =
        PersonQuery { name: "Sasha Volstanov", birth_date: Some(&date), country: Some("KZ"), number: None };
    let hits = screener.search(&query, MATCH_THRESHOLD);
    let explanation = hits[0].explanation();
    let how: Vec<&str> = explanation.parts.iter().map(|part| part.how).collect();
    assert_eq!(how, ["same", "nickname"]);
    assert_eq!(explanation.listed_only, ["yuryevich"]);
    assert_eq!((explanation.birth_date, explanation.country), ("agrees", "agrees"));
    let scoring = explanation.scoring;
    let total = scoring.name_similarity + scoring.birth_date_effect.unwrap() + scoring.country_effect;
    assert!((total - f64::from(hits[0].score)).abs() < 1e-6, "{scoring:?}");
    assert!(scoring.birth_date_effect.unwrap() > 0.0 && scoring.country_effect > 0.0, "{scoring:?}");
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!(json["matchedName"], "VOLSTANOV, Aleksandr Yuryevich");
    assert_eq!(
        json["scoring"]["final"].as_f64().map(|score| (score * 1e4).round()),
        Some((total * 1e4).round())
    );
}

/// Returns the ids of the persons in the order in which they are found, all with one score.
fn order(entities: Vec<ListedEntity>, query: &PersonQuery<'_>) -> Vec<String> {
    let screener = PersonScreener::new(entities);
    let hits = screener.search(query, 0.0);
    assert!(hits.windows(2).all(|pair| pair[0].score == pair[1].score), "{hits:?}");
    hits.iter().map(|hit| hit.entity.id.clone()).collect()
}

#[test]
fn of_equal_scores_the_person_who_agrees_in_more_comes_first() {
    let listed = |id: &str, date: &str, country: &str, document: &str| ListedEntity {
        id: id.to_owned(),
        kind: EntityKind::Person,
        name: "VOLSTANOV, Aleksandr".to_owned(),
        birth_dates: vec![date.parse().unwrap()],
        countries: vec![country.to_owned()],
        ids: vec![format!("id::{document}")],
        ..ListedEntity::default()
    };
    let date: BirthDate = "1971-02-03".parse().unwrap();
    let name = "Aleksandr Volstanov";
    // The name alone gives the highest score, so that nothing can be added to it.
    let by_date = [listed("a", "1971", "KZ", "1"), listed("b", "1971-02-03", "KZ", "2")];
    let query = PersonQuery { name, birth_date: Some(&date), country: Some("KZ"), number: None };
    assert_eq!(order(by_date.to_vec(), &query), ["b", "a"]);
    let by_country = ListedEntity { countries: Vec::new(), ..listed("a", "1971-02-03", "KZ", "1") };
    assert_eq!(order(vec![by_country, listed("b", "1971-02-03", "KZ", "2")], &query), ["b", "a"]);
    let query = PersonQuery { number: Some("AB123456"), ..query };
    let numbered =
        vec![listed("a", "1971-02-03", "KZ", "XY98765"), listed("b", "1971-02-03", "KZ", "AB123456")];
    assert_eq!(order(numbered, &query), ["b", "a"]);
    assert_eq!(
        order(vec![listed("b", "1971", "KZ", "1"), listed("a", "1971", "KZ", "2")], &query),
        ["a", "b"]
    );
}

#[test]
fn a_person_found_by_a_document_has_parts_that_add_up() {
    let mut listed = ListedEntity { kind: EntityKind::Person, ..ListedEntity::default() };
    (listed.id, listed.name) = ("a".to_owned(), "VOLSTANOV, Aleksandr".to_owned());
    listed.weak_aliases = vec!["KESTREL".to_owned()];
    listed.ids = vec!["id::AB123456".to_owned()];
    let screener = PersonScreener::new(vec![listed]);
    for (name, expected) in [("Aleksandr Volstanov", 1.0), ("Kestrel", 1.0), ("Somebody Else", 0.9)] {
        let query = PersonQuery { name, number: Some("AB123456"), ..PersonQuery::default() };
        let hits = screener.search(&query, MATCH_THRESHOLD);
        assert_eq!(
            screener.search(&query, 0.0)[0].score,
            expected,
            "{name}: the minimum score changes nothing"
        );
        let scoring = hits[0].explanation().scoring;
        assert!(hits[0].is_match() && hits[0].score == expected, "{name}: {}", hits[0].score);
        let sum = scoring.name_similarity + scoring.number_effect + scoring.weak_name_effect;
        assert!((sum - f64::from(expected)).abs() < 1e-6, "{name}: {scoring:?}");
    }
}

#[test]
fn hostile_names_are_answered() {
    let screener = screener();
    let long = "x".repeat(100_000);
    let many = "al ".repeat(10_000);
    for name in [
        "",
        " ",
        ",",
        "'",
        "-",
        "\u{301}",
        "ا",
        "々",
        "🦀",
        long.as_str(),
        many.as_str(),
        "ߊߊߊ ߊߊ",
        "A.B.C.D.E.F.G.H.I.J.K.L.M.N.O.P.Q",
    ] {
        assert!(score(&screener, name, "", "1") <= 1.0, "{name}");
    }
    let empty = PersonScreener::new(vec![person("1", "", &[",", "'"], &[], "")]);
    assert!(score(&empty, "Volstanov", "", "1") <= 1.0);
    assert!(PersonScreener::new(Vec::new()).is_empty());
}
