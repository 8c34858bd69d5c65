//! Liveness: whether every report ends, decided on the graph of all states.
//!
//! The `eventually` of `stateright` ignores runs that end in a cycle, and this system has cycles: a message
//! is received, its report is found to be leased, and the message is returned, for as long as the other
//! worker takes. It also does not distinguish runs that meet in one state. The graph is therefore recorded
//! during the exploration.
//!
//! The claim: once faults and people's wishes stop, every fair run ends every report. A run is fair if a step
//! that is possible infinitely often is taken eventually. In a finite graph, a fair run ends in a set of
//! states that it cannot leave and of which it visits every state. Without wishes, a terminal state stays.
//! The claim therefore holds exactly if from *every* state, including those reached by faults, steps without
//! faults and wishes can lead to a state in which every report has ended.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
};

use crate::world::World;

/// Invariant 1.
pub(crate) const ENDS: &str = "every report ends";

/// The steps without faults and wishes between all states, by fingerprint.
#[derive(Default)]
pub(crate) struct Graph {
    records: Mutex<Records>,
}

#[derive(Default)]
struct Records {
    /// The fingerprints in the order of visits, each with whether every report has ended.
    states: Vec<(u64, bool)>,
    steps: Vec<(u64, u64)>,
}

impl Graph {
    /// Records a state.
    pub(crate) fn visit(&self, world: &World, ended: bool) {
        self.records.lock().unwrap().states.push((world.fingerprint(), ended));
    }

    /// Records a step.
    pub(crate) fn connect(&self, from: &World, to: &World) {
        let step = (from.fingerprint(), to.fingerprint());
        self.records.lock().unwrap().steps.push(step);
    }

    /// Returns the first visited state from which not every report can end, if there is one.
    pub(crate) fn stuck(&self) -> Option<u64> {
        let records = self.records.lock().unwrap();
        let mut predecessors: HashMap<u64, Vec<u64>> = HashMap::new();
        for (from, to) in &records.steps {
            predecessors.entry(*to).or_default().push(*from);
        }
        let ended = records.states.iter().filter(|(_, ended)| *ended).map(|(state, _)| *state);
        let mut can_end: HashSet<u64> = ended.collect();
        let mut pending: Vec<u64> = can_end.iter().copied().collect();
        while let Some(state) = pending.pop() {
            for from in predecessors.get(&state).into_iter().flatten() {
                if can_end.insert(*from) {
                    pending.push(*from);
                }
            }
        }
        records.states.iter().map(|(state, _)| *state).find(|state| !can_end.contains(state))
    }
}
