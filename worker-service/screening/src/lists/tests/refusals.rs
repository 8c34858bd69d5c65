//! Files that are refused, with the reason.

use super::{EntityKind, Files, ListedEntity, SDN, UK, ofac_files, one, read};

fn rejected(text: &str) -> String {
    read(Files { main: text.as_bytes(), ..Files::default() }).unwrap_err().to_string()
}

#[test]
fn unknown_formats_and_hostile_files_are_rejected_with_the_reason() {
    for text in ["<html>", "", "a,b,c\n1,2,3", "{}", "{\"total\": 1}", "[]", "{"] {
        assert!(rejected(text).contains("not a list"), "{text}: {}", rejected(text));
    }
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><CONSOLIDATED_LIST>&a;</CONSOLIDATED_LIST>";
    assert!(rejected(bomb).contains("document type"), "{}", rejected(bomb));
    let deep = format!("<CONSOLIDATED_LIST>{}", "<a>".repeat(100));
    assert!(rejected(&deep).contains("deep"));
    assert!(rejected("<CONSOLIDATED_LIST><ENTITIES>").contains("middle"));
    assert!(rejected("Report Date: 1\nUnique ID,Name 6\n1,2").contains("Name type"));
    assert!(rejected("PK\u{3}\u{4}rest").contains("CSV"));
}

#[test]
fn a_file_that_was_cut_off_is_rejected() {
    let uk = std::str::from_utf8(UK).unwrap();
    let cut = &uk[..uk.len() - 100];
    assert!(rejected(cut).contains("cut off"), "{}", rejected(cut));
    let json = include_str!("../fixtures/csl.json");
    assert!(rejected(&json[..json.len() - 200]).contains("EOF"));
    let xml = include_str!("../fixtures/sdn.xml");
    let without_entry = xml.replace("<Record_Count>3<", "<Record_Count>4<");
    assert!(rejected(&without_entry).contains("states 4 entries and has 3"), "{}", rejected(&without_entry));
    let cut = &SDN[..SDN.len() - 300];
    let error = read(Files { main: cut, ..ofac_files() }).unwrap_err().to_string();
    assert!(error.contains("cut off"), "{error}");
}

#[test]
fn ofacs_list_is_rejected_without_a_part_that_it_needs() {
    let without = |files: Files<'_>| read(files).unwrap_err().to_string();
    assert!(without(Files { other_names: None, ..ofac_files() }).contains("ALT.CSV"));
    assert!(without(Files { addresses: None, ..ofac_files() }).contains("ADD.CSV"));
    assert!(without(Files { remarks: None, ..ofac_files() }).contains("SDN_COMMENTS.CSV"));
    let page = Files { other_names: Some(b"<html>Not found</html>"), ..ofac_files() };
    assert!(without(page).contains("row 1 of ALT.CSV"));
    // Without long remarks, the file of their continuations is not needed.
    let rows = std::str::from_utf8(SDN).unwrap();
    let short = &rows[..rows.find("990008").unwrap()];
    assert!(read(Files { main: short.as_bytes(), remarks: None, ..ofac_files() }).is_ok());
}

#[test]
fn a_list_without_an_entry_of_the_kind_that_is_screened_is_rejected() {
    let header = std::str::from_utf8(UK).unwrap().lines().take(2).collect::<Vec<_>>().join("\n");
    let error = one(header.as_bytes()).into_entries(EntityKind::Organization).unwrap_err().to_string();
    assert!(error.contains("names no organization (0 other entries)"), "{error}");
    let persons = "{\"id\":\"a\",\"name\":\"Pellam\",\"kind\":\"person\"}";
    let error = one(persons.as_bytes()).into_entries(EntityKind::Organization).unwrap_err().to_string();
    assert!(error.contains("names no organization (1 other entries)"), "{error}");
    let found: Vec<ListedEntity> = one(persons.as_bytes()).into_entries(EntityKind::Person).unwrap();
    assert_eq!(found.len(), 1);
}

#[test]
fn a_file_of_changes_is_rejected() {
    let xml = include_str!("../fixtures/sdn_enhanced.xml");
    let delta = xml.replace("exports/ENHANCED_XML", "DeltaFile/1.0");
    assert!(rejected(&delta).contains("only what changed"), "{}", rejected(&delta));
}
