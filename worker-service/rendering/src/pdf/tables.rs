//! The parts of the PDF that are laid out in tables, and the charts.

use domain::document::Dropped;
use typesetting::{Bar, Block, ChartKind, ColumnWidth, Paragraph, Span};

use super::pieces::{Words, aside, outside, points};
use crate::{
    charts::Chart,
    view::{self, EventView, MatchView, PartyView, SourceView},
};

/// Returns what is laid out in tables, and the charts.
pub(super) fn of(words: Words<'_>) -> Vec<Block> {
    let view = words.0;
    let mut blocks = [matches(words), parties(words), events(words), rules(words)].concat();
    blocks.extend(view.charts.iter().map(chart));
    if let Some(full) = &view.front.in_full {
        blocks.extend([words.section("in_full"), words.subsection("decisions")]);
        blocks.extend(points(&full.decisions, None, words.text("no_decisions"), words));
        blocks.push(words.subsection("gaps"));
        blocks.extend(points(&full.gaps, None, &view.front.no_gaps, words));
    }
    if !view.dropped.is_empty() {
        let row = |claim: &Dropped| vec![outside(&claim.statement), Paragraph::of(&claim.reason)];
        blocks.extend(words.table(
            "dropped",
            &[("claim", ColumnWidth::Fraction(1.0)), ("left_out_because", ColumnWidth::Fraction(1.0))],
            view.dropped.iter().map(row).collect(),
        ));
    }
    blocks
}

fn matches(words: Words<'_>) -> Vec<Block> {
    let row = |found: &MatchView<'_>| {
        let mut entry = vec![Span::new(found.entry)];
        if !found.list.is_empty() {
            entry.push(aside(format!("\n{}", found.list)));
        }
        vec![
            Paragraph::from_spans(entry).by_first_letter(),
            outside(&found.of),
            Paragraph::of(&found.strength),
            Paragraph::of(&found.why),
            Paragraph::from_spans(vec![words.cite(found.id)]),
        ]
    };
    let columns = [
        ("match_entry", ColumnWidth::Fraction(1.1)),
        ("match_of", ColumnWidth::Fraction(1.0)),
        ("match_strength", ColumnWidth::Fraction(0.8)),
        ("match_why", ColumnWidth::Fraction(2.1)),
        ("evidence", ColumnWidth::Auto),
    ];
    words.table("matches", &columns, words.0.matches.iter().map(row).collect())
}

fn parties(words: Words<'_>) -> Vec<Block> {
    let row = |party: &PartyView<'_>| {
        let or_dash = |text: &str| Paragraph::of(if text.is_empty() { "–" } else { text });
        vec![
            outside(party.name),
            Paragraph::of(party.relation),
            or_dash(&party.since),
            or_dash(&party.country),
            outside(&party.screening),
            Paragraph::from_spans(words.cites(&party.citations)),
        ]
    };
    let columns = [
        ("party", ColumnWidth::Fraction(1.2)),
        ("relation", ColumnWidth::Auto),
        ("since", ColumnWidth::Auto),
        ("country", ColumnWidth::Fraction(0.8)),
        ("screening", ColumnWidth::Fraction(1.4)),
        ("evidence", ColumnWidth::Auto),
    ];
    words.table("related", &columns, words.0.parties.iter().map(row).collect())
}

fn events(words: Words<'_>) -> Vec<Block> {
    let row = |event: &EventView| {
        vec![
            Paragraph::of(&event.date),
            outside(&event.text),
            Paragraph::from_spans(vec![words.cite(&event.id)]),
        ]
    };
    let columns =
        [("date", ColumnWidth::Auto), ("event", ColumnWidth::Fraction(1.0)), ("evidence", ColumnWidth::Auto)];
    words.table("timeline", &columns, words.0.events.iter().map(row).collect())
}

fn rules(words: Words<'_>) -> Vec<Block> {
    if words.0.rules.is_empty() {
        return vec![words.section("rules"), Block::Paragraph(Paragraph::of(words.text("none")))];
    }
    let row = |rule: &view::RuleView<'_>| {
        vec![
            Paragraph::from_spans(vec![Span::new(rule.effect), aside(format!("\n{}", rule.rule))]),
            Paragraph::of(rule.points.map_or_else(|| "–".to_owned(), |points| points.to_string())),
            Paragraph::from_spans(words.cites(rule.because)),
        ]
    };
    let columns = [
        ("rule", ColumnWidth::Fraction(3.0)),
        ("points", ColumnWidth::Auto),
        ("evidence", ColumnWidth::Fraction(1.0)),
    ];
    words.table("rules", &columns, words.0.rules.iter().map(row).collect())
}

/// Returns what was searched, below `heading`.
pub(super) fn sources(words: Words<'_>, heading: Block) -> Vec<Block> {
    let row = |source: &SourceView<'_>| {
        let mut result = vec![Span::new(&source.result)];
        if !source.citations.is_empty() {
            result.push(Span::new(words.text("colon")));
            result.extend(words.cites(&source.citations));
        }
        for named in &source.named {
            result.extend([aside(format!("\n{} ", named.title)), words.cite(&named.id).size(9.0)]);
        }
        result.extend(source.more.as_ref().map(|more| aside(format!("\n{more}"))));
        let as_of = Span::new(source.as_of.as_deref().unwrap_or("–"));
        let age = source.age.as_ref().map(|age| aside(format!("\n{}", words.labelled("age", age))));
        vec![
            Paragraph::of(source.name),
            Paragraph::from_spans(result),
            Paragraph::from_spans([as_of].into_iter().chain(age).collect()),
            Paragraph::of(source.items.to_string()),
        ]
    };
    let columns = [
        ("source", ColumnWidth::Auto),
        ("result", ColumnWidth::Fraction(1.0)),
        ("as_of", ColumnWidth::Auto),
        ("items", ColumnWidth::Auto),
    ];
    words.table_below(heading, &columns, words.0.sources.iter().map(row).collect())
}

fn chart(chart: &Chart) -> Block {
    let kind = if chart.upright { ChartKind::VerticalBars } else { ChartKind::HorizontalBars };
    Block::Chart(typesetting::Chart {
        kind,
        title: chart.title.clone(),
        alternative: chart.text.clone(),
        bars: chart.bars.iter().map(|bar| Bar { label: bar.label.clone(), value: bar.value }).collect(),
    })
}
