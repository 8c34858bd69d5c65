//! The OpenAPI document is a contract: a change of it is a change of this snapshot.

use api_service::{problem::Kind, router};

#[test]
fn the_document_is_as_recorded() {
    insta::assert_json_snapshot!("openapi", router::document());
}

#[test]
fn every_operation_documents_its_errors_as_problems() {
    let document = serde_json::to_value(router::document()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let is_problem = !answer["content"]["application/problem+json"].is_null();
                let health = path.ends_with('z');
                assert_eq!(is_problem, status.as_str() >= "400" && !health, "{method} {path} {status}");
            }
        }
    }
}

#[test]
fn problem_codes_are_unique_and_stable_names() {
    let mut codes: Vec<_> = Kind::ALL.iter().map(|kind| kind.describe().1).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Kind::ALL.len());
    assert!(codes.iter().all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
}
