//! What became of the reports of one cell, and what is wrong with it.

use serde::Serialize;

/// Messages of one report that may be sent although another one is in the queue: while the queue or the table
/// fails, the sweeper cannot know whether a message was lost, and checks at doubling intervals.
pub(super) const MAX_SENT_TWICE: u64 = 1;

/// The outcome of one cell.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CellOutcome {
    /// Service, or `Tenant`.
    pub(super) service: &'static str,
    /// Kind of failure.
    pub(super) failure: &'static str,
    /// Duration before the compression, such as `10m`.
    pub(super) duration: String,
    /// Number of reports that were submitted.
    pub(super) reports: u64,
    pub(super) completed: u64,
    pub(super) failed: u64,
    /// Number of reports that failed before their deadline.
    pub(super) failed_early: u64,
    /// Number of reports that had not ended when the cell gave up.
    pub(super) open: u64,
    /// Number of answers that the model gave.
    pub(super) paid_calls: u64,
    /// Number of answers that the reports needed: those in their journals.
    pub(super) answers_needed: u64,
    /// Number of answers that were spoiled on the wire.
    pub(super) answers_lost: u64,
    /// Number of attempts that did not complete their report.
    pub(super) interruptions: u64,
    /// Number of messages that were sent.
    pub(super) messages_sent: u64,
    /// Number of messages that were sent beyond one of each report.
    pub(super) messages_beyond_one: u64,
    /// Number of messages that were sent while another message of the same report was in the queue.
    pub(super) messages_sent_twice: u64,
    /// The largest number of such messages of one report.
    pub(super) sent_twice_max: u64,
    /// Number of messages in the dead-letter queue.
    pub(super) dead_letters: u64,
    /// Seconds from the end of the outage until every report had ended.
    pub(super) seconds_after: f64,
}

impl CellOutcome {
    /// Returns what is wrong with the cell.
    pub(crate) fn problems(&self) -> Vec<String> {
        let bound = self.answers_needed + self.answers_lost + self.interruptions;
        let problems = [
            (self.failed_early > 0, format!("{} reports failed before their deadline", self.failed_early)),
            (self.open > 0, format!("{} reports had not ended after their deadline", self.open)),
            (
                self.paid_calls > bound,
                format!(
                    "{} calls were paid, but {} answers needed, {} lost on the wire and {} interrupted attempts explain {bound}",
                    self.paid_calls, self.answers_needed, self.answers_lost, self.interruptions
                ),
            ),
            (
                self.sent_twice_max > MAX_SENT_TWICE,
                format!(
                    "{} messages of one report were sent beside another one, at most {MAX_SENT_TWICE} is expected",
                    self.sent_twice_max
                ),
            ),
            (self.dead_letters > 0, format!("{} messages are in the dead-letter queue", self.dead_letters)),
        ];
        problems.into_iter().filter(|(applies, _)| *applies).map(|(_, problem)| problem).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_is_reported() {
        let sound = CellOutcome {
            reports: 2,
            completed: 1,
            failed: 1,
            paid_calls: 4,
            answers_needed: 2,
            answers_lost: 1,
            interruptions: 1,
            messages_sent: 3,
            messages_beyond_one: 1,
            messages_sent_twice: 1,
            sent_twice_max: 1,
            ..CellOutcome::default()
        };
        assert_eq!(sound.problems(), Vec::<String>::new());
        for (broken, expected) in [
            (CellOutcome { failed_early: 1, ..sound.clone() }, "before their deadline"),
            (CellOutcome { open: 1, ..sound.clone() }, "had not ended"),
            (CellOutcome { paid_calls: 5, ..sound.clone() }, "5 calls were paid"),
            (CellOutcome { sent_twice_max: 2, ..sound.clone() }, "beside another one"),
            (CellOutcome { dead_letters: 1, ..sound }, "dead-letter queue"),
        ] {
            let problems = broken.problems();
            assert!(problems.len() == 1 && problems[0].contains(expected), "{problems:?}");
        }
    }
}
