use super::*;

fn entry(id: &str, names: &[&str], countries: &[&str]) -> Entry {
    let text = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    Entry {
        id: id.to_owned(),
        name: names[0].to_owned(),
        aliases: text(&names[1..]),
        countries: text(countries),
        ..Entry::default()
    }
}

/// An invented list, with enough common words in it that rare ones tell more.
fn screen() -> Screen {
    let mut entries = vec![
        entry("kestrel", &["OOO KESTREL TEKHNIKA", "Kestrel Technology LLC"], &["RU"]),
        entry("quillmarsh", &["QUILLMARSH INTERNATIONAL TRADING LIMITED"], &["HK", "CN"]),
        entry("bank", &["BANK SHAHIN"], &["IR"]),
        entry("hamgil", &["KOREA HAMGIL TRADING CORPORATION"], &["KP"]),
        entry("fbx", &["FBX"], &["AE"]),
        Entry {
            ids: vec!["reg:RU:1069900445566".to_owned(), "lei:5299000OLDERBEEK0042".to_owned()],
            ..entry("olderbeek", &["OLDERBEEK BEARINGS"], &["RU"])
        },
    ];
    for number in 0..200 {
        let name = format!("BRANDNAME{number} TRADING INTERNATIONAL LIMITED");
        entries.push(entry(&format!("n{number}"), &[&name], &["CN"]));
    }
    Screen::new(entries)
}

fn found(name: &str, country: Option<&str>) -> Option<String> {
    let screen = screen();
    let hits = screen.search(name, country, MATCH_THRESHOLD);
    hits.first().map(|hit| hit.entry.id.clone())
}

#[test]
fn bodies_are_found_in_any_dress() {
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
fn companies_that_share_only_common_words_are_cleared() {
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
fn a_number_finds_its_body_under_any_name() {
    let screen = screen();
    let hits = screen.search_with("Somebody Else", Some("RU"), Some("1069900-445566"), MATCH_THRESHOLD);
    assert_eq!(
        hits.first().map(|hit| (hit.entry.id.as_str(), hit.why.identifier)),
        Some(("olderbeek", true))
    );
    assert!(screen.search_with("Somebody Else", Some("RU"), Some("445566"), MATCH_THRESHOLD).is_empty());
}

#[test]
fn only_an_lei_finds_a_body_of_another_country_and_says_so() {
    let screen = screen();
    let search = |country, number| {
        let hits = screen.search_with("Somebody Else", Some(country), Some(number), MATCH_THRESHOLD);
        hits.first().map(|hit| (hit.entry.id.as_str(), hit.why.country))
    };
    assert_eq!(search("DE", "1069900445566"), None);
    assert_eq!(search("RU", "5299000OLDERBEEK0042"), Some(("olderbeek", Some(true))));
    assert_eq!(search("DE", "5299000OLDERBEEK0042"), Some(("olderbeek", Some(false))));
}

#[test]
fn words_around_a_listed_name_do_not_hide_it() {
    let screen = screen();
    let score = |name: &str| screen.search(name, Some("RU"), 0.0).first().map_or(0.0, |hit| hit.score);
    let letters = "a b c d e f g h ".repeat(9);
    for name in
        ["Harborlight Meadow Orchard Kestrel Tekhnika Juniper Cobalt", &format!("{letters} Kestrel Tekhnika")]
    {
        assert!(score(name) >= 0.7, "{name}: {}", score(name));
    }
    assert!(score("Harborlight Kestrel Juniper") < 0.7);
}

#[test]
fn another_country_makes_a_match_less_sure_but_does_not_hide_it() {
    let screen = screen();
    let score = |country| screen.search("Quillmarsh International Trading Ltd", country, 0.0)[0].score;
    assert!(score(Some("HK")) > score(None) && score(None) > score(Some("BR")));
    assert!(score(Some("BR")) > 0.5);
}

#[test]
fn reasons_name_every_part() {
    let screen = screen();
    let hits = screen.search("Quilmarsh Int'l Bakery Ltd", Some("HK"), 0.0);
    let why = Explanation::of(&hits[0]);
    let part = |listed: &str| why.parts.iter().find(|part| part.listed == listed).map(|part| part.how);
    assert_eq!((part("quillmarsh"), part("international")), (Some("sound"), Some("meaning")));
    assert_eq!(
        (why.query_only.as_slice(), why.country),
        (["bakery".to_owned(), "ltd".to_owned()].as_slice(), "agrees")
    );
    assert!(why.in_words().contains("\"quilmarsh\" sounds like \"quillmarsh\""), "{}", why.in_words());
}
