//! Writes a document as PDF.

use std::collections::HashMap;

use krilla::{
    Document as Pdf, SerializeSettings,
    action::{Action, LinkAction},
    annotation::{Annotation, LinkAnnotation, Target},
    configure::{Accessibility, Archival, ConfigurationBuilder},
    destination::{Destination, XyzDestination},
    error::KrillaError,
    geom::Point,
    metadata::{DateTime, Metadata as PdfMetadata, TextDirection},
    outline::{Outline, OutlineNode},
    page::PageSettings,
    tagging::ArtifactType,
};

use crate::{
    blocks::{Color, Level, Link, Paragraph, Span},
    document::{Direction, Document, Metadata, Standards, Time},
    error::Error,
    flow::{Container, Flow},
    fonts::{self, Shaper},
    lines::Line,
    pages::{self, Page, Position},
    paint::{LinkArea, MARGINS, PAGE_HEIGHT, PAGE_WIDTH, Painter, TEXT_HEIGHT, TEXT_WIDTH},
    shape::Shaped,
    strips::{Area, HeadingTarget, Panel},
    tree::StructureTree,
};

/// The distance from the top of a page to its header, in points.
const HEADER_TOP: f32 = 37.0;
/// The distance from the bottom of a page to the top of its footer, in points.
const FOOTER_BOTTOM: f32 = 39.7;
/// Minimum space between the two texts of a footer, in points.
const FOOTER_GAP: f32 = 12.0;
/// Maximum length of a header or footer text, in characters: more than fits on a line.
const RUNNING_TEXT_MAX: usize = 300;
/// Distance above a heading to which its links and bookmark lead, in points.
const ABOVE_HEADING: f32 = 10.0;

/// Renders a document as PDF and returns its bytes. The same document always gives the same bytes.
///
/// # Errors
/// Returns [`Error::Standards`] if the document does not meet its standards, and [`Error::Unwritten`] if no
/// PDF can be written at all.
pub fn render(document: &Document) -> Result<Vec<u8>, Error> {
    let mut shaper = Shaper::take();
    let pdf = render_with(document, &mut shaper);
    shaper.give_back();
    pdf
}

fn render_with(document: &Document, shaper: &mut Shaper) -> Result<Vec<u8>, Error> {
    let direction = document.metadata.direction;
    let mut tree = StructureTree::default();
    let mut flow = Flow::new(&mut tree, shaper, direction);
    flow.blocks(&document.blocks, Container { x: 0.0, width: TEXT_WIDTH, panel: None, parent: None });
    flow.break_pages();
    let Flow { strips, panels, headers, headings, .. } = flow;
    let pages = pages::pages(&strips, &headers, TEXT_HEIGHT);
    let positions = heading_positions(&pages);
    let mut anchors = HashMap::new();
    for (heading, position) in headings.iter().zip(&positions) {
        if let Some(anchor) = &heading.anchor {
            anchors.entry(anchor.clone()).or_insert(*position);
        }
    }
    let mut writer =
        Writer { pdf: Pdf::new_with(settings(document.standards)?), tree, anchors, panels, direction };
    let mut running = RunningTexts::new(document, pages.len(), shaper);
    for (number, page) in pages.iter().enumerate() {
        writer.page(number, page, &mut running, shaper)?;
    }
    let Writer { mut pdf, tree, .. } = writer;
    if !headings.is_empty() {
        pdf.set_outline(outline(&headings, &positions));
    }
    pdf.set_metadata(pdf_metadata(&document.metadata));
    pdf.set_tag_tree(tree.finish());
    pdf.finish().map_err(|error| match error {
        KrillaError::Validation(errors) => Error::Standards(format!("{errors:?}")),
        error => Error::Unwritten(format!("{error:?}")),
    })
}

fn settings(standards: Standards) -> Result<SerializeSettings, Error> {
    let builder = ConfigurationBuilder::new();
    let builder = match standards {
        Standards::Archival => {
            builder.with_archival_validator(Archival::A2_A).with_accessibility_validator(Accessibility::UA1)
        }
        Standards::None => builder,
    };
    let configuration = builder.finish().map_err(|error| Error::Unwritten(format!("{error:?}")))?;
    Ok(SerializeSettings { no_device_cs: true, configuration, ..SerializeSettings::default() })
}

