//! Decides which fault is injected into each exchange. A decision depends only on the rules, the seed, the
//! operation, and the number of earlier exchanges of that operation. The schedule of one operation therefore
//! does not depend on calls of other operations.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use super::rules::{self, Probabilities, Rule, TargetService};
use super::wire_fault::WireFault;

/// Number of injections of each fault, by operation.
pub type InjectedCounts = BTreeMap<String, BTreeMap<WireFault, u64>>;

/// The faults of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decision {
    /// Delay before anything else happens.
    pub(super) delay: Option<Duration>,
    /// Fault after the delay. If several faults are drawn, the first one in the order of [`WireFault::ALL`]
    /// applies.
    pub(super) fault: Option<WireFault>,
}

/// The rules in force, and the counts of exchanges and injected faults.
#[derive(Debug)]
pub struct Plan {
    seed: u64,
    state: Mutex<State>,
    /// Number of times that the rules were replaced.
    replaced: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    rules: Vec<Rule>,
    exchanges: BTreeMap<String, u64>,
    messages: u64,
    injected: InjectedCounts,
}

impl Plan {
    /// Returns a plan with `rules`.
    pub(crate) fn new(rules: Vec<Rule>, seed: u64) -> Self {
        let state = State { rules, exchanges: BTreeMap::new(), messages: 0, injected: InjectedCounts::new() };
        Self { seed, state: Mutex::new(state), replaced: watch::Sender::new(0) }
    }

    /// Returns the seed of the decisions.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns the rules in force.
    pub(crate) fn rules(&self) -> Vec<Rule> {
        self.lock().rules.clone()
    }

    /// Replaces the rules; an empty list ends the faults. The exchange numbers continue.
    pub fn set(&self, rules: Vec<Rule>) {
        self.lock().rules = rules;
        self.replaced.send_modify(|count| *count += 1);
    }

    /// Returns whether the port of `service` is closed.
    pub(super) fn refuses(&self, service: TargetService) -> bool {
        rules::refuses(&self.lock().rules, service)
    }

    /// Returns a receiver that is notified when the rules are replaced.
    pub(super) fn replacements(&self) -> watch::Receiver<u64> {
        self.replaced.subscribe()
    }

    /// Returns how often each fault was injected so far. Operations without a fault are absent.
    pub fn injected(&self) -> InjectedCounts {
        self.lock().injected.clone()
    }

    /// Returns how often `fault` was injected so far, in all operations.
    pub fn total(&self, fault: WireFault) -> u64 {
        self.lock().injected.values().filter_map(|faults| faults.get(&fault)).sum()
    }

    /// Returns the number of exchanges of each operation.
    pub fn exchanges(&self) -> BTreeMap<String, u64> {
        self.lock().exchanges.clone()
    }

    /// Returns the number of exchanges of all operations together.
    pub fn exchanges_total(&self) -> u64 {
        self.lock().exchanges.values().sum()
    }

    /// Decides about the next exchange of `operation`.
    pub(super) fn decide(&self, operation: &str) -> Decision {
        let mut state = self.lock();
        let probabilities = Probabilities::of(&state.rules, operation);
        let number = next(state.exchanges.entry(operation.to_owned()).or_default());
        drop(state);
        let mut generator = self.generator(operation, number);
        // Draws a number for every fault, so that the probability of one fault does not affect when another fault
        // occurs.
        let hits: Vec<WireFault> = probabilities
            .each()
            .filter_map(|(fault, probability)| (generator.random::<f64>() < probability).then_some(fault))
            .collect();
        let delay_fraction = generator.random::<f64>();
        Decision {
            delay: hits.contains(&WireFault::Delay).then(|| probabilities.max_delay.mul_f64(delay_fraction)),
            fault: hits.into_iter().find(|fault| fault.decides_exchange()),
        }
    }

    /// Decides whether SQS delivers the next message of `operation` twice.
    pub(super) fn repeats(&self, operation: &str) -> bool {
        let mut state = self.lock();
        let probabilities = Probabilities::of(&state.rules, operation);
        let number = next(&mut state.messages);
        drop(state);
        let mut generator = self.generator(&format!("{operation} message"), number);
        let probability = probabilities
            .each()
            .find(|(fault, _)| *fault == WireFault::Repeat)
            .map_or(0.0, |(_, probability)| probability);
        generator.random::<f64>() < probability
    }

    /// Counts an injected fault and returns how often it was injected into this operation before.
    pub(super) fn count(&self, operation: &str, fault: WireFault) -> u64 {
        next(self.lock().injected.entry(operation.to_owned()).or_default().entry(fault).or_default())
    }

    /// Returns the random generator for the `number`-th event of `what`.
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

    fn decisions(plan: &Plan, operation: &str, exchanges: usize) -> Vec<Decision> {
        (0..exchanges).map(|_| plan.decide(operation)).collect()
    }

    #[test]
    fn the_schedule_of_an_operation_does_not_depend_on_other_operations() {
        let (alone, mixed) = (plan(&["all=0.2"], 7), plan(&["all=0.2"], 7));
        let expected = decisions(&alone, "S3.PutObject", 300);
        let among_others: Vec<Decision> = (0..300)
            .map(|_| {
                mixed.decide("DynamoDb.UpdateItem");
                mixed.decide("S3.PutObject")
            })
            .collect();
        assert_eq!(expected, among_others);
        assert_ne!(expected, decisions(&plan(&["all=0.2"], 8), "S3.PutObject", 300));
        assert_ne!(expected, decisions(&plan(&["all=0.2"], 7), "S3.GetObject", 300));
    }

    #[test]
    fn faults_hit_with_their_probability() {
        let plan = plan(&["S3.*=lost-answer:0.3", "Sqs.ReceiveMessage=repeat:0.1"], 3);
        let lost = |decisions: Vec<Decision>| {
            decisions.iter().filter(|decision| decision.fault == Some(WireFault::LostAnswer)).count()
        };
        let hits = lost(decisions(&plan, "S3.PutObject", 1000));
        assert!((240..=360).contains(&hits), "{hits} of 1000 at 0.3");
        assert_eq!(lost(decisions(&plan, "DynamoDb.GetItem", 1000)), 0);
        let repeated = (0..1000).filter(|_| plan.repeats("Sqs.ReceiveMessage")).count();
        assert!((60..=140).contains(&repeated), "{repeated} of 1000 at 0.1");
    }

    #[test]
    fn the_probability_of_one_fault_does_not_move_the_hits_of_another() {
        let throttled = |rules| -> Vec<bool> {
            decisions(&plan(rules, 5), "S3.PutObject", 200)
                .iter()
                .map(|decision| decision.fault == Some(WireFault::Throttle))
                .collect()
        };
        assert_eq!(
            throttled(&["S3.*=throttle:0.3"]),
            throttled(&["S3.*=throttle:0.3", "S3.*=lost-answer:0.5", "S3.*=delay:0.5"])
        );
    }

    #[test]
    fn without_rules_there_is_no_fault() {
        let plan = plan(&["all=1"], 1);
        assert_eq!(plan.decide("S3.PutObject").fault, Some(WireFault::LostRequest));
        plan.set(Vec::new());
        assert!(
            decisions(&plan, "S3.PutObject", 50)
                .iter()
                .all(|decision| decision.delay.is_none() && decision.fault.is_none())
        );
        assert_eq!(plan.exchanges()["S3.PutObject"], 51);
    }
}
