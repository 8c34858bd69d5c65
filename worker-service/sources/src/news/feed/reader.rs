//! Reads the stories of a feed (RSS 0.9 to 2.0, RSS 1.0 in RDF, Atom), item by item: what is broken in one item
//! does not cost the others.

use std::collections::HashMap;

use super::{
    dates,
    tokens::{Token, Tokens, attribute, attributes},
};
use crate::{
    error::SourceError,
    news::{answer::Answer, plain_text::plain_text, story::Story},
    source::ITEMS_MAX,
};

/// Maximum size of a member of an item, in bytes. The rest is not read.
const MEMBER_MAX: usize = 16 * 1024;
/// Maximum number of prefixes of namespaces that are remembered.
const PREFIXES_MAX: usize = 64;

/// Prefixes of the elements of RSS and Atom.
const FEED_PREFIXES: [&str; 5] = ["", "atom", "a10", "rss", "rdf"];
/// Prefixes of the other vocabularies that are read.
const OTHER_PREFIXES: [&str; 3] = ["dc", "dcterms", "content"];

/// Namespaces with the prefix by which they are known here.
const NAMESPACES: [(&str, &str); 10] = [
    ("http://www.w3.org/2005/Atom", ""),
    ("http://purl.org/atom/ns#", ""),
    ("http://purl.org/rss/1.0/", ""),
    ("http://my.netscape.com/rdf/simple/0.9/", ""),
    ("http://channel.netscape.com/rdf/simple/0.9/", ""),
    ("http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf"),
    ("http://purl.org/dc/elements/1.1/", "dc"),
    ("http://purl.org/dc/terms/", "dcterms"),
    ("http://purl.org/rss/1.0/modules/content/", "content"),
    ("http://www.w3.org/XML/1998/namespace", "xml"),
];

/// Elements whose own title and date are not those of the item or the feed.
const CONTAINERS: [&str; 5] = ["image", "textinput", "author", "contributor", "source"];

/// Elements that are read.
const MEMBERS: [&str; 15] = [
    "title",
    "link",
    "guid",
    "id",
    "pubdate",
    "date",
    "published",
    "updated",
    "issued",
    "description",
    "summary",
    "content",
    "encoded",
    "language",
    "source",
];

/// The members of an item, or of the feed itself, as they are written.
#[derive(Debug, Default)]
struct Members {
    values: HashMap<&'static str, String>,
}

impl Members {
    /// Keeps the first value of a member that is not empty.
    fn keep(&mut self, name: &'static str, value: String) {
        if !value.trim().is_empty() {
            self.values.entry(name).or_insert(value);
        }
    }

    fn text(&self, names: &[&str]) -> Option<String> {
        names
            .iter()
            .filter_map(|name| self.values.get(name))
            .map(|value| plain_text(value))
            .find(|text| text.chars().any(char::is_alphanumeric))
    }
}

/// The state of the reading.
#[derive(Debug, Default)]
struct Reader<'a> {
    prefixes: HashMap<&'a str, &'static str>,
    feed: Members,
    item: Option<Members>,
    /// The element in which members are not those of the item or the feed.
    container: Option<&'static str>,
    /// The member that is being read, and the text of it.
    member: Option<(&'static str, String)>,
    is_feed: bool,
    is_ended: bool,
    answer: Answer,
}

/// Reads the stories of a feed, up to [`ITEMS_MAX`].
///
/// # Errors
/// Returns [`SourceError`] if the text is no feed, or none of its items can be read.
pub(super) fn read(text: &str) -> Result<Answer, SourceError> {
    let mut reader = Reader::default();
    for token in Tokens::new(text) {
        match token {
            Token::Start { name, attributes, is_empty, markup } => {
                reader.start(name, attributes, markup);
                if is_empty {
                    reader.end(name, "");
                }
            }
            Token::End { name, markup } => reader.end(name, markup),
            Token::Text(text) => reader.text(text),
        }
        if reader.answer.stories.len() >= ITEMS_MAX {
            return Ok(reader.answer);
        }
    }
    reader.finish(text)
}

