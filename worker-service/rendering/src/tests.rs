use domain::{
    assessment::{Category, Citation, Finding, Severity, Summary},
    document::{Dropped, Versions},
    evidence::{
        Event, Evidence, EvidenceDraft, Facts, ListMatch, MatchReasons, Party, SourceName, SourceOutcome,
        SourceStatus, WordMatch,
    },
    identity::ReportId,
    number_check::NumberCheck,
    report::Review,
    request::ReportRequestDraft,
    risk::{AppliedRule, OpenDecision, RiskLevel},
    time::UtcTime,
};
use proptest::prelude::*;

use super::{texts::columns, *};

mod content;

/// Returns facts in which every external text is `text`.
fn facts(text: &str) -> Facts {
    let reasons = Some(MatchReasons {
        name: text.to_owned(),
        name_kind: "alias".to_owned(),
        words: vec![WordMatch { query: text.to_owned(), listed: text.to_owned(), how: "sound".to_owned() }],
        query_only: vec![text.to_owned()],
        ..MatchReasons::default()
    });
    let party = Party {
        name: text.into(),
        relation: "officer".into(),
        since: Some("2019-02".into()),
        country: Some(text.into()),
        number: Some(text.into()),
        birth_date: Some(text.into()),
    };
    Facts {
        publisher: Some(text.into()),
        list_match: Some(ListMatch {
            list: text.into(),
            entry: text.into(),
            score: 91,
            is_match: true,
            linked: false,
            reasons,
        }),
        unmatched: vec![party.clone()],
        party: Some(party),
        events: vec![Event { date: text.into(), kind: "incorporated".into() }],
        gap: true,
    }
}

/// Returns a report in which every external text is `text`.
fn report(text: &str) -> (Document, Snapshot) {
    let at = UtcTime::from_epoch_millis(1_767_614_400_000);
    let outcome = SourceOutcome {
        source: SourceName::from_static("news"),
        status: SourceStatus::Ok,
        as_of: Some(at),
        items: 1,
    };
    let found = EvidenceDraft {
        url: Some("https://news.example/a?b=\"><script>".into()),
        published_at: Some(at),
        facts: facts(text),
        ..EvidenceDraft::note(text, text)
    };
    let snapshot = Snapshot::freeze(vec![(outcome, vec![found])], at);
    let draft = ReportRequestDraft {
        company_name: Some("Acme & Söhne".into()),
        corporate_number: Some("HRB 12345".into()),
        country: Some("DE".into()),
        purpose: Some("onboarding".into()),
        ..ReportRequestDraft::default()
    };
    let citation = Citation { evidence_id: "E1".into(), quote: text.into() };
    let company = draft.check().unwrap();
    let document = Document {
        report_id: "01890a5d-ac96-774b-bcce-b302099a8057".parse::<ReportId>().unwrap(),
        number_check: Some(NumberCheck::of(&company, company.language.base_words())),
        company,
        risk_level: RiskLevel::High,
        risk_score: 90,
        rules: vec![AppliedRule { rule: "r.x".into(), effect: text.into(), because: vec!["E1".into()] }],
        summary: Summary { text: text.into(), citations: vec!["E1".into()] },
        findings: vec![Finding {
            category: Category::AdverseMedia,
            severity: Severity::High,
            statement: text.into(),
            citations: vec![citation],
        }],
        evidence: snapshot.evidence().cloned().collect(),
        sources: snapshot.sources.clone(),
        missing_sources: Vec::new(),
        dropped: vec![Dropped { statement: text.into(), reason: text.into() }],
        review: Review::because(vec![text.into()]),
        open_decisions: vec![OpenDecision {
            text: text.into(),
            rule: Some("r.x".into()),
            evidence: vec!["E1".into()],
        }],
        versions: Versions {
            dossier: "0.0.0".into(),
            rules: "2026-11.1".into(),
            sources: vec![text.into()],
            prompt: "assess-1 sha256:0".into(),
            model: Some(text.into()),
            model_parameters: None,
            passed_over: vec![],
            verifier: None,
            written_at: at,
        },
    };
    (document, snapshot)
}

