//! The kinds of signal that register entries give to the rules.

use domain::evidence::{Signal, SignalKind};

/// The register reports that the company is dissolved or inactive.
pub(super) const INACTIVE: SignalKind = SignalKind::from_static("registry_inactive");
/// The register contradicts the name, number or country of the request, or does not know the number.
pub(super) const MISMATCH: SignalKind = SignalKind::from_static("registry_mismatch");
/// The register reports that the company may be unable to pay its debts, or is late with its accounts.
pub(super) const DISTRESSED: SignalKind = SignalKind::from_static("registry_distressed");

/// The company is about to be struck off the register.
pub(super) const STRIKE_OFF: SignalKind = SignalKind::from_static("registry_strike_off");
/// The register cannot deliver mail to the registered office, or somebody disputes it.
pub(super) const OFFICE: SignalKind = SignalKind::from_static("registry_office");

/// Returns the signal of an entry that contradicts the request.
pub(super) fn mismatch() -> Signal {
    Signal { kind: MISMATCH, strength: 80 }
}
