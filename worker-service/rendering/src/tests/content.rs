//! Tests of what a report tells, and of its words.

use domain::{
    artifact::ArtifactKind,
    assessment::{Category, Citation, Finding, Severity},
    document::Document,
    evidence::{Facts, SourceName, SourceStatus},
    language::Language,
    risk::{AppliedRule, OpenDecision},
};

use super::{golden, pages, view};
use crate::{form, pdf};

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
    assert!(front.decisions.is_empty() && front.gaps.is_empty() && front.reasons.is_empty(), "{front:?}");
    let missing = golden("undetermined");
    let front = view(&missing).front;
    assert_eq!(front.reasons.len(), 1, "the level is undetermined because of the mandatory source alone");
    assert!(front.reasons[0].text.starts_with("Sanctions lists gave no answer"), "{front:?}");
}

#[test]
fn what_was_searched_is_told_of_each_source_with_date_and_age() {
    let document = golden("related");
    let sources = view(&document).sources;
    let told: Vec<_> = sources
        .iter()
        .map(|source| (source.name, &*source.result, source.citations.concat(), source.age.as_deref()))
        .collect();
    let found = "evidence that bears on the risk";
    assert_eq!(
        told,
        [
            ("Sanctions lists", found, "E1E2".to_owned(), Some("2 days")),
            (
                "News",
                "evidence that bears on the risk (earlier answer used)",
                "E6E8".to_owned(),
                Some("7 days")
            ),
            ("Company registers", found, "E13E14".to_owned(), Some("under 1 hour")),
            ("Country risk", "gave no answer", String::new(), None),
        ]
    );
    let mut document = golden("low-ja");
    let news = |document: &Document| {
        let view = view(document);
        let news = view.sources.into_iter().find(|source| source.name == "報道").unwrap();
        let ids: Vec<String> = news.named.into_iter().map(|named| named.id).collect();
        (news.result, ids.concat(), news.citations.concat())
    };
    let nothing = "規則や所見の根拠となるものなし".to_owned();
    assert_eq!(news(&document), (nothing, "E2E3".to_owned(), String::new()));
    document.evidence.iter_mut().for_each(|piece| piece.facts = Some(Facts::gap()));
    assert_eq!(news(&document).0, "回答あり", "a source that could not search clears nobody");
}

#[test]
fn the_first_page_of_an_undetermined_report_names_all_mandatory_sources_and_no_others() {
    let mut document = golden("undetermined");
    let mut more = document.sources[0].clone();
    let names = ["sanctions", "a", "b", "c"].map(SourceName::from_static);
    document.sources[0].status = SourceStatus::Skipped;
    for name in &names[1..] {
        more.source = name.clone();
        document.sources.push(more.clone());
    }
    document.missing_sources = names.to_vec();
    let texts: Vec<String> = view(&document).front.reasons.into_iter().map(|reason| reason.text).collect();
    assert_eq!(texts.len(), 4, "{texts:?}");
    assert!(texts[..3].iter().all(|text| text.contains("gave no answer")), "{texts:?}");
    assert!(texts[3].starts_with("Sanctions lists was not asked"), "{texts:?}");
}

#[test]
fn an_outcome_of_a_later_version_is_a_gap() {
    let mut document = golden("high");
    document.sources[1].status = serde_json::from_str("\"partly\"").unwrap();
    let gaps = view(&document).front.gaps;
    assert_eq!(gaps[0].text, "News has an outcome that this version of Dossier does not know: partly.");
}

