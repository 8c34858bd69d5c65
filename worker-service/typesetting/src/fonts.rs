//! The fonts, which are part of the program.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use parley::{
    FontContext, FontFamilyName, LayoutContext,
    fontique::{Blob, CharmapIndex, Collection, CollectionOptions, FontInfoOverride, SourceCache},
};

use crate::lines::Ink;

/// The fonts by the name they are looked up with.
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

/// The order in which the fonts are looked into for a character.
pub(crate) static REGULAR: LazyLock<Vec<FontFamilyName<'static>>> =
    LazyLock::new(|| named(FONTS.iter().map(|font| font.0).filter(|name| !name.ends_with("bold"))));

/// The order for bold text: a character that no bold font has is better regular than not there.
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

/// What the fonts are to their users.
struct Shared {
    collection: Collection,
    /// By the position in [`FONTS`].
    faces: Vec<Option<krilla::text::Font>>,
    /// Which characters each font has.
    charmaps: Vec<(CharmapIndex, &'static [u8])>,
}

static SHARED: LazyLock<Shared> = LazyLock::new(|| {
    let mut collection = Collection::new(CollectionOptions { shared: false, system_fonts: false });
    let mut charmaps = Vec::new();
    let mut faces = Vec::new();
    for (index, (name, bytes_of)) in FONTS.iter().enumerate() {
        let bytes: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(*bytes_of);
        faces.push(krilla::text::Font::new(Arc::clone(&bytes).into(), 0));
        // The shaper names a font by the number of its bytes: that is its position here.
        let blob = Blob::from_raw_parts(bytes, index as u64);
        let over = FontInfoOverride { family_name: Some(name), ..FontInfoOverride::default() };
        let families = collection.register_fonts(blob, Some(over));
        let own = families.iter().flat_map(|family| &family.1);
        charmaps.extend(own.map(|font| (font.charmap_index(), *bytes_of)));
    }
    Shared { collection, faces, charmaps }
});

/// The font at a position, for the PDF.
pub(crate) fn face(index: usize) -> Option<krilla::text::Font> {
    SHARED.faces.get(index).cloned().flatten()
}

/// Whether some font has the character and the standards take it.
fn is_drawable(c: char) -> bool {
    let private = matches!(u32::from(c), 0xe000..=0xf8ff | 0xf_0000..);
    match c {
        '\n' | ' '..='~' => true,
        '\u{feff}' | '\u{fffe}' => false,
        // What turns the direction of letters around would turn those of the next text as well.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        _ if c.is_control() || private => false,
        _ => SHARED.charmaps.iter().any(|(index, bytes)| {
            index.charmap(bytes).and_then(|charmap| charmap.map(c)).is_some_and(|glyph| glyph != 0)
        }),
    }
}

/// Writes what no font has as its code point, such as `[U+1F600]`: the standards take no character that cannot be seen,
/// and a reader is to know that something stands there. [`crate::render`] does this to every text.
#[must_use]
pub fn drawable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_drawable) {
        return Cow::Borrowed(text);
    }
    let written = |c: char| if is_drawable(c) { c.to_string() } else { code_point(c) };
    Cow::Owned(text.chars().map(written).collect())
}

/// A character as its code point.
pub(crate) fn code_point(c: char) -> String {
    format!("[U+{:04X}]", u32::from(c))
}

/// What text is shaped with.
pub(crate) struct Shaper {
    /// The fonts.
    pub(crate) fonts: FontContext,
    /// Room to work in, which is kept from text to text.
    pub(crate) layout: LayoutContext<Ink>,
}

/// Those that nobody uses at the moment.
static IDLE: Mutex<Vec<Shaper>> = Mutex::new(Vec::new());
/// Most that are kept.
const IDLE_MOST: usize = 8;

impl Shaper {
    /// Takes an idle one or makes one.
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

    /// Gives it back.
    pub(crate) fn give_back(self) {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MOST {
            idle.push(self);
        }
    }
}
