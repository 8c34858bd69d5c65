//! The report as a PDF, set by Typst: tagged (PDF/UA-1), archivable (PDF/A-2a), with bookmarks.
//!
//! The report reaches the template as data. Nothing is read from disk or network, and the fonts are part of the
//! program.

use std::{collections::HashSet, sync::LazyLock};

use serde_json::Value;
use thiserror::Error;
use typst::{
    Library, LibraryExt, World,
    diag::{FileError, FileResult, SourceDiagnostic},
    foundations::{Bytes, Datetime, Duration, Smart},
    syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot},
    text::{Font, FontBook},
    utils::LazyHash,
};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use super::view::View;

/// The fonts, in the order in which they are looked into for a character.
const FONTS: [&[u8]; 18] = [
    include_bytes!("fonts/NotoSans-Regular.ttf"),
    include_bytes!("fonts/NotoSans-Bold.ttf"),
    include_bytes!("fonts/NotoSansCJKjp-Regular.otf"),
    include_bytes!("fonts/NotoSansCJKjp-Bold.otf"),
    include_bytes!("fonts/NotoSansCJKkr-Regular.otf"),
    include_bytes!("fonts/NotoSansArabic-Regular.ttf"),
    include_bytes!("fonts/NotoSansArabic-Bold.ttf"),
    include_bytes!("fonts/NotoSansHebrew-Regular.ttf"),
    include_bytes!("fonts/NotoSansHebrew-Bold.ttf"),
    include_bytes!("fonts/NotoSansDevanagari-Regular.ttf"),
    include_bytes!("fonts/NotoSansDevanagari-Bold.ttf"),
    include_bytes!("fonts/NotoSansThai-Regular.ttf"),
    include_bytes!("fonts/NotoSansThai-Bold.ttf"),
    include_bytes!("fonts/NotoSansArmenian-Regular.ttf"),
    include_bytes!("fonts/NotoSansArmenian-Bold.ttf"),
    include_bytes!("fonts/NotoSansGeorgian-Regular.ttf"),
    include_bytes!("fonts/NotoSansGeorgian-Bold.ttf"),
    include_bytes!("fonts/DroidSansFallback.ttf"),
];

/// What every PDF is made with.
struct Shared {
    /// The characters that some font has.
    drawable: HashSet<u32>,
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    template: Source,
    data: FileId,
}

static SHARED: LazyLock<Shared> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the names are part of the program and a test uses them")]
    let file = |name: &str| {
        let path = VirtualPath::new(name).expect("a name is a path");
        FileId::new(RootedPath::new(VirtualRoot::Project, path))
    };
    let fonts: Vec<Font> = FONTS.iter().flat_map(|font| Font::iter(Bytes::new(*font))).collect();
    let drawable = fonts.iter().flat_map(|font| font.info().coverage.iter()).collect();
    Shared {
        drawable,
        library: LazyHash::new(Library::default()),
        book: LazyHash::new(FontBook::from_fonts(&fonts)),
        fonts,
        template: Source::new(file("report.typ"), include_str!("templates/report.typ").to_owned()),
        data: file("report.json"),
    }
});

/// Why there is no PDF: a mistake of the template.
#[derive(Debug, Error)]
#[error("the report cannot be set: {0}")]
pub(super) struct Unset(String);

impl Unset {
    fn because<'a>(diagnostics: impl IntoIterator<Item = &'a SourceDiagnostic>) -> Self {
        let said: Vec<&str> = diagnostics.into_iter().map(|said| said.message.as_str()).collect();
        Self(said.join("; "))
    }
}

/// The template with one report's data.
struct OneReport(Bytes);

impl World for OneReport {
    fn library(&self) -> &LazyHash<Library> {
        &SHARED.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &SHARED.book
    }

    fn main(&self) -> FileId {
        SHARED.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == SHARED.template.id() { Ok(SHARED.template.clone()) } else { Err(nothing_else(id)) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == SHARED.data { Ok(self.0.clone()) } else { Err(nothing_else(id)) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        SHARED.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

fn nothing_else(id: FileId) -> FileError {
    FileError::NotFound(id.get().vpath().get_without_slash().into())
}

/// The PDF. The same report always gives the same bytes.
pub(super) fn render(view: &View<'_>) -> Result<Vec<u8>, Unset> {
    let mut data = serde_json::to_value(view).map_err(|error| Unset(error.to_string()))?;
    make_drawable(&mut data);
    let data = serde_json::to_vec(&data).map_err(|error| Unset(error.to_string()))?;
    let set = set(OneReport(Bytes::new(data)), view);
    // What Typst remembers of one report helps no other.
    typst::comemo::evict(0);
    set
}

/// The standards that the PDF is written after.
const STANDARDS: &[PdfStandard] = &[PdfStandard::A_2a, PdfStandard::Ua_1];

/// Writes what no font has as its code point: the standards take no character that cannot be seen, and a reader is to
/// know that something stands there.
fn make_drawable(value: &mut Value) {
    match value {
        Value::String(text) if text.chars().any(|c| !is_drawable(c)) => {
            *text = text
                .chars()
                .map(|c| if is_drawable(c) { c.to_string() } else { format!("[U+{:04X}]", u32::from(c)) })
                .collect();
        }
        Value::Array(items) => items.iter_mut().for_each(make_drawable),
        Value::Object(members) => members.values_mut().for_each(make_drawable),
        _ => {}
    }
}

fn is_drawable(c: char) -> bool {
    c == '\n' || (!c.is_control() && SHARED.drawable.contains(&u32::from(c)))
}

fn set(world: OneReport, view: &View<'_>) -> Result<Vec<u8>, Unset> {
    let compiled = typst::compile::<PagedDocument>(&world);
    let document = compiled.output.map_err(|errors| Unset::because(&errors))?;
    // Nothing of the layout is needed to write it: that is half of the memory.
    typst::comemo::evict(0);
    written(&document, view, STANDARDS).or_else(|unset| {
        // A report that cannot be archived is better than none, and somebody is to know.
        tracing::warn!(error = %unset, "a PDF does not meet its standards and is written without them");
        written(&document, view, &[])
    })
}

fn written(document: &PagedDocument, view: &View<'_>, standards: &[PdfStandard]) -> Result<Vec<u8>, Unset> {
    let standards = PdfStandards::new(standards).map_err(|error| Unset(error.message().to_string()))?;
    let options = PdfOptions {
        ident: Smart::Custom(view.ident.clone()),
        creator: Smart::Custom(Some("Dossier".to_owned())),
        timestamp: timestamp(&view.written_at),
        standards,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(document, &options).map_err(|errors| Unset::because(&errors))
}

/// The time at which the report was written, from RFC 3339.
fn timestamp(written_at: &str) -> Option<Timestamp> {
    let part = |from: usize, to: usize| written_at.get(from..to)?.parse::<u8>().ok();
    let year = written_at.get(0..4)?.parse().ok()?;
    let (month, day) = (part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    Some(Timestamp::new_utc(Datetime::from_ymd_hms(year, month, day, hour, minute, second)?))
}
