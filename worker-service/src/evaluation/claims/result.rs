//! The result of an evaluation of claims: what the checks and the verifier do to true and untrue claims, by kind.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use domain::report::Usage;
use serde::Serialize;

/// What the checks do to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByChecks {
    /// They drop it.
    Dropped,
    /// They doubt it: without a verifier a person must judge.
    Doubted,
    /// They find nothing.
    Passed,
}

/// What the verifier does to a claim that the checks leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByVerifier {
    /// It finds the claim supported.
    Kept,
    /// It finds the claim contradicted or not stated.
    Dropped,
    /// It does not support the language of the claim or of its evidence.
    NotJudged,
    /// It gave no usable answer.
    Failed,
}

/// What became of one claim.
#[derive(Clone, Debug)]
pub(super) struct ClaimResult {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) is_true: bool,
    pub(super) by_checks: ByChecks,
    /// `None` without a verifier, and if the checks dropped the claim.
    pub(super) by_verifier: Option<ByVerifier>,
    /// Why the checks drop or doubt it.
    pub(super) reason: Option<String>,
}

/// The result of an evaluation of claims.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimEvaluation {
    /// Name of the verifier, and its prompt or method; `None` if only the checks were measured.
    pub verifier: Option<[String; 2]>,
    /// The result of each kind, in the order of their names.
    pub kinds: Vec<KindResult>,
    /// The result of all kinds together.
    pub total: KindResult,
    /// Answered calls of the verifier, their tokens and their cost.
    pub usage: Usage,
    /// Claims that the checks get wrong.
    #[serde(skip)]
    mistakes: Vec<String>,
}

/// The result of one kind of claims.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KindResult {
    /// Name of the kind.
    pub kind: String,
    /// The claims that their evidence does not support.
    pub untrue: Counts,
    /// The claims that their evidence supports.
    #[serde(rename = "true")]
    pub is_true: Counts,
}

/// Numbers of claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// All claims.
    pub claims: usize,
    /// Claims that the checks drop.
    pub dropped_by_checks: usize,
    /// Claims that the checks doubt.
    pub doubted_by_checks: usize,
    /// Claims that the checks neither drop nor doubt.
    pub passed_by_checks: usize,
    /// Claims that the checks or the verifier drop.
    pub dropped: usize,
    /// Claims that reach a report as supported.
    pub kept: usize,
    /// Claims that the verifier cannot judge, because it does not support a language.
    pub not_judged: usize,
    /// Claims without a verdict, because the verifier failed.
    pub verifier_failed: usize,
}

impl Counts {
    fn add(&mut self, result: &ClaimResult) {
        self.claims += 1;
        match result.by_checks {
            ByChecks::Dropped => self.dropped_by_checks += 1,
            ByChecks::Doubted => self.doubted_by_checks += 1,
            ByChecks::Passed => self.passed_by_checks += 1,
        }
        match (result.by_checks, result.by_verifier) {
            (ByChecks::Dropped, _) | (_, Some(ByVerifier::Dropped)) => self.dropped += 1,
            (_, Some(ByVerifier::Kept)) => self.kept += 1,
            (_, Some(ByVerifier::NotJudged)) => self.not_judged += 1,
            (_, Some(ByVerifier::Failed)) => self.verifier_failed += 1,
            // Without a verifier, a doubted claim goes to a person.
            (ByChecks::Doubted, None) => {}
            (ByChecks::Passed, None) => self.kept += 1,
        }
    }
}

impl KindResult {
    fn add(&mut self, result: &ClaimResult) {
        let counts = if result.is_true { &mut self.is_true } else { &mut self.untrue };
        counts.add(result);
    }
}

