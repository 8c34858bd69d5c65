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

#[test]
fn operations_have_names_of_their_own_and_every_body_an_example_that_its_schema_takes() {
    let document = serde_json::to_value(router::document()).unwrap();
    let takes = |schema: &serde_json::Value, example: &serde_json::Value, at: &str| {
        let mut whole = serde_json::json!({ "components": document["components"] });
        whole.as_object_mut().unwrap().extend(schema.as_object().unwrap().clone());
        let validator = jsonschema::draft202012::new(&whole).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(example)
            .map(|error| format!("{} {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{at}: {errors:?}");
    };
    let mut names = std::collections::BTreeSet::new();
    let mut codes = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} is there twice");
            let answers = operation["responses"].as_object().unwrap().values();
            for body in answers.chain([&operation["requestBody"]]) {
                for (kind, content) in body["content"].as_object().into_iter().flatten() {
                    let at = format!("{method} {path} {kind}");
                    match kind.as_str() {
                        "text/csv" | "text/event-stream" => {}
                        "application/problem+json" => {
                            let examples = content["examples"].as_object().unwrap_or_else(|| panic!("{at}"));
                            for (code, example) in examples {
                                assert_eq!(example["value"]["code"], code.as_str());
                                takes(&content["schema"], &example["value"], &at);
                                codes.insert(code.clone());
                            }
                        }
                        _ => takes(&content["schema"], &content["example"], &at),
                    }
                }
            }
        }
    }
    // What no operation answers: an address or a method that is not in the document.
    let documented = codes.len() + usize::from(!codes.contains("method_not_allowed"));
    assert_eq!(documented, Kind::ALL.len());
}
