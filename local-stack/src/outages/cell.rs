//! The cells of the table, and the patterns that select them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::fault_proxy::Rule;

/// A service that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Bedrock,
    Sqs,
    DynamoDb,
    S3,
}

impl Service {
    const ALL: [Self; 4] = [Self::Bedrock, Self::Sqs, Self::DynamoDb, Self::S3];

    /// Returns the name in the rules of the fault proxy.
    fn name(self) -> &'static str {
        match self {
            Self::Bedrock => "Bedrock",
            Self::Sqs => "Sqs",
            Self::DynamoDb => "DynamoDb",
            Self::S3 => "S3",
        }
    }
}

/// A kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    Unavailable,
    InternalError,
    Throttle,
    Hang,
    CutAnswer,
    Unparseable,
    Refused,
}

impl Failure {
    const ALL: [Self; 7] = [
        Self::Unavailable,
        Self::InternalError,
        Self::Throttle,
        Self::Hang,
        Self::CutAnswer,
        Self::Unparseable,
        Self::Refused,
    ];

    /// Returns the name on the command line and in the table.
    fn name(self) -> &'static str {
        match self {
            Self::Unavailable => "503",
            Self::InternalError => "500",
            Self::Throttle => "throttle",
            Self::Hang => "hang",
            Self::CutAnswer => "cut-answer",
            Self::Unparseable => "unparseable",
            Self::Refused => "refused",
        }
    }

    /// Returns the name in the rules of the fault proxy.
    fn wire_fault(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::InternalError => "internal-error",
            failure => failure.name(),
        }
    }
}

/// What happens in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// Every request to the service fails.
    Outage(Service, Failure),
    /// The tenant's only place is taken by a report whose model takes as long as the scenario lasts.
    TenantShare,
}

impl Scenario {
    fn all() -> impl Iterator<Item = Self> {
        let outages = Failure::ALL.into_iter();
        Service::ALL
            .into_iter()
            .flat_map(move |service| outages.clone().map(move |failure| Self::Outage(service, failure)))
            .chain([Self::TenantShare])
    }

    /// Returns the names of the service and of the failure, as in the table.
    pub(super) fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Outage(service, failure) => (service.name(), failure.name()),
            Self::TenantShare => ("Tenant", "share"),
        }
    }
}

/// A cell of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) scenario: Scenario,
    /// How long it lasts, before the compression.
    pub(crate) duration: Duration,
}

impl Cell {
    /// Returns the rule of the fault proxy during the outage, or `None` if the wire works.
    pub(super) fn rule(&self) -> Option<Rule> {
        let Scenario::Outage(service, failure) = self.scenario else { return None };
        format!("{}.*={}:1", service.name(), failure.wire_fault()).parse().ok()
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (service, failure) = self.scenario.names();
        write!(formatter, "{service}:{failure}:{}", duration_text(self.duration))
    }
}

/// Selects cells: `SERVICE:FAILURE:DURATION`. `all` stands for every service, or for every failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CellPattern(Vec<Cell>);

impl CellPattern {
    /// Returns the selected cells, in the order of the table.
    pub(crate) fn cells(self) -> Vec<Cell> {
        self.0
    }
}

impl FromStr for CellPattern {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        let invalid = |problem: &str| {
            format!("{given:?}: {problem}: give SERVICE:FAILURE:DURATION, such as S3:hang:10m or all:503:60m")
        };
        let parts: Vec<&str> = given.split(':').collect();
        let &[service, failure, duration] = parts.as_slice() else {
            return Err(invalid("there are not three parts"));
        };
        let duration = parse_duration(duration).ok_or_else(|| {
            invalid("the duration is not a whole number of seconds, minutes or hours, such as 30s, 10m or 5h")
        })?;
        let selected: Vec<Cell> = Scenario::all()
            .filter(|scenario| {
                let names = scenario.names();
                // A share is no failure of a service, so it is selected by name only.
                let all = |given: &str| given == "all" && *scenario != Scenario::TenantShare;
                (all(service) || names.0.eq_ignore_ascii_case(service))
                    && (all(failure) || names.1.eq_ignore_ascii_case(failure))
            })
            .map(|scenario| Cell { scenario, duration })
            .collect();
        if selected.is_empty() {
            let services = Service::ALL.map(Service::name).join(", ");
            let failures = Failure::ALL.map(Failure::name).join(", ");
            return Err(invalid(&format!(
                "no such cell; the services are {services} and all, the failures {failures} and all, and Tenant:share"
            )));
        }
        Ok(Self(selected))
    }
}

/// Returns the whole table: every service and failure for 30 seconds, 10 minutes and an hour, a model that
/// throttles for five hours, and a tenant that waits for its share as long.
pub(crate) fn default_cells() -> Vec<Cell> {
    let patterns = ["all:all:30s", "all:all:10m", "all:all:60m", "Bedrock:throttle:5h", "Tenant:share:5h"];
    patterns
        .iter()
        .filter_map(|pattern| pattern.parse::<CellPattern>().ok())
        .flat_map(CellPattern::cells)
        .collect()
}

fn parse_duration(text: &str) -> Option<Duration> {
    let unit = text.char_indices().next_back()?;
    let seconds = match unit.1 {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return None,
    };
    let number: u64 = text[..unit.0].parse().ok().filter(|number| (1..=86_400).contains(number))?;
    Some(Duration::from_secs(number * seconds))
}

/// Returns the duration in the largest unit that divides it, at most minutes up to an hour.
pub(super) fn duration_text(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds % 3600 == 0 && seconds > 3600 => format!("{}h", seconds / 3600),
        seconds if seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(pattern: &str) -> Vec<String> {
        pattern.parse::<CellPattern>().unwrap().cells().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_pattern_selects_by_service_and_failure() {
        assert_eq!(selected("s3:hang:10m"), ["S3:hang:10m"]);
        assert_eq!(
            selected("all:503:90s"),
            ["Bedrock:503:90s", "Sqs:503:90s", "DynamoDb:503:90s", "S3:503:90s"]
        );
        assert_eq!(selected("Bedrock:all:60m").len(), 7);
        assert_eq!(selected("tenant:share:5h"), ["Tenant:share:5h"]);
    }

    #[test]
    fn the_whole_table_has_every_cell_once_and_each_rule_is_valid() {
        let cells = default_cells();
        assert_eq!(cells.len(), 4 * 7 * 3 + 2);
        for (at, cell) in cells.iter().enumerate() {
            assert!(!cells[..at].contains(cell), "{cell}");
            assert_eq!(cell.rule().is_some(), cell.scenario != Scenario::TenantShare, "{cell}");
            assert_eq!(selected(&cell.to_string()), [cell.to_string()]);
        }
    }

    #[test]
    fn invalid_patterns_are_rejected_with_what_is_accepted() {
        for (given, reason) in [
            ("S3:hang", "three parts"),
            ("S3:hang:10", "duration"),
            ("S3:hang:0s", "duration"),
            ("S3:hang:m", "duration"),
            ("Kinesis:hang:10m", "the services are Bedrock, Sqs, DynamoDb, S3"),
            ("S3:slow:10m", "503, 500, throttle, hang, cut-answer, unparseable, refused"),
            ("S3:share:10m", "Tenant:share"),
        ] {
            let error = given.parse::<CellPattern>().unwrap_err();
            assert!(error.contains(reason) && error.contains(given), "{error}");
        }
    }
}
