//! The structure tree of a tagged PDF, for readers who cannot see it. Elements get their places as the pages
//! are painted, so that the tree is in reading order, and an element on two pages is one element.

use std::num::NonZeroU16;

use krilla::{
    geom::Rect,
    tagging::{BBox, Identifier, ListNumbering, Node, TableHeaderScope, Tag, TagGroup, TagKind, TagTree},
};

/// The role of an element in the structure.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    Title,
    /// A heading, with its level from one and its text.
    Heading(NonZeroU16, String),
    Paragraph,
    List,
    NumberedList,
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

/// An element of the structure, by its index in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ElementId(usize);

enum Child {
    Element(usize),
    Content(Identifier),
}

struct Element {
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
pub(crate) struct StructureTree {
    elements: Vec<Element>,
    roots: Vec<usize>,
}

impl StructureTree {
    /// Adds an element, at the root of the tree if it has no parent. It gets its place among its siblings
    /// later.
    pub(crate) fn add(&mut self, role: Role, parent: Option<ElementId>) -> ElementId {
        let parent = parent.map(|id| id.0);
        self.elements.push(Element { role, parent, children: Vec::new(), placed: false, bounds: None });
        ElementId(self.elements.len() - 1)
    }

    /// Places an element after its parent's other children, and its parents likewise. Elements that are
    /// already placed stay where they are.
    pub(crate) fn place(&mut self, id: ElementId) {
        let mut at = id.0;
        loop {
            let Some(element) = self.elements.get_mut(at).filter(|element| !element.placed) else { return };
            element.placed = true;
            let Some(parent) = element.parent else { return self.roots.push(at) };
            // A parent that is not placed yet is placed next, so its first child decides its position.
            if let Some(element) = self.elements.get_mut(parent) {
                element.children.push(Child::Element(at));
            }
            at = parent;
        }
    }

    /// Adds painted content to an element, and places the element.
    pub(crate) fn content(&mut self, id: ElementId, identifier: Identifier) {
        self.place(id);
        if let Some(element) = self.elements.get_mut(id.0) {
            element.children.push(Child::Content(identifier));
        }
    }

    /// Extends the bounding box of an element by `rect`. An element on several pages keeps that of the last
    /// one.
    pub(crate) fn extend_bounds(&mut self, id: ElementId, page: usize, rect: Rect) {
        let Some(element) = self.elements.get_mut(id.0) else { return };
        let joined = match element.bounds {
            Some((own, old)) if own == page => Rect::from_ltrb(
                old.left().min(rect.left()),
                old.top().min(rect.top()),
                old.right().max(rect.right()),
                old.bottom().max(rect.bottom()),
            ),
            _ => Some(rect),
        };
        element.bounds = joined.map(|rect| (page, rect));
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
        let element = self.elements.get(at)?;
        let mut group = TagGroup::new(element.tag());
        for child in &element.children {
            match child {
                Child::Element(at) => group.children.extend(self.node(*at)),
                Child::Content(identifier) => group.push(*identifier),
            }
        }
        Some(group.into())
    }
}

impl Element {
    fn tag(&self) -> TagKind {
        match &self.role {
            Role::Title => Tag::Title.into(),
            Role::Heading(level, text) => Tag::Hn(*level, Some(text.clone())).into(),
            Role::Paragraph => Tag::P.into(),
            Role::List => Tag::L(ListNumbering::Disc).into(),
            Role::NumberedList => Tag::L(ListNumbering::Decimal).into(),
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
