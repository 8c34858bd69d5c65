//! The result of a load test, computed from what was measured. Its JSON is documented in docs/PERFORMANCE.md.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use domain::lifecycle::Status;
use domain::time::UtcTime;
use serde::Serialize;

use super::aws_usage::AwsUsage;
use super::format;
use super::in_flight::InFlight;
use super::latencies::Percentiles;
use super::report_state::{KnownLatency, ReportState};
use super::services::ServiceUsage;
use super::submission::{Answer, Submission};

/// Version of the JSON. A change of a name or of a meaning increases it; a new member does not.
const SCHEMA: u32 = 1;

/// What was measured.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) submissions: Vec<Submission>,
    /// The accepted reports by id; `None` if they were not followed.
    pub(super) reports: Option<HashMap<String, ReportState>>,
    /// When the reports were last looked at.
    pub(super) looked_at: UtcTime,
    /// Whether a person ended the test.
    pub(super) interrupted: bool,
    /// Why the test ended early.
    pub(super) failure: Option<String>,
    /// `None` if the latency of the model and of the sources is not known.
    pub(super) known_latency: Option<KnownLatency>,
    pub(super) aws: Option<AwsUsage>,
    pub(super) processes: MeasuredProcesses,
}

/// What the processes used.
#[derive(Debug, Clone, Default)]
pub(super) struct MeasuredProcesses {
    /// Number of API processes, and what they used until the last submission was answered.
    pub(super) api: Option<(usize, Option<ServiceUsage>)>,
    /// Number of worker processes, and what they used.
    pub(super) worker: Option<(usize, Option<ServiceUsage>)>,
    /// CPU time of the load generator.
    pub(super) generator: Option<Duration>,
    /// CPU time of the rest of this process: the embedded AWS and the stand-ins.
    pub(super) stand_ins: Option<Duration>,
}

/// The result of a load test.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LoadResult {
    pub(super) schema: u32,
    pub(super) interrupted: bool,
    pub(super) submissions: Submissions,
    pub(super) reports: Option<Reports>,
    pub(super) aws: Option<AwsUsage>,
    pub(super) processes: Processes,
    /// Why the exit code is not 0.
    pub(super) problems: Vec<String>,
}

/// The submissions and their answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Submissions {
    pub(super) sent: u64,
    pub(super) accepted: u64,
    /// Time from the first submission to the last answer.
    pub(super) seconds: f64,
    pub(super) accepted_per_second: Option<f64>,
    /// Latency of the accepted ones, from the time at which each was due.
    pub(super) accept_latency_ms: Option<Percentiles>,
    /// Time from which a submission was due until it was sent.
    pub(super) send_delay_ms: Option<Percentiles>,
    pub(super) answers: Vec<AnswerCount>,
}

/// Number of equal answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct AnswerCount {
    /// HTTP status; null if there was no answer.
    pub(super) status: Option<u16>,
    /// Code of the problem document, or the reason why there was no answer.
    pub(super) code: Option<String>,
    pub(super) count: u64,
}

/// What became of the accepted reports.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reports {
    pub(super) completed: u64,
    pub(super) failed: u64,
    pub(super) cancelled: u64,
    pub(super) open: u64,
    pub(super) failures: Vec<FailureCount>,
    /// Attempts beyond the first of each report.
    pub(super) retries: u64,
    /// From the time at which the submission was due until the end of a completed report.
    pub(super) submit_to_done_ms: Option<Percentiles>,
    /// The same without the latency of the stand-ins; null if that is not known.
    pub(super) overhead_ms: Option<Percentiles>,
    /// Reports that are recorded and have not ended.
    pub(super) in_flight: Option<InFlight>,
    /// Reports that a worker has claimed and that have not ended.
    pub(super) in_progress: Option<InFlight>,
}

/// Number of reports that failed for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FailureCount {
    pub(super) code: String,
    pub(super) count: u64,
}

/// What the processes used.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Processes {
    /// Until the last submission was answered; figures per 1,000 accepted reports.
    pub(super) api: Option<ServiceFigures>,
    /// Figures per 1,000 reports that ended.
    pub(super) worker: Option<ServiceFigures>,
    /// Figures per 1,000 submissions.
    pub(super) load_generator: CpuFigures,
    /// The embedded AWS and the stand-ins; figures per 1,000 accepted reports.
    pub(super) stand_ins: Option<CpuFigures>,
}

