//! The checks of a claim, each for one kind of untrue claim.

mod activity;
mod bearing;
mod binding;
mod causes;
mod certainty;
mod figures;
mod frames;
mod grammar;
mod names;
mod objects;
mod opposites;
mod parties;
mod rates;
mod relative;
mod roles;
mod saying;
mod stages;
mod subjects;
mod tone;

use crate::{
    case::{Case, Claim},
    flaw::Flaw,
};

/// Returns the flaws of `claim`: empty if no check can tell that its evidence does not support it.
pub fn flaws(claim: &Claim<'_>) -> Vec<Flaw> {
    let case = Case::read(claim);
    let checks: [fn(&Case<'_>) -> Vec<Flaw>; 13] = [
        figures::flaws,
        binding::flaws,
        frames::flaws,
        objects::flaws,
        rates::flaws,
        bearing::flaws,
        stages::flaws,
        certainty::flaws,
        opposites::flaws,
        roles::flaws,
        subjects::flaws,
        parties::flaws,
        causes::flaws,
    ];
    let mut flaws: Vec<Flaw> = Vec::new();
    for check in checks {
        for flaw in check(&case) {
            if !flaws.contains(&flaw) {
                flaws.push(flaw);
            }
        }
    }
    flaws
}

/// Returns the figures and dates of `claim` that are not in its evidence, and no other flaw.
pub fn figure_flaws(claim: &Claim<'_>) -> Vec<Flaw> {
    figures::flaws(&Case::read(claim))
}

#[cfg(test)]
mod tests;
