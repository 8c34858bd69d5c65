//! Puts strips on pages.

use crate::strips::{Header, Strip};

/// A strip on a page.
pub(crate) struct Placed {
    pub(crate) strip: Strip,
    /// From the top of the page's text to the top of the strip, in points.
    pub(crate) y: f32,
    /// Whether it is the header of a table again.
    pub(crate) repeated: bool,
}

/// The strips of a page.
pub(crate) type Page = Vec<Placed>;

/// How strips hold on to the next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hold {
    /// All of a group stand together.
    Group,
    /// What keeps with the next stands with it.
    Keep,
    /// None does.
    None,
}

struct Pages<'a> {
    headers: &'a [Header],
    height: f32,
    done: Vec<Page>,
    page: Page,
    y: f32,
}

/// Puts `strips` on pages of which each has so much `height` for them, in points. There is one page at least.
pub(crate) fn pages(strips: Vec<Strip>, headers: &[Header], height: f32) -> Vec<Page> {
    let mut pages = Pages { headers, height, done: Vec::new(), page: Vec::new(), y: 0.0 };
    let mut rest = strips.as_slice();
    // How long the strips hold so little because no page can hold what belongs together.
    let mut loose = [(Hold::Keep, 0), (Hold::None, 0)];
    while !rest.is_empty() {
        let hold =
            loose.iter().filter(|(_, count)| *count > 0).map(|(hold, _)| *hold).max().unwrap_or(Hold::Group);
        let count = together(rest, hold);
        let (now, later) = rest.split_at(count);
        let fits = pages.fits(now);
        if !fits && !pages.page.is_empty() && pages.would_fit(now) {
            pages.turn(now.first());
        } else if !fits && hold != Hold::None {
            let slot = if hold == Hold::Group { 0 } else { 1 };
            if let Some(slot) = loose.get_mut(slot) {
                slot.1 = count;
            }
            continue;
        } else if !fits {
            pages.turn(now.first());
        }
        now.iter().for_each(|strip| pages.put(strip.clone(), false));
        for slot in &mut loose {
            slot.1 = slot.1.saturating_sub(count);
        }
        rest = later;
    }
    pages.done.push(pages.page);
    pages.done
}

/// How many strips stand together with the first.
fn together(strips: &[Strip], hold: Hold) -> usize {
    let holds = |strip: &Strip| match hold {
        Hold::Group => strip.keep || strip.bound,
        Hold::Keep => strip.keep,
        Hold::None => false,
    };
    strips.iter().position(|strip| !holds(strip)).map_or(strips.len(), |last| last + 1)
}

/// The height of strips from the top of the first.
fn height(strips: &[Strip]) -> f32 {
    let first = strips.first().map_or(0.0, |strip| strip.gap);
    strips.iter().map(|strip| strip.gap + strip.height).sum::<f32>() - first
}

impl Pages<'_> {
    fn fits(&self, strips: &[Strip]) -> bool {
        let gap = if self.page.is_empty() { 0.0 } else { strips.first().map_or(0.0, |strip| strip.gap) };
        self.y + gap + height(strips) <= self.height
    }

    fn would_fit(&self, strips: &[Strip]) -> bool {
        let header = self.header(strips.first()).map_or(0.0, |header| header.height);
        header + height(strips) <= self.height
    }

    /// The header that stands above a strip if it begins a page, unless it would take half of it.
    fn header(&self, strip: Option<&Strip>) -> Option<&Header> {
        self.headers.get(strip?.table?).filter(|header| header.height < self.height / 2.0)
    }

    /// Begins a new page for a strip.
    fn turn(&mut self, strip: Option<&Strip>) {
        if self.page.is_empty() {
            return;
        }
        self.done.push(std::mem::take(&mut self.page));
        self.y = 0.0;
        let again = self.header(strip).map(|header| header.strips.clone());
        again.into_iter().flatten().for_each(|strip| self.put(strip, true));
    }

    fn put(&mut self, strip: Strip, repeated: bool) {
        let y = if self.page.is_empty() { 0.0 } else { self.y + strip.gap };
        self.y = y + strip.height;
        self.page.push(Placed { strip, y, repeated });
    }
}