/// CPU time in seconds. Null where the system does not tell it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CpuFigures {
    pub(super) cpu_seconds: Option<f64>,
    #[serde(rename = "cpuSecondsPer1000")]
    pub(super) cpu_seconds_per_1000: Option<f64>,
}

/// What all processes of a service used together. Null where the system does not tell it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceFigures {
    pub(super) processes: usize,
    #[serde(flatten)]
    pub(super) cpu: CpuFigures,
    pub(super) memory_at_rest_bytes: Option<u64>,
    pub(super) memory_at_peak_bytes: Option<u64>,
    /// Growth from rest to peak by the most reports in flight (API) or in progress (worker).
    pub(super) bytes_per_report: Option<u64>,
}

impl LoadResult {
    /// Computes the result.
    ///
    /// # Errors
    /// Returns an error if a latency is too long for a histogram.
    pub(super) fn of(measured: &Measured) -> anyhow::Result<Self> {
        let submissions = Submissions::of(&measured.submissions)?;
        let reports = match &measured.reports {
            Some(states) => Some(Reports::of(measured, states)?),
            None => None,
        };
        let problems = problems(measured, &submissions, reports.as_ref());
        Ok(Self {
            schema: SCHEMA,
            interrupted: measured.interrupted,
            processes: Processes::of(&measured.processes, &submissions, reports.as_ref()),
            submissions,
            reports,
            aws: measured.aws.clone(),
            problems,
        })
    }
}