impl ClaimEvaluation {
    /// Sums up `claims`.
    pub(super) fn new(verifier: Option<[String; 2]>, claims: &[ClaimResult], usage: Usage) -> Self {
        let mut kinds: BTreeMap<&str, KindResult> = BTreeMap::new();
        let mut total = KindResult { kind: "all".to_owned(), ..KindResult::default() };
        let mut mistakes = Vec::new();
        for claim in claims {
            let kind = kinds.entry(&claim.kind).or_default();
            kind.kind.clone_from(&claim.kind);
            kind.add(claim);
            total.add(claim);
            let is_wrong = claim.is_true != (claim.by_checks == ByChecks::Passed);
            if is_wrong {
                let reason = claim.reason.as_deref().unwrap_or("no flaw");
                let truth = if claim.is_true { "true" } else { "untrue" };
                mistakes.push(format!("{} ({truth}): {reason}", claim.id));
            }
        }
        Self { verifier, kinds: kinds.into_values().collect(), total, usage, mistakes }
    }

    /// Writes the claims that the checks get wrong, one per line: the id, and what the checks find.
    ///
    /// # Errors
    /// Returns the [`io::Error`] if `out` cannot be written.
    pub fn write_mistakes(&self, out: &mut impl Write) -> io::Result<()> {
        self.mistakes.iter().try_for_each(|mistake| writeln!(out, "{mistake}"))
    }

    /// Returns the number of claims that passed the checks, and for which the verifier gave no usable answer.
    pub fn verifier_failed(&self) -> usize {
        self.total.untrue.verifier_failed + self.total.is_true.verifier_failed
    }

    /// Writes the result as two tables, of untrue and of true claims. The shares of the verifier are of the claims that
    /// it judged or that the checks dropped.
    ///
    /// # Errors
    /// Returns the [`io::Error`] if `out` cannot be written.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match &self.verifier {
            Some([id, version]) => writeln!(out, "checks, and claims verified by {id} ({version})")?,
            None => writeln!(out, "checks alone")?,
        }
        let width = self.kinds.iter().map(|kind| kind.kind.len()).max().unwrap_or_default().max(12);
        for (title, is_true) in [("untrue claims", false), ("true claims", true)] {
            let counts = |kind: &KindResult| if is_true { kind.is_true } else { kind.untrue };
            writeln!(out)?;
            write!(
                out,
                "{title:width$} {:>6} | {:>14} {:>14} {:>14}",
                "claims", "dropped", "doubted", "let through"
            )?;
            if self.verifier.is_some() {
                let titles = ["dropped", "let through", "not judged", "verifier failed"];
                let [dropped, kept, not_judged, failed] = titles;
                write!(out, " | {dropped:>14} {kept:>14} {not_judged:>10} {failed:>15}")?;
            }
            writeln!(out)?;
            let rows = self.kinds.iter().filter(|kind| counts(kind).claims > 0).chain([&self.total]);
            for kind in rows {
                let counts = counts(kind);
                let share = |count: usize| share(count, counts.claims);
                write!(
                    out,
                    "{:width$} {:>6} | {:>14} {:>14} {:>14}",
                    kind.kind,
                    counts.claims,
                    share(counts.dropped_by_checks),
                    share(counts.doubted_by_checks),
                    share(counts.passed_by_checks)
                )?;
                if self.verifier.is_some() {
                    let Counts { not_judged, verifier_failed, .. } = counts;
                    let answered = counts.claims - verifier_failed;
                    let [dropped, kept] =
                        [counts.dropped, counts.kept].map(|count| self::share(count, answered));
                    write!(out, " | {dropped:>14} {kept:>14} {not_judged:>10} {verifier_failed:>15}")?;
                }
                writeln!(out)?;
            }
        }
        let Usage { input_tokens, output_tokens, cost_usd, model_calls } = self.usage;
        if self.verifier.is_some() {
            writeln!(
                out,
                "\nverifier: {model_calls} answered calls, {input_tokens} tokens in, {output_tokens} out, {cost_usd:.6} USD"
            )?;
        }
        Ok(())
    }
}

/// Returns `count` with its share of `total` in percent.
fn share(count: usize, total: usize) -> String {
    let percent = (count * 1000).checked_div(total).map(|thousandths| (thousandths + 5) / 10);
    percent.map_or_else(|| "-".to_owned(), |percent| format!("{count} ({percent} %)"))
}
