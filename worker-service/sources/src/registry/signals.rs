//! The facts in a register entry that rules can act on.

use domain::evidence::{Signal, SignalKind};

/// The register reports that the company is dissolved or inactive.
pub(super) const INACTIVE: SignalKind = SignalKind::from_static("registry_inactive");
/// The register knows the number under another name, or the name under another number.
pub(super) const MISMATCH: SignalKind = SignalKind::from_static("registry_mismatch");
/// The register reports that the company may not pay its debts, or is late with its accounts.
pub(super) const DISTRESSED: SignalKind = SignalKind::from_static("registry_distressed");

/// Returns the signal of an entry that contradicts the request.
pub(super) fn mismatch() -> Signal {
    Signal { kind: MISMATCH, strength: 80 }
}
