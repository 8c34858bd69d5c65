//! The path of an element in an XML document.

/// The open elements from the root on, as `/root/child/element`.
#[derive(Debug, Default)]
pub(in crate::lists) struct Path {
    text: String,
    /// For each element, the position of its slash.
    starts: Vec<usize>,
}

impl Path {
    pub(super) fn push(&mut self, name: &str) {
        self.starts.push(self.text.len());
        self.text.push('/');
        self.text.push_str(name);
    }

    pub(super) fn pop(&mut self) {
        if let Some(start) = self.starts.pop() {
            self.text.truncate(start);
        }
    }

    /// Returns the number of open elements.
    pub(in crate::lists) fn depth(&self) -> usize {
        self.starts.len()
    }

    /// Returns the name of the innermost element.
    pub(in crate::lists) fn name(&self) -> &str {
        self.starts.last().and_then(|start| self.text.get(start + 1..)).unwrap_or_default()
    }

    /// Returns the name of the element around the innermost one.
    pub(in crate::lists) fn parent(&self) -> &str {
        let Some([parent, element]) = self.starts.last_chunk() else { return "" };
        self.text.get(parent + 1..*element).unwrap_or_default()
    }

    /// Returns the names of the innermost element's parent and of itself.
    pub(in crate::lists) fn last_two(&self) -> (&str, &str) {
        (self.parent(), self.name())
    }

    /// Returns whether `name` is an open element.
    pub(in crate::lists) fn contains(&self, name: &str) -> bool {
        self.text.split('/').any(|element| element == name)
    }
}