#[test]
fn a_decision_has_the_evidence_of_its_rule_whatever_its_words_are() {
    let mut document = golden("high");
    document.open_decisions[0].text = "Words of another version.".to_owned();
    let decisions = view(&document).front.decisions;
    assert_eq!(
        (&*decisions[0].text, decisions[0].citations.concat()),
        ("Words of another version.", "E1".into())
    );
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
    assert!(
        quote.strength.as_deref().unwrap().contains("other name Veshmet Metals JSC; \"veshmet\" is the same")
    );
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
fn persons_of_one_name_and_other_birth_dates_are_two_parties_and_a_match_of_one_is_not_of_both() {
    let mut document = golden("related");
    let officer =
        document.evidence.iter().find(|piece| piece.title.starts_with("Officer: Ann")).unwrap().clone();
    let matched = document.evidence[1].facts().list_match.clone();
    document.evidence.clear();
    for (id, birth_date, list_match) in
        [("E1", "1969-01", None), ("E2", "1970-01", None), ("E3", "1970-01", matched)]
    {
        let mut piece = officer.clone();
        piece.id = id.to_owned();
        let facts = piece.facts.as_mut().unwrap();
        facts.list_match = list_match;
        facts.party.as_mut().unwrap().birth_date = Some(birth_date.to_owned());
        document.evidence.push(piece);
    }
    let view = view(&document);
    let parties: Vec<_> =
        view.parties.iter().map(|party| (party.citations.concat(), &*party.screening)).collect();
    assert_eq!(
        parties,
        [("E1".to_owned(), "not screened"), ("E2E3".to_owned(), "resembles VELL, Oskar Tan, 73 of 100"),]
    );
}

#[test]
fn a_match_with_an_entry_that_is_listed_because_of_somebody_else_says_so() {
    let mut document = golden("high");
    document.evidence[0].facts.as_mut().unwrap().list_match.as_mut().unwrap().linked = true;
    let strength = view(&document).matches[0].strength.clone();
    assert_eq!(strength, "Match with an entry that is listed because of somebody else, 100 of 100");
}

#[test]
fn the_first_page_and_the_findings_have_one_order() {
    let mut document = golden("high");
    document.rules.clear();
    let finding = |category, id: &str| Finding {
        category,
        severity: Severity::High,
        statement: format!("{category:?}"),
        citations: vec![Citation { evidence_id: id.into(), quote: String::new() }],
    };
    document.findings = vec![
        finding(Category::Registry, "E4"),
        finding(Category::AdverseMedia, "E2"),
        finding(Category::Country, "E5"),
        finding(Category::Sanctions, "E1"),
    ];
    let view = view(&document);
    let findings: Vec<&str> = view.findings.iter().map(|finding| finding.statement).collect();
    let reasons: Vec<&str> = view.front.reasons.iter().map(|reason| &*reason.text).collect();
    assert_eq!(findings[..3], ["Sanctions", "AdverseMedia", "Registry"]);
    assert_eq!(reasons, findings[..3]);
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
    let news = document.evidence.iter().find(|piece| piece.source.as_str() == "news").unwrap();
    document.findings.push(Finding {
        category: Category::AdverseMedia,
        severity: Severity::Low,
        statement: "It filed late.".into(),
        citations: vec![Citation { evidence_id: news.id.clone(), quote: news.title.clone() }],
    });
    let view = view(&document);
    let news = view.sources.iter().find(|source| source.name == "報道").unwrap();
    assert_eq!(
        (&*news.result, news.citations.concat(), news.named.len()),
        ("リスクに関わる証拠", "E2".into(), 0)
    );
}

#[test]
fn a_source_that_failed_comes_before_one_that_was_not_asked() {
    let mut document = golden("undetermined");
    document.missing_sources.clear();
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
        document.company.language = Language::find(language).unwrap();
        document.company.company_name = long.chars().take(200).collect();
        document.company.purpose = Some(long.chars().take(500).collect());
        document.open_decisions = vec![OpenDecision::new(long.clone()); 20];
        document.evidence.iter_mut().for_each(|piece| piece.facts.get_or_insert_with(Facts::none).gap = true);
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
    let earlier = |name: &str| -> Document {
        let mut stored = serde_json::to_value(golden(name)).unwrap();
        for later in ["numberCheck", "missingSources", "openDecisions"] {
            stored.as_object_mut().unwrap().remove(later);
        }
        for piece in stored["evidence"].as_array_mut().unwrap() {
            piece.as_object_mut().unwrap().remove("facts");
        }
        serde_json::from_value(stored).unwrap()
    };
    for name in ["high", "related", "undetermined", "low-ja"] {
        let document = earlier(name);
        let pdf = form(&document, ArtifactKind::Pdf, sources::rulebook()).unwrap().bytes;
        assert!(pages(&pdf) > 1, "{name}");
    }
    let document = earlier("high");
    let front = view(&document).front;
    assert_eq!(front.decisions.len(), 2, "{front:?}");
    assert!(front.gaps.is_empty(), "{front:?}");
    let text = form(&document, ArtifactKind::Md, sources::rulebook()).unwrap().bytes;
    let text = String::from_utf8(text).unwrap();
    assert!(!text.contains("Nothing is known to be missing"), "its notes cannot be told from other evidence");
    assert!(text.contains("it says in its evidence"), "{text}");
}

/// Returns the code, templates and scripts in a folder and its folders, without tests.
fn code_in(folder: &std::path::Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| match path.file_name().and_then(|name| name.to_str()) {
            Some("tests" | "tests.rs") => String::new(),
            _ if path.is_dir() => code_in(&path),
            _ => std::fs::read_to_string(&path).unwrap(),
        })
        .collect()
}

#[test]
fn every_label_of_a_report_is_used_and_every_label_that_the_page_uses_exists() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = code_in(&here.join("../../api-service/web/js"));
    let code = code_in(&here.join("src")) + &page;
    let words = Language::ENGLISH.base_words();
    let labels: Vec<&str> = words.entries().filter_map(|(key, _)| key.strip_prefix("report.")).collect();
    assert!(labels.len() > 50, "{labels:?}");
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_used = |label: &&str| {
        let named = [format!("words.{label}"), format!("report.{label}"), format!("\"{label}\"")];
        named.iter().any(|name| {
            code.match_indices(name.as_str()).any(|(at, _)| !code[at + name.len()..].starts_with(is_word))
        })
    };
    let unused: Vec<&&str> = labels.iter().filter(|label| !is_used(label)).collect();
    assert_eq!(unused, Vec::<&&str>::new());
    for used in page.split("t(\"report.").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(labels.contains(&used), "the page shows report.{used}, which has no words");
    }
}
