//! Decides, per exchange, what goes wrong. A decision depends on nothing but the seed, the operation and how many of
//! its kind came before: so the schedule of each operation repeats, however the operations are mixed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

use super::fault::{Chances, Kind, Rule};

/// How often each kind of fault was injected, by operation.
pub type Injected = BTreeMap<String, BTreeMap<Kind, u64>>;

/// The lot of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lot {
    /// To be waited before anything else.
    pub(super) delay: Option<Duration>,
    /// What goes wrong after that; of several faults that hit, the one that the exchange would meet first.
    pub(super) fault: Option<Kind>,
}

/// The rules in force with what they did so far.
#[derive(Debug)]
pub struct Plan {
    seed: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    rules: Vec<Rule>,
    exchanges: BTreeMap<String, u64>,
    messages: u64,
    injected: Injected,
}

impl Plan {
    /// Starts with `rules`.
    pub fn new(rules: Vec<Rule>, seed: u64) -> Self {
        let state = State { rules, exchanges: BTreeMap::new(), messages: 0, injected: Injected::new() };
        Self { seed, state: Mutex::new(state) }
    }

    /// The seed of the decisions.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The rules in force.
    pub fn rules(&self) -> Vec<Rule> {
        self.lock().rules.clone()
    }

    /// Replaces the rules; none end the faults. The running numbers go on.
    pub fn set(&self, rules: Vec<Rule>) {
        self.lock().rules = rules;
    }

    /// What was injected so far. Operations that nothing happened to are absent.
    pub fn injected(&self) -> Injected {
        self.lock().injected.clone()
    }

    /// How often `kind` was injected so far, whatever the operation.
    pub fn total(&self, kind: Kind) -> u64 {
        self.lock().injected.values().filter_map(|kinds| kinds.get(&kind)).sum()
    }

    /// How many exchanges of each operation were decided about.
    pub fn exchanges(&self) -> BTreeMap<String, u64> {
        self.lock().exchanges.clone()
    }

    /// Decides about the next exchange of `operation`.
    pub(super) fn decide(&self, operation: &str) -> Lot {
        let mut state = self.lock();
        let chances = Chances::of(&state.rules, operation);
        let number = next(state.exchanges.entry(operation.to_owned()).or_default());
        drop(state);
        let mut generator = self.generator(operation, number);
        // A number is drawn for every kind, hit or not: so that one fault's probability does not move another's hits.
        let hits: Vec<Kind> = chances
            .each()
            .filter_map(|(kind, probability)| (generator.random::<f64>() < probability).then_some(kind))
            .collect();
        let share = generator.random::<f64>();
        Lot {
            delay: hits.contains(&Kind::Delay).then(|| chances.delay_max.mul_f64(share)),
            fault: hits.into_iter().find(|kind| !matches!(kind, Kind::Delay | Kind::Repeat)),
        }
    }

    /// Decides whether the next message that `operation` hands out is handed out twice.
    pub(super) fn repeats(&self, operation: &str) -> bool {
        let mut state = self.lock();
        let chances = Chances::of(&state.rules, operation);
        let number = next(&mut state.messages);
        drop(state);
        let mut generator = self.generator(&format!("{operation} message"), number);
        let probability =
            chances.each().find(|(kind, _)| *kind == Kind::Repeat).map_or(0.0, |(_, chance)| chance);
        generator.random::<f64>() < probability
    }

    /// Counts a fault that was injected.
    pub(super) fn count(&self, operation: &str, kind: Kind) {
        *self.lock().injected.entry(operation.to_owned()).or_default().entry(kind).or_default() += 1;
    }

    /// The numbers that the lot of the `number`-th of `what` is drawn from.
    fn generator(&self, what: &str, number: u64) -> StdRng {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_le_bytes());
        hash.update(number.to_le_bytes());
        hash.update(what);
        StdRng::from_seed(hash.finalize().into())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn next(counter: &mut u64) -> u64 {
    let number = *counter;
    *counter += 1;
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(rules: &[&str], seed: u64) -> Plan {
        Plan::new(rules.iter().map(|rule| rule.parse().unwrap()).collect(), seed)
    }

    fn lots(plan: &Plan, operation: &str, exchanges: usize) -> Vec<Lot> {
        (0..exchanges).map(|_| plan.decide(operation)).collect()
    }

    #[test]
    fn the_schedule_of_an_operation_repeats_whatever_else_is_asked_in_between() {
        let (alone, mixed) = (plan(&["all=0.2"], 7), plan(&["all=0.2"], 7));
        let expected = lots(&alone, "S3.PutObject", 300);
        let among_others: Vec<Lot> = (0..300)
            .map(|_| {
                mixed.decide("DynamoDb.UpdateItem");
                mixed.decide("S3.PutObject")
            })
            .collect();
        assert_eq!(expected, among_others);
        assert_ne!(expected, lots(&plan(&["all=0.2"], 8), "S3.PutObject", 300));
        assert_ne!(expected, lots(&plan(&["all=0.2"], 7), "S3.GetObject", 300));
    }

    #[test]
    fn faults_come_as_often_as_the_rules_say() {
        let plan = plan(&["S3.*=lost-answer:0.3", "Sqs.ReceiveMessage=repeat:0.1"], 3);
        let lost = |lots: Vec<Lot>| lots.iter().filter(|lot| lot.fault == Some(Kind::LostAnswer)).count();
        let hits = lost(lots(&plan, "S3.PutObject", 1000));
        assert!((240..=360).contains(&hits), "{hits} of 1000 at 0.3");
        assert_eq!(lost(lots(&plan, "DynamoDb.GetItem", 1000)), 0);
        let repeated = (0..1000).filter(|_| plan.repeats("Sqs.ReceiveMessage")).count();
        assert!((60..=140).contains(&repeated), "{repeated} of 1000 at 0.1");
    }

    #[test]
    fn one_faults_probability_does_not_move_the_hits_of_another() {
        let throttled = |rules| -> Vec<bool> {
            lots(&plan(rules, 5), "S3.PutObject", 200)
                .iter()
                .map(|lot| lot.fault == Some(Kind::Throttle))
                .collect()
        };
        assert_eq!(
            throttled(&["S3.*=throttle:0.3"]),
            throttled(&["S3.*=throttle:0.3", "S3.*=lost-answer:0.5", "S3.*=delay:0.5"])
        );
    }

    #[test]
    fn without_rules_nothing_goes_wrong() {
        let plan = plan(&["all=1"], 1);
        assert_eq!(plan.decide("S3.PutObject").fault, Some(Kind::LostRequest));
        plan.set(Vec::new());
        assert!(lots(&plan, "S3.PutObject", 50).iter().all(|lot| lot.delay.is_none() && lot.fault.is_none()));
        assert_eq!(plan.exchanges()["S3.PutObject"], 51);
    }
}
