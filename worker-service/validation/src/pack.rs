//! The validation pack: every figure, as it is written to `validation.json`.

use serde::Serialize;

use crate::proportion::Proportion;

/// Everything that was measured, and how.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pack {
    /// The version of the form of this data.
    pub(crate) v: u8,
    /// The version of the program, whose part the engine is.
    pub(crate) version: String,
    /// The version of the rules that turn a match into a level of risk.
    pub(crate) rules: String,
    /// The date that was given, or null.
    pub(crate) date: Option<String>,
    pub(crate) seed: u64,
    /// The number of queries of a kind that were asked for.
    pub(crate) sample: usize,
    /// The score from which an entry is shown as a resemblance.
    pub(crate) resemblance_threshold: f64,
    pub(crate) lists: Vec<ListResult>,
    pub(crate) limits: Vec<&'static str>,
}

/// The result for one list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListResult {
    /// The name that the list states, or that of its file.
    pub(crate) name: String,
    /// The date of publication that the list states, in its own notation.
    pub(crate) published: Option<String>,
    pub(crate) files: Vec<FileDigest>,
    pub(crate) subjects: Vec<SubjectResult>,
}

/// A file of a list.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FileDigest {
    pub(crate) name: String,
    pub(crate) sha256: String,
}

/// The result for the entries of one kind: companies and other bodies, or persons.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubjectResult {
    /// `organizations` or `persons`.
    pub(crate) subject: &'static str,
    pub(crate) entries: usize,
    /// The number of names of all entries, weak aliases included.
    pub(crate) names: usize,
    /// The score from which an entry is reported as a match.
    pub(crate) threshold: f64,
    pub(crate) kinds: Vec<KindResult>,
    pub(crate) totals: Totals,
    pub(crate) curve: Vec<CurvePoint>,
}

/// The result for one kind of query, at the threshold in use.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KindResult {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) method: &'static str,
    /// The number of queries.
    pub(crate) queries: usize,
    /// What was found; absent for clean names.
    pub(crate) listed: Option<ListedFigures>,
    /// What was reported; absent for perturbed names.
    pub(crate) clean: Option<CleanFigures>,
    /// The queries with a wrong answer: misses, or false alarms on clean names.
    pub(crate) mistakes: Mistakes,
}

/// Figures for queries that mean an entry.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedFigures {
    /// The entry is reported, and no other one scores higher.
    pub(crate) found_first: Proportion,
    /// The entry is reported.
    pub(crate) found: Proportion,
    /// Another entry is reported, alone or beside it.
    pub(crate) others_reported: Proportion,
}

/// Figures for queries that mean nobody on the list.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CleanFigures {
    /// An entry is reported.
    pub(crate) false_alarms: Proportion,
    /// The same for 100,000 names, with the ends of the interval.
    pub(crate) alerts_per_100_000: Option<PerHundredThousand>,
}

/// A number of alerts for 100,000 names.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct PerHundredThousand {
    pub(crate) alerts: u32,
    pub(crate) low: u32,
    pub(crate) high: u32,
}

/// Figures over several kinds; each query counts the same.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Totals {
    /// All queries that mean an entry.
    pub(crate) listed: ListedFigures,
    /// Clean names that are made like those of ordinary customers.
    pub(crate) ordinary: CleanFigures,
    /// Clean names that resemble an entry.
    pub(crate) siblings: CleanFigures,
}

/// The figures at one threshold, over all kinds.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CurvePoint {
    pub(crate) threshold: f64,
    pub(crate) found_first: Proportion,
    pub(crate) found: Proportion,
    /// On clean names that are made like those of ordinary customers.
    pub(crate) false_alarms: Proportion,
    /// On clean names that resemble an entry.
    pub(crate) sibling_alarms: Proportion,
}

/// Queries with a wrong answer.
#[derive(Debug, Serialize)]
pub(crate) struct Mistakes {
    /// The number of all.
    pub(crate) count: usize,
    /// The first of them.
    pub(crate) shown: Vec<Mistake>,
}

/// A query with a wrong answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mistake {
    pub(crate) query: String,
    pub(crate) country: Option<String>,
    pub(crate) birth_date: Option<String>,
    /// The entry that is meant, or null.
    pub(crate) expected: Option<Entry>,
    /// The score of the entry that is meant, or null.
    pub(crate) expected_score: Option<f64>,
    /// The entry with the highest score, or null if nothing resembles the query.
    pub(crate) best: Option<Entry>,
    /// The score of that entry.
    pub(crate) best_score: Option<f64>,
}

/// An entry of the list.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) name: String,
}
