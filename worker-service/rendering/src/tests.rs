use domain::{
    assessment::{Category, Citation, Finding, Severity, Summary},
    document::{Dropped, Versions},
    evidence::{
        Event, Evidence, EvidenceDraft, Facts, ListMatch, Party, SourceName, SourceOutcome, SourceStatus,
    },
    identity::ReportId,
    number_check::NumberCheck,
    report::Review,
    request::ReportRequestDraft,
    risk::{AppliedRule, RiskLevel},
    time::UtcTime,
};
use proptest::prelude::*;

use super::{texts::columns, *};

/// Returns facts in which every external text is `text`.
fn facts(text: &str) -> Facts {
    let reasons = Some(text.to_owned());
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
        dropped: vec![Dropped { statement: text.into(), reason: text.into() }],
        review: Review::because(vec![text.into()]),
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

#[test]
fn the_first_page_gives_three_reasons_with_evidence_the_decisions_and_the_gaps() {
    let document = golden("related");
    let front = view(&document).front;
    let reasons: Vec<_> = front.reasons.iter().map(|reason| (&*reason.text, reason.proofs.len())).collect();
    assert_eq!(reasons.len(), 3);
    assert!(reasons[0].0.starts_with("The direct parent") && reasons.iter().all(|(_, proofs)| *proofs > 0));
    let decisions: Vec<_> = front.decisions.iter().map(|decision| decision.citations.concat()).collect();
    assert_eq!(decisions[0], "E1", "a decision names the evidence that it is about");
    assert_eq!(front.decisions.len(), document.review.reasons.len() + 1, "and whether to do business");
    let gaps: Vec<_> = front.gaps.iter().map(|gap| &*gap.text).collect();
    assert_eq!(
        &gaps[..2],
        [
            "News answered with data of 19 November 2026, which may be out of date.",
            "Country risk gave no answer."
        ]
    );
    assert_eq!(front.gaps[2].citations, ["E5"]);
    let clean = golden("low-ja");
    let front = view(&clean).front;
    assert!(front.decisions.is_empty() && front.gaps.is_empty() && front.reasons.len() == 3, "{front:?}");
    let missing = golden("undetermined");
    let front = view(&missing).front;
    assert!(front.reasons.iter().all(|reason| reason.text.contains("gave no answer")), "{front:?}");
}

#[test]
fn findings_are_in_the_order_of_their_weight_with_quotes_in_context() {
    let document = golden("related");
    let findings = view(&document).findings;
    let severities: Vec<&str> = findings.iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, ["high", "medium", "low"]);
    let quote = &findings[0].quotes[0];
    assert!(
        quote.before.ends_with("since 2021-03-01. ") && quote.after.starts_with(" Recognised"),
        "{quote:?}"
    );
    assert!(quote.strength.as_deref().unwrap().starts_with("Match, 97 of 100, with “VESHMET METALS” on "));
    assert!(quote.strength.as_deref().unwrap().contains("Why: \"veshmet\" is the same"));
    assert_eq!(findings[1].quotes[0].origin, "News · The Harbour Gazette · 4 November 2026");
}

#[test]
fn related_parties_have_the_result_of_their_screening_and_events_are_in_order() {
    let document = golden("related");
    let view = view(&document);
    let parties: Vec<_> = view
        .parties
        .iter()
        .map(|party| (party.name, party.country.as_str(), party.screening.as_str()))
        .collect();
    assert_eq!(
        parties,
        [
            ("Veshmet Metals JSC", "Russia", "matches VESHMET METALS, 97 of 100"),
            ("Osric Tane Vell", "United Kingdom", "resembles VELL, Oskar Tan, 73 of 100"),
            ("Ann QUILL", "", "no match"),
            ("Harrow Nominees Limited", "United Kingdom", "no match"),
        ]
    );
    let dates: Vec<&str> = view.events.iter().map(|event| event.date.as_str()).collect();
    assert_eq!(&dates[..4], ["19 May 1998", "1 February 2019", "1 February 2019", "July 2020"]);
    assert_eq!(view.events[0].text, "The company was incorporated.");
    let ages: Vec<_> = view.sources.iter().map(|source| source.age.as_deref()).collect();
    assert_eq!(ages, [Some("2 days"), Some("7 days"), Some("under 1 hour"), None]);
}

