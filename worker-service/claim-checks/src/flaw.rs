//! What can be wrong with a claim.

/// A reason why the evidence does not support a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The evidence has no such figure. Holds the figure as the claim writes it.
    Number(String),
    /// The evidence has the figure in another unit or currency.
    Unit(String),
    /// The evidence has no such date.
    Date(String),
    /// The evidence has the figure or date, but for another thing.
    OfAnotherThing(String),
    /// The quotes say nothing about what the claim states.
    Irrelevant,
    /// The evidence does not mention what the claim states. Holds the claim's word.
    NotMentioned(String),
    /// The evidence says it with another certainty. Holds the claim's words.
    Certainty(Aspect, String),
    /// The parties have other roles in the evidence.
    Roles(String),
    /// The evidence is about another party than the claim. Holds the party that the evidence names.
    OtherParty(String),
    /// The evidence does not name a party or place that the claim names.
    Name(String),
    /// The evidence does not give the cause that the claim states.
    Cause(String),
    /// The evidence says later that it is no longer so. Holds the evidence's word.
    Superseded(String),
}

/// An aspect in which a claim can be more or less certain than its evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// One of both says that it is not so.
    Negation,
    /// The evidence only reports a suspicion, a charge or somebody's claim.
    Allegation,
    /// The evidence only reports an intention or a possibility.
    Plan,
}
