//! The web pages: the application and the reference of the API. Their files in `web/` and `viewer/` are compiled into
//! the binary. Browsers cache them under addresses that contain a hash.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{
    Router,
    extract::{Path, rejection::PathRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use country::Country;
use domain::language::Language;
use registration_numbers::Scheme;
use rust_embed::{EmbeddedFile, RustEmbed};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::problem::{Kind, Problem};

#[derive(RustEmbed)]
#[folder = "web"]
struct Files;

/// The viewer that `/docs` shows the OpenAPI document with, compressed, and the licences of what it contains. `.ci/viewer`
/// checks them.
#[derive(RustEmbed)]
#[folder = "viewer"]
struct Viewer;

/// The content security policy of `/docs`. The viewer inserts styles into the page, which the policy of other pages
/// forbids; like all pages, it runs only scripts of this origin and connects only to it.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// A hash of all files of the page. It is part of their addresses, so a cached file is never stale.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for name in Files::iter() {
        hash.update(name.as_bytes());
        hash.update(Files::get(&name).map(|file| file.metadata.sha256_hash()).unwrap_or_default());
    }
    for name in Viewer::iter() {
        hash.update(name.as_bytes());
        hash.update(Viewer::get(&name).map(|file| file.metadata.sha256_hash()).unwrap_or_default());
    }
    for (name, content) in GENERATED.iter() {
        hash.update(name);
        hash.update(content);
    }
    hex::encode(&hash.finalize()[..8])
});

/// Files with data of the domain, generated from the same tables as the API's responses.
static GENERATED: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let words = Language::all().map(|language| {
        #[expect(clippy::expect_used, reason = "the files are part of the binary, and a test reads them")]
        let words = source_words::words(language).expect("the words of the sources are valid");
        (format!("words/{}.json", language.tag()), json!(words.tree()).to_string())
    });
    [("schemes.json".to_owned(), schemes().to_string())].into_iter().chain(words).collect()
});

/// Returns the registration number schemes of each country, with an example of each, and the countries whose companies
/// have no public number.
fn schemes() -> Value {
    let schemes_of = |code: &str| -> Vec<Value> {
        Scheme::of(code)
            .map(|scheme| json!({"name": scheme.name, "form": scheme.form, "example": scheme.example}))
            .collect()
    };
    let countries: BTreeMap<&str, Vec<Value>> =
        Country::all().map(|country| (country.code(), schemes_of(country.code()))).collect();
    let without_numbers: Vec<&str> =
        registration_numbers::without_public_numbers().map(Country::code).collect();
    json!({ "countries": countries, "withoutNumbers": without_numbers })
}

/// Returns the routes of the pages.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(async || html("index.html")))
        .route("/docs", get(async || docs()))
        .route("/docs/", get(async || docs()))
        .route("/assets/{hash}/{*path}", get(asset))
}

fn html(name: &str) -> Response {
    let Some(file) = Files::get(name) else { return missing() };
    let text = String::from_utf8_lossy(&file.data).replace("{{assets}}", &format!("/assets/{}", *HASH));
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], text)
        .into_response()
}

fn docs() -> Response {
    let mut page = html("docs.html");
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(DOCS_POLICY));
    page
}

async fn asset(path: Result<Path<(String, String)>, PathRejection>) -> Response {
    // The bytes of a file's path are always UTF-8.
    let Ok(Path((hash, path))) = path else { return missing() };
    if hash != *HASH {
        // The request comes from a page of another version, which was open while this version was deployed.
        return if find(&path).is_some() {
            Redirect::temporary(&format!("/assets/{}/{path}", *HASH)).into_response()
        } else {
            missing()
        };
    }
    find(&path).unwrap_or_else(missing)
}

fn find(path: &str) -> Option<Response> {
    let content_type = content_type(path)?;
    let mut response = match Files::get(path) {
        Some(EmbeddedFile { data, .. }) => data.into_owned().into_response(),
        None => viewer(path).or_else(|| Some(GENERATED.get(path)?.clone().into_response()))?,
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    Some(response)
}

/// Returns the file `viewer/NAME`. A compressed one is sent as it is: every browser decodes gzip, and no other client needs
/// the file.
fn viewer(path: &str) -> Option<Response> {
    let name = path.strip_prefix("viewer/")?;
    if let Some(file) = Viewer::get(name) {
        return Some(file.data.into_owned().into_response());
    }
    let EmbeddedFile { data, .. } = Viewer::get(&format!("{name}.gz"))?;
    Some(([(header::CONTENT_ENCODING, "gzip")], data.into_owned()).into_response())
}

fn content_type(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.')?.1 {
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "json" => Some("application/json"),
        "svg" => Some("image/svg+xml"),
        "txt" => Some("text/plain; charset=utf-8"),
        _ => None,
    }
}

