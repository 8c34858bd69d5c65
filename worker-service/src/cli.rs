//! The command line of the worker.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::identity::Tenant;
use jiff::civil::Date;
use screening::EntityKind;
use screening_validation::{DEFAULT_SAMPLE, DEFAULT_SEED};
use worker_service::evaluation::Overrides;

/// The worker of Dossier: takes reports from the queue, gathers evidence, assesses it with a model and
/// publishes the result.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Checks whether the worker on this machine is alive; exit code 0 means yes. Needs DOSSIER_HEALTH_BIND.
    Healthcheck,
    /// Screens the companies or persons in a CSV file (columns query, country and, for persons, birthDate)
    /// against a sanctions list. Prints one JSON line for each, with the reported entry, its score and the
    /// reasons.
    Screen {
        /// The list: OFAC's SDN.CSV, the UK's CSV, the UN's XML, the EU's XML or CSV, OpenSanctions'
        /// targets.simple.csv, or JSON lines.
        #[arg(long, value_name = "F")]
        list: PathBuf,
        /// The CSV file.
        #[arg(long, value_name = "F.csv")]
        queries: PathBuf,
        /// What the rows are, and against which entries of the list they are screened.
        #[arg(long, value_enum, default_value_t)]
        kind: ScreenedKind,
    },
    /// Measures the screening of lists for a model-risk file: perturbs their names, asks the engine, and writes
    /// validation.pdf, validation.html and validation.json. The same lists, seed and sample give the same files.
    ValidateScreening {
        /// A list, as for screen; may be repeated.
        #[arg(long, value_name = "F", required = true)]
        list: Vec<PathBuf>,
        /// Folder for the files.
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        /// Seed of the queries.
        #[arg(long, value_name = "N", default_value_t = DEFAULT_SEED)]
        seed: u64,
        /// Maximum number of queries of each kind.
        #[arg(long, value_name = "N", default_value_t = DEFAULT_SAMPLE, value_parser = sample)]
        sample: usize,
        /// Date that the files state.
        #[arg(long, value_name = "YYYY-MM-DD")]
        date: Option<Date>,
    },
    /// Renders a report's JSON artifact as HTML, PDF and Markdown.
    Render {
        /// The JSON artifact, as downloaded.
        #[arg(value_name = "REPORT.json")]
        report: PathBuf,
        /// Folder for the files.
        #[arg(long, value_name = "FOLDER", default_value = ".")]
        out: PathBuf,
    },
    /// Verifies the digests in a report's audit bundle; exit code 0 means that all of them match.
    Verify {
        /// The bundle, as downloaded.
        #[arg(value_name = "BUNDLE.json")]
        bundle: PathBuf,
        /// A file of the report (JSON, HTML, PDF, Markdown) to verify as well; may be repeated.
        #[arg(long, value_name = "REPORT.json")]
        report: Vec<PathBuf>,
    },
    /// Assesses the stored evidence of a completed report again with another prompt or model, and prints what
    /// would differ. The report is not changed; the calls of the model are billed.
    Replay {
        /// The report's id, or its audit bundle as downloaded.
        #[arg(value_name = "REPORT")]
        report: String,
        /// The report's tenant; required with an id.
        #[arg(long, value_name = "TENANT")]
        tenant: Option<Tenant>,
        /// The JSON artifact as downloaded; required with an audit bundle.
        #[arg(long = "report", value_name = "REPORT.json")]
        json_artifact: Option<PathBuf>,
        #[command(flatten)]
        overrides: OverrideArgs,
        /// Print the differences as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Runs cases (evidence, the expected level, facts to find, claims that must not be made) through the
    /// model and prints the result; exit code 0 means that it is good enough.
    Evaluate {
        /// Folder with the cases.
        #[arg(long, value_name = "FOLDER", default_value = "worker-service/evaluation")]
        cases: PathBuf,
        #[command(flatten)]
        overrides: OverrideArgs,
        /// Also write the result to this file as JSON.
        #[arg(long, value_name = "F.json")]
        json: Option<PathBuf>,
        /// Minimum proportion, from 0 to 1, of levels that agree, of facts that are found and of summaries
        /// that pass the checks.
        #[arg(long = "least", value_name = "PART", default_value_t = 0.9)]
        min: f64,
    },
    /// Measures the checks of claims, and the configured verifier behind them, on claims with known verdicts, and
    /// prints by kind what they let through and what they drop. Needs the settings of models alone; the calls of
    /// the verifier are billed.
    EvaluateClaims {
        /// Folder with the claims.
        #[arg(long, value_name = "FOLDER")]
        claims: PathBuf,
        /// Measure only the checks, which needs neither settings nor AWS.
        #[arg(long)]
        without_verifier: bool,
        /// Maximum number of companies whose claims are verified at a time.
        #[arg(long, value_name = "N", default_value_t = 4)]
        concurrency: usize,
        /// Also list the claims that the checks get wrong; refused for a folder named held-out.
        #[arg(long, conflicts_with = "json")]
        list: bool,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Redrives the messages in the dead-letter queue: their reports are resubmitted with a new
    /// deadline.
    Redrive {
        /// Only print what would be done.
        #[arg(long)]
        dry_run: bool,
        /// Maximum number of messages to process.
        #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
        limit: u64,
    },
}

/// Whom `screen` screens.
#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum ScreenedKind {
    /// Companies and other organisations.
    #[default]
    Company,
    /// Natural persons.
    Person,
}

impl From<ScreenedKind> for EntityKind {
    fn from(kind: ScreenedKind) -> Self {
        match kind {
            ScreenedKind::Company => Self::Organization,
            ScreenedKind::Person => Self::Person,
        }
    }
}

#[derive(Args)]
pub(crate) struct OverrideArgs {
    /// Model to use instead of the configured ones.
    #[arg(long, value_name = "ID")]
    model: Option<String>,
    /// Version of the prompt to use instead of the configured one.
    #[arg(long, value_name = "VERSION")]
    prompt: Option<String>,
}

impl From<OverrideArgs> for Overrides {
    fn from(OverrideArgs { model, prompt }: OverrideArgs) -> Self {
        Self { model, prompt }
    }
}

/// Maximum number of queries of each kind: far more than any list offers.
const SAMPLE_MAX: usize = 1_000_000;

/// Parses a number of queries.
///
/// # Errors
/// Returns what to write if `text` is no such number.
fn sample(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=SAMPLE_MAX).contains(number));
    number.ok_or_else(|| format!("write a whole number from 1 to {SAMPLE_MAX}"))
}