/// Returns one file of that report as text.
fn file(kind: ArtifactKind, text: &str) -> String {
    String::from_utf8(form(&report(text).0, kind, sources::rulebook()).unwrap().bytes).unwrap()
}

#[test]
fn the_markdown_is_as_recorded() {
    insta::assert_snapshot!(file(ArtifactKind::Md, "Fined 5 million."));
}

#[test]
fn the_html_is_as_recorded() {
    insta::assert_snapshot!(file(ArtifactKind::Html, "Fined 5 million."));
}

#[test]
fn every_form_states_how_far_the_number_was_verified() {
    let texts = |country: &str, number: Option<&str>, language: &str| {
        let draft = ReportRequestDraft {
            company_name: Some("Acme".into()),
            corporate_number: number.map(str::to_owned),
            country: Some(country.into()),
            language: Some(language.into()),
            ..ReportRequestDraft::default()
        };
        let company = draft.check().unwrap();
        let number_check = Some(NumberCheck::of(&company, company.language.base_words()));
        let document = Document { company, number_check, ..report("plain").0 };
        [ArtifactKind::Html, ArtifactKind::Md, ArtifactKind::Json]
            .map(|kind| String::from_utf8(form(&document, kind, sources::rulebook()).unwrap().bytes).unwrap())
    };
    for (country, number, language, stated) in [
        ("SK", Some("31333532"), "en", "form and check digit verified"),
        ("GB", Some("R0000521"), "en", "form verified; it has no check digit"),
        ("GB", Some("R0521"), "en", "form not verified"),
        ("GB", Some("R0521"), "ja", "形式は未確認"),
        ("KP", None, "en", "registers are not asked by number"),
        ("KP", None, "ja", "同名の会社を区別できません"),
    ] {
        for text in texts(country, number, language) {
            assert!(text.contains(stated), "{country} {number:?} {language}: {text}");
            assert!(number.is_none_or(|number| text.contains(number)), "{country} {number:?}: {text}");
        }
    }
    let [.., json] = texts("KP", None, "en");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["numberCheck"]["status"], "absent");
    assert_eq!(json["company"]["corporateNumber"], serde_json::Value::Null);
}

/// Returns a golden report.
fn golden(name: &str) -> Document {
    let path = format!("{}/tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn view(document: &Document) -> View<'_> {
    View::of(document, sources::rulebook())
}

/// Returns the number of the pages of a PDF that is not compressed where it counts them.
fn pages(pdf: &[u8]) -> usize {
    let count = |what: &str| pdf.windows(what.len()).filter(|window| *window == what.as_bytes()).count();
    count("/Type/Page") + count("/Type /Page") - count("/Type/Pages") - count("/Type /Pages")
}

const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "[click](javascript:alert(1)) **bold** `code`",
    "# Heading\n\n- item\n> quote",
    "{{ 7*7 }} {% raw %}",
    "<!-- x --> &lt;b&gt; | a | b |",
];

/// Returns [`HOSTILE`], cleaned as evidence and answers of the model are.
fn hostile() -> Vec<String> {
    cleaned(HOSTILE.iter().map(|text| (*text).to_owned()))
}

/// Returns the collected hostile inputs, which are not part of the repository.
fn collected() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/injection/hostile_inputs.jsonl");
    let collected = std::fs::read_to_string(path).unwrap();
    let texts = cleaned(collected.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["value"].as_str().unwrap().to_owned()
    }));
    assert!(texts.len() > 50, "{}", texts.len());
    texts
}

fn cleaned(texts: impl Iterator<Item = String>) -> Vec<String> {
    texts.map(|text| safe_text::clean(&text, 4_000)).filter(|text| !text.is_empty()).collect()
}

#[test]
fn hostile_text_changes_the_structure_of_no_form() {
    page_keeps_its_structure(hostile());
    markdown_keeps_its_structure(hostile());
    pdf_keeps_its_structure(hostile());
    json_holds_it_as_a_string(hostile());
}

