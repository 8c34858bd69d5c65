//! A submission of the load test, and the answer to it.

use std::time::Duration;

use domain::time::UtcTime;

/// A submission that was answered, or of which it is known that it will not be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Submission {
    /// Number of the submission, counted from zero.
    pub(super) number: u64,
    /// When it was due: in an open loop its scheduled time, in a closed loop the time at which it was sent.
    pub(super) due_at: UtcTime,
    /// Time from [`due_at`](Self::due_at) until it was sent. It is longer than the inaccuracy of a timer only if
    /// every connection was in use.
    pub(super) delay: Duration,
    /// Time from [`due_at`](Self::due_at) until the whole answer was received. Counting from the scheduled time
    /// shows a stall of the API to its full extent: the submissions that it held up count as well.
    pub(super) latency: Duration,
    pub(super) answer: Answer,
}

/// The answer to a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// 202, with the id of the report.
    Accepted(String),
    /// Any other status, with the code of its problem document, if it has one.
    Refused { status: u16, code: Option<String> },
    /// No usable answer.
    None(NoAnswer),
}

/// Why a submission has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// No connection could be opened.
    ConnectionFailed,
    /// The connection ended before the answer was complete.
    ConnectionLost,
    /// No complete answer arrived in time.
    TimedOut,
    /// 202 without the location of a report.
    LocationMissing,
    /// The load test was ended.
    Interrupted,
}

impl NoAnswer {
    /// Returns the name in the results.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ConnectionFailed => "connection_failed",
            Self::ConnectionLost => "connection_lost",
            Self::TimedOut => "timed_out",
            Self::LocationMissing => "location_missing",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Submission {
    /// Returns the id of the accepted report.
    pub(super) fn report_id(&self) -> Option<&str> {
        match &self.answer {
            Answer::Accepted(id) => Some(id),
            Answer::Refused { .. } | Answer::None(_) => None,
        }
    }

    /// Returns when the answer was received.
    pub(super) fn answered_at(&self) -> UtcTime {
        self.due_at.plus(self.latency)
    }

    /// Returns the time from [`due_at`](Self::due_at) until the report ended, by the times at which the
    /// deployment recorded the report and its end. The recording lies between the request and its answer, so
    /// the clocks of the deployment and of this machine may differ.
    pub(super) fn time_to(&self, created_at: UtcTime, ended_at: UtcTime) -> Duration {
        let until_recorded = created_at.since(self.due_at).clamp(self.delay.min(self.latency), self.latency);
        until_recorded + ended_at.since(created_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_the_end_does_not_depend_on_the_clock_of_the_deployment() {
        let at = UtcTime::from_epoch_millis;
        let millis = Duration::from_millis;
        let submission = Submission {
            number: 0,
            due_at: at(1000),
            delay: millis(100),
            latency: millis(140),
            answer: Answer::Accepted("r".to_owned()),
        };
        assert_eq!(submission.time_to(at(1120), at(3120)), millis(2120), "equal clocks");
        assert_eq!(submission.time_to(at(61_120), at(63_120)), millis(2140), "a clock that is fast");
        assert_eq!(submission.time_to(at(120), at(2120)), millis(2100), "a clock that is slow");
        assert_eq!(submission.answered_at(), at(1140));
    }
}
