//! What a version does with records of a later version while a deployment rolls: it shows them, and leaves
//! the work on them to the later version.

use std::{fmt, time::Duration};

use super::{lifecycle::Status, report::Report};

/// How long a message waits before the next worker looks at it, if this worker cannot process it because a
/// later version wrote it or its report.
pub const LATER_VERSION_DELAY: Duration = Duration::from_secs(60);

/// A value of a report that only a later version knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownValue {
    /// The member of the report, as the API names it.
    pub member: &'static str,
    /// The value.
    pub name: String,
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} {} is not known to this version", self.member, self.name)
    }
}

impl Report {
    /// Returns the first value that this version must know in order to process the report but does not, or
    /// `None` if it can process the report. Values that only describe earlier work, such as the outcomes of
    /// sources, do not count.
    pub fn unknown_value(&self) -> Option<UnknownValue> {
        let unknown = |member, name: &str| Some(UnknownValue { member, name: name.to_owned() });
        let request = &self.request;
        match (self.lifecycle.status, request.number_scheme.as_deref()) {
            (Status::Unknown(name), _) => unknown("status", name.as_str()),
            _ if !request.language.is_known() => unknown("language", request.language.tag()),
            _ if !request.country.is_known() => unknown("country", request.country.code()),
            (_, Some(scheme)) if request.scheme().is_none() => unknown("numberScheme", scheme),
            _ => {
                let format = request.formats.iter().flatten().find(|format| format.artifact().is_none())?;
                unknown("formats", format.as_str())
            }
        }
    }
}