#[test]
#[ignore = "reads ../shared/data; run by .ci/evidence-data"]
fn collected_hostile_text_changes_the_structure_of_no_form() {
    page_keeps_its_structure(collected());
    markdown_keeps_its_structure(collected());
    pdf_keeps_its_structure(collected());
    json_holds_it_as_a_string(collected());
}

/// Returns a text of the same width and with the same white space as `text`, so that it is cut in the same places, and
/// without any markup.
fn plain_like(text: &str) -> String {
    let plain = |c: char| match (c.is_whitespace(), columns(c.encode_utf8(&mut [0; 4]))) {
        (true, _) => c,
        (false, 2) => '文',
        (false, _) => 'x',
    };
    text.chars().map(plain).collect()
}

fn page_keeps_its_structure(texts: Vec<String>) {
    let tags = |html: &str| html.matches('<').count();
    for text in texts {
        let html = file(ArtifactKind::Html, &text);
        let plain = file(ArtifactKind::Html, &plain_like(&text));
        assert_eq!(tags(&html), tags(&plain), "{text}");
        assert!(!html.contains("<script") && !html.contains("onerror=alert(1)>"), "{text}");
        assert_eq!(html.contains("{{ 7*7 }}"), text.contains("{{ 7*7 }}"), "{text}");
        assert!(!html.chars().any(|c| c.is_control() && c != '\n'), "{text}");
    }
}

fn markdown_keeps_its_structure(texts: Vec<String>) {
    /// Returns what CommonMark can read as markup: punctuation without a backslash before it, by line.
    fn markup(markdown: &str) -> Vec<String> {
        let unescaped = |line: &str| {
            let mut escaped = false;
            line.chars()
                .filter(|c| {
                    let is_markup = !escaped
                        && matches!(c, '#' | '*' | '`' | '[' | ']' | '<' | '>' | '|' | '_' | '{' | '!');
                    escaped = !escaped && *c == '\\';
                    is_markup
                })
                .collect()
        };
        markdown.lines().map(unescaped).collect()
    }
    for text in texts {
        let plain = markup(&file(ArtifactKind::Md, &plain_like(&text)));
        assert_eq!(markup(&file(ArtifactKind::Md, &text)), plain, "{text}");
    }
}

/// Returns a report with a piece of evidence for each of `texts`.
fn report_on(texts: &[String]) -> Document {
    let (mut document, _) = report("plain");
    let piece = document.evidence[0].clone();
    document.evidence = texts
        .iter()
        .enumerate()
        .map(|(index, text)| Evidence {
            id: format!("E{}", index + 1),
            title: text.clone(),
            text: text.clone(),
            ..piece.clone()
        })
        .collect();
    document
}

/// Hostile text is printed and does not become markup.
fn pdf_keeps_its_structure(mut texts: Vec<String>) {
    let plain = form(&report_on(&[]), ArtifactKind::Pdf, sources::rulebook()).unwrap().bytes;
    // The markup and code of a typesetting language, in case a text is ever parsed as such.
    texts.extend(
        [
            "#panic()",
            "#{ 1/0 }",
            "$ x^2 $",
            "= Heading",
            "@label <label>",
            "#image(\"/etc/passwd\")",
            "\\u{41}",
        ]
        .map(str::to_owned),
    );
    let pdf = form(&report_on(&texts), ArtifactKind::Pdf, sources::rulebook()).unwrap().bytes;
    assert!(pdf.len() > plain.len());
    let names_standards = |pdf: &[u8]| pdf.windows(12).any(|window| window == b"pdfuaid:part");
    assert!(names_standards(&pdf), "the PDF meets its standards with hostile texts as well");
}

