//! Looks at the reports while the soak runs, for what the state at the end cannot show: a terminal state that
//! changed, an attempt that was taken back, an open report that nothing promises to look at again.

use std::collections::{BTreeMap, HashMap};

use crate::inspect::ReportLook;

/// What the looks showed so far: a report id and its problem.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch {
    last: HashMap<String, ReportLook>,
    /// Terminal states that changed.
    pub(super) changed_ends: BTreeMap<String, String>,
    /// Attempt numbers that went back.
    pub(super) changed_attempts: BTreeMap<String, String>,
    /// Open reports without a time at which the sweeper looks at them.
    pub(super) without_promise: BTreeMap<String, String>,
}

impl Watch {
    /// Compares `looks` with the earlier ones, and returns the number of open reports.
    pub(super) fn record(&mut self, looks: Vec<ReportLook>) -> u64 {
        let mut open = 0;
        for look in looks {
            let id = &look.report_id;
            if !look.status.is_terminal() {
                open += 1;
                if look.due_at.is_none() {
                    let problem =
                        format!("{} in attempt {} without a time when it is due", look.status, look.attempt);
                    self.without_promise.insert(id.clone(), problem);
                }
            }
            if let Some(last) = self.last.get(id) {
                let change = format!("from {} to {}", state_of(last), state_of(&look));
                if last.status.is_terminal() && state_of(last) != state_of(&look) {
                    self.changed_ends.insert(id.clone(), change);
                } else if look.attempt < last.attempt {
                    self.changed_attempts.insert(id.clone(), change);
                }
            }
            self.last.insert(id.clone(), look);
        }
        open
    }
}

fn state_of(look: &ReportLook) -> String {
    let ended = look.ended_at.map(|ended| format!(" at {ended}")).unwrap_or_default();
    format!("{}{ended}, attempt {}", look.status, look.attempt)
}
