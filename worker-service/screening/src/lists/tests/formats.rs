//! Each format, read from a small file of its published shape with invented entries.

use super::{List, one, shown};

macro_rules! formats {
    ($($test:ident: $file:literal,)*) => {
        /// The files of all formats.
        pub(super) const ALL: [&[u8]; 11] = [$(include_bytes!(concat!("../fixtures/", $file)),)*];
        $(
        #[test]
        fn $test() {
            insta::assert_snapshot!(shown(&one(include_bytes!(concat!("../fixtures/", $file)))));
        }
    )*};
}

formats! {
    ofac_classic_xml: "sdn.xml",
    ofac_enhanced_xml: "sdn_enhanced.xml",
    ofac_advanced_xml: "sdn_advanced.xml",
    uk_xml: "UK-Sanctions-List.xml",
    follow_the_money: "entities.ftm.json",
    follow_the_money_nested: "targets.nested.json",
    seco_xml: "seco.xml",
    canada_xml: "sema-lmes.xml",
    dfat_csv: "dfat.csv",
    world_bank_csv: "worldbank.csv",
    screening_list_csv: "csl.csv",
}

/// Returns a list as text without the ids that are only positions.
fn entries(list: &List) -> String {
    let text = shown(list);
    text.lines()
        .skip(1)
        .map(|line| line.split_once(": ").map_or("", |(_, rest)| rest))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn both_formats_of_a_list_say_the_same() {
    for (csv, json) in [
        (include_bytes!("../fixtures/csl.csv") as &[u8], include_bytes!("../fixtures/csl.json") as &[u8]),
        (include_bytes!("../fixtures/worldbank.csv"), include_bytes!("../fixtures/worldbank.json")),
    ] {
        assert_eq!(entries(&one(csv)), entries(&one(json)));
    }
}

#[test]
fn json_lines_have_every_member_of_an_entity() {
    let line = r#"{"id":"p1","name":"VANTROSK, Pellam","aliases":["Orrin Vantrosk"],"weakAliases":["Heron"],
        "birthDates":["1961-02-02","1961","1960/1962","1961~"],"countries":["MM"],"topics":["sanction","role.pep"],
        "programs":["SDGT"],"ids":["passport:MM:ZZ0011223"],"list":"un","places":["Yarrow"]}"#;
    insta::assert_snapshot!(shown(&one(line.replace('\n', " ").as_bytes())));
    let company = r#"{"id":"c1","name":"Quillmarsh","ids":["company:RU:1069900445566","1069900445566"]}"#;
    insta::assert_snapshot!(shown(&one(company.as_bytes())));
}
