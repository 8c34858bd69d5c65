//! Companies that the soak and the load test submit.

/// Names of companies. The invented world of the stand-ins for the sources knows the first one: it is on a
/// sanctions list and in the news. It knows nothing of the others.
pub(crate) const NAMES: [&str; 4] = [
    "Calder Vane Shipping Ltd",
    "Larch Hollow Instruments Ltd",
    "Penhallow Grain Ltd",
    "Ormesby Tooling Ltd",
];
