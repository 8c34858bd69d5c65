//! The checks end without a panic on any text, and in time that grows with its length.

use std::time::{Duration, Instant};

use claim_checks::{Claim, Company, Date, Piece, Reading, figure_flaws, flaws};
use proptest::prelude::*;

/// Length of a long statement in bytes.
const STATEMENT: usize = 2_000;
/// Length of a long piece of evidence in bytes.
const EVIDENCE: usize = 8_000;
/// Most times longer that a text of four times the length may take. A check whose time grows with the square of the
/// length takes 16 times longer.
const GROWTH_MAX: u32 = 10;

fn claim<'a>(
    statement: &'a str,
    language: &'a str,
    name: &'a str,
    title: &'a str,
    text: &'a str,
    quotes: Vec<&'a str>,
) -> Claim<'a> {
    let time = Date { year: Some(2025), month: Some(3), day: Some(4) };
    Claim {
        statement,
        language,
        company: Company { name, number: "12345678", country: "GB" },
        pieces: vec![Piece { reading: Reading::of(title, text), times: vec![time], quotes }],
    }
}

/// Texts that contain the characters on which reading turns: digits, separators, magnitudes, signs and marks.
fn text() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "one",
        "cent",
        "mil",
        "mille",
        "million",
        "dozen",
        "and",
        "a",
        "half",
        "hundred",
        "not",
        "5",
        "3.4",
        "1,2,3",
        "2019",
        "億",
        "万",
        "円",
        "五",
        "十",
        "罰金",
        "された",
        "は",
        "に",
        "$",
        "€",
        "%",
        "-",
        ".",
        ",",
        "。",
        "\n",
        "Ltd",
        "Acme",
        "fined",
        "due to",
        "to",
        "٣",
        "ريال",
        "млн",
        "분의",
        "分の",
        "第",
        "\u{301}",
        "İ",
        "ﷺ",
        "no",
        "paid",
        "by",
        "it",
        "March",
        "4",
        "年",
        "月",
    ]);
    prop_oneof![
        any::<String>(),
        prop::collection::vec((words, prop::sample::select(vec!["", " ", "  "])), 0..40)
            .prop_map(|parts| parts.into_iter().flat_map(|(word, gap)| [word, gap]).collect()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_checked(statement in text(), name in text(), title in text(), body in text(), quote in text(), language in "(en|ja|de|xx|)") {
        let cut: String = body.chars().take(body.chars().count() / 2).collect();
        let claim = claim(&statement, &language, &name, &title, &body, vec![&quote, &cut]);
        let found = flaws(&claim);
        prop_assert!(figure_flaws(&claim).iter().all(|flaw| found.contains(flaw)));
    }
}

/// Repeats `part` up to `bytes`.
fn repeated(part: &str, bytes: usize) -> String {
    part.repeat(bytes / part.len())
}

/// Returns the time that a check of a text takes: the shorter of two, so that another process on the machine does
/// not count.
fn time(statement: &str, body: &str, quotes: &[&str]) -> Duration {
    let once = || {
        let start = Instant::now();
        let _ = flaws(&claim(statement, "en", "Acme Ltd", "Acme", body, quotes.to_vec()));
        start.elapsed()
    };
    (0..2).map(|_| once()).min().unwrap_or_default()
}

#[test]
fn the_time_of_a_check_grows_in_proportion_to_the_text() {
    let statement = "Acme Ltd paid 5 million euros on 4 March 2024 due to bribery in Berlin.";
    for part in [
        "Acme Ltd was fined 5 million euros on 4 March 2024 because it bribed 3 officials in Paris. ",
        "アクメは2024年3月4日に罰金5億円を科された。",
        "罰金5億円2024年",
        "1,1 ",
        "cent ",
        "2019 ",
        "no ",
        "ende juni ",
    ] {
        let (short, long) = (repeated(part, EVIDENCE / 4), repeated(part, EVIDENCE));
        let (brief, lengthy) = (repeated(part, STATEMENT / 4), repeated(part, STATEMENT));
        for (of_short, of_long) in [
            (time(statement, &short, &[]), time(statement, &long, &[])),
            (time(&brief, &short, &[statement]), time(&lengthy, &short, &[statement])),
        ] {
            assert!(of_long < of_short * GROWTH_MAX, "{part}: {of_short:?}, {of_long:?}");
        }
    }
}
