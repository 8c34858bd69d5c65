//! The story of the demo, part by part.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::display::{Display, Track};
use super::follow;
use super::samples::{EVIDENCE, HOSTILE, OUTAGE, SUBSIDIARY, Sample};
use super::save::{self, SavedFiles};
use super::table::{self, Row};
use crate::calls::Calls;
use crate::faults::{FaultPlan, Faults};
use crate::stack::Stack;
use crate::stack::client::Client;

/// The shortest outage, so that a reader can see it.
const OUTAGE_MIN: Duration = Duration::from_secs(3);
/// The longest outage. It ends earlier, once an attempt of each report has failed.
const OUTAGE_MAX: Duration = Duration::from_secs(20);

/// What the story needs of a running stack.
pub(super) struct Story {
    api_url: String,
    client: Arc<Client>,
    model: Arc<FaultPlan>,
    answers: Arc<Calls<String>>,
    /// Whether a stand-in answers for the model.
    is_stand_in: bool,
    out: PathBuf,
    display: Display,
}

/// The result of one sample company, when its report has ended.
struct SampleResult {
    sample: &'static Sample,
    row: Row,
    /// Number of answers of the model that the report used.
    answers: u64,
    /// The files of the report, or the reason why it is not COMPLETED.
    outcome: Result<SavedFiles, String>,
}

impl SampleResult {
    /// Returns the reasons why a person must review the report, or `None` if there are none.
    fn review(&self) -> Option<String> {
        let document = self.outcome.as_ref().ok()?.document.as_ref()?;
        let reasons: Vec<_> =
            document["review"]["reasons"].as_array()?.iter().filter_map(Value::as_str).collect();
        if reasons.is_empty() {
            return None;
        }
        let mut text = format!("\n   The report on {} must be reviewed by a person:", self.sample.name);
        for reason in reasons {
            let _ = write!(text, "\n   - {reason}");
        }
        Some(text)
    }
}

type Task = JoinHandle<anyhow::Result<SampleResult>>;

impl Story {
    /// Returns the story that `stack` plays, which saves its files under `out`. `is_stand_in` says whether a stand-in
    /// answers for the model.
    pub(super) fn of(stack: &Stack, is_stand_in: bool, out: &Path, display: Display) -> anyhow::Result<Self> {
        Ok(Self {
            api_url: stack.api_url().to_owned(),
            client: Arc::new(stack.client()?),
            model: stack.bedrock().fault_plan(),
            answers: stack.bedrock().call_counter(),
            is_stand_in,
            out: std::path::absolute(out)?,
            display,
        })
    }

    /// Tells the story. `fault_seed` is the seed of injected faults, if there are any.
    pub(super) async fn tell(&self, fault_seed: Option<u64>) -> anyhow::Result<()> {
        let mut opening = format!("Dossier runs at {} until the demo ends.", self.api_url);
        if let Some(seed) = fault_seed {
            let _ = write!(opening, "\nFaults are injected; --seed {seed} repeats their schedule.");
        }
        self.display.say(&opening);
        let usual = self.model.faults();
        let mut results = self.evidence(&usual).await?;
        results.extend(self.outage(&usual).await?);
        self.close(&results)
    }

    /// Part 1: what evidence does to a report.
    async fn evidence(&self, usual: &Faults) -> anyhow::Result<Vec<SampleResult>> {
        self.display.say(&heading(1, "Three companies, and what the evidence says of them", &EVIDENCE));
        let obeys =
            if self.is_stand_in { "The stand-in for the model obeys that order on purpose. " } else { "" };
        self.display.say(&format!(
            "   {obeys}Rules set the\n   lowest level, and every claim must quote its evidence.\n"
        ));
        self.model.set(Faults { obedient: 1.0, ..usual.clone() });
        let results = joined(self.request(&EVIDENCE, None)).await;
        self.model.set(usual.clone());
        let results = results?;
        if let Some(review) = result_of(&HOSTILE, &results).and_then(SampleResult::review) {
            self.display.say(&review);
        }
        Ok(results)
    }

    /// Part 2: an outage of the model.
    async fn outage(&self, usual: &Faults) -> anyhow::Result<Vec<SampleResult>> {
        self.display.say(&heading(2, "The model fails, and no report feels it", &OUTAGE));
        self.display.say("   From now on, every call of the model is answered with an error.\n");
        self.model.set(Faults { error: 1.0, ..usual.clone() });
        let (began, (setbacks, mut heard)) = (Instant::now(), unbounded_channel());
        let tasks = self.request(&OUTAGE, Some(&setbacks));
        drop(setbacks);
        // The channel also closes when the reports have ended.
        let all = async {
            for _ in &OUTAGE {
                heard.recv().await;
            }
        };
        let _ = timeout(OUTAGE_MAX, all).await;
        sleep_until(began + OUTAGE_MIN).await;
        self.model.set(usual.clone());
        let seconds = began.elapsed().as_secs_f64();
        self.display.say(&format!("   The model answers again, after {seconds:.0} seconds."));
        joined(tasks).await
    }

