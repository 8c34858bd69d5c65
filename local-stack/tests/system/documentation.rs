//! The documentation agrees with the code: the tables of settings match the settings that the code declares.
use std::fs;

use aws_adapters::settings::AWS_SETTINGS;
use service_runtime::config::{Setting, markdown};
use telemetry::TELEMETRY_SETTINGS;

/// Compares the tables of settings between the markers of docs/CONFIGURATION.md. `UPDATE_DOCS=1` writes them
/// instead.
#[test]
fn the_configuration_page_lists_every_setting() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/CONFIGURATION.md");
    let mut page = fs::read_to_string(path).unwrap();
    let tables: [(&str, &[&[Setting]]); 4] = [
        ("api-service", &[api_service::settings::API_SETTINGS]),
        ("worker-service", worker_service::settings::WORKER_SETTINGS),
        ("both", &[AWS_SETTINGS]),
        ("telemetry", &[TELEMETRY_SETTINGS]),
    ];
    let mut stale = Vec::new();
    for (name, settings) in tables {
        let (begin, end) = (format!("<!-- settings: {name} -->\n"), "<!-- end -->");
        let from = page.find(&begin).unwrap_or_else(|| panic!("no marker for {name}")) + begin.len();
        let to = from + page[from..].find(end).expect("the end marker is missing");
        let table = markdown(settings);
        if page[from..to] != table {
            stale.push(name);
            page.replace_range(from..to, &table);
        }
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, page).unwrap();
    } else {
        assert!(
            stale.is_empty(),
            "docs/CONFIGURATION.md is stale for {stale:?}: run this test with UPDATE_DOCS=1"
        );
    }
}
