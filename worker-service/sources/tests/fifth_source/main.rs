//! Adds a fifth source in a folder of its own to the registered ones, to show that nothing else has to change
//! for it. docs/EXTENDING.md explains it as the worked example.
//!
//! The last test shows the reverse: a version that does not know the source reads, assesses and shows what a
//! version with the source has written.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what fails here fails the test")]

mod procurement;

use aws_config::{BehaviorVersion, SdkConfig};
use axum::Router;
use domain::{
    artifact::ArtifactKind,
    document::Document,
    evidence::{Snapshot, SourceName, SourceStatus},
    language::Language,
    request::{ReportRequest, ReportRequestDraft},
    risk::{Grade, Rulebook, RulesAssessment},
    time::UtcTime,
};
use serde_json::{Value, json};
use service_runtime::{
    clock::Clock,
    config::{Environment, Reader, help},
};
use sources::{Gathered, REGISTERED, Settings, SourceDefinition, Sources, compose, rulebook};

const PROCUREMENT: SourceName = SourceName::from_static("procurement");

/// Returns the registered sources followed by the fifth one, as one more line in [`REGISTERED`] would list
/// them.
fn definitions() -> Vec<&'static SourceDefinition> {
    [REGISTERED, &[&procurement::DEFINITION]].concat()
}

fn read(environment: &[(&str, &str)]) -> Result<Settings, String> {
    let environment: Environment =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut reader = Reader::new(&environment);
    let settings = Settings::read_for(&definitions(), &mut reader);
    reader.finish(settings).map_err(|error| error.to_string())
}

fn company(language: &str) -> ReportRequest {
    let draft = ReportRequestDraft {
        company_name: Some("Calder Vane Shipping Ltd".into()),
        corporate_number: Some("99104372".into()),
        country: Some("GB".into()),
        language: Some(language.into()),
        ..ReportRequestDraft::default()
    };
    draft.check().unwrap()
}

/// Serves the stand-ins of all five sources on a free local port, and returns the settings that make
/// the sources query them.
async fn stand_ins() -> Vec<(&'static str, String)> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let stand_ins: Vec<_> =
        definitions().iter().filter_map(|definition| Some((definition.stand_in?)())).collect();
    let environment = stand_ins.iter().flat_map(|stand_in| (stand_in.environment)(&base_url)).collect();
    let operations = stand_ins.into_iter().flat_map(|stand_in| stand_in.operations);
    let router =
        operations.fold(Router::new(), |router, operation| router.route(operation.path, operation.handler));
    tokio::spawn(async move { axum::serve(listener, router).await });
    environment
}

/// Gathers evidence from all five sources.
async fn gathered(request: &ReportRequest) -> Gathered {
    let stand_ins = stand_ins().await;
    let mut environment: Vec<(&str, &str)> =
        stand_ins.iter().map(|(name, value)| (*name, value.as_str())).collect();
    environment.extend([
        ("DOSSIER_PRIVATE_SOURCES", "127.0.0.1"),
        ("DOSSIER_MANDATORY_SOURCES", "sanctions,procurement"),
    ]);
    let settings = read(&environment).unwrap();
    assert_eq!(settings.mandatory, [SourceName::from_static("sanctions"), PROCUREMENT]);
    // No source of this test uses AWS.
    let sdk = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
    let sources = Sources::new(&settings, &sdk, "dossier", Clock::system()).unwrap();
    sources.prepare().await;
    sources.gather(request).await
}

async fn snapshot(request: &ReportRequest) -> Snapshot {
    gathered(request).await.freeze(UtcTime::from_epoch_millis(1_767_614_400_000))
}

/// Returns a report on `snapshot` whose summary was not written by a model.
fn document(
    request: &ReportRequest,
    snapshot: &Snapshot,
    assessed: &RulesAssessment,
    rulebook: &Rulebook,
) -> Value {
    json!({
        "reportId": "01890a5d-ac96-774b-bcce-b302099a8057",
        "company": request,
        "riskLevel": assessed.level(None),
        "riskScore": assessed.score,
        "rules": assessed.rules,
        "summary": {"text": "No summary.", "citations": []},
        "findings": [],
        "evidence": snapshot.evidence().collect::<Vec<_>>(),
        "sources": snapshot.sources,
        "dropped": [],
        "review": {"required": true, "reasons": assessed.review.iter().map(|open| &open.text).collect::<Vec<_>>()},
        "versions": {
            "dossier": "0.3.0",
            "rules": rulebook.rules().version(),
            "sources": snapshot.versions,
            "prompt": "assess-3 sha256:0",
            "model": null,
            "writtenAt": "2026-01-05T12:00:00.000Z",
        },
    })
}

fn render(document: &Value, kind: ArtifactKind, rulebook: &Rulebook) -> String {
    let document: Document = serde_json::from_value(document.clone()).unwrap();
    String::from_utf8(rendering::form(&document, kind, rulebook).unwrap().bytes).unwrap()
}

