//! The system as a model that `stateright` explores, and what a run of it finds.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use stateright::{Checker, Expectation, HasDiscoveries, Model, Path, Property};

use crate::{
    environment::Action,
    liveness::Graph,
    properties::{ENDS, safety},
    setup::Setup,
    world::World,
};

/// The model of one configuration.
pub(crate) struct System {
    pub(crate) setup: Setup,
    /// States that must be reached for the run to mean something.
    pub(crate) witnesses: Vec<Property<System>>,
    /// Notes the graph while it is explored.
    pub(crate) graph: Option<Graph>,
    /// Finds the way to the state with this fingerprint.
    pub(crate) wanted: Option<u64>,
}

impl Model for System {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            cells: Default::default(),
            workers: Default::default(),
            faults: self.setup.faults,
            wishes: self.setup.wishes,
            broken: Default::default(),
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        world.possible(&self.setup, actions);
        if let Some(graph) = &self.graph {
            let ended = world.cells[..self.setup.reports].iter().all(|cell| cell.is_terminal());
            graph.visit(world, ended);
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let next = last.after(&self.setup, action)?;
        let free = (last.faults, last.wishes) == (next.faults, next.wishes);
        if let (Some(graph), true) = (&self.graph, free) {
            graph.connect(last, &next);
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        if self.wanted.is_some() {
            return vec![Property::always(ENDS, |system: &Self, world: &World| {
                system.wanted != Some(world.fingerprint())
            })];
        }
        let mut properties = safety();
        properties.extend(self.witnesses.iter().cloned());
        properties
    }
}

/// What a run found.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// States, not counting those that differ in names only.
    pub(crate) states: usize,
    /// For each property that does not hold, a way to where it does not.
    pub(crate) broken: BTreeMap<&'static str, Vec<String>>,
    /// Witnesses that were not reached.
    pub(crate) unreached: BTreeSet<&'static str>,
}

impl Verdict {
    /// The properties that do not hold.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.broken.keys().copied().collect()
    }
}

/// Explores every state of `setup`, and prints what it took and what it found.
pub(crate) fn explore(name: &str, setup: Setup, witnesses: Vec<Property<System>>) -> Verdict {
    let started = Instant::now();
    let system = System { setup, witnesses, graph: Some(Graph::default()), wanted: None };
    // Waiting for a property that does not exist keeps the checker from stopping before the last state.
    let never = HasDiscoveries::AllOf(["none of them"].into_iter().collect());
    let checker = system.checker().threads(2).finish_when(never).spawn_bfs().join();
    assert!(checker.is_done(), "the checker stopped before it had seen every state");
    let mut verdict =
        Verdict { states: checker.unique_state_count(), broken: BTreeMap::new(), unreached: BTreeSet::new() };
    let found = checker.discoveries();
    for property in checker.model().properties() {
        let way = found.get(property.name);
        match (property.expectation, way) {
            (Expectation::Sometimes, None) => {
                verdict.unreached.insert(property.name);
            }
            (Expectation::Always, Some(way)) => {
                verdict.broken.insert(property.name, told(way.clone()));
            }
            _ => {}
        }
    }
    let stuck = checker.model().graph.as_ref().and_then(Graph::stuck);
    if let Some(state) = stuck {
        verdict.broken.insert(ENDS, way_to(setup, state));
    }
    println!(
        "{name}: {} states, {} steps, depth {}, {:.1} s",
        verdict.states,
        checker.state_count(),
        checker.max_depth(),
        started.elapsed().as_secs_f64()
    );
    for (property, way) in &verdict.broken {
        println!("  broken: {property}");
        way.iter().for_each(|action| println!("    {action}"));
    }
    verdict
}

/// The way to the state with this fingerprint.
fn way_to(setup: Setup, state: u64) -> Vec<String> {
    let system = System { setup, witnesses: Vec::new(), graph: None, wanted: Some(state) };
    let checker = system.checker().spawn_bfs().join();
    checker.discovery(ENDS).map(told).unwrap_or_default()
}

/// A way in words: each action, with the step that the worker was at.
fn told(way: Path<World, Action>) -> Vec<String> {
    let steps = way.into_vec().into_iter().filter_map(|(world, action)| Some((world, action?)));
    let tell = |(world, action): (World, Action)| match action {
        Action::Step { worker } | Action::Beat { worker } | Action::WorkerFault { worker, .. } => {
            format!("{action:?} at {:?}", world.workers[worker].at)
        }
        _ => format!("{action:?}"),
    };
    steps.map(tell).collect()
}
