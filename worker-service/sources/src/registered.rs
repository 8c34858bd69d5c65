//! The list of registered sources.

use crate::{country_risk, definition::SourceDefinition, news, registry, sanctions};

/// Every source, one line each, in the order in which evidence is numbered and rules are applied. Evidence
/// that is stored keeps its numbers: append a new source at the end.
pub const REGISTERED: &[&SourceDefinition] =
    &[&sanctions::DEFINITION, &news::DEFINITION, &registry::DEFINITION, &country_risk::DEFINITION];
