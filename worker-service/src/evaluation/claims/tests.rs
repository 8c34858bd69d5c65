use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use domain::report::Usage;

use super::{
    corpus::ClaimCorpus,
    evaluate::evaluate_claims,
    result::{ByChecks, ByVerifier, ClaimEvaluation, ClaimResult},
};

/// Kinds of untrue claims, as the corpus's README names them.
const KINDS: [&str; 15] = [
    "magnitude",
    "unit",
    "currency",
    "year",
    "moved_number",
    "negation_added",
    "negation_dropped",
    "allegation_as_fact",
    "roles_swapped",
    "namesake_or_parent",
    "outdated",
    "proves_nothing",
    "invented_cause",
    "place_or_party_swapped",
    "plan_as_fact",
];

/// Folders of the corpus, and the fewest claims of each verdict in them.
const PARTS: [(&str, usize); 2] = [("development", 300), ("held-out", 100)];

fn part(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("evaluation/claims").join(name)
}

/// A folder with files of these names and contents, which is removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("dossier-claims-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        for (name, text) in files {
            std::fs::write(path.join(name), text).unwrap();
        }
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const GOOD: &str = r#"# A comment.

[[claim]]
id = "a"
kind = "year"
verdict = "true"
language = "en"
company = "Acme Ltd"
country = "GB"
statement = "Acme was fined in 2019."
[[claim.evidence]]
id = "E1"
source = "news"
title = "Fine"
text = "Acme was fined in 2019."
[[claim.cites]]
evidence = "E1"
quote = "Acme was fined in 2019"
"#;

#[test]
fn every_problem_of_every_file_is_reported_with_its_line() {
    let bad = format!(
        "{}{}",
        GOOD.replace("\"a\"", "\"b\"")
            .replace("language = \"en\"", "language = \"xx\"")
            .replace("country = \"GB\"", "country = \"ZZZ\"")
            .replace("source = \"news\"", "source = \"rumours\"")
            .replace("quote = \"Acme was", "quote = \"Acme is"),
        "\n[[claim]]\nid = \"c\"\nkind = \"year\"\n"
    );
    let folder = Folder::with(
        "bad",
        &[
            ("1.toml", GOOD),
            ("2.toml", &bad),
            ("3.toml", &format!("{GOOD}verdict =\n")),
            ("4.toml", &GOOD.replace("statement", "sentence")),
            ("5.toml", &GOOD.replace("evidence = \"E1\"", "evidence = \"E2\"")),
            ("notes.txt", "not read"),
        ],
    );
    let problems = ClaimCorpus::read(&folder.0).unwrap_err();
    let found: Vec<&str> = problems.lines().map(|line| line.rsplit_once('/').unwrap().1).collect();
    for expected in [
        "2.toml:3: the claim b has evidence of the source rumours",
        "2.toml:3: the claim b has a quote that is not in E1",
        "2.toml:3: the claim b is in the language xx",
        "2.toml:3: the claim b names the country ZZZ",
        "2.toml:20: missing field `verdict`",
        "3.toml:19:",
        "4.toml:3: unknown field `sentence`",
        "5.toml:3: the claim a has the id of the claim at",
        "5.toml:3: the claim a cites E2",
    ] {
        let expected = expected.trim_start_matches('/');
        assert!(problems.contains(expected), "{expected} is not in {found:#?}");
    }
    assert_eq!(found.len(), 9, "{found:#?}");
    let empty = Folder::with("empty", &[]);
    assert!(ClaimCorpus::read(&empty.0).unwrap_err().contains("holds no claim"));
    assert!(ClaimCorpus::read(&empty.0.join("missing")).unwrap_err().contains("missing"));
}

/// Only names and counts of claims are asserted here, so that a failure prints no claim.
#[test]
fn the_corpus_has_both_verdicts_of_every_kind_and_each_id_once() {
    let mut ids: HashMap<String, &str> = HashMap::new();
    for (name, fewest) in PARTS {
        let corpus = ClaimCorpus::read(&part(name)).unwrap();
        let mut counts: HashMap<(&str, bool), usize> = HashMap::new();
        for claim in &corpus.claims {
            *counts.entry((&claim.kind, claim.is_true)).or_default() += 1;
            let other = ids.insert(claim.id.clone(), name);
            assert!(other.is_none(), "{name} and {other:?} share the id {}", claim.id);
        }
        for kind in KINDS {
            assert!(counts.contains_key(&(kind, false)), "{name} has no untrue claim of {kind}");
            // True claims that are held out have kinds of their own.
            let has_true = name == "held-out" || counts.contains_key(&(kind, true));
            assert!(has_true, "{name} has no true claim of {kind}");
        }
        for verdict in [true, false] {
            let of_verdict = counts.iter().filter(|((_, is_true), _)| *is_true == verdict);
            let count: usize = of_verdict.map(|(_, count)| count).sum();
            assert!(count >= fewest, "{name} has {count} claims with the verdict {verdict}");
        }
    }
}

#[tokio::test]
async fn claims_are_checked_as_findings_of_a_report() {
    let untrue = GOOD
        .replace("id = \"a\"", "id = \"b\"")
        .replace("verdict = \"true\"", "verdict = \"untrue\"")
        .replace("statement = \"Acme was fined in 2019.\"", "statement = \"Acme was fined in 2018.\"");
    let folder = Folder::with("checks", &[("1.toml", GOOD), ("2.toml", &untrue)]);
    let corpus = ClaimCorpus::read(&folder.0).unwrap();
    let evaluation = evaluate_claims(&corpus, None, 1).await.unwrap();
    let [kind] = evaluation.kinds.as_slice() else { panic!("{evaluation:?}") };
    assert_eq!((kind.untrue.claims, kind.untrue.dropped_by_checks), (1, 1), "{kind:?}");
    assert_eq!((kind.is_true.claims, kind.is_true.passed_by_checks), (1, 1), "{kind:?}");
    assert_eq!(evaluation.usage, Usage::default());
    let mut listed = Vec::new();
    evaluation.write_mistakes(&mut listed).unwrap();
    assert!(listed.is_empty(), "{listed:?}");
}

#[test]
fn a_failed_verifier_is_counted_apart_from_what_is_kept_and_dropped() {
    let result = |is_true, by_checks, by_verifier| ClaimResult {
        id: "a".into(),
        kind: "year".into(),
        is_true,
        by_checks,
        by_verifier,
        reason: None,
    };
    let claims = [
        result(false, ByChecks::Dropped, None),
        result(false, ByChecks::Passed, Some(ByVerifier::Dropped)),
        result(false, ByChecks::Doubted, Some(ByVerifier::Kept)),
        result(false, ByChecks::Passed, Some(ByVerifier::Failed)),
        result(true, ByChecks::Passed, Some(ByVerifier::Failed)),
    ];
    let named = Some(["m".to_owned(), "verify".to_owned()]);
    let evaluation = ClaimEvaluation::new(named, &claims, Usage::default());
    let counts = evaluation.total.untrue;
    assert_eq!((counts.claims, counts.dropped, counts.kept, counts.verifier_failed), (4, 2, 1, 1));
    assert_eq!(evaluation.total.is_true.verifier_failed, 1);
    let mut text = Vec::new();
    evaluation.write(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("verified by m (verify)") && text.contains("2 (50 %)"), "{text}");
    let json = serde_json::to_value(&evaluation).unwrap();
    assert_eq!(json["kinds"][0]["true"]["verifierFailed"], 1, "{json}");
}
