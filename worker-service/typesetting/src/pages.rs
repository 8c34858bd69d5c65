//! Distributes strips over pages.

use crate::strips::{Header, Strip};

/// A strip on a page.
pub(crate) struct PlacedStrip<'a> {
    pub(crate) strip: &'a Strip,
    /// The distance from the top of the page's text area to the top of the strip, in points.
    pub(crate) y: f32,
    /// Whether it belongs to a repeated table header.
    pub(crate) repeated: bool,
}

/// A position on a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// The index of the page, from zero.
    pub(crate) page: usize,
    /// The distance from the top of the page, in points.
    pub(crate) y: f32,
}

/// The strips of a page.
pub(crate) type Page<'a> = Vec<PlacedStrip<'a>>;

/// Which strips must stay on the page of the next one, from the strictest rule to the loosest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum KeepRule {
    /// The strips of a group, and strips that keep with the next.
    Group,
    /// Only strips that keep with the next.
    WithNext,
    /// No strips.
    None,
}

struct Pages<'a, 'l> {
    headers: &'a [Header],
    /// The height of the text area.
    height: f32,
    /// The heights to which the first pages are filled, if not to `height`.
    limits: &'l [f32],
    done: Vec<Page<'a>>,
    page: Page<'a>,
    y: f32,
}

/// Minimum height of the content of a last page, as a fraction of the height of a page: about eight lines. The page
/// before it gives up lines for it.
const LAST_PAGE_MIN: f32 = 0.145;

/// Distributes `strips` over pages whose text area has this `height`, in points. Returns at least one page. No page that
/// ends the document, or stands before a page break, has only a few lines, unless it begins after a page break as well.
pub(crate) fn pages<'a>(strips: &'a [Strip], headers: &'a [Header], height: f32) -> Vec<Page<'a>> {
    let mut limits: Vec<f32> = Vec::new();
    let least = height * LAST_PAGE_MIN;
    loop {
        let pages = distributed(strips, headers, height, &limits);
        // Pages with a limit, and the one after them, have had their turn.
        let short = (limits.len() + 1..pages.len()).find(|at| is_short(&pages, *at, least));
        let Some(at) = short else { return pages };
        let missing = least - bottom(pages.get(at));
        let limit = bottom(pages.get(at - 1)) - missing;
        limits.resize(at - 1, height);
        limits.push(limit.max(height / 2.0));
    }
}

/// Returns whether the page at this index is a last page whose content is lower than `least`, and the page before it can
/// give it more.
fn is_short(pages: &[Page<'_>], at: usize, least: f32) -> bool {
    let begins = |page: Option<&Page<'_>>| {
        page.and_then(|page| page.first()).is_some_and(|placed| placed.strip.begins_page)
    };
    let page = pages.get(at);
    let is_last = at + 1 == pages.len() || begins(pages.get(at + 1));
    is_last && !begins(page) && bottom(page) < least
}

/// Returns the distance from the top of a page's text area to the bottom of its last strip.
fn bottom(page: Option<&Page<'_>>) -> f32 {
    page.and_then(|page| page.last()).map_or(0.0, |placed| placed.y + placed.strip.height)
}

