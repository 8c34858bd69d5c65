mod scores;

use super::*;
use crate::{MATCH_THRESHOLD, explain::Explanation};

fn entity(id: &str, names: &[&str], countries: &[&str]) -> ListedEntity {
    let text = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    ListedEntity {
        id: id.to_owned(),
        name: names[0].to_owned(),
        aliases: text(&names[1..]),
        countries: text(countries),
        ..ListedEntity::default()
    }
}

/// Returns an invented list with enough names of common words that rare words have a high inverse document
/// frequency.
fn screener() -> Screener {
    let mut entities = vec![
        entity("kestrel", &["OOO KESTREL TEKHNIKA", "Kestrel Technology LLC"], &["RU"]),
        entity("quillmarsh", &["QUILLMARSH INTERNATIONAL TRADING LIMITED"], &["HK", "CN"]),
        entity("bank", &["BANK SHAHIN"], &["IR"]),
        entity("hamgil", &["KOREA HAMGIL TRADING CORPORATION"], &["KP"]),
        entity("fbx", &["FBX"], &["AE"]),
        ListedEntity {
            ids: vec!["reg:RU:1069900445566".to_owned(), "lei:5299000OLDERBEEK0042".to_owned()],
            ..entity("olderbeek", &["OLDERBEEK BEARINGS"], &["RU"])
        },
    ];
    for number in 0..200 {
        let name = format!("BRANDNAME{number} TRADING INTERNATIONAL LIMITED");
        entities.push(entity(&format!("n{number}"), &[&name], &["CN"]));
    }
    Screener::new(entities)
}

fn found(name: &str, country: Option<&str>) -> Option<String> {
    let screener = screener();
    let hits = screener.search(name, country, MATCH_THRESHOLD);
    hits.first().map(|hit| hit.entity.id.to_owned())
}

#[test]
fn entities_are_found_in_any_spelling_script_and_order() {
    for (name, country, id) in [
        ("Kestrel Tekhnika OOO", Some("RU"), "kestrel"),
        ("ООО «Кестрел Техника»", Some("RU"), "kestrel"),
        ("Kestrel Tehnika, GmbH", None, "kestrel"),
        ("Trading Quillmarsh Ltd International", Some("HK"), "quillmarsh"),
        ("Quilmarsh Int'l Trdg Co., Ltd", None, "quillmarsh"),
        ("QUILLMÁRSH INTERNATIONAL TRADING (Main Account)", None, "quillmarsh"),
        ("Quillmarsh International Trading Dubai Branch", Some("HK"), "quillmarsh"),
        ("بانک شاهین", Some("IR"), "bank"),
        ("조선함길무역회사", Some("KP"), "hamgil"),
        ("FBX", Some("AE"), "fbx"),
    ] {
        assert_eq!(found(name, country).as_deref(), Some(id), "{name}");
    }
}

#[test]
fn companies_that_share_only_common_words_are_not_reported() {
    for (name, country) in [
        ("Harborlight International Trading Limited", Some("HK")),
        ("Trading International Limited", None),
        ("Bank of Queensland", Some("AU")),
        ("Korea Exchange Trading Corporation", Some("KR")),
        ("FBK", Some("AE")),
        ("Kestrel Foods plc", Some("GB")),
        ("", None),
        ("!!!", None),
    ] {
        assert_eq!(found(name, country), None, "{name}");
    }
}

#[test]
fn a_registration_number_finds_its_entity_under_any_name() {
    let screener = screener();
    let hits = screener.search_with("Somebody Else", Some("RU"), Some("1069900-445566"), MATCH_THRESHOLD);
    assert_eq!(hits.first().map(|hit| (hit.entity.id, hit.reasons.number_agrees)), Some(("olderbeek", true)));
    assert!(screener.search_with("Somebody Else", Some("RU"), Some("445566"), MATCH_THRESHOLD).is_empty());
}

#[test]
fn only_an_lei_finds_an_entity_of_another_country() {
    let screener = screener();
    let search = |country, number| {
        let hits = screener.search_with("Somebody Else", Some(country), Some(number), MATCH_THRESHOLD);
        hits.first().map(|hit| (hit.entity.id, hit.reasons.country_agrees))
    };
    assert_eq!(search("DE", "1069900445566"), None);
    assert_eq!(search("RU", "5299000OLDERBEEK0042"), Some(("olderbeek", Some(true))));
    assert_eq!(search("DE", "5299000OLDERBEEK0042"), Some(("olderbeek", Some(false))));
}

