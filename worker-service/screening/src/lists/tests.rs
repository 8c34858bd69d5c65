use proptest::prelude::*;

use super::*;
use crate::entity::{EntityKind, ListedEntity};

mod formats;
mod refusals;

const SDN: &[u8] = include_bytes!("fixtures/SDN.CSV");
const UK: &[u8] = include_bytes!("fixtures/UK-Sanctions-List.csv");
const UN: &[u8] = include_bytes!("fixtures/un_consolidated.xml");
const EU_XML: &[u8] = include_bytes!("fixtures/eu_fsf_1_1.xml");
const EU_CSV: &[u8] = include_bytes!("fixtures/eu_fsf_1_1.csv");
const OPENSANCTIONS: &[u8] = include_bytes!("fixtures/targets.simple.csv");

fn one(main: &[u8]) -> List {
    read(Files { main, ..Files::default() }).unwrap()
}

fn ofac_files() -> Files<'static> {
    Files {
        main: SDN,
        path: "lists/SDN.CSV",
        other_names: Some(include_bytes!("fixtures/ALT.CSV")),
        addresses: Some(include_bytes!("fixtures/ADD.CSV")),
        remarks: Some(include_bytes!("fixtures/SDN_COMMENTS.CSV")),
    }
}

fn ofac() -> List {
    read(ofac_files()).unwrap()
}

/// Returns a list as text, one line for each entity.
fn shown(list: &List) -> String {
    let List { name, published, entities } = list;
    let mut text = format!("{name}, {}\n", published.as_deref().unwrap_or("undated"));
    for entity in entities {
        let ListedEntity {
            id,
            kind,
            name,
            aliases,
            weak_aliases,
            birth_dates,
            countries,
            topics,
            programs,
            ids,
        } = entity;
        let born: Vec<String> = birth_dates.iter().map(ToString::to_string).collect();
        text.push_str(&format!(
            "{id}: {kind:?} {name} {aliases:?} weak {weak_aliases:?} born {born:?} {countries:?} {topics:?} {programs:?} {ids:?}\n"
        ));
    }
    text
}

#[test]
fn ofac_is_read_from_its_four_files() {
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
fn the_un_list_gives_bodies_and_persons() {
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
    assert!(csv.len() == 3 && csv.iter().all(|name| xml.contains(name)), "{csv:?}");
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

/// Reads a whole list as the UN published it. It is not part of the repository.
#[test]
#[ignore = "reads ../shared/data; run by .ci/evidence-data"]
fn a_collected_un_list_is_read_with_its_date() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/lists");
    let list = one(&std::fs::read(format!("{folder}/un-consolidated-2026-02-27.xml")).unwrap());
    let kind = |kind| list.entities.iter().filter(|entity| entity.kind == kind).count();
    assert_eq!(list.published.as_deref(), Some("2026-02-27T00:00:09.554Z"));
    assert_eq!((kind(EntityKind::Organization), kind(EntityKind::Person)), (273, 730));
}

/// Generates fixtures with some bytes replaced, removed or repeated.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let fixtures = prop::sample::select(
        [&[SDN, UK, UN, EU_XML, EU_CSV, OPENSANCTIONS] as &[&[u8]], &formats::ALL].concat(),
    );
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
        if let Ok(list) = read(Files { main: &bytes, ..ofac_files() }) {
            let held: usize = list.entities.iter().flat_map(|entity| {
                let lists =
                    [&entity.aliases, &entity.weak_aliases, &entity.countries, &entity.programs, &entity.ids];
                lists.into_iter().flatten().chain([&entity.id, &entity.name]).map(String::len).collect::<Vec<_>>()
            }).sum();
            prop_assert!(held <= 8 * bytes.len() + 1024, "{held} bytes of {}", bytes.len());
        }
    }
}