/// Distributes `strips` over pages that are filled to `limits`, and to `height` after these.
fn distributed<'a>(strips: &'a [Strip], headers: &'a [Header], height: f32, limits: &[f32]) -> Vec<Page<'a>> {
    let mut pages = Pages { headers, height, limits, done: Vec::new(), page: Vec::new(), y: 0.0 };
    let mut rest = strips;
    // For each looser rule, the number of strips that it still applies to: those that the stricter rule would
    // keep together, but that do not fit on one page.
    let mut loose = [(KeepRule::WithNext, 0), (KeepRule::None, 0)];
    while let Some(first) = rest.first() {
        if first.begins_page {
            pages.turn(None);
        }
        let rule = loose
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(rule, _)| *rule)
            .max()
            .unwrap_or(KeepRule::Group);
        let count = together(rest, rule);
        let (now, later) = rest.split_at(count);
        let fits = pages.fits(now);
        if !fits && !pages.page.is_empty() && pages.would_fit(now) {
            pages.turn(now.first());
        } else if !fits && rule != KeepRule::None {
            let slot = if rule == KeepRule::Group { 0 } else { 1 };
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

/// Returns the number of strips that must stay on one page with the first, which is counted.
fn together(strips: &[Strip], rule: KeepRule) -> usize {
    let keeps = |strip: &Strip| match rule {
        KeepRule::Group => strip.keep_with_next || strip.grouped_with_next,
        KeepRule::WithNext => strip.keep_with_next,
        KeepRule::None => false,
    };
    let last = strips.iter().position(|strip| !keeps(strip)).map_or(strips.len(), |last| last + 1);
    let turn = strips.iter().skip(1).position(|strip| strip.begins_page);
    turn.map_or(last, |turn| last.min(turn + 1))
}

/// Returns the height of `strips` without the gap above the first.
fn height(strips: &[Strip]) -> f32 {
    let first = strips.first().map_or(0.0, |strip| strip.gap);
    strips.iter().map(|strip| strip.gap + strip.height).sum::<f32>() - first
}

impl<'a> Pages<'a, '_> {
    fn fits(&self, strips: &[Strip]) -> bool {
        let gap = if self.page.is_empty() { 0.0 } else { strips.first().map_or(0.0, |strip| strip.gap) };
        self.y + gap + height(strips) <= self.limit(self.done.len())
    }

    /// Returns the height to which the page at this index is filled.
    fn limit(&self, page: usize) -> f32 {
        self.limits.get(page).copied().unwrap_or(self.height)
    }

    fn would_fit(&self, strips: &[Strip]) -> bool {
        let header = self.header(strips.first()).map_or(0.0, |header| header.height);
        header + height(strips) <= self.limit(self.done.len() + 1)
    }

    /// Returns the table header to repeat if `strip` begins a page, unless it would take half of the page.
    fn header(&self, strip: Option<&Strip>) -> Option<&'a Header> {
        self.headers.get(strip?.table?).filter(|header| header.height < self.height / 2.0)
    }

    /// Begins a new page for `strip`, with its repeated table header, unless the current page is empty.
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
        self.page.push(PlacedStrip { strip, y, repeated });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(height: f32) -> Strip {
        Strip { gap: 10.0, height, ..Strip::default() }
    }

    /// Returns the heights of the strips of each page.
    fn heights(pages: &[Page<'_>]) -> Vec<Vec<f32>> {
        pages.iter().map(|page| page.iter().map(|placed| placed.strip.height).collect()).collect()
    }

    #[test]
    fn a_heading_goes_to_the_page_of_its_text() {
        let strips = [strip(60.0), Strip { keep_with_next: true, ..strip(5.0) }, strip(30.0)];
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
        let grouped = Strip { grouped_with_next: true, ..strip(40.0) };
        let strips = [strip(30.0), grouped.clone(), grouped.clone(), grouped, strip(20.0)];
        assert_eq!(heights(&pages(&strips, &[], 100.0)), [vec![30.0, 40.0], vec![40.0, 40.0], vec![20.0]]);
    }

    #[test]
    fn a_group_goes_to_the_page_that_holds_it() {
        let grouped = Strip { grouped_with_next: true, ..strip(30.0) };
        let strips = [strip(50.0), grouped, strip(30.0)];
        assert_eq!(heights(&pages(&strips, &[], 100.0)), [vec![50.0], vec![30.0, 30.0]]);
    }

    #[test]
    fn strips_that_keep_for_longer_than_a_page_are_broken_all_the_same() {
        let strips = vec![Strip { keep_with_next: true, ..strip(40.0) }; 5];
        assert_eq!(heights(&pages(&strips, &[], 100.0)), [vec![40.0, 40.0], vec![40.0, 40.0], vec![40.0]]);
    }

    #[test]
    fn the_header_of_a_table_is_repeated() {
        let row = Strip { gap: 0.0, table: Some(0), ..strip(30.0) };
        let head = Strip { gap: 0.0, keep_with_next: true, ..strip(20.0) };
        let header = Header { strips: vec![head.clone()], height: 20.0 };
        let strips = [head, row.clone(), row.clone(), row.clone(), row];
        let pages = pages(&strips, std::slice::from_ref(&header), 100.0);
        assert_eq!(heights(&pages), [vec![20.0, 30.0, 30.0], vec![20.0, 30.0, 30.0]]);
        let repeated: Vec<bool> =
            pages.iter().filter_map(|page| page.first()).map(|placed| placed.repeated).collect();
        assert_eq!(repeated, [false, true]);
    }

    #[test]
    fn a_page_break_begins_a_page_and_leaves_none_empty() {
        let turned = |height| Strip { begins_page: true, ..strip(height) };
        let strips = [turned(20.0), Strip { keep_with_next: true, ..strip(10.0) }, turned(30.0), strip(40.0)];
        assert_eq!(heights(&pages(&strips, &[], 100.0)), [vec![20.0, 10.0], vec![30.0, 40.0]]);
    }

    #[test]
    fn the_last_page_has_more_than_a_few_lines() {
        let line = || Strip { gap: 6.0, height: 7.0, ..Strip::default() };
        let strips: Vec<Strip> = (0..57).map(|_| line()).collect();
        let full = pages(&strips, &[], 720.0);
        assert_eq!(full.iter().map(Vec::len).collect::<Vec<_>>(), [48, 9]);
        let two = |count: usize| -> Vec<Strip> {
            let mut strips: Vec<Strip> = (0..count).map(|_| line()).collect();
            strips.push(Strip { begins_page: true, ..line() });
            strips
        };
        let turned = two(58);
        assert_eq!(pages(&turned, &[], 720.0).iter().map(Vec::len).collect::<Vec<_>>(), [49, 9, 1]);
        let longer = two(112);
        let pages = pages(&longer, &[], 720.0);
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [55, 48, 9, 1]);
    }

    #[test]
    fn there_is_a_page_without_strips() {
        assert_eq!(pages(&[], &[], 100.0).len(), 1);
    }
}