fn missing() -> Response {
    let problem = Problem::new(Kind::RouteNotFound, "this file does not exist: reload the page");
    (StatusCode::NOT_FOUND, problem).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_the_page_exists_in_every_report_language() {
        let keys = |value: &Value| {
            fn walk(prefix: &str, value: &Value, into: &mut Vec<String>) {
                match value {
                    Value::Object(members) => {
                        members
                            .iter()
                            .for_each(|(name, value)| walk(&format!("{prefix}.{name}"), value, into));
                    }
                    _ => into.push(prefix.to_owned()),
                }
            }
            let mut all = Vec::new();
            walk("", value, &mut all);
            all
        };
        let text = |tag: &str| -> Value {
            let file = Files::get(&format!("text/{tag}.json")).unwrap();
            serde_json::from_slice(&file.data).unwrap()
        };
        let english = keys(&text("en"));
        for language in Language::all() {
            let translated = keys(&text(language.tag()));
            let missing: Vec<_> = english.iter().filter(|key| !translated.contains(key)).collect();
            assert!(missing.is_empty(), "{}: {missing:?}", language.tag());
        }
    }

    #[test]
    fn every_text_that_a_module_names_exists_in_every_report_language() {
        let is_name =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
        for language in Language::all() {
            let page = Files::get(&format!("text/{}.json", language.tag())).unwrap();
            let page: Value = serde_json::from_slice(&page.data).unwrap();
            let report: Value =
                serde_json::from_str(&GENERATED[&format!("words/{}.json", language.tag())]).unwrap();
            let group = |name: &str| page.get(name).or_else(|| report.get(name));
            for file in Files::iter().filter(|name| name.ends_with(".js")) {
                let module = String::from_utf8(Files::get(&file).unwrap().data.into_owned()).unwrap();
                let keys = module.split('"').filter_map(|literal| literal.split_once('.'));
                let is_text =
                    |name: &str, key: &str| group(name).is_some_and(|texts| texts.get(key).is_some());
                for (name, key) in keys.filter(|(name, key)| is_name(name) && is_name(key)) {
                    let is_no_text = key == "csv"
                        || ["dossier.key", "dossier.language"].contains(&&*format!("{name}.{key}"));
                    assert!(is_no_text || is_text(name, key), "{file}, {}: {name}.{key}", language.tag());
                }
                for call in module.split("plural(\"").skip(1) {
                    let (name, key) =
                        call.split_once('"').and_then(|(text, _)| text.split_once('.')).unwrap();
                    let one = format!("{key}_one");
                    assert!(is_text(name, &one), "{file}, {}: {name}.{one}", language.tag());
                }
            }
        }
    }

    #[test]
    fn the_viewer_is_sent_compressed_and_with_its_licences() {
        let script = find("viewer/scalar.js").unwrap();
        assert_eq!(script.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(script.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert!(!find("viewer/LICENSES.txt").unwrap().headers().contains_key(header::CONTENT_ENCODING));
        assert!(find("viewer/other.js").is_none());
    }

    #[test]
    fn the_reference_has_a_policy_of_its_own_that_runs_no_foreign_script() {
        let page = docs();
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("script-src 'self';") && policy.contains("connect-src 'self';"), "{policy}");
        assert!(!html("index.html").headers().contains_key(header::CONTENT_SECURITY_POLICY));
    }

    #[test]
    fn every_file_has_a_content_type_and_no_html_contains_inline_code() {
        for name in Files::iter() {
            let file = Files::get(&name).unwrap();
            let text = String::from_utf8(file.data.into_owned()).unwrap();
            if name.ends_with(".html") {
                assert!(
                    !text.contains("<style") && !text.contains("style=") && !text.contains("onclick"),
                    "{name}"
                );
                assert_eq!(text.matches("<script").count(), text.matches(" src=\"{{assets}}/").count());
            } else {
                assert!(content_type(&name).is_some(), "{name}");
            }
        }
    }
}