    /// Requests a report on each of `samples`, and follows it.
    fn request(&self, samples: &'static [Sample], setbacks: Option<&UnboundedSender<()>>) -> Vec<Task> {
        let start = |sample: &'static Sample| {
            let track = self.display.track(sample.name);
            let (client, out, setbacks) = (Arc::clone(&self.client), self.out.clone(), setbacks.cloned());
            tokio::spawn(async move { run_sample(&client, sample, &out, track, setbacks).await })
        };
        samples.iter().map(start).collect()
    }

    /// Prints the results and what to try next. Returns an error if a report is not COMPLETED.
    fn close(&self, results: &[SampleResult]) -> anyhow::Result<()> {
        self.display.say(&table::render(results.iter().map(|result| &result.row)));
        let failures: Vec<_> =
            results.iter().filter_map(|result| result.outcome.as_ref().err()).map(String::as_str).collect();
        if !failures.is_empty() {
            bail!("not every report was completed:\n  {}", failures.join("\n  "));
        }
        let used: u64 = results.iter().map(|result| result.answers).sum();
        let given: u64 = self.answers.snapshot().values().sum();
        self.display.say(&paid(used, given));
        let mut text = format!("Saved in {}, also as PDF, Markdown and JSON:\n", self.out.display());
        for saved in results.iter().filter_map(|result| result.outcome.as_ref().ok()) {
            let _ = writeln!(text, "  {}", saved.address());
        }
        self.display.say(&text);
        if let Some(saved) = result_of(&SUBSIDIARY, results).and_then(|result| result.outcome.as_ref().ok()) {
            self.display.say(&try_next(&saved.directory));
        }
        Ok(())
    }
}

/// Returns the result of `sample`, if it is one of `results`.
fn result_of<'a>(sample: &Sample, results: &'a [SampleResult]) -> Option<&'a SampleResult> {
    results.iter().find(|result| result.sample == sample)
}

fn heading(part: u8, title: &str, samples: &[Sample]) -> String {
    let mut text = format!("\n{part}. {title}\n");
    for Sample { name, about, .. } in samples {
        let _ = write!(text, "\n   {name}: {about}");
    }
    text.push('\n');
    text
}

/// Says how many answers the model gave, and that none was bought twice if the reports used as many.
fn paid(used: u64, given: u64) -> String {
    let end = if given == used { ": none was bought twice." } else { "." };
    format!("The model gave {given} answers, and the reports used {used}{end}\n")
}

fn try_next(directory: &Path) -> String {
    let folder = directory.strip_prefix(std::env::current_dir().unwrap_or_default()).unwrap_or(directory);
    let folder = folder.display();
    format!(
        "Try next:\n  \
         the web page      cargo run -p local-stack\n  \
         a report of yours docs/tutorial/first-report.md\n  \
         a worse day       cargo run -p local-stack -- demo --fault bedrock=throttle:0.3\n  \
         check a report    cargo run --bin worker-service -- verify {folder}/evidence.json"
    )
}

async fn joined(tasks: Vec<Task>) -> anyhow::Result<Vec<SampleResult>> {
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.context("a task that follows a report panicked")??);
    }
    Ok(results)
}

async fn run_sample(
    client: &Client,
    sample: &'static Sample,
    out: &Path,
    track: Track,
    setbacks: Option<UnboundedSender<()>>,
) -> anyhow::Result<SampleResult> {
    let label = track.label();
    let id = client
        .submit_accepted(&sample.request())
        .await
        .with_context(|| format!("the report on {label} was not accepted"))?;
    let (report, took) = follow::to_the_end(client, &id, track, setbacks).await.context(label)?;
    let outcome = if report["status"] == "COMPLETED" {
        Ok(save::save(client, &report, sample.name, out).await?)
    } else {
        Err(failure(sample, &report))
    };
    let document = outcome.as_ref().ok().and_then(|saved| saved.document.as_ref());
    let row = Row::new(sample.name, &report, document, took);
    let answers = report["usage"]["modelCalls"].as_u64().unwrap_or_default();
    Ok(SampleResult { sample, row, answers, outcome })
}

fn failure(sample: &Sample, report: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
    let (status, id) = (text(&report["status"]), text(&report["reportId"]));
    match report["error"]["message"].as_str() {
        Some(message) => format!("{} ({id}) is {status}: {message}", sample.name),
        None => format!("{} ({id}) is {status}", sample.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_numbers_say_that_nothing_was_bought_twice() {
        assert!(paid(10, 10).contains("none was bought twice"));
        assert!(!paid(10, 11).contains("twice") && !paid(11, 10).contains("twice"));
    }
}
