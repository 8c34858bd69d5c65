//! The fonts, which are part of the program, and the characters that they can print.

use std::{
    borrow::Cow,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};

use parley::{
    FontContext, FontFamilyName, LayoutContext,
    fontique::{Blob, CharmapIndex, Collection, CollectionOptions, FontInfoOverride, SourceCache},
};

use crate::lines::StyleIndex;

/// The fonts, each with the family name by which it is looked up.
const FONTS: [(&str, &[u8]); 18] = [
    ("latin", include_bytes!("../fonts/NotoSans-Regular.ttf")),
    ("latin bold", include_bytes!("../fonts/NotoSans-Bold.ttf")),
    ("japanese", include_bytes!("../fonts/NotoSansCJKjp-Regular.otf")),
    ("japanese bold", include_bytes!("../fonts/NotoSansCJKjp-Bold.otf")),
    ("korean", include_bytes!("../fonts/NotoSansCJKkr-Regular.otf")),
    ("arabic", include_bytes!("../fonts/NotoSansArabic-Regular.ttf")),
    ("arabic bold", include_bytes!("../fonts/NotoSansArabic-Bold.ttf")),
    ("hebrew", include_bytes!("../fonts/NotoSansHebrew-Regular.ttf")),
    ("hebrew bold", include_bytes!("../fonts/NotoSansHebrew-Bold.ttf")),
    ("devanagari", include_bytes!("../fonts/NotoSansDevanagari-Regular.ttf")),
    ("devanagari bold", include_bytes!("../fonts/NotoSansDevanagari-Bold.ttf")),
    ("thai", include_bytes!("../fonts/NotoSansThai-Regular.ttf")),
    ("thai bold", include_bytes!("../fonts/NotoSansThai-Bold.ttf")),
    ("armenian", include_bytes!("../fonts/NotoSansArmenian-Regular.ttf")),
    ("armenian bold", include_bytes!("../fonts/NotoSansArmenian-Bold.ttf")),
    ("georgian", include_bytes!("../fonts/NotoSansGeorgian-Regular.ttf")),
    ("georgian bold", include_bytes!("../fonts/NotoSansGeorgian-Bold.ttf")),
    ("chinese", include_bytes!("../fonts/DroidSansFallback.ttf")),
];

/// The families for regular text, in the order in which they are searched for a character.
pub(crate) static REGULAR: LazyLock<Vec<FontFamilyName<'static>>> =
    LazyLock::new(|| named(FONTS.iter().map(|font| font.0).filter(|name| !name.ends_with("bold"))));

/// The families for bold text. Each bold family is followed by the regular one, so that a character that no
/// bold font has is printed in regular weight.
pub(crate) static BOLD: LazyLock<Vec<FontFamilyName<'static>>> = LazyLock::new(|| {
    let regular = FONTS.iter().map(|font| font.0).filter(|name| !name.ends_with("bold"));
    named(regular.flat_map(|name| {
        let bold = FONTS.iter().map(|font| font.0).find(|bold| bold.strip_suffix(" bold") == Some(name));
        bold.into_iter().chain([name])
    }))
});

