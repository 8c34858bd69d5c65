//! The rules and words of the registered sources, together with the words of every report.

use std::sync::LazyLock;

use domain::risk::{Rulebook, RulebookError};

use crate::{definition::SourceDefinition, registered::REGISTERED};

static RULEBOOK: LazyLock<Rulebook> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the files are part of the binary, and a test reads them")]
    compose(REGISTERED).expect("the rules and words of the registered sources are valid")
});

/// Returns the rulebook of the registered sources.
pub fn rulebook() -> &'static Rulebook {
    &RULEBOOK
}

/// Composes the rulebook of `definitions`.
///
/// # Errors
/// Returns [`RulebookError`] if the rules or words of a source are not valid, or are defined twice.
pub fn compose(definitions: &[&SourceDefinition]) -> Result<Rulebook, RulebookError> {
    let parts: Vec<_> = definitions.iter().map(|definition| definition.rulebook_part()).collect();
    Rulebook::compose(&parts)
}

#[cfg(test)]
mod tests;
