use proptest::prelude::*;

use super::*;
use crate::entity::ListedEntity;

const SDN: &[u8] = include_bytes!("fixtures/SDN.CSV");
const UK: &[u8] = include_bytes!("fixtures/UK-Sanctions-List.csv");
const UN: &[u8] = include_bytes!("fixtures/un_consolidated.xml");
const EU_XML: &[u8] = include_bytes!("fixtures/eu_fsf_1_1.xml");
const EU_CSV: &[u8] = include_bytes!("fixtures/eu_fsf_1_1.csv");
const OPENSANCTIONS: &[u8] = include_bytes!("fixtures/targets.simple.csv");

fn one(main: &[u8]) -> List {
    read(Files { main, ..Files::default() }).unwrap()
}

fn ofac() -> List {
    read(Files {
        main: SDN,
        other_names: Some(include_bytes!("fixtures/ALT.CSV")),
        addresses: Some(include_bytes!("fixtures/ADD.CSV")),
    })
    .unwrap()
}

/// Returns a list as text, one line for each entity.
fn shown(list: &List) -> String {
    let List { name, published, entities } = list;
    let mut text = format!("{name}, {}\n", published.as_deref().unwrap_or("undated"));
    for ListedEntity { id, name, aliases, countries, programs, ids, .. } in entities {
        text.push_str(&format!("{id}: {name} {aliases:?} {countries:?} {programs:?} {ids:?}\n"));
    }
    text
}

#[test]
fn ofac_is_read_from_its_three_files() {
    insta::assert_snapshot!(shown(&ofac()));
}

#[test]
fn the_uk_list_is_grouped_by_body() {
    insta::assert_snapshot!(shown(&one(UK)));
}

#[test]
fn a_uk_list_without_its_first_line_is_dated_by_its_newest_row() {
    let text = std::str::from_utf8(UK).unwrap();
    let rest = text.split_once('\n').unwrap().1;
    assert_eq!(one(UK).published.as_deref(), Some("20-Nov-2026"));
    assert_eq!(one(rest.as_bytes()).published.as_deref(), Some("11/07/2026"));
}

#[test]
fn the_un_list_gives_entities_alone() {
    insta::assert_snapshot!(shown(&one(UN)));
}

#[test]
fn the_eu_list_says_the_same_in_both_formats() {
    let (xml, csv) = (one(EU_XML), one(EU_CSV));
    insta::assert_snapshot!(shown(&xml));
    let names = |list: &List| -> Vec<(String, String)> {
        list.entities.iter().map(|entity| (entity.id.clone(), entity.name.clone())).collect()
    };
    let (xml, csv) = (names(&xml), names(&csv));
    assert!(csv.len() == 2 && xml.starts_with(&csv), "{csv:?}");
}

#[test]
fn opensanctions_cells_hold_lists() {
    insta::assert_snapshot!(shown(&one(OPENSANCTIONS)));
}

#[test]
fn json_lines_are_read_and_a_malformed_one_is_named() {
    let lines =
        "{\"id\":\"a\",\"name\":\"Acme\",\"countries\":[\"XK\",\"de\"]}\n\n{\"id\":\"b\",\"name\":\"B\"}\n";
    let list = one(lines.as_bytes());
    assert_eq!(
        (list.entities.len(), list.entities[0].countries.clone()),
        (2, vec!["XK".into(), "DE".into()])
    );
    let error =
        read(Files { main: b"{\"id\":\"a\",\"name\":\"A\"}\n{\"id\":1}", ..Files::default() }).unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
}

#[test]
fn unknown_formats_and_hostile_files_are_rejected_with_the_reason() {
    let rejected =
        |text: &str| read(Files { main: text.as_bytes(), ..Files::default() }).unwrap_err().to_string();
    assert!(rejected("<html>").contains("not a sanctions list"));
    assert!(rejected("").contains("not a sanctions list"));
    assert!(rejected("a,b,c\n1,2,3").contains("not a sanctions list"));
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><CONSOLIDATED_LIST>&a;</CONSOLIDATED_LIST>";
    assert!(rejected(bomb).contains("document type"), "{}", rejected(bomb));
    let deep = format!("<CONSOLIDATED_LIST>{}", "<a>".repeat(100));
    assert!(rejected(&deep).contains("deep"));
    assert!(rejected("<CONSOLIDATED_LIST><ENTITIES>").contains("middle"));
    assert!(rejected("Report Date: 1\nUnique ID,Name 6\n1,2").contains("Name type"));
}

#[test]
fn ofacs_other_files_are_beside_the_main_one() {
    let beside = |path: &str| siblings(path).map(|[alt, add]| (alt, add));
    assert_eq!(beside("/a/SDN.CSV"), Some(("/a/ALT.CSV".into(), "/a/ADD.CSV".into())));
    assert_eq!(beside("s3://b/sdn.csv"), Some(("s3://b/alt.csv".into(), "s3://b/add.csv".into())));
    assert_eq!(
        beside("https://x/SDN.CSV?t=1"),
        Some(("https://x/ALT.CSV?t=1".into(), "https://x/ADD.CSV?t=1".into()))
    );
    assert_eq!(beside("/a/list.xml"), None);
}

/// Reads a whole list as the UN published it. It is not part of the repository.
#[test]
#[ignore = "reads ../shared/data; run by .ci/evidence-data"]
fn a_collected_un_list_is_read_with_its_date() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/lists");
    let list = one(&std::fs::read(format!("{folder}/un-consolidated-2026-02-27.xml")).unwrap());
    assert_eq!((list.published.as_deref(), list.entities.len()), (Some("2026-02-27T00:00:09.554Z"), 273));
}

/// Generates fixtures with some bytes replaced, removed or repeated.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let fixtures = prop::sample::select(vec![SDN, UK, UN, EU_XML, EU_CSV, OPENSANCTIONS]);
    let edits =
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_usize..200, 0_u8..3), 1..8);
    (fixtures, edits).prop_map(|(fixture, edits)| {
        let mut bytes = fixture.to_vec();
        for (at, byte, length, kind) in edits {
            let at = at.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
            let end = (at + length).min(bytes.len());
            match kind {
                0 if !bytes.is_empty() => bytes[at] = byte,
                1 => drop(bytes.drain(at..end)),
                _ => {
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
        bytes
    })
}

proptest! {
    #[test]
    fn no_file_makes_a_reader_panic_or_expand_it(bytes in mutated()) {
        if let Ok(list) = read(Files { main: &bytes, ..Files::default() }) {
            let held: usize = list.entities.iter().flat_map(|entity| {
                let lists = [&entity.aliases, &entity.countries, &entity.programs, &entity.ids];
                lists.into_iter().flatten().chain([&entity.id, &entity.name]).map(String::len).collect::<Vec<_>>()
            }).sum();
            prop_assert!(held <= 8 * bytes.len() + 1024, "{held} bytes of {}", bytes.len());
        }
    }
}