/// Returns the positions of the headings, in their order.
fn heading_positions(pages: &[Page<'_>]) -> Vec<Position> {
    let mut positions = Vec::new();
    for (number, page) in pages.iter().enumerate() {
        for placed in page.iter().filter(|placed| placed.strip.heading.is_some()) {
            positions.push(Position { page: number, y: (MARGINS.top + placed.y - ABOVE_HEADING).max(0.0) });
        }
    }
    positions
}

fn destination(position: Position) -> XyzDestination {
    XyzDestination::new(position.page, Point::from_xy(0.0, position.y))
}

/// Returns the bookmarks: sections with their subsections.
fn outline(headings: &[HeadingTarget], positions: &[Position]) -> Outline {
    let mut outline = Outline::new();
    let mut section: Option<OutlineNode> = None;
    for (heading, position) in headings.iter().zip(positions) {
        let node = OutlineNode::new(heading.text.clone(), destination(*position));
        match (heading.level, &mut section) {
            (Level::Title, _) => {}
            (Level::Subsection, Some(section)) => section.push_child(node),
            (Level::Subsection, None) => outline.push_child(node),
            (Level::Section, _) => {
                section.replace(node).into_iter().for_each(|section| outline.push_child(section));
            }
        }
    }
    section.into_iter().for_each(|section| outline.push_child(section));
    outline
}

/// Converts the metadata to the form that the PDF writer needs.
fn pdf_metadata(metadata: &Metadata) -> PdfMetadata {
    let Time { year, month, day, hour, minute, second } = metadata.written;
    let date = DateTime::new(year)
        .month(month)
        .day(day)
        .hour(hour)
        .minute(minute)
        .second(second)
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    let mut converted = PdfMetadata::new()
        .title(fonts::described(&metadata.title))
        .language(metadata.language.clone())
        .creation_date(date)
        .text_direction(match metadata.direction {
            Direction::LeftToRight => TextDirection::LeftToRight,
            Direction::RightToLeft => TextDirection::RightToLeft,
        });
    if let Some(author) = &metadata.author {
        converted = converted.authors(vec![author.clone()]);
    }
    if let Some(creator) = &metadata.creator {
        converted = converted.creator(creator.clone());
    }
    if let Some(identifier) = &metadata.identifier {
        converted = converted.document_id(identifier.clone());
    }
    converted
}

/// The header and the footer of pages.
struct RunningTexts<'a> {
    document: &'a Document,
    pages: usize,
    header: Option<Line>,
    start: FittedText,
    end: FittedText,
}

/// The last text that was fitted on a line, and the result. Most pages have the same one.
#[derive(Default)]
struct FittedText {
    text: String,
    width: f32,
    fitted: Option<(Line, f32)>,
}

impl FittedText {
    /// Does the same as [`fit_on_line`].
    fn fit(
        &mut self,
        text: String,
        width: f32,
        direction: Direction,
        shaper: &mut Shaper,
    ) -> Option<(Line, f32)> {
        if self.text != text || self.width != width {
            self.fitted = fit_on_line(&text, width, direction, shaper);
            (self.text, self.width) = (text, width);
        }
        self.fitted.clone()
    }
}

impl<'a> RunningTexts<'a> {
    fn new(document: &'a Document, pages: usize, shaper: &mut Shaper) -> Self {
        let direction = document.metadata.direction;
        let header =
            document.header.as_ref().and_then(|text| fit_on_line(text, TEXT_WIDTH, direction, shaper));
        let header = header.map(|(line, _)| line);
        Self { document, pages, header, start: FittedText::default(), end: FittedText::default() }
    }

