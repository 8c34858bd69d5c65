//! Recognises JSON formats by the names of the members of the first object.

use std::fmt;

use serde::{
    Deserializer as _,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};

/// A format whose files begin with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JsonFormat {
    /// Entities in the model FollowTheMoney, one in each line.
    FollowTheMoney,
    /// Dossier's own JSON lines.
    Lines,
    /// The Consolidated Screening List.
    ScreeningList,
    /// The World Bank's listing.
    WorldBank,
}

/// Returns the format of `text`, or `None` if its first object has no member that decides. It reads only as far as
/// that member.
pub(super) fn recognise(text: &str) -> Option<JsonFormat> {
    let mut found = None;
    // The visitor stops with an error at the first member that decides.
    let _ = serde_json::Deserializer::from_str(text).deserialize_map(Members(&mut found));
    found
}

struct Members<'a>(&'a mut Option<JsonFormat>);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            *self.0 = match name.as_str() {
                "schema" | "properties" | "caption" => Some(JsonFormat::FollowTheMoney),
                "name" | "aliases" => Some(JsonFormat::Lines),
                "results" => Some(JsonFormat::ScreeningList),
                "response" => Some(JsonFormat::WorldBank),
                _ => None,
            };
            if self.0.is_some() {
                return Err(A::Error::custom("recognised"));
            }
            members.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}