impl<'a> Reader<'a> {
    /// Returns the lower-case name of an element of RSS or Atom, or of another vocabulary that is read.
    fn known(&self, name: &str, expected: &[&'static str]) -> Option<&'static str> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let prefix = self.prefixes.get(prefix).copied().unwrap_or(prefix);
        let is_read = FEED_PREFIXES.contains(&prefix) || OTHER_PREFIXES.contains(&prefix);
        expected.iter().copied().find(|known| is_read && local.eq_ignore_ascii_case(known))
    }

    fn start(&mut self, name: &str, tag: &'a str, markup: &str) {
        self.note_prefixes(tag);
        if self.known(name, &["item", "entry"]).is_some() {
            self.end_item();
            self.item = Some(Members::default());
            self.container = None;
            self.note_language(tag);
            return;
        }
        if self.known(name, &["rss", "feed", "rdf", "channel"]).is_some() {
            self.is_feed = true;
            self.note_language(tag);
            return;
        }
        let Some(member) = self.known(name, &MEMBERS) else {
            if let Some(container) = self.known(name, &CONTAINERS) {
                self.container = Some(container);
            }
            self.text(markup);
            return;
        };
        // A member that begins inside another one, as HTML elements of that name do, is part of it; but not the
        // next member after one that lacks its end tag.
        self.end_member();
        match (self.container, member) {
            (None, "link") => self.link(tag),
            (None, "source") => {
                self.container = Some("source");
                self.member = Some(("source", String::new()));
            }
            (None, _) => self.member = Some((member, String::new())),
            // Atom names the outlet of a copied entry like this; RSS by the text of the element.
            (Some("source"), "title") => self.member = Some(("source", String::new())),
            (Some(_), _) => {}
        }
    }

    /// Begins to read a link, whose address is an attribute in Atom and the text in RSS.
    fn link(&mut self, tag: &str) {
        let relation = attribute(tag, "rel").unwrap_or("alternate");
        match attribute(tag, "href") {
            Some(address) if relation.eq_ignore_ascii_case("alternate") => {
                let address = address.to_owned();
                self.members().keep("link", address);
            }
            Some(_) => {}
            None => self.member = Some(("link", String::new())),
        }
    }

    fn end(&mut self, name: &str, markup: &str) {
        if self.known(name, &["item", "entry"]).is_some() {
            self.end_item();
        } else if self.known(name, &["rss", "feed", "rdf", "channel"]).is_some() {
            self.end_item();
            self.is_ended = true;
        } else {
            let ended = self.known(name, &MEMBERS);
            let container = self.known(name, &CONTAINERS);
            if ended.is_some() && ended == self.member.as_ref().map(|(member, _)| *member)
                || (self.container == Some("source") && ended.is_some())
            {
                self.end_member();
            } else {
                self.text(markup);
            }
            if container.is_some() && container == self.container {
                self.container = None;
            }
        }
    }

    fn text(&mut self, text: &str) {
        if let Some((_, value)) = &mut self.member {
            let room = MEMBER_MAX.saturating_sub(value.len());
            value.push_str(&text[..text.floor_char_boundary(room)]);
        }
    }

    fn end_member(&mut self) {
        if let Some((member, value)) = self.member.take() {
            self.members().keep(member, value);
        }
    }

    fn members(&mut self) -> &mut Members {
        self.item.as_mut().unwrap_or(&mut self.feed)
    }

    fn end_item(&mut self) {
        self.end_member();
        if let Some(item) = self.item.take() {
            match self.story(&item) {
                Some(story) => self.answer.stories.push(story),
                None => self.answer.unreadable += 1,
            }
        }
    }

    /// Returns the story of an item, or `None` if it has neither a title nor a description.
    fn story(&self, item: &Members) -> Option<Story> {
        let description = item.text(&["description", "summary", "encoded", "content"]);
        let title = item.text(&["title"]).or_else(|| description.clone())?;
        let address =
            ["link", "guid", "id"].iter().filter_map(|name| item.values.get(name)).find_map(|value| {
                let address = plain_text(value).trim().to_owned();
                (address.starts_with("https://") || address.starts_with("http://")).then_some(address)
            });
        let dates = ["pubdate", "published", "date", "issued", "updated"];
        let date = dates.iter().filter_map(|name| item.values.get(name)).find_map(|date| dates::parse(date));
        let language = |members: &Members| members.text(&["language"]);
        Some(Story {
            snippet: description.filter(|description| *description != title),
            title,
            outlet: item.text(&["source"]).or_else(|| self.feed.text(&["title"])).unwrap_or_default(),
            country: String::new(),
            published_at: date,
            language: language(item).or_else(|| language(&self.feed)).unwrap_or_default(),
            url: address,
        })
    }

    fn note_language(&mut self, tag: &str) {
        if let Some(language) = attribute(tag, "xml:lang") {
            let language = language.to_owned();
            self.members().keep("language", language);
        }
    }

    fn note_prefixes(&mut self, tag: &'a str) {
        if !tag.contains("xmlns:") {
            return;
        }
        for (name, address) in attributes(tag) {
            let Some(prefix) = name.strip_prefix("xmlns:") else { continue };
            let known = NAMESPACES.iter().find(|(namespace, _)| *namespace == address.trim());
            if self.prefixes.len() < PREFIXES_MAX {
                self.prefixes.insert(prefix, known.map_or("unknown", |(_, prefix)| prefix));
            }
        }
    }

    fn finish(mut self, text: &str) -> Result<Answer, SourceError> {
        if !self.is_feed {
            let start: String = text.chars().take(2000).collect();
            let shown = safe_text::clean(&plain_text(&start), 120);
            return Err(SourceError::Unreadable(format!("it is no RSS or Atom feed: {shown:?}")));
        }
        // An item that is still open is not whole.
        self.answer.is_cut = self.item.is_some() || !self.is_ended;
        if self.answer.stories.is_empty() && !self.answer.is_complete() {
            let cut = if self.answer.is_cut { ", and it ends early" } else { "" };
            let unreadable = self.answer.unreadable;
            return Err(SourceError::Unreadable(format!(
                "none of its items can be read: {unreadable} have neither title nor description{cut}"
            )));
        }
        Ok(self.answer)
    }
}
