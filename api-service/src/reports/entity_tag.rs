//! The entity tag of a report's representation (RFC 9110, section 8.8.3).
//!
//! A completed report is shown with links that expire, so its tag names not only the report's revision but
//! also when the client's links expire. A client whose links are about to expire gets new ones, never 304.

use std::{fmt, str::FromStr, time::Duration};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use domain::time::UtcTime;

/// Minimum remaining lifetime of links that a 304 confirms.
const LINKS_REMAINING_MIN: Duration = Duration::from_secs(60);

/// The entity tag of a report. It is weak: two responses with the same tag can differ in the links, and
/// versions of the API can differ in the members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntityTag {
    /// The revision of the report.
    pub(super) revision: u64,
    /// When the links in the response expire; `None` if it has none.
    pub(super) links_expire_at: Option<UtcTime>,
}

impl EntityTag {
    /// Returns the tag in `If-None-Match` that names this `revision` and whose links are still valid for a
    /// while at `now`, or `None` if the client needs a new representation. `has_links` says whether this
    /// revision is shown with links.
    pub(super) fn known(headers: &HeaderMap, revision: u64, has_links: bool, now: UtcTime) -> Option<Self> {
        let tags = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut tags = tags.flat_map(|value| value.split(',')).map(str::trim);
        tags.find_map(|tag| {
            if tag == "*" {
                return Some(Self { revision, links_expire_at: None });
            }
            let tag: Self = tag.parse().ok()?;
            let links_last = match tag.links_expire_at {
                None => !has_links,
                Some(end) => has_links && now.plus(LINKS_REMAINING_MIN) <= end,
            };
            (tag.revision == revision && links_last).then_some(tag)
        })
    }

    /// Returns the `ETag` header.
    pub(super) fn header(self) -> Option<(HeaderName, HeaderValue)> {
        Some((header::ETAG, HeaderValue::from_str(&self.to_string()).ok()?))
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.links_expire_at {
            None => write!(f, "W/\"{}\"", self.revision),
            Some(end) => write!(f, "W/\"{}-{}\"", self.revision, end.epoch_seconds()),
        }
    }
}

impl FromStr for EntityTag {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        // If-None-Match compares weakly (RFC 9110, section 13.1.2): the prefix does not matter.
        let opaque = text.strip_prefix("W/").unwrap_or(text);
        let opaque = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or(())?;
        let (revision, end) = match opaque.split_once('-') {
            None => (opaque, None),
            Some((revision, end)) => (revision, Some(end.parse::<i64>().map_err(|_| ())?)),
        };
        let end = end.map(|seconds| UtcTime::from_epoch_millis(seconds.saturating_mul(1000)));
        Ok(Self { revision: revision.parse().map_err(|_| ())?, links_expire_at: end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(tags: &str, has_links: bool, seconds: u64) -> Option<String> {
        let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, tags.parse().unwrap())]);
        let now = UtcTime::from_epoch_millis(0).plus(Duration::from_secs(seconds));
        EntityTag::known(&headers, 7, has_links, now).map(|tag| tag.to_string())
    }

    #[test]
    fn a_tag_without_links_is_known_until_the_report_changes() {
        for tags in ["W/\"7\"", "\"7\"", "\"6\", W/\"7\"", "*"] {
            assert_eq!(known(tags, false, 1_000_000).as_deref(), Some("W/\"7\""), "{tags}");
        }
        for tags in ["\"6\"", "7", "W/7", "\"7-600\"", "\"\"", "\"x\""] {
            assert_eq!(known(tags, false, 0), None, "{tags}");
        }
    }

    #[test]
    fn a_tag_with_links_is_known_only_while_they_are_valid_for_a_minute() {
        assert_eq!(known("W/\"7-600\"", true, 540).as_deref(), Some("W/\"7-600\""));
        assert_eq!(known("W/\"7-600\"", true, 541), None);
        assert_eq!(known("W/\"7\"", true, 0), None, "a version before this one sent tags without an end");
        assert_eq!(known("W/\"6-600\"", true, 0), None);
    }
}