#[test]
fn a_pdf_is_rendered_in_every_language_even_from_malformed_evidence() {
    let mut document =
        report_on(&["x".repeat(4_000), "\u{0}\u{7}".into(), "שלום עולם".into(), " \n ".into()]);
    document.evidence[1].id = "E1".into();
    document.evidence[2].url = Some(String::new());
    document.summary.citations = vec!["E1".into(), "E999".into()];
    let quotes: Vec<Citation> = (0..60)
        .map(|_| Citation { evidence_id: "E999".into(), quote: "a quote that stands nowhere ".repeat(20) })
        .collect();
    document.findings[0].citations = quotes;
    document.rules[0].because = (1..=50).map(|number| format!("E{number}")).collect();
    for language in domain::language::Language::all() {
        document.company.language = language;
        let pdf = form(&document, ArtifactKind::Pdf, sources::rulebook()).unwrap().bytes;
        assert!(pdf.windows(12).any(|window| window == b"pdfuaid:part"), "{language}");
        let html = String::from_utf8(form(&document, ArtifactKind::Html, sources::rulebook()).unwrap().bytes)
            .unwrap();
        assert!(!html.contains("href=\"#E999\""), "{language}: a link without a target");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_pdf_is_rendered_from_any_text(texts in prop::collection::vec("\\PC{0,60}", 1..12)) {
        prop_assert!(form(&report_on(&texts), ArtifactKind::Pdf, sources::rulebook()).is_ok());
    }
}

fn json_holds_it_as_a_string(texts: Vec<String>) {
    for text in texts {
        let json: serde_json::Value = serde_json::from_str(&file(ArtifactKind::Json, &text)).unwrap();
        assert_eq!(json["riskLevel"], "HIGH", "{text}");
        assert_eq!(
            (json["summary"]["text"].as_str(), json["findings"].as_array().map(Vec::len)),
            (Some(text.as_str()), Some(1))
        );
        assert_eq!(json["evidence"][0]["text"], text.as_str());
    }
}

#[test]
fn the_bundle_contains_the_digest_of_every_part() {
    let (document, snapshot) = report("x");
    let verification = serde_json::json!({"claims": []});
    let trail = AuditTrail { verification: Some(verification.clone()), ..AuditTrail::default() };
    let files = render(&document, &snapshot, &trail, sources::rulebook(), &Format::ALL).unwrap();
    let bytes = |kind: ArtifactKind| &files.iter().find(|file| file.kind == kind).unwrap().bytes;
    let bundle: serde_json::Value = serde_json::from_slice(bytes(ArtifactKind::Evidence)).unwrap();
    let digest = |bytes: &[u8]| domain::artifact::sha256_hex(bytes);
    assert_eq!(bundle["parts"]["checks"]["verification"], verification);
    assert_eq!(bundle["manifest"]["report.json"]["sha256"], digest(bytes(ArtifactKind::Json)));
    for (name, part) in bundle["parts"].as_object().unwrap() {
        let text = serde_json::to_vec(part).unwrap();
        assert_eq!(bundle["manifest"][name]["sha256"], digest(&text), "{name}");
    }
}

#[test]
fn only_the_chosen_formats_are_rendered() {
    let (document, snapshot) = report("x");
    let kinds = |formats: &[Format]| {
        let files =
            render(&document, &snapshot, &AuditTrail::default(), sources::rulebook(), formats).unwrap();
        let bundle: serde_json::Value = serde_json::from_slice(&files.last().unwrap().bytes).unwrap();
        let kinds: Vec<&str> = files.iter().map(|file| file.kind.as_str()).collect();
        (
            kinds.join(" "),
            bundle["v"].clone(),
            bundle["parts"]["subject"]["formats"].clone(),
            bundle["manifest"].clone(),
        )
    };
    let (every, version, formats, manifest) = kinds(&Format::ALL);
    assert_eq!((every.as_str(), version), ("html pdf md json evidence", 1.into()));
    assert_eq!(formats, serde_json::json!(["html", "pdf", "md"]));
    assert!(manifest.get("report.pdf").is_some());
    let (markdown, version, formats, manifest) = kinds(&[Format::Md]);
    assert_eq!((markdown.as_str(), version), ("md json evidence", 2.into()));
    assert_eq!(formats, serde_json::json!(["md"]));
    assert!(manifest.get("report.pdf").is_none() && manifest.get("report.md").is_some());
}