#[test]
fn a_chart_is_drawn_only_if_it_shows_something_and_reads_as_sentences() {
    for name in ["high", "low-ja", "dropped", "undetermined"] {
        assert!(view(&golden(name)).charts.is_empty(), "{name}");
    }
    let document = golden("related");
    let charts = view(&document).charts;
    let [score, news] = charts.as_slice() else { panic!("{charts:?}") };
    assert!(score.text.contains("matches an entry of a sanctions list” adds 60 points."), "{}", score.text);
    assert!(score.text.ends_with("Together they make 100 of at most 100 points."), "{}", score.text);
    assert!(news.text.contains("December 2025: 2, June 2026: 2"), "{}", news.text);
}

/// Returns the number of the pages of a PDF that is not compressed where it counts them.
fn pages(pdf: &[u8]) -> usize {
    let count = |what: &str| pdf.windows(what.len()).filter(|window| *window == what.as_bytes()).count();
    count("/Type/Page") + count("/Type /Page") - count("/Type/Pages") - count("/Type /Pages")
}

#[test]
fn every_rule_is_a_reason_even_if_another_one_rests_on_the_same_evidence() {
    let mut document = golden("high");
    let first = document.rules[0].clone();
    document.rules.push(AppliedRule {
        rule: "registry.mismatch".into(),
        effect: "It differs.".into(),
        ..first
    });
    let texts: Vec<String> = view(&document).front.reasons.into_iter().map(|reason| reason.text).collect();
    assert!(texts.contains(&"It differs.".to_owned()), "{texts:?}");
    assert!(!texts.iter().any(|text| text.contains("nothing was found")), "{texts:?}");
}

#[test]
fn a_source_that_a_slight_finding_cites_is_not_one_in_which_nothing_was_found() {
    let mut document = golden("low-ja");
    document.company.language = domain::language::Language::find("en").unwrap();
    let reasons = |document: &Document| -> Vec<String> {
        view(document).front.reasons.into_iter().map(|reason| reason.text).collect()
    };
    assert!(
        reasons(&document).contains(&"News: nothing was found that counts against the company.".to_owned())
    );
    let news = document.evidence.iter().find(|piece| piece.source.as_str() == "news").unwrap();
    document.findings.push(Finding {
        category: Category::AdverseMedia,
        severity: Severity::Low,
        statement: "It filed late.".into(),
        citations: vec![Citation { evidence_id: news.id.clone(), quote: news.title.clone() }],
    });
    let texts = reasons(&document);
    assert!(!texts.is_empty() && !texts.iter().any(|text| text.starts_with("News:")), "{texts:?}");
}

#[test]
fn a_source_that_failed_comes_before_one_that_was_not_asked() {
    let mut document = golden("undetermined");
    document.sources[0].status = SourceStatus::Skipped;
    let texts: Vec<String> = view(&document).front.reasons.into_iter().map(|reason| reason.text).collect();
    let is_failed = |text: &String| text.contains("gave no answer");
    assert!(is_failed(&texts[0]), "{texts:?}");
    assert!(
        texts.iter().rposition(is_failed) < texts.iter().position(|text| text.contains("was not asked")),
        "{texts:?}"
    );
}

#[test]
fn the_first_page_is_one_page_whatever_it_has_to_say() {
    for (language, long) in [("en", "a text that goes on "), ("ja", "長い文章が続く。「引用」")] {
        let long = long.repeat(60);
        let mut document = golden("related");
        document.company.language = domain::language::Language::find(language).unwrap();
        document.company.company_name = long.chars().take(200).collect();
        document.company.purpose = Some(long.chars().take(500).collect());
        document.review.reasons = vec![long.clone(); 20];
        document.evidence.iter_mut().for_each(|piece| piece.facts.gap = true);
        document.rules.iter_mut().for_each(|rule| rule.effect = long.clone());
        document.findings.iter_mut().for_each(|finding| finding.statement = long.clone());
        document.evidence.iter_mut().for_each(|piece| piece.text = long.clone());
        let view = view(&document);
        assert!(view.front.in_full.is_some() && view.front.more_decisions.is_some(), "{language}");
        let pdf = typesetting::render(&pdf::first_page_alone(&view)).unwrap();
        assert_eq!(pages(&pdf), 1, "{language}");
    }
}

#[test]
fn the_documents_of_earlier_versions_are_rendered() {
    let (document, _) = report("plain");
    let mut stored = serde_json::to_value(&document).unwrap();
    stored.as_object_mut().unwrap().remove("numberCheck");
    let read: Document = serde_json::from_value(stored).unwrap();
    assert_eq!(read.number_check, None);
    let text = |document: &Document| form(document, ArtifactKind::Md, sources::rulebook()).unwrap().bytes;
    assert_eq!(text(&read), text(&document));
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