fn named(names: impl Iterator<Item = &'static str>) -> Vec<FontFamilyName<'static>> {
    names.map(FontFamilyName::named).collect()
}

/// The fonts in the forms that shaping, the PDF and [`is_drawable`] need.
struct Shared {
    collection: Collection,
    /// The fonts for the PDF, by their index in [`FONTS`].
    faces: Vec<Option<krilla::text::Font>>,
    /// The characters that each font has, with the bytes of the font.
    charmaps: Vec<(CharmapIndex, &'static [u8])>,
}

static SHARED: LazyLock<Shared> = LazyLock::new(|| {
    let mut collection = Collection::new(CollectionOptions { shared: false, system_fonts: false });
    let mut charmaps = Vec::new();
    let mut faces = Vec::new();
    for (index, (name, bytes_of)) in FONTS.iter().enumerate() {
        let bytes: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(*bytes_of);
        faces.push(krilla::text::Font::new(Arc::clone(&bytes).into(), 0));
        // The shaper identifies a font by the id of its blob, so the id is the index in FONTS.
        let blob = Blob::from_raw_parts(bytes, index as u64);
        let over = FontInfoOverride { family_name: Some(name), ..FontInfoOverride::default() };
        let families = collection.register_fonts(blob, Some(over));
        let own = families.iter().flat_map(|family| &family.1);
        charmaps.extend(own.map(|font| (font.charmap_index(), *bytes_of)));
    }
    Shared { collection, faces, charmaps }
});

/// Returns the font with this index in [`FONTS`], for the PDF.
pub(crate) fn face(index: usize) -> Option<krilla::text::Font> {
    SHARED.faces.get(index).cloned().flatten()
}

/// Whether each character is drawable, by its code point: 0 before it was looked up, then 1 or 2. A long text has
/// few different characters, and to look one up means to search the fonts.
static DRAWABLE: [AtomicU8; 0x11_0000] = [const { AtomicU8::new(0) }; 0x11_0000];

/// Returns whether a font has the character and the standards allow it.
fn is_drawable(c: char) -> bool {
    let cached = &DRAWABLE[c as usize];
    match cached.load(Ordering::Relaxed) {
        0 => {
            let drawable = look_up(c);
            cached.store(if drawable { 1 } else { 2 }, Ordering::Relaxed);
            drawable
        }
        known => known == 1,
    }
}

/// Looks up in the fonts and the standards what [`is_drawable`] returns.
fn look_up(c: char) -> bool {
    let private = matches!(u32::from(c), 0xe000..=0xf8ff | 0xf_0000..);
    match c {
        '\n' | ' '..='~' => true,
        '\u{feff}' | '\u{fffe}' => false,
        // Direction controls would also change the direction of the text that follows.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        _ if c.is_control() || private => false,
        _ => SHARED.charmaps.iter().any(|(index, bytes)| {
            index.charmap(bytes).and_then(|charmap| charmap.map(c)).is_some_and(|glyph| glyph != 0)
        }),
    }
}

/// Maximum number of joiners in a row that are kept. Writing needs one between two letters. A long run would
/// become the text of a single glyph, and the standards limit that to 32,767 bytes.
const JOINERS_MAX: usize = 4;

/// Replaces each character that no font has, and joiners beyond a few in a row, by the code point, such as
/// `[U+1F600]`. The standards do not allow characters that cannot be seen, and a reader should know that
/// something stands there. [`crate::render`] applies this to every text.
#[must_use]
pub fn drawable(text: &str) -> Cow<'_, str> {
    if text.chars().all(printable()) {
        return Cow::Borrowed(text);
    }
    let mut printable = printable();
    let mut printed = String::with_capacity(text.len());
    for c in text.chars() {
        if printable(c) {
            printed.push(c);
        } else {
            printed.push_str(&code_point(c));
        }
    }
    Cow::Owned(printed)
}

/// Returns a predicate that tells, for the characters of a text in order, whether each is printed as it is.
fn printable() -> impl FnMut(char) -> bool {
    let mut joiners = 0;
    move |c| {
        joiners = if matches!(c, '\u{200c}' | '\u{200d}') { joiners + 1 } else { 0 };
        joiners <= JOINERS_MAX && is_drawable(c)
    }
}

/// Maximum length of a description, in characters. The standards limit strings to 32,767 bytes, and a
/// character has up to four.
const DESCRIBED_MAX: usize = 8_000;

/// Returns `text` as a description: in characters that can be printed, and cut to the length that the
/// standards allow.
pub(crate) fn described(text: &str) -> String {
    drawable(text).chars().take(DESCRIBED_MAX).collect()
}

/// Returns a character as its code point, such as `[U+1F600]`.
pub(crate) fn code_point(c: char) -> String {
    format!("[U+{:04X}]", u32::from(c))
}

/// The fonts and the working memory for shaping text.
pub(crate) struct Shaper {
    /// The fonts.
    pub(crate) fonts: FontContext,
    /// Working memory, which is reused for every text.
    pub(crate) layout: LayoutContext<StyleIndex>,
}

/// Shapers that are not in use.
static IDLE: Mutex<Vec<Shaper>> = Mutex::new(Vec::new());
/// Maximum number of idle shapers that are kept.
const IDLE_MOST: usize = 8;

impl Shaper {
    /// Returns an idle shaper, or a new one if there is none.
    pub(crate) fn take() -> Self {
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.unwrap_or_else(|| Self {
            fonts: FontContext {
                collection: SHARED.collection.clone(),
                source_cache: SourceCache::default(),
            },
            layout: LayoutContext::new(),
        })
    }

    /// Makes this shaper available for reuse.
    pub(crate) fn give_back(self) {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MOST {
            idle.push(self);
        }
    }
}
