//! The OpenAPI document is a contract: every change of it shows in the snapshot.

use api_service::{problem::Kind, router};

#[test]
fn the_document_matches_its_snapshot() {
    insta::assert_json_snapshot!("openapi", router::document());
}

#[test]
fn every_operation_documents_its_errors_as_problems() {
    let document = serde_json::to_value(router::document()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let is_problem = !response["content"]["application/problem+json"].is_null();
                let is_health_check = path.ends_with('z');
                assert_eq!(
                    is_problem,
                    status.as_str() >= "400" && !is_health_check,
                    "{method} {path} {status}"
                );
            }
        }
    }
}

#[test]
fn problem_codes_are_unique_and_in_snake_case() {
    let mut codes: Vec<_> = Kind::ALL.iter().map(|kind| kind.describe().1).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Kind::ALL.len());
    assert!(codes.iter().all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
}

#[test]
fn operation_ids_are_unique_and_every_body_has_an_example_that_matches_its_schema() {
    let document = serde_json::to_value(router::document()).unwrap();
    let validate = |schema: &serde_json::Value, example: &serde_json::Value, at: &str| {
        let mut with_components = serde_json::json!({ "components": document["components"] });
        with_components.as_object_mut().unwrap().extend(schema.as_object().unwrap().clone());
        let validator = jsonschema::draft202012::new(&with_components).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(example)
            .map(|error| format!("{} {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{at}: {errors:?}");
    };
    let mut ids = std::collections::BTreeSet::new();
    let mut codes = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} occurs twice");
            let responses = operation["responses"].as_object().unwrap().values();
            for body in responses.chain([&operation["requestBody"]]) {
                for (media_type, content) in body["content"].as_object().into_iter().flatten() {
                    let at = format!("{method} {path} {media_type}");
                    match media_type.as_str() {
                        "text/csv" | "text/event-stream" => {}
                        "application/problem+json" => {
                            let examples = content["examples"].as_object().unwrap_or_else(|| panic!("{at}"));
                            for (code, example) in examples {
                                assert_eq!(example["value"]["code"], code.as_str());
                                validate(&content["schema"], &example["value"], &at);
                                codes.insert(code.clone());
                            }
                        }
                        _ => validate(&content["schema"], &content["example"], &at),
                    }
                }
            }
        }
    }
    // No operation returns these: they are the answers to methods that are not in the document, and to
    // requests whose head is too large to be read.
    let of_no_operation = ["method_not_allowed", "headers_too_large"].map(str::to_owned);
    codes.extend(of_no_operation);
    assert_eq!(codes.len(), Kind::ALL.len());
}
