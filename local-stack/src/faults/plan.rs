//! Decides which fault is injected into each call, with a seeded random generator and the faults in force.

use std::collections::HashMap;
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
    /// The schema of native structured output cannot be compiled.
    Grammar,
    /// A body that cannot be parsed.
    Unreadable(u64),
    /// An answer that does not state its tokens.
    WithoutUsage,
    /// A whole answer that a guardrail or filter says it changed.
    Intervened(u64),
    /// No answer at all.
    Hang,
    /// Wrong verdicts on claims.
    Verifier(Misjudgement),
}

/// A mistake of a verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misjudgement {
    /// Every claim is called supported.
    Approve,
    /// The first claim is called contradicted.
    Contradict,
    /// A verdict is missing, or given twice.
    Miscount(u64),
    /// The claims of the verdicts do not exist.
    UnknownIds,
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
    /// How often each kind has occurred.
    turns: HashMap<FaultKind, u64>,
}

/// What a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// An assessment of evidence, or an answer of a feed.
    Assess,
    /// Verdicts on claims.
    Verify,
}

/// The kinds in the order in which a client would meet them, with the tasks that they affect.
const BY_PRECEDENCE: [(FaultKind, &[Task]); 21] = {
    const BOTH: &[Task] = &[Task::Assess, Task::Verify];
    const ASSESS: &[Task] = &[Task::Assess];
    const VERIFY: &[Task] = &[Task::Verify];
    [
        (FaultKind::Throttle, BOTH),
        (FaultKind::Error, BOTH),
        (FaultKind::Grammar, BOTH),
        (FaultKind::Unreadable, BOTH),
        (FaultKind::WithoutUsage, BOTH),
        (FaultKind::Refusal, ASSESS),
        (FaultKind::Malformed, ASSESS),
        (FaultKind::Uncited, ASSESS),
        (FaultKind::Hallucinated, ASSESS),
        (FaultKind::WrongNumbers, ASSESS),
        (FaultKind::UnderFloor, ASSESS),
        (FaultKind::Obedient, ASSESS),
        (FaultKind::OtherLanguage, ASSESS),
        (FaultKind::Intervened, ASSESS),
        (FaultKind::VerifierHangs, VERIFY),
        (FaultKind::VerifierRefuses, VERIFY),
        (FaultKind::VerifierMalformed, VERIFY),
        (FaultKind::VerifierMiscounts, VERIFY),
        (FaultKind::VerifierUnknownIds, VERIFY),
        (FaultKind::VerifierContradicts, VERIFY),
        (FaultKind::VerifierApproves, VERIFY),
    ]
};

impl FaultPlan {
    /// Returns a plan with the `faults` that `stand_in` supports; ignores the others.
    pub(crate) fn new(stand_in: StandIn, faults: Faults, seed: u64) -> Self {
        Self {
            stand_in,
            state: Mutex::new(State {
                faults: faults.supported_by(stand_in).0,
                generator: StdRng::seed_from_u64(seed),
                turns: HashMap::new(),
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
        self.roll_for(Task::Assess)
    }

    /// Decides about the next call, which asks a model for `task`, as [`Self::roll`] does.
    pub(crate) fn roll_for(&self, task: Task) -> Roll {
        let mut state = self.lock();
        let State { faults, generator, turns } = &mut *state;
        // Draws a number for every kind, so that the probability of one fault does not affect when another fault
        // occurs.
        let drawn: Vec<FaultKind> = FaultKind::ALL
            .into_iter()
            .filter_map(|kind| Some((kind, *faults.probability_mut(kind)?)))
            .filter_map(|(kind, probability)| (generator.random::<f64>() < probability).then_some(kind))
            .collect();
        let met = BY_PRECEDENCE.iter().find(|(kind, tasks)| drawn.contains(kind) && tasks.contains(&task));
        let latency = faults.latency;
        let Some((kind, _)) = met else { return Roll { latency, outcome: Outcome::Answer } };
        let turn = turns.entry(*kind).or_default();
        let outcome = outcome(*kind, *turn);
        *turn += 1;
        Roll { latency, outcome }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the outcome of a fault that has occurred `turn` times before.
fn outcome(kind: FaultKind, turn: u64) -> Outcome {
    match kind {
        // A latency delays an answer and does not change it.
        FaultKind::Latency => Outcome::Answer,
        FaultKind::Throttle => Outcome::Throttle,
        FaultKind::Error => Outcome::Error(turn),
        FaultKind::Refusal => Outcome::Refusal,
        FaultKind::Malformed => Outcome::Malformed(turn),
        FaultKind::Uncited => Outcome::Uncited,
        FaultKind::Hallucinated => Outcome::Hallucinated(turn),
        FaultKind::WrongNumbers => Outcome::WrongNumbers,
        FaultKind::UnderFloor => Outcome::UnderFloor,
        FaultKind::Obedient => Outcome::Obedient,
        FaultKind::OtherLanguage => Outcome::OtherLanguage,
        FaultKind::Grammar => Outcome::Grammar,
        FaultKind::Unreadable => Outcome::Unreadable(turn),
        FaultKind::WithoutUsage => Outcome::WithoutUsage,
        FaultKind::Intervened => Outcome::Intervened(turn),
        FaultKind::VerifierApproves => Outcome::Verifier(Misjudgement::Approve),
        FaultKind::VerifierContradicts => Outcome::Verifier(Misjudgement::Contradict),
        FaultKind::VerifierRefuses => Outcome::Refusal,
        FaultKind::VerifierMalformed => Outcome::Malformed(turn),
        FaultKind::VerifierHangs => Outcome::Hang,
        FaultKind::VerifierMiscounts => Outcome::Verifier(Misjudgement::Miscount(turn)),
        FaultKind::VerifierUnknownIds => Outcome::Verifier(Misjudgement::UnknownIds),
    }
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
