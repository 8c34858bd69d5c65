//! Whether every report ends, decided on the graph of all states.
//!
//! The `eventually` of `stateright` takes no notice of runs that end in a cycle, and this system
//! has cycles: a message is received, found busy and put back, for as long as the other worker
//! takes. It also mixes up runs that meet in one state. So the graph is noted while it is explored.
//!
//! Claimed is: once faults and wishes stop, every fair run ends every report, fair meaning that a
//! step which is possible again and again is taken some day. In a finite graph a fair run ends in a
//! set of states that has no way out and of which it visits every state. Without wishes a terminal
//! state stays. So the claim holds exactly if from *every* state, those in the midst of faults
//! included, steps without faults and wishes can lead to where every report has ended.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
};

use crate::world::World;

/// The steps without faults and wishes between all states, by fingerprint.
#[derive(Default)]
pub(crate) struct Graph {
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    /// In the order of visits; true where every report has ended.
    states: Vec<(u64, bool)>,
    steps: Vec<(u64, u64)>,
}

impl Graph {
    /// Notes a state.
    pub(crate) fn visit(&self, world: &World, ended: bool) {
        self.notes.lock().unwrap().states.push((world.fingerprint(), ended));
    }

    /// Notes a step.
    pub(crate) fn connect(&self, from: &World, to: &World) {
        let step = (from.fingerprint(), to.fingerprint());
        self.notes.lock().unwrap().steps.push(step);
    }

    /// A state, of those that were visited first, from which not every report can end.
    pub(crate) fn stuck(&self) -> Option<u64> {
        let notes = self.notes.lock().unwrap();
        let mut before: HashMap<u64, Vec<u64>> = HashMap::new();
        for (from, to) in &notes.steps {
            before.entry(*to).or_default().push(*from);
        }
        let ended = notes.states.iter().filter(|(_, ended)| *ended).map(|(state, _)| *state);
        let mut can_end: HashSet<u64> = ended.collect();
        let mut pending: Vec<u64> = can_end.iter().copied().collect();
        while let Some(state) = pending.pop() {
            for from in before.get(&state).into_iter().flatten() {
                if can_end.insert(*from) {
                    pending.push(*from);
                }
            }
        }
        notes.states.iter().map(|(state, _)| *state).find(|state| !can_end.contains(state))
    }
}