#[tokio::test]
async fn a_fifth_source_is_gathered_judged_and_shown_in_both_languages() {
    let rulebook = compose(&definitions()).unwrap();
    for (language, name, effect) in [
        (
            "en",
            "Exclusions from procurement",
            "The company is excluded from public procurement: at least MEDIUM.",
        ),
        ("ja", "公共調達からの排除", "企業は公共調達から排除されています。「中」以上とします。"),
    ] {
        let request = company(language);
        let snapshot = snapshot(&request).await;
        let names: Vec<&str> = snapshot.sources.iter().map(|outcome| outcome.source.as_str()).collect();
        assert_eq!(names, ["sanctions", "news", "registry", "country_risk", "procurement"]);
        assert!(snapshot.sources.iter().all(|outcome| outcome.status == SourceStatus::Ok), "{snapshot:#?}");
        let found = snapshot.evidence().last().unwrap();
        assert_eq!(found.source, PROCUREMENT);
        assert!(found.text.contains("until 2028-03-31"), "{}", found.text);
        assert!(snapshot.versions.contains(&"register of exclusions 2026-11-20".to_owned()));

        let mandatory = [SourceName::from_static("sanctions"), PROCUREMENT];
        let assessed = rulebook.assess(&snapshot, &mandatory, request.language);
        let applied = assessed.rules.last().unwrap();
        assert_eq!((applied.rule.as_str(), applied.effect.as_str()), ("procurement.excluded", effect));
        assert_eq!(applied.because, std::slice::from_ref(&found.id));
        assert!(assessed.floor >= Grade::Medium && assessed.missing.is_empty());

        let document = document(&request, &snapshot, &assessed, &rulebook);
        assert_eq!(document["versions"]["rules"], "2026-12.1");
        for kind in [ArtifactKind::Html, ArtifactKind::Md] {
            let text = render(&document, kind, &rulebook);
            assert!(text.contains(name), "{kind}: {text}");
        }
    }
}

#[test]
fn a_fifth_source_has_settings_and_is_skipped_without_them() {
    assert!(help(&[procurement::DEFINITION.settings]).contains("DOSSIER_PROCUREMENT_URL"));
    let settings = read(&[("DOSSIER_MANDATORY_SOURCES", "none")]).unwrap();
    let configured: Vec<&str> = settings
        .sources
        .iter()
        .filter(|(_, settings)| settings.is_configured())
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(configured, ["country_risk"]);
    let error = read(&[("DOSSIER_MANDATORY_SOURCES", "procurement")]).unwrap_err();
    assert!(error.contains("names procurement, which is not configured"), "{error}");
}

#[test]
fn an_unknown_mandatory_source_is_an_error_that_lists_the_known_ones() {
    let error = read(&[("DOSSIER_MANDATORY_SOURCES", "country_risk,weather")]).unwrap_err();
    assert!(error.contains("DOSSIER_MANDATORY_SOURCES cannot be parsed"), "{error}");
    assert!(error.contains("sanctions, news, registry, country_risk, procurement"), "{error}");
}

/// Both versions run during a rolling deployment: the older one resumes a report that the newer one began,
/// and lists and renders those that the newer one finished.
#[tokio::test]
async fn a_version_without_the_source_reads_assesses_and_shows_what_the_newer_one_wrote() {
    let newer = compose(&definitions()).unwrap();
    let older = rulebook();
    let request = company("en");
    let written = snapshot(&request).await;
    let stored = serde_json::to_string(&written).unwrap();

    let read: Snapshot = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, written);
    // A mandatory source that this version does not query counts as answered if the snapshot has its answer.
    let mandatory = [PROCUREMENT];
    let assessed = older.assess(&read, &mandatory, Language::ENGLISH);
    assert!(assessed.missing.is_empty());
    assert!(assessed.rules.iter().all(|applied| applied.rule != "procurement.excluded"));

    let newest = newer.assess(&written, &mandatory, Language::ENGLISH);
    let document = document(&request, &written, &newest, &newer);
    let text = render(&document, ArtifactKind::Md, older);
    // The report shows the source by its identifier, and the rule by the text that the newer version wrote.
    assert!(text.contains("procurement"), "{text}");
    assert!(text.contains("The company is excluded from public procurement"), "{text}");
    // The older version does not know the weight of the rule, so it does not say that the model raised the
    // level.
    assert!(!text.contains("The model rates"), "{text}");
    let json: Value = serde_json::from_str(&render(&document, ArtifactKind::Json, older)).unwrap();
    assert_eq!(json["evidence"], document["evidence"]);
    assert_eq!(json["rules"], document["rules"]);
    for kind in [ArtifactKind::Html, ArtifactKind::Pdf] {
        let document: Document = serde_json::from_value(document.clone()).unwrap();
        assert!(rendering::form(&document, kind, older).is_ok(), "{kind}");
    }
}
