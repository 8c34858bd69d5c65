//! Where a piece of evidence comes from, in words.

use domain::{
    evidence::{Evidence, SourceName},
    language::Words,
};

/// The source whose evidence has a publisher.
const NEWS: SourceName = SourceName::from_static("news");

/// Returns who published a piece of evidence: the outlet of a news item, or the host of its address.
pub(crate) fn publisher(piece: &Evidence) -> Option<&str> {
    let host = || {
        let url = piece.url.as_deref().filter(|_| piece.source == NEWS)?;
        let (_, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        // A user before the host could pass for one.
        let host = authority.rsplit('@').next()?;
        let port = host.rfind(':').filter(|at| host[*at..].bytes().skip(1).all(|c| c.is_ascii_digit()));
        Some(&host[..port.unwrap_or(host.len())]).filter(|host| !host.is_empty())
    };
    piece.facts().publisher.as_deref().or_else(host)
}

/// Returns where a piece of evidence comes from: its source, who published it, and when, or when it was retrieved.
pub(crate) fn origin(piece: &Evidence, words: &Words) -> String {
    let retrieved = || {
        let (label, colon) = (words.text("report.retrieved"), words.text("report.colon"));
        format!("{label}{colon}{}", words.day(piece.retrieved_at))
    };
    let published = piece.published_at.is_some();
    [short_origin(piece, words)]
        .into_iter()
        .chain((!published).then(retrieved))
        .collect::<Vec<_>>()
        .join(" · ")
}

/// Returns where a piece of evidence comes from, without the time of its retrieval.
pub(crate) fn short_origin(piece: &Evidence, words: &Words) -> String {
    let mut parts = vec![words.text_of("sources", piece.source.as_str()).to_owned()];
    parts.extend(publisher(piece).map(str::to_owned));
    parts.extend(piece.published_at.map(|time| words.day(time)));
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use domain::{evidence::Facts, time::UtcTime};

    use super::*;

    #[test]
    fn the_host_of_an_address_is_shown_without_user_and_port() {
        let publisher_of = |url: &str| {
            let piece = Evidence {
                id: "E1".into(),
                source: NEWS,
                title: String::new(),
                text: String::new(),
                url: Some(url.into()),
                published_at: None,
                retrieved_at: UtcTime::from_epoch_millis(0),
                sha256: String::new(),
                facts: Some(Facts::none()),
            };
            publisher(&piece).map(str::to_owned)
        };
        for (url, host) in [
            ("https://reuters.example@evil.example/x", Some("evil.example")),
            ("https://user:secret@news.example:8443/a?b#c", Some("news.example")),
            ("https://news.example?a@b", Some("news.example")),
            ("http://[2001:db8::1]:80/", Some("[2001:db8::1]")),
            ("mailto:a@b.example", None),
        ] {
            assert_eq!(publisher_of(url).as_deref(), host, "{url}");
        }
    }
}
