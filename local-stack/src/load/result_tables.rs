//! The result of a load test for people.

use comfy_table::Table;

use super::format::{NOT_MEASURED, align_right, bytes, millis, number, table};
use super::in_flight::InFlight;
use super::latencies::Percentiles;
use super::result::{CpuFigures, LoadResult, Processes, Reports, ServiceFigures};

/// Renders the result as tables, with a line that says whether every accepted report was completed.
pub(super) fn render(result: &LoadResult) -> String {
    let mut parts =
        vec![facts(result).to_string(), latencies(result).to_string(), answers(result).to_string()];
    if let Some(aws) = &result.aws {
        parts.push(aws.table().to_string());
    }
    parts.push(processes(&result.processes).to_string());
    parts.push(verdict(result));
    parts.join("\n\n")
}

fn facts(result: &LoadResult) -> Table {
    let mut table = table(&["Figure", "Value"]);
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    let submissions = &result.submissions;
    row("Submissions", submissions.sent.to_string());
    row("Accepted", submissions.accepted.to_string());
    row("Accepted per second", number(submissions.accepted_per_second, 1));
    row("Time until the last answer", format!("{:.1} s", submissions.seconds));
    if let Some(reports) = &result.reports {
        report_facts(reports, row);
    }
    align_right(&mut table, 1..=1);
    table
}

fn report_facts(reports: &Reports, mut row: impl FnMut(&str, String)) {
    row("Reports COMPLETED", reports.completed.to_string());
    for failure in &reports.failures {
        row(&format!("Reports FAILED ({})", failure.code), failure.count.to_string());
    }
    if reports.cancelled > 0 {
        row("Reports CANCELLED", reports.cancelled.to_string());
    }
    if reports.open > 0 {
        row("Reports that have not ended", reports.open.to_string());
    }
    row("Retries (attempts beyond the first)", reports.retries.to_string());
    let in_flight = |in_flight: Option<InFlight>| match in_flight {
        Some(InFlight { max, mean }) => format!("max {max}, mean {mean:.1}"),
        None => "-".to_owned(),
    };
    row("Reports in flight", in_flight(reports.in_flight));
    row("Reports in progress at a worker", in_flight(reports.in_progress));
}

fn latencies(result: &LoadResult) -> Table {
    let mut table = table(&["Time", "p50", "p90", "p99", "max"]);
    let mut row = |name: &str, times: Option<Percentiles>| {
        let at = |value: fn(Percentiles) -> Option<f64>| millis(times.and_then(value));
        table.add_row([
            name.to_owned(),
            at(|times| Some(times.p50)),
            at(|times| times.p90),
            at(|times| times.p99),
            at(|times| Some(times.max)),
        ]);
    };
    row("Acceptance", result.submissions.accept_latency_ms);
    row("  of it until sent", result.submissions.send_delay_ms);
    if let Some(reports) = &result.reports {
        row("Submission until the report is done", reports.submit_to_done_ms);
        row("  without model and sources (overhead)", reports.overhead_ms);
    }
    align_right(&mut table, 1..=4);
    table
}

fn answers(result: &LoadResult) -> Table {
    let mut table = table(&["Status", "Code", "Answers"]);
    for answer in &result.submissions.answers {
        let status = answer.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        table.add_row([
            status,
            answer.code.clone().unwrap_or_else(|| "-".to_owned()),
            answer.count.to_string(),
        ]);
    }
    align_right(&mut table, 2..=2);
    table
}

fn processes(processes: &Processes) -> Table {
    let mut table = table(&["Process", "CPU", "CPU per 1,000", "Memory at rest", "at peak", "per report"]);
    let seconds = |seconds: Option<f64>| {
        seconds.map_or_else(|| NOT_MEASURED.to_owned(), |seconds| format!("{seconds:.2} s"))
    };
    // The share of 1,000 is unknown as well if nothing was accepted or ended.
    let cpu = |cpu: &CpuFigures| match cpu.cpu_seconds {
        None => [seconds(None), seconds(None)],
        Some(_) => [
            seconds(cpu.cpu_seconds),
            cpu.cpu_seconds_per_1000.map_or_else(|| "-".to_owned(), |share| format!("{share:.2} s")),
        ],
    };
    let mut service = |name: &str, of: &str, figures: Option<&ServiceFigures>| {
        let Some(figures) = figures.filter(|figures| figures.processes > 0) else { return };
        let [time, share] = cpu(&figures.cpu);
        let per_report = match (figures.memory_at_peak_bytes, figures.bytes_per_report) {
            (Some(_), None) => "-".to_owned(),
            (_, per_report) => bytes(per_report),
        };
        table.add_row([
            format!("{} x {name}", figures.processes),
            time,
            format!("{share} ({of})"),
            bytes(figures.memory_at_rest_bytes),
            bytes(figures.memory_at_peak_bytes),
            per_report,
        ]);
    };
    service("api-service", "accepted", processes.api.as_ref());
    service("worker-service", "reports", processes.worker.as_ref());
    let mut row = |name: &str, of: &str, figures: &CpuFigures| {
        let [time, share] = cpu(figures);
        table.add_row([name.to_owned(), time, format!("{share} ({of})")]);
    };
    row("load generator", "submissions", &processes.load_generator);
    if let Some(stand_ins) = &processes.stand_ins {
        row("embedded AWS, stand-ins", "accepted", stand_ins);
    }
    align_right(&mut table, 1..=5);
    table
}

fn verdict(result: &LoadResult) -> String {
    if !result.problems.is_empty() {
        return format!("The load test FAILED: {}.", result.problems.join("; "));
    }
    match &result.reports {
        Some(_) => "Every accepted report was completed.".to_owned(),
        None => "The acceptance was measured; the reports were not followed.".to_owned(),
    }
}
