//! The system as a model that `stateright` explores, and the verdict of an exploration.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use stateright::{Checker, Expectation, HasDiscoveries, Model, Path, Property};

use crate::{
    environment::Action,
    liveness::{ENDS, Graph},
    setup::Setup,
    world::World,
};

/// The model of one configuration.
pub(crate) struct System {
    pub(crate) setup: Setup,
    /// The properties that must hold, and the witnesses that must be reached.
    properties: Vec<Property<System>>,
    /// Records the graph of states during the exploration.
    graph: Option<Graph>,
    /// The fingerprint of a state to which a path is searched.
    target: Option<u64>,
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
            violations: Default::default(),
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
        let is_free = (last.faults, last.wishes) == (next.faults, next.wishes);
        if let (Some(graph), true) = (&self.graph, is_free) {
            graph.connect(last, &next);
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        if self.target.is_some() {
            return vec![Property::always(ENDS, |system: &Self, world: &World| {
                system.target != Some(world.fingerprint())
            })];
        }
        self.properties.clone()
    }
}

/// The verdict of an exploration.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Number of states; states that differ only in names count once.
    pub(crate) states: usize,
    /// For each property that does not hold, a path to a state that violates it.
    pub(crate) broken: BTreeMap<&'static str, Vec<String>>,
    /// Witnesses that were not reached.
    pub(crate) unreached: BTreeSet<&'static str>,
}

impl Verdict {
    /// Returns the names of the properties that do not hold.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.broken.keys().copied().collect()
    }
}

/// Explores every state of `setup`, checks `properties` and [`ENDS`], and prints statistics and violations.
pub(crate) fn explore(name: &str, setup: Setup, properties: Vec<Property<System>>) -> Verdict {
    let started = Instant::now();
    let system = System { setup, properties, graph: Some(Graph::default()), target: None };
    // A property name that does not exist keeps the checker from stopping before the last state.
    let never = HasDiscoveries::AllOf(["none of them"].into_iter().collect());
    let checker = system.checker().threads(2).finish_when(never).spawn_bfs().join();
    assert!(checker.is_done(), "the checker stopped before it had visited every state");
    let mut verdict =
        Verdict { states: checker.unique_state_count(), broken: BTreeMap::new(), unreached: BTreeSet::new() };
    let found = checker.discoveries();
    for property in checker.model().properties() {
        let path = found.get(property.name);
        match (property.expectation, path) {
            (Expectation::Sometimes, None) => {
                verdict.unreached.insert(property.name);
            }
            (Expectation::Always, Some(path)) => {
                verdict.broken.insert(property.name, describe(path.clone()));
            }
            _ => {}
        }
    }
    let stuck = checker.model().graph.as_ref().and_then(Graph::stuck);
    if let Some(state) = stuck {
        verdict.broken.insert(ENDS, path_to(setup, state));
    }
    println!(
        "{name}: {} states, {} steps, depth {}, {:.1} s",
        verdict.states,
        checker.state_count(),
        checker.max_depth(),
        started.elapsed().as_secs_f64()
    );
    for (property, path) in &verdict.broken {
        println!("  broken: {property}");
        path.iter().for_each(|action| println!("    {action}"));
    }
    verdict
}

/// Returns a path to the state with this fingerprint.
fn path_to(setup: Setup, state: u64) -> Vec<String> {
    let system = System { setup, properties: Vec::new(), graph: None, target: Some(state) };
    let checker = system.checker().spawn_bfs().join();
    checker.discovery(ENDS).map(describe).unwrap_or_default()
}

/// Describes each action of a path, with the step that the worker was at.
fn describe(path: Path<World, Action>) -> Vec<String> {
    let steps = path.into_vec().into_iter().filter_map(|(world, action)| Some((world, action?)));
    let describe = |(world, action): (World, Action)| match action {
        Action::Step { worker } | Action::Beat { worker } | Action::WorkerFault { worker, .. } => {
            format!("{action:?} at {:?}", world.workers[worker].at)
        }
        _ => format!("{action:?}"),
    };
    steps.map(describe).collect()
}
