//! Legal holds: reports that must neither change nor be deleted.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::time::UtcTime;

/// Maximum number of characters in the reason of a legal hold.
pub const REASON_MAX: usize = 500;

/// A legal hold: the report is kept as it is, for example because a court or an authority may ask for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalHold {
    /// The reason that the administrator gave.
    pub reason: String,
    /// Who placed it, as in the audit log.
    pub placed_by: String,
    /// When it was placed.
    pub placed_at: UtcTime,
    /// When a worker had copied every file to where no lifecycle rule of the bucket deletes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files_secured_at: Option<UtcTime>,
}

/// The error of a text that is not the reason of a legal hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a reason has 1 to {REASON_MAX} characters in one line, without control or invisible characters")]
pub struct InvalidReason;

/// Checks the reason of a legal hold.
///
/// # Errors
/// Returns [`InvalidReason`] if it is empty or too long, or if it contains a character that people cannot see.
pub fn check_reason(text: &str) -> Result<(), InvalidReason> {
    let is_reason =
        (1..=REASON_MAX).contains(&text.chars().count()) && safe_text::refused_in_line(text).is_none();
    is_reason.then_some(()).ok_or(InvalidReason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_visible_line_of_limited_length() {
        let longest = "ü".repeat(REASON_MAX);
        assert!(["case 2026/17", longest.as_str()].iter().all(|reason| check_reason(reason).is_ok()));
        for invalid in ["", "a\nb", "a\u{200b}b", &format!("{longest}x")] {
            assert!(check_reason(invalid).is_err(), "{invalid:?}");
        }
    }
}
