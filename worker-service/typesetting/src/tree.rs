//! The structure of a document for readers who cannot see it. It grows as the pages are painted, so that its order is
//! the order of reading, and a part on two pages is one part.

use std::num::NonZeroU16;

use krilla::{
    geom::Rect,
    tagging::{BBox, Identifier, ListNumbering, Node, TableHeaderScope, Tag, TagGroup, TagKind, TagTree},
};

/// What a part of the structure is.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    Title,
    /// Its level, from one, and its text.
    Heading(NonZeroU16, String),
    Paragraph,
    List,
    Facts,
    Item,
    Label,
    Body,
    Quote,
    /// What a panel holds.
    Panel,
    Table,
    TableHead,
    TableBody,
    Row,
    HeaderCell,
    Cell,
    /// The text that says the same.
    Figure(String),
    Link,
}

/// A part of the structure, by its position in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part(usize);

enum Child {
    Part(usize),
    Content(Identifier),
}

struct Entry {
    role: Role,
    parent: Option<usize>,
    children: Vec<Child>,
    /// Whether its parent has it among its children already.
    placed: bool,
    /// The page and the place of a figure.
    bounds: Option<(usize, Rect)>,
}

/// The structure of a document.
#[derive(Default)]
pub(crate) struct Tree {
    parts: Vec<Entry>,
    roots: Vec<usize>,
}

impl Tree {
    /// Adds a part, which is part of the document itself where it has no parent.
    pub(crate) fn add(&mut self, role: Role, parent: Option<Part>) -> Part {
        let parent = parent.map(|part| part.0);
        self.parts.push(Entry { role, parent, children: Vec::new(), placed: false, bounds: None });
        Part(self.parts.len() - 1)
    }

    /// Places a part behind what its parent has so far, if it has no place yet.
    pub(crate) fn place(&mut self, part: Part) {
        let mut at = part.0;
        loop {
            let Some(entry) = self.parts.get_mut(at).filter(|entry| !entry.placed) else { return };
            entry.placed = true;
            let Some(parent) = entry.parent else { return self.roots.push(at) };
            // A parent without a place gets its own next; its order among its siblings is that of this child.
            if let Some(entry) = self.parts.get_mut(parent) {
                entry.children.push(Child::Part(at));
            }
            at = parent;
        }
    }

    /// Adds content that is painted to a part.
    pub(crate) fn content(&mut self, part: Part, identifier: Identifier) {
        self.place(part);
        if let Some(entry) = self.parts.get_mut(part.0) {
            entry.children.push(Child::Content(identifier));
        }
    }

    /// Widens the bounds of a figure; one on several pages has none.
    pub(crate) fn bound(&mut self, part: Part, page: usize, rect: Rect) {
        let Some(entry) = self.parts.get_mut(part.0) else { return };
        let joined = match entry.bounds {
            Some((own, old)) if own == page => Rect::from_ltrb(
                old.left().min(rect.left()),
                old.top().min(rect.top()),
                old.right().max(rect.right()),
                old.bottom().max(rect.bottom()),
            ),
            _ => Some(rect),
        };
        entry.bounds = joined.map(|rect| (page, rect));
    }

    /// Returns the structure as it is written.
    pub(crate) fn finish(self) -> TagTree {
        let mut tree = TagTree::new();
        for root in &self.roots {
            if let Some(node) = self.node(*root) {
                tree.push(node);
            }
        }
        tree
    }

    fn node(&self, at: usize) -> Option<Node> {
        let entry = self.parts.get(at)?;
        let mut group = TagGroup::new(entry.tag());
        for child in &entry.children {
            match child {
                Child::Part(part) => group.children.extend(self.node(*part)),
                Child::Content(identifier) => group.push(*identifier),
            }
        }
        Some(group.into())
    }
}

impl Entry {
    fn tag(&self) -> TagKind {
        match &self.role {
            Role::Title => Tag::Title.into(),
            Role::Heading(level, text) => Tag::Hn(*level, Some(text.clone())).into(),
            Role::Paragraph => Tag::P.into(),
            Role::List => Tag::L(ListNumbering::Disc).into(),
            Role::Facts => Tag::L(ListNumbering::None).into(),
            Role::Item => Tag::LI.into(),
            Role::Label => Tag::Lbl.into(),
            Role::Body => Tag::LBody.into(),
            Role::Quote => Tag::BlockQuote.into(),
            Role::Panel => Tag::Div.into(),
            Role::Table => Tag::Table.into(),
            Role::TableHead => Tag::THead.into(),
            Role::TableBody => Tag::TBody.into(),
            Role::Row => Tag::TR.into(),
            Role::HeaderCell => Tag::TH(TableHeaderScope::Column).into(),
            Role::Cell => Tag::TD.into(),
            Role::Figure(text) => {
                let bounds = self.bounds.map(|(page, rect)| BBox::new(page, rect));
                Tag::Figure(Some(text.clone())).with_bbox(bounds).into()
            }
            Role::Link => Tag::Link.into(),
        }
    }
}
