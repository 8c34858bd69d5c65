//! The structure tree of a tagged PDF, for readers who cannot see it. Parts get their places as the pages are
//! painted, so that the tree is in reading order, and a part on two pages is one part.

use std::num::NonZeroU16;

use krilla::{
    geom::Rect,
    tagging::{BBox, Identifier, ListNumbering, Node, TableHeaderScope, Tag, TagGroup, TagKind, TagTree},
};

/// The role of a part in the structure.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    Title,
    /// A heading, with its level from one and its text.
    Heading(NonZeroU16, String),
    Paragraph,
    List,
    Facts,
    Item,
    Label,
    Body,
    Quote,
    /// The content of a panel.
    Panel,
    Table,
    TableHead,
    TableBody,
    Row,
    HeaderCell,
    Cell,
    /// A figure, with its text alternative.
    Figure(String),
    Link,
}

/// A part of the structure, by its index in the tree.
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
    /// Whether it is already a child of its parent.
    placed: bool,
    /// The page, from zero, and the bounding box, which figures need.
    bounds: Option<(usize, Rect)>,
}

/// The structure of a document.
#[derive(Default)]
pub(crate) struct Tree {
    parts: Vec<Entry>,
    roots: Vec<usize>,
}

impl Tree {
    /// Adds a part, at the root of the tree if it has no parent. It gets its place among its siblings later.
    pub(crate) fn add(&mut self, role: Role, parent: Option<Part>) -> Part {
        let parent = parent.map(|part| part.0);
        self.parts.push(Entry { role, parent, children: Vec::new(), placed: false, bounds: None });
        Part(self.parts.len() - 1)
    }

    /// Places a part after its parent's other children, and its parents likewise. Parts that are already
    /// placed stay where they are.
    pub(crate) fn place(&mut self, part: Part) {
        let mut at = part.0;
        loop {
            let Some(entry) = self.parts.get_mut(at).filter(|entry| !entry.placed) else { return };
            entry.placed = true;
            let Some(parent) = entry.parent else { return self.roots.push(at) };
            // A parent that is not placed yet is placed next, so its first child decides its position.
            if let Some(entry) = self.parts.get_mut(parent) {
                entry.children.push(Child::Part(at));
            }
            at = parent;
        }
    }

    /// Adds painted content to a part, and places the part.
    pub(crate) fn content(&mut self, part: Part, identifier: Identifier) {
        self.place(part);
        if let Some(entry) = self.parts.get_mut(part.0) {
            entry.children.push(Child::Content(identifier));
        }
    }

    /// Extends the bounding box of a part by `rect`. A part on several pages keeps that of the last one.
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

    /// Returns the structure tree in the form that the PDF writer needs.
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
