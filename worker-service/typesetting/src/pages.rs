//! Puts strips on pages.

use crate::strips::{Header, Strip};

/// A strip on a page.
pub(crate) struct Placed<'a> {
    pub(crate) strip: &'a Strip,
    /// From the top of the page's text to the top of the strip, in points.
    pub(crate) y: f32,
    /// Whether it is the header of a table again.
    pub(crate) repeated: bool,
}

/// The strips of a page.
pub(crate) type Page<'a> = Vec<Placed<'a>>;

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
    done: Vec<Page<'a>>,
    page: Page<'a>,
    y: f32,
}

/// Puts `strips` on pages of which each has so much `height` for them, in points. There is one page at least.
pub(crate) fn pages<'a>(strips: &'a [Strip], headers: &'a [Header], height: f32) -> Vec<Page<'a>> {
    let mut pages = Pages { headers, height, done: Vec::new(), page: Vec::new(), y: 0.0 };
    let mut rest = strips;
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
        now.iter().for_each(|strip| pages.put(strip, false));
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

impl<'a> Pages<'a> {
    fn fits(&self, strips: &[Strip]) -> bool {
        let gap = if self.page.is_empty() { 0.0 } else { strips.first().map_or(0.0, |strip| strip.gap) };
        self.y + gap + height(strips) <= self.height
    }

    fn would_fit(&self, strips: &[Strip]) -> bool {
        let header = self.header(strips.first()).map_or(0.0, |header| header.height);
        header + height(strips) <= self.height
    }

    /// The header that stands above a strip if it begins a page, unless it would take half of it.
    fn header(&self, strip: Option<&Strip>) -> Option<&'a Header> {
        self.headers.get(strip?.table?).filter(|header| header.height < self.height / 2.0)
    }

    /// Begins a new page for a strip.
    fn turn(&mut self, strip: Option<&Strip>) {
        if self.page.is_empty() {
            return;
        }
        self.done.push(std::mem::take(&mut self.page));
        self.y = 0.0;
        let again = self.header(strip).map(|header| header.strips.iter());
        again.into_iter().flatten().for_each(|strip| self.put(strip, true));
    }

    fn put(&mut self, strip: &'a Strip, repeated: bool) {
        let y = if self.page.is_empty() { 0.0 } else { self.y + strip.gap };
        self.y = y + strip.height;
        self.page.push(Placed { strip, y, repeated });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(height: f32) -> Strip {
        Strip { gap: 10.0, height, ..Strip::default() }
    }

    /// The heights of the strips of each page.
    fn heights(pages: &[Page<'_>]) -> Vec<Vec<f32>> {
        pages.iter().map(|page| page.iter().map(|placed| placed.strip.height).collect()).collect()
    }

    #[test]
    fn a_heading_goes_to_the_page_of_its_text() {
        let strips = [strip(60.0), Strip { keep: true, ..strip(5.0) }, strip(30.0)];
        let pages = pages(&strips, &[], 100.0);
        assert_eq!(heights(&pages), [vec![60.0], vec![5.0, 30.0]]);
        assert_eq!(
            pages[1].iter().map(|placed| placed.y).collect::<Vec<_>>(),
            [0.0, 15.0],
            "no gap at the top"
        );
    }

    #[test]
    fn a_group_that_no_page_holds_begins_where_it_stands() {
        let bound = Strip { bound: true, ..strip(40.0) };
        let strips = [strip(30.0), bound.clone(), bound.clone(), bound, strip(20.0)];
        assert_eq!(heights(&pages(&strips, &[], 100.0)), [vec![30.0, 40.0], vec![40.0, 40.0], vec![20.0]]);
    }

    #[test]
    fn a_group_goes_to_the_page_that_holds_it() {
        let bound = Strip { bound: true, ..strip(30.0) };
        let strips = [strip(50.0), bound, strip(30.0)];
        assert_eq!(heights(&pages(&strips, &[], 100.0)), [vec![50.0], vec![30.0, 30.0]]);
    }

    #[test]
    fn strips_that_keep_for_longer_than_a_page_are_broken_all_the_same() {
        let strips = vec![Strip { keep: true, ..strip(40.0) }; 5];
        assert_eq!(heights(&pages(&strips, &[], 100.0)), [vec![40.0, 40.0], vec![40.0, 40.0], vec![40.0]]);
    }

    #[test]
    fn the_header_of_a_table_is_repeated() {
        let row = Strip { gap: 0.0, table: Some(0), ..strip(30.0) };
        let head = Strip { gap: 0.0, keep: true, ..strip(20.0) };
        let header = Header { strips: vec![head.clone()], height: 20.0 };
        let strips = [head, row.clone(), row.clone(), row.clone(), row];
        let pages = pages(&strips, std::slice::from_ref(&header), 100.0);
        assert_eq!(heights(&pages), [vec![20.0, 30.0, 30.0], vec![20.0, 30.0, 30.0]]);
        let repeated: Vec<bool> =
            pages.iter().filter_map(|page| page.first()).map(|placed| placed.repeated).collect();
        assert_eq!(repeated, [false, true]);
    }

    #[test]
    fn there_is_a_page_without_strips() {
        assert_eq!(pages(&[], &[], 100.0).len(), 1);
    }
}