impl Submissions {
    fn of(submissions: &[Submission]) -> anyhow::Result<Self> {
        let mut answers: BTreeMap<(Option<u16>, Option<String>), u64> = BTreeMap::new();
        for submission in submissions {
            let answer = match &submission.answer {
                Answer::Accepted(_) => (Some(202), None),
                Answer::Refused { status, code } => (Some(*status), code.clone()),
                Answer::None(reason) => (None, Some(reason.name().to_owned())),
            };
            *answers.entry(answer).or_default() += 1;
        }
        let accepted = || submissions.iter().filter(|submission| submission.report_id().is_some());
        let first = submissions.iter().map(|submission| submission.due_at).min();
        let last = submissions.iter().map(Submission::answered_at).max();
        let time = first.zip(last).map_or(Duration::ZERO, |(first, last)| last.since(first));
        let count = accepted().count() as u64;
        Ok(Self {
            sent: submissions.len() as u64,
            accepted: count,
            seconds: time.as_secs_f64(),
            accepted_per_second: per_second(count, time),
            accept_latency_ms: Percentiles::of(accepted().map(|submission| submission.latency))?,
            send_delay_ms: Percentiles::of(submissions.iter().map(|submission| submission.delay))?,
            answers: answers
                .into_iter()
                .map(|((status, code), count)| AnswerCount { status, code, count })
                .collect(),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "no load test has 2^52 reports")]
fn per_second(count: u64, time: Duration) -> Option<f64> {
    (!time.is_zero()).then(|| count as f64 / time.as_secs_f64())
}

impl Reports {
    fn of(measured: &Measured, states: &HashMap<String, ReportState>) -> anyhow::Result<Self> {
        let accepted = measured.submissions.iter().filter_map(Submission::report_id).count() as u64;
        let count = |status| states.values().filter(|state| state.status == status).count() as u64;
        let (completed, failed, cancelled) =
            (count(Status::Completed), count(Status::Failed), count(Status::Cancelled));
        let mut failures: BTreeMap<String, u64> = BTreeMap::new();
        for state in states.values().filter(|state| state.status == Status::Failed) {
            *failures.entry(state.error.clone().unwrap_or_else(|| "unknown".to_owned())).or_default() += 1;
        }
        let durations: Vec<(Duration, &ReportState)> = measured
            .submissions
            .iter()
            .filter_map(|submission| {
                let state = states.get(submission.report_id()?)?;
                let ended_at = state.ended_at.filter(|_| state.status == Status::Completed)?;
                Some((submission.time_to(state.created_at, ended_at), state))
            })
            .collect();
        let overheads = measured.known_latency.map(|known| {
            Percentiles::of(durations.iter().map(|(time, state)| time.saturating_sub(known.of(state))))
        });
        let until = |state: &ReportState| state.ended_at.unwrap_or(measured.looked_at);
        let in_flight: Vec<_> = states.values().map(|state| (state.created_at, until(state))).collect();
        let in_progress: Vec<_> =
            states.values().filter_map(|state| Some((state.started_at?, until(state)))).collect();
        Ok(Self {
            completed,
            failed,
            cancelled,
            open: accepted - completed - failed - cancelled,
            failures: failures.into_iter().map(|(code, count)| FailureCount { code, count }).collect(),
            retries: states.values().map(|state| u64::from(state.attempt.saturating_sub(1))).sum(),
            submit_to_done_ms: Percentiles::of(durations.iter().map(|(time, _)| *time))?,
            overhead_ms: overheads.transpose()?.flatten(),
            in_flight: InFlight::of(&in_flight),
            in_progress: InFlight::of(&in_progress),
        })
    }

    fn ended(&self) -> u64 {
        self.completed + self.failed + self.cancelled
    }
}

impl Processes {
    fn of(measured: &MeasuredProcesses, submissions: &Submissions, reports: Option<&Reports>) -> Self {
        let most = |in_flight: Option<InFlight>| in_flight.map(|in_flight| in_flight.max);
        let service = |measured: Option<(usize, Option<ServiceUsage>)>, of, most| {
            let (processes, usage) = measured?;
            Some(ServiceFigures::of(processes, usage, of, most))
        };
        let ended = reports.map_or(0, Reports::ended);
        let in_flight = most(reports.and_then(|reports| reports.in_flight));
        let in_progress = most(reports.and_then(|reports| reports.in_progress));
        Self {
            api: service(measured.api, submissions.accepted, in_flight),
            worker: service(measured.worker, ended, in_progress),
            load_generator: CpuFigures::of(measured.generator, submissions.sent),
            stand_ins: measured.stand_ins.map(|cpu| CpuFigures::of(Some(cpu), submissions.accepted)),
        }
    }
}

impl CpuFigures {
    /// Returns the CPU time and its share of 1,000 of `of`.
    fn of(cpu: Option<Duration>, of: u64) -> Self {
        Self {
            cpu_seconds: cpu.map(|cpu| cpu.as_secs_f64()),
            cpu_seconds_per_1000: cpu.and_then(|cpu| format::seconds_per_1000(cpu, of)),
        }
    }
}

impl ServiceFigures {
    fn of(processes: usize, usage: Option<ServiceUsage>, of: u64, most_reports: Option<u64>) -> Self {
        let peak = usage.and_then(|usage| usage.memory_at_peak);
        let growth = usage.zip(peak).map(|(usage, peak)| peak.saturating_sub(usage.memory_at_rest));
        let most_reports = most_reports.filter(|reports| *reports > 0);
        Self {
            processes,
            cpu: CpuFigures::of(usage.map(|usage| usage.cpu), of),
            memory_at_rest_bytes: usage.map(|usage| usage.memory_at_rest),
            memory_at_peak_bytes: peak,
            bytes_per_report: growth.zip(most_reports).map(|(growth, reports)| growth / reports),
        }
    }
}

/// Returns why not every accepted report is completed.
fn problems(measured: &Measured, submissions: &Submissions, reports: Option<&Reports>) -> Vec<String> {
    let mut problems: Vec<String> = measured.failure.iter().cloned().collect();
    if submissions.accepted == 0 {
        problems.push("no report was accepted".to_owned());
    }
    let Some(reports) = reports else { return problems };
    for FailureCount { code, count } in &reports.failures {
        problems.push(format!("{count} reports FAILED with {code}"));
    }
    if reports.cancelled > 0 {
        problems.push(format!("{} reports were CANCELLED", reports.cancelled));
    }
    if reports.open > 0 {
        problems.push(format!("{} reports had not ended when the test ended", reports.open));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::submission::NoAnswer;

    const MILLI: Duration = Duration::from_millis(1);

    fn at(millis: i64) -> UtcTime {
        UtcTime::from_epoch_millis(millis)
    }

    /// A submission that is due `number` seconds after the start and answered after 100 ms.
    fn submission(number: u64, answer: Answer) -> Submission {
        let due_at = at(number as i64 * 1000);
        Submission { number, due_at, delay: Duration::ZERO, latency: MILLI * 100, answer }
    }

    fn accepted(number: u64) -> Submission {
        submission(number, Answer::Accepted(format!("r{number}")))
    }

    /// A report that was recorded 50 ms after its submission was due and ended after `seconds` more.
    fn report(number: u64, status: Status, seconds: i64) -> (String, ReportState) {
        let created = number as i64 * 1000 + 50;
        let id = format!("r{number}");
        let state = ReportState {
            id: id.clone(),
            status,
            attempt: 2,
            model_calls: 2,
            error: (status == Status::Failed).then(|| "model_refused".to_owned()),
            created_at: at(created),
            started_at: Some(at(created + 500)),
            ended_at: status.is_terminal().then(|| at(created + seconds * 1000)),
        };
        (id, state)
    }

    fn measured(submissions: Vec<Submission>, reports: Option<Vec<(String, ReportState)>>) -> Measured {
        let usage = ServiceUsage {
            cpu: Duration::from_secs(6),
            memory_at_rest: 10_000,
            memory_at_peak: Some(40_000),
        };
        Measured {
            submissions,
            reports: reports.map(|reports| reports.into_iter().collect()),
            looked_at: at(10_000),
            interrupted: false,
            failure: None,
            known_latency: Some(KnownLatency { model: MILLI * 1000, sources: MILLI * 500 }),
            aws: None,
            processes: MeasuredProcesses {
                api: Some((1, Some(usage))),
                worker: Some((2, None)),
                generator: Some(Duration::from_secs(1)),
                stand_ins: None,
            },
        }
    }

    #[test]
    fn a_result_tells_what_became_of_submissions_and_reports() {
        let refused = Answer::Refused { status: 503, code: Some("overloaded".to_owned()) };
        let submissions = vec![
            accepted(0),
            accepted(1),
            accepted(2),
            accepted(3),
            submission(4, refused),
            submission(5, Answer::None(NoAnswer::TimedOut)),
        ];
        let reports = vec![
            report(0, Status::Completed, 4),
            report(1, Status::Failed, 5),
            report(2, Status::Processing, 0),
        ];
        let result = LoadResult::of(&measured(submissions, Some(reports))).unwrap();
        let answer =
            |status, code: Option<&str>, count| AnswerCount { status, code: code.map(str::to_owned), count };
        assert_eq!((result.submissions.sent, result.submissions.accepted), (6, 4));
        assert_eq!(
            result.submissions.answers,
            [
                answer(None, Some("timed_out"), 1),
                answer(Some(202), None, 4),
                answer(Some(503), Some("overloaded"), 1)
            ]
        );
        assert!((result.submissions.seconds - 5.1).abs() < 1e-9);
        let reports = result.reports.unwrap();
        assert_eq!((reports.completed, reports.failed, reports.cancelled, reports.open), (1, 1, 0, 2));
        assert_eq!(reports.retries, 3);
        // 50 ms until it was recorded and 4 s until its end; two model calls and the sources take 2.5 s of that.
        let (done, overhead) = (reports.submit_to_done_ms.unwrap().max, reports.overhead_ms.unwrap().max);
        assert!((done - 4050.0).abs() < 4.1 && (overhead - 1550.0).abs() < 1.6, "{done} {overhead}");
        assert_eq!(reports.in_flight.map(|in_flight| in_flight.max), Some(3));
        assert_eq!(
            result.problems,
            ["1 reports FAILED with model_refused", "2 reports had not ended when the test ended"]
        );
        let api = result.processes.api.unwrap();
        assert_eq!((api.cpu.cpu_seconds_per_1000, api.bytes_per_report), (Some(1500.0), Some(10_000)));
        let worker = result.processes.worker.unwrap();
        assert_eq!((worker.processes, worker.cpu.cpu_seconds, worker.bytes_per_report), (2, None, None));
    }

    #[test]
    fn every_accepted_report_completed_is_no_problem() {
        let completed = measured(vec![accepted(0)], Some(vec![report(0, Status::Completed, 1)]));
        assert_eq!(LoadResult::of(&completed).unwrap().problems, Vec::<String>::new());
        let accept_only = measured(vec![accepted(0)], None);
        assert_eq!(LoadResult::of(&accept_only).unwrap().problems, Vec::<String>::new());
    }

    #[test]
    fn nothing_accepted_and_a_failed_process_are_problems() {
        let mut nothing = measured(Vec::new(), None);
        nothing.failure = Some("worker-1 ended".to_owned());
        let result = LoadResult::of(&nothing).unwrap();
        assert_eq!(result.problems, ["worker-1 ended", "no report was accepted"]);
        assert_eq!(result.submissions.accepted_per_second, None);
    }
}