#[test]
fn a_number_counts_by_its_own_country() {
    let with_ids = |id: &str, countries: &[&str], ids: &[&str]| ListedEntity {
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        ..entity(id, &[&format!("{id} Harborlight Works")], countries)
    };
    let screener = Screener::new(vec![
        with_ids("no-address", &[], &["reg:RU:1069900445566"]),
        with_ids("elsewhere", &["CY"], &["company:RU:2069900445566"]),
        with_ids("elsewhere-2", &["CY"], &["company:ru:6069900445566", "RU:7069900445566"]),
        with_ids("bare", &["RU"], &["3069900445566"]),
        with_ids("unknown", &[], &["tax::4069900445566"]),
        with_ids("bank", &["RU"], &["swift:RU:5069900445566", "passport:RU:5069900445566"]),
    ]);
    let search = |country, number| {
        let hits = screener.search_with("Somebody Else", Some(country), Some(number), 0.7);
        hits.first().map(|hit| (hit.entity.id.to_owned(), hit.is_match()))
    };
    for (number, id) in [
        ("1069900445566", "no-address"),
        ("2069900445566", "elsewhere"),
        ("3069900445566", "bare"),
        ("6069900445566", "elsewhere-2"),
        ("7069900445566", "elsewhere-2"),
    ] {
        assert_eq!(search("RU", number), Some((id.to_owned(), true)));
        assert_eq!(search("DE", number), None, "{number}");
    }
    // The country of the number is not that of the address.
    assert_eq!(search("CY", "2069900445566"), None);
    assert_eq!(search("RU", "4069900445566"), Some(("unknown".to_owned(), false)));
    assert_eq!(search("RU", "5069900445566"), None);
}

#[test]
fn a_weak_name_alone_is_no_match() {
    let mut listed = entity("weak", &["HARBORLIGHT NOWRUZ COMMITTEE"], &["AF"]);
    listed.weak_aliases = vec!["KESTREL".to_owned()];
    listed.ids = vec!["reg:GB:24257037".to_owned()];
    let screener = Screener::new(vec![listed, entity("strong", &["KESTREL TEKHNIKA"], &["RU"])]);
    let hit = |name: &str, number| {
        let hits = screener.search_with(name, Some("AF"), number, 0.0);
        hits.into_iter()
            .find(|hit| hit.entity.id == "weak")
            .map(|hit| (hit.name_kind == NameKind::Weak, hit.is_match()))
    };
    assert_eq!(hit("Kestrel Ltd", None), Some((true, false)));
    assert_eq!(hit("Harborlight Nowruz Committee", None), Some((false, true)));
    assert_eq!(hit("Kestrel Ltd", Some("24257037")), Some((true, false)), "the number is of another country");
    let in_gb = screener.search_with("Kestrel Ltd", Some("GB"), Some("24257037"), 0.7);
    assert!(in_gb[0].entity.id == "weak" && in_gb[0].is_match());
    // A match by another name comes before a weak name, whatever their scores.
    let best = screener.search("Kestrel Tekhnika", Some("RU"), 0.0);
    assert_eq!(best[0].entity.id, "strong");
}

#[test]
fn words_around_a_listed_name_do_not_hide_it() {
    let screener = screener();
    let score = |name: &str| screener.search(name, Some("RU"), 0.0).first().map_or(0.0, |hit| hit.score);
    let letters = "a b c d e f g h ".repeat(9);
    for name in
        ["Harborlight Meadow Orchard Kestrel Tekhnika Juniper Cobalt", &format!("{letters} Kestrel Tekhnika")]
    {
        assert!(score(name) >= 0.7, "{name}: {}", score(name));
    }
    assert!(score("Harborlight Kestrel Juniper") < 0.7);
}

#[test]
fn another_country_lowers_the_score_but_does_not_hide_a_match() {
    let screener = screener();
    let score = |country| screener.search("Quillmarsh International Trading Ltd", country, 0.0)[0].score;
    assert!(score(Some("HK")) > score(None) && score(None) > score(Some("BR")));
    assert!(score(Some("BR")) > 0.5);
}

#[test]
fn an_explanation_names_every_token() {
    let screener = screener();
    let hits = screener.search("Quilmarsh Int'l Bakery Ltd", Some("HK"), 0.0);
    let explanation = Explanation::of(&hits[0]);
    let part =
        |listed: &str| explanation.parts.iter().find(|part| part.listed == listed).map(|part| part.how);
    assert_eq!((part("quillmarsh"), part("international")), (Some("sound"), Some("meaning")));
    assert_eq!(
        (explanation.query_only.as_slice(), explanation.country),
        (["bakery".to_owned(), "ltd".to_owned()].as_slice(), "agrees")
    );
    assert_eq!(explanation.parts[0].query, "quilmarsh");
}
