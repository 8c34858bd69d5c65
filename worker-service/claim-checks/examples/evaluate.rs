//! Measures the claim checks on the corpus of claims: how many untrue claims they let through and how many true ones
//! they drop, by kind, and in how many claims of each verdict each flaw is found.
//!
//! `cargo run -p claim-checks --example evaluate -- development [--list]` also lists the claims on which a check
//! makes a mistake. Of `held-out` only totals are printed, so that it stays a measure.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the program prints its result")]

#[path = "../tests/corpus/mod.rs"]
mod corpus;

use std::collections::{BTreeMap, BTreeSet};

use claim_checks::{Aspect, Flaw};
use corpus::{Entry, Part, Verdict};

/// Untrue and true claims of one kind: how many there are, and how many the checks get wrong.
#[derive(Default)]
struct Tally {
    untrue: usize,
    let_through: usize,
    is_true: usize,
    dropped: usize,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let part = match arguments.first().map(String::as_str) {
        Some("development") => Part::Development,
        Some("held-out") => Part::HeldOut,
        _ => {
            eprintln!("usage: evaluate development [--list] | evaluate held-out");
            std::process::exit(2);
        }
    };
    let lists = part == Part::Development && arguments.iter().any(|argument| argument == "--list");
    let entries = corpus::read(part);
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    // Untrue and true claims with each flaw.
    let mut variants: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for entry in &entries {
        let flaws = claim_checks::flaws(&entry.claim());
        let tally = tallies.entry(&entry.kind).or_default();
        if count(entry, &flaws, tally) && lists {
            println!("{} {:?}: {flaws:?}", entry.id, entry.verdict);
        }
        for name in flaws.iter().map(variant).collect::<BTreeSet<_>>() {
            let counts = variants.entry(name).or_default();
            match entry.verdict {
                Verdict::Untrue => counts.0 += 1,
                Verdict::True => counts.1 += 1,
            }
        }
    }
    let mut total = Tally::default();
    println!("{:<26} {:>16} {:>16}", "kind", "let through", "dropped");
    for (kind, tally) in &tallies {
        print(kind, tally);
        total.untrue += tally.untrue;
        total.let_through += tally.let_through;
        total.is_true += tally.is_true;
        total.dropped += tally.dropped;
    }
    print("total", &total);
    println!("\n{:<26} {:>16} {:>16}", "flaw", "untrue claims", "true claims");
    for (name, (untrue, is_true)) in &variants {
        println!("{name:<26} {untrue:>16} {is_true:>16}");
    }
}

/// Returns the name of the variant of a flaw.
fn variant(flaw: &Flaw) -> &'static str {
    match flaw {
        Flaw::Number(_) => "Number",
        Flaw::Unit(_) => "Unit",
        Flaw::Date(_) => "Date",
        Flaw::OfAnotherThing(_) => "OfAnotherThing",
        Flaw::Irrelevant => "Irrelevant",
        Flaw::NotMentioned(_) => "NotMentioned",
        Flaw::Certainty(Aspect::Negation, _) => "Certainty(Negation)",
        Flaw::Certainty(Aspect::Allegation, _) => "Certainty(Allegation)",
        Flaw::Certainty(Aspect::Plan, _) => "Certainty(Plan)",
        Flaw::Roles(_) => "Roles",
        Flaw::OtherParty(_) => "OtherParty",
        Flaw::Name(_) => "Name",
        Flaw::Cause(_) => "Cause",
        Flaw::Superseded(_) => "Superseded",
    }
}

/// Adds a claim to the tally of its kind. Returns whether the checks get it wrong.
fn count(entry: &Entry, flaws: &[Flaw], tally: &mut Tally) -> bool {
    let passes = flaws.is_empty();
    match entry.verdict {
        Verdict::Untrue => {
            tally.untrue += 1;
            tally.let_through += usize::from(passes);
            passes
        }
        Verdict::True => {
            tally.is_true += 1;
            tally.dropped += usize::from(!passes);
            !passes
        }
    }
}

fn print(kind: &str, tally: &Tally) {
    let share = |count: usize, of: usize| {
        let percent = (count * 1000).checked_div(of).map(|thousandths| (thousandths + 5) / 10);
        percent.map_or_else(|| "-".to_owned(), |percent| format!("{count} of {of} ({percent} %)"))
    };
    println!(
        "{kind:<26} {:>16} {:>16}",
        share(tally.let_through, tally.untrue),
        share(tally.dropped, tally.is_true)
    );
}