    /// Returns the lines of a page's footer with their positions.
    fn footer(&mut self, page: usize, shaper: &mut Shaper) -> Vec<(Line, Area)> {
        let Some(footer) = &self.document.footer else { return Vec::new() };
        let direction = self.document.metadata.direction;
        let counted = |text: &str| {
            text.replace("{page}", &(page + 1).to_string()).replace("{pages}", &self.pages.to_string())
        };
        let y = PAGE_HEIGHT - FOOTER_BOTTOM;
        let end = self.end.fit(counted(&footer.end), TEXT_WIDTH / 2.0, direction, shaper);
        let taken = end.as_ref().map_or(0.0, |(_, width)| width + FOOTER_GAP);
        let start = self.start.fit(counted(&footer.start), TEXT_WIDTH - taken, direction, shaper);
        let mut lines = Vec::new();
        lines.extend(start.map(|(line, width)| (line, Area { x: 0.0, y, width, height: 0.0 })));
        lines.extend(end.map(|(line, width)| (line, Area { x: TEXT_WIDTH - width, y, width, height: 0.0 })));
        lines
    }
}

/// Returns a header or footer text on one line with its width, in points. A text wider than `width` is cut
/// and ends with an ellipsis.
fn fit_on_line(text: &str, width: f32, direction: Direction, shaper: &mut Shaper) -> Option<(Line, f32)> {
    let mut text: String = fonts::drawable(text).replace('\n', " ").chars().take(RUNNING_TEXT_MAX).collect();
    loop {
        let paragraph = Paragraph::from_spans(vec![Span::new(&text).size(9.0).color(Color::MUTED)]);
        let mut shaped = Shaped::new(&paragraph, direction, None, &mut StructureTree::default(), shaper);
        let wide = shaped.widest() + 0.1;
        if wide <= width {
            return Some((shaped.lines(wide).into_iter().next()?, wide));
        }
        // The first line shows roughly how much of the text fits.
        let first = shaped.lines(width).into_iter().next()?;
        let fits = first.runs.iter().map(|run| run.range().len()).sum::<usize>();
        let cut =
            text.char_indices().map(|(at, _)| at).take_while(|at| *at + 4 <= fits.min(text.len())).last()?;
        text.truncate(cut);
        text.push('…');
    }
}

/// A PDF under construction, and what its pages need.
struct Writer {
    pdf: Pdf,
    tree: StructureTree,
    anchors: HashMap<String, Position>,
    panels: Vec<Panel>,
    direction: Direction,
}

impl Writer {
    fn page(
        &mut self,
        number: usize,
        page: &Page<'_>,
        running: &mut RunningTexts<'_>,
        shaper: &mut Shaper,
    ) -> Result<(), Error> {
        let size = PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT);
        let size = size.ok_or_else(|| Error::Unwritten("a page has no size".to_owned()))?;
        let mut sheet = self.pdf.start_page_with(size);
        let mut surface = sheet.surface();
        let mut painter = Painter {
            surface: &mut surface,
            tree: &mut self.tree,
            page: number,
            mirrored: self.direction == Direction::RightToLeft,
            anchors: &self.anchors,
            links: Vec::new(),
        };
        if let Some(line) = running.header.as_ref().filter(|_| number > 0) {
            let area = Area { x: 0.0, y: HEADER_TOP, width: TEXT_WIDTH, height: 0.0 };
            painter.running(line, ArtifactType::Header, area);
        }
        painter.strips(page, &self.panels);
        for (line, area) in running.footer(number, shaper) {
            painter.running(&line, ArtifactType::Footer, area);
        }
        let links = painter.links;
        surface.finish();
        for LinkArea { rect, link, element, text } in links {
            let target = match link {
                Link::Url(url) => Target::Action(Action::Link(LinkAction::new(percent_encoded(&url)))),
                Link::Anchor(anchor) => {
                    let Some(position) = self.anchors.get(&anchor) else { continue };
                    Target::Destination(Destination::Xyz(destination(*position)))
                }
            };
            let annotation =
                Annotation::new_link(LinkAnnotation::new(rect, target), Some(fonts::described(&text)));
            let identifier = sheet.add_tagged_annotation(annotation);
            self.tree.content(element, identifier);
        }
        Ok(())
    }
}

/// Returns `url` with every byte outside visible ASCII percent-encoded.
fn percent_encoded(url: &str) -> String {
    let mut written = String::with_capacity(url.len());
    for byte in url.bytes() {
        match byte {
            b'!'..=b'~' => written.push(char::from(byte)),
            _ => written.push_str(&format!("%{byte:02X}")),
        }
    }
    written
}
