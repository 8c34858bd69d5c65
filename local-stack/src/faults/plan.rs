//! Decides which fault is injected into each call, with a seeded random generator and the faults in force.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::kind::{FaultKind, StandIn};
use super::set::Faults;

/// The outcome of a call. Some faults vary their answers; the number in their variants is the number of
/// earlier occurrences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A regular answer.
    Answer,
    /// Too many requests.
    Throttle,
    /// A server error.
    Error(u64),
    /// An answer that violates its schema.
    Malformed(u64),
    /// Findings without citations.
    Uncited,
    /// Citations of evidence or quotes that do not exist.
    Hallucinated(u64),
    /// The model refuses to answer.
    Refusal,
    /// Numbers and dates that are not in the evidence.
    WrongNumbers,
    /// A risk level below the floor of the rules.
    UnderFloor,
    /// An answer that follows instructions in the evidence.
    Obedient,
    /// An answer in a language that was not requested.
    OtherLanguage,
}

/// The decision about one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Roll {
    /// Delay before the answer.
    pub(crate) latency: Duration,
    /// Outcome after the delay.
    pub(crate) outcome: Outcome,
}

/// The faults in force for one stand-in. The same seed, faults and order of calls give the same outcomes.
#[derive(Debug)]
pub struct FaultPlan {
    stand_in: StandIn,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    faults: Faults,
    generator: StdRng,
    errors: u64,
    malformed: u64,
    hallucinated: u64,
}

impl FaultPlan {
    /// Returns a plan with the `faults` that `stand_in` supports; ignores the others.
    pub(crate) fn new(stand_in: StandIn, faults: Faults, seed: u64) -> Self {
        Self {
            stand_in,
            state: Mutex::new(State {
                faults: faults.supported_by(stand_in).0,
                generator: StdRng::seed_from_u64(seed),
                errors: 0,
                malformed: 0,
                hallucinated: 0,
            }),
        }
    }

    /// Returns the faults in force.
    pub(crate) fn faults(&self) -> Faults {
        self.lock().faults.clone()
    }

    /// Replaces the faults. Returns the faults now in force, and the kinds that this stand-in does not
    /// support.
    pub fn set(&self, faults: Faults) -> (Faults, Vec<FaultKind>) {
        let (supported, ignored) = faults.supported_by(self.stand_in);
        self.lock().faults = supported.clone();
        (supported, ignored)
    }

    /// Decides about the next call. If several faults are drawn, the one that a client would meet first
    /// applies.
    pub(crate) fn roll(&self) -> Roll {
        let mut state = self.lock();
        // Draws a number for every kind, so that the probability of one fault does not affect when another fault
        // occurs.
        let State { faults, generator, .. } = &mut *state;
        let hits = [
            faults.throttle,
            faults.error,
            faults.refusal,
            faults.malformed,
            faults.uncited,
            faults.hallucinated,
            faults.wrong_numbers,
            faults.under_floor,
            faults.obedient,
            faults.other_language,
        ]
        .map(|probability| generator.random::<f64>() < probability);
        let latency = faults.latency;
        let outcome = match hits.iter().position(|hit| *hit) {
            None => Outcome::Answer,
            Some(0) => Outcome::Throttle,
            Some(1) => Outcome::Error(next(&mut state.errors)),
            Some(2) => Outcome::Refusal,
            Some(3) => Outcome::Malformed(next(&mut state.malformed)),
            Some(4) => Outcome::Uncited,
            Some(5) => Outcome::Hallucinated(next(&mut state.hallucinated)),
            Some(6) => Outcome::WrongNumbers,
            Some(7) => Outcome::UnderFloor,
            Some(8) => Outcome::Obedient,
            Some(_) => Outcome::OtherLanguage,
        };
        Roll { latency, outcome }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn next(counter: &mut u64) -> u64 {
    let turn = *counter;
    *counter += 1;
    turn
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(plan: &FaultPlan, calls: usize) -> Vec<Outcome> {
        (0..calls).map(|_| plan.roll().outcome).collect()
    }

    #[test]
    fn the_outcomes_depend_on_the_seed() {
        let faults = Faults { throttle: 0.3, hallucinated: 0.3, ..Faults::default() };
        let run = |seed| outcomes(&FaultPlan::new(StandIn::Bedrock, faults.clone(), seed), 200);
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let throttled = run(7).iter().filter(|outcome| **outcome == Outcome::Throttle).count();
        assert!((30..=90).contains(&throttled), "{throttled} of 200 at 0.3");
    }

    #[test]
    fn probability_one_always_hits_and_probability_zero_never() {
        let plan =
            FaultPlan::new(StandIn::Bedrock, Faults { error: 1.0, malformed: 1.0, ..Faults::default() }, 1);
        assert_eq!(outcomes(&plan, 3), [Outcome::Error(0), Outcome::Error(1), Outcome::Error(2)]);
        plan.set(Faults::default());
        assert!(outcomes(&plan, 100).iter().all(|outcome| *outcome == Outcome::Answer));
    }

    #[test]
    fn a_stand_in_ignores_faults_that_it_does_not_support() {
        let plan = FaultPlan::new(StandIn::Feeds, Faults::default(), 1);
        let (kept, ignored) =
            plan.set(Faults { uncited: 1.0, error: 0.5, refusal: 0.1, ..Faults::default() });
        assert_eq!(kept, Faults { error: 0.5, ..Faults::default() });
        assert_eq!(ignored, [FaultKind::Uncited, FaultKind::Refusal]);
        assert_eq!(plan.faults(), kept);
    }
}
