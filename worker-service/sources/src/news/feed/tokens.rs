//! Splits the text of a feed into tags and text. Unlike a parser of XML, it refuses nothing: what begins no tag
//! is text. It reads no document type, so no entity is ever expanded.

/// Maximum length of a tag, in bytes. A `<` with no `>` within it is text.
const TAG_MAX: usize = 8 * 1024;

/// A part of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A start tag, or the tag of an empty element.
    Start {
        name: &'a str,
        attributes: &'a str,
        is_empty: bool,
        /// The whole tag.
        markup: &'a str,
    },
    /// An end tag.
    End { name: &'a str, markup: &'a str },
    /// Text in which references are not resolved, or the content of a CDATA section.
    Text(&'a str),
}

/// The tokens of a feed.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    rest: &'a str,
    /// Whether the rest is known to end no comment, CDATA section or declaration, so that it is searched once.
    lacks_ends: [bool; 4],
    /// The same of the end of a document type's declarations.
    lacks_subset_end: bool,
}

/// The parts of a feed that are no tags: their start and end.
const SECTIONS: [(&str, &str); 4] = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">")];

impl<'a> Tokens<'a> {
    /// Makes the tokens of `text`.
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, lacks_ends: [false; 4], lacks_subset_end: false }
    }

    /// Splits off a section that is no tag. Returns the content of a CDATA section, nothing for all others, or
    /// `None` if the rest begins with no section.
    fn section(&mut self) -> Option<&'a str> {
        let kind = SECTIONS.iter().position(|(start, _)| self.rest.starts_with(start))?;
        let (start, end) = SECTIONS[kind];
        let inner = &self.rest[start.len()..];
        let found = if self.lacks_ends[kind] { None } else { inner.find(end) };
        let Some(mut at) = found else {
            // It does not end: what it holds is read as if it were outside.
            self.lacks_ends[kind] = true;
            self.rest = inner;
            return Some("");
        };
        if kind == 3 && inner[..at].contains('[') && !self.lacks_subset_end {
            // The internal subset of a document type holds declarations, which end with ">" as well.
            match inner.find("]>") {
                Some(end) => at = end + 1,
                None => self.lacks_subset_end = true,
            }
        }
        self.rest = &inner[at + end.len()..];
        Some(if kind == 1 { &inner[..at] } else { "" })
    }

    /// Splits off a tag, or returns `None` if the rest begins with none.
    fn tag(&mut self) -> Option<Token<'a>> {
        let markup = &self.rest[..tag_end(self.rest)?];
        let inner = &markup[1..markup.len() - 1];
        self.rest = &self.rest[markup.len()..];
        if let Some(name) = inner.strip_prefix('/') {
            return Some(Token::End { name: name.trim(), markup });
        }
        let is_empty = inner.ends_with('/');
        let inner = inner.trim_end_matches('/');
        let (name, attributes) = inner.split_at(inner.find(char::is_whitespace).unwrap_or(inner.len()));
        Some(Token::Start { name, attributes, is_empty, markup })
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            if self.rest.starts_with('<') {
                match self.section() {
                    Some("") => continue,
                    Some(text) => return Some(Token::Text(text)),
                    None => {}
                }
                if let Some(tag) = self.tag() {
                    return Some(tag);
                }
            }
            // At least one character, which may be a "<" that begins no tag.
            let skipped = self.rest.chars().next().map_or(0, char::len_utf8);
            let end = self.rest[skipped..].find('<').map_or(self.rest.len(), |at| skipped + at);
            let (text, rest) = self.rest.split_at(end);
            self.rest = rest;
            return Some(Token::Text(text));
        }
    }
}

/// Returns the length of the tag at the start of `text`, which begins with `<`.
fn tag_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let first = bytes.get(1 + usize::from(bytes.get(1) == Some(&b'/')))?;
    if !first.is_ascii_alphabetic() && *first != b'_' && first.is_ascii() {
        return None;
    }
    let mut quote = None;
    for (at, byte) in bytes.iter().enumerate().take(TAG_MAX).skip(1) {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'<') => return None,
            // Only the value of an attribute is quoted.
            (None, b'"' | b'\'') if bytes[at - 1] == b'=' => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
    }
    None
}

/// Returns the value of an attribute, with its references not resolved.
pub(super) fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    self::attributes(attributes).find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Returns the attributes of a tag.
pub(super) fn attributes(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, after) = match quote {
            Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
            None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
        };
        rest = after;
        Some((name.trim(), value))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Vec<String> {
        Tokens::new(text)
            .map(|token| match token {
                Token::Start { name, is_empty, .. } => format!("+{name}{}", if is_empty { "/" } else { "" }),
                Token::End { name, .. } => format!("-{name}"),
                Token::Text(text) => text.to_owned(),
            })
            .collect()
    }

    #[test]
    fn tags_and_text_are_told_apart() {
        assert_eq!(
            shown("<a x='>'>5 < 6 & 7<b/><![CDATA[<i>]]><!-- <c> --><?pi <d>?></a >"),
            ["+a", "5 ", "< 6 & 7", "+b/", "<i>", "-a"]
        );
        assert_eq!(shown("<a <b>"), ["<a ", "+b"]);
        assert_eq!(shown("<a>x<![CDATA[y</a><!-- z<b"), ["+a", "x", "y", "-a", " z", "<b"]);
    }

    #[test]
    fn a_document_type_is_skipped_with_its_declarations() {
        let text = "<!DOCTYPE rss [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;\">]><rss>&b;</rss>";
        assert_eq!(shown(text), ["+rss", "&b;", "-rss"]);
        assert_eq!(shown("<!DOCTYPE rss SYSTEM \"x.dtd\"><rss>"), ["+rss"]);
    }

    #[test]
    fn attributes_are_found() {
        let text = " rel=\"self\" href='https://a.example/?a=1&amp;b=2' bare=1";
        assert_eq!(attribute(text, "href"), Some("https://a.example/?a=1&amp;b=2"));
        assert_eq!(attribute(text, "bare"), Some("1"));
        assert_eq!(attribute(text, "none"), None);
    }

    #[test]
    fn hostile_texts_are_read_in_bounded_time() {
        for part in ["<!--", "<![CDATA[", "<!", "<?", "<a ='", "<", "<a", "<![", "</", "<!DOCTYPE [ >"] {
            assert!(Tokens::new(&part.repeat(200_000)).count() < 2_000_000, "{part}");
        }
    }

    proptest! {
        #[test]
        fn every_text_has_tokens(text in "[<>/!?\\[\\]a='\" \\PC-]{0,60}") {
            let _ = shown(&text);
        }
    }
}
