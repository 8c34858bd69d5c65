//! Reads XML as a stream of events. Rejects what a hostile file could use to exhaust memory.

mod path;

use std::borrow::Cow;

use quick_xml::{Reader, XmlVersion, escape::resolve_xml_entity, events};

pub(super) use self::path::Path;

/// Maximum depth of nested elements.
const DEPTH_MAX: usize = 32;

/// A part of an XML document. Names have no namespace.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// An element begins.
    Start(&'a Attributes<'a>),
    /// An element ends. The text is that since the last tag: the text of an element without others in it.
    End(&'a str),
}

/// The attributes of an element.
#[derive(Debug, Default)]
pub(super) struct Attributes<'a>(Vec<(String, Cow<'a, str>)>);

impl Attributes<'_> {
    /// Returns the value of an attribute without spaces around it, or an empty text if there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        let attribute = self.0.iter().find(|(other, _)| other == name);
        attribute.map(|(_, value)| value.trim()).unwrap_or_default()
    }
}

/// Calls `handle` with each event of `text`, in order, and with the path of its element.
///
/// # Errors
/// Returns what is wrong with `text`. A document type is rejected: no list has one, and it could declare
/// entities that expand without limit.
pub(super) fn read(text: &str, mut handle: impl FnMut(Event<'_>, &Path)) -> Result<(), String> {
    let mut reader = Reader::from_str(text);
    let mut path = Path::default();
    let mut value = String::new();
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            events::Event::Start(element) => {
                path.push(element.local_name().as_ref());
                if path.depth() > DEPTH_MAX {
                    return Err(format!("its elements are nested more than {DEPTH_MAX} levels deep"));
                }
                value.clear();
                handle(Event::Start(&attributes(&element)?), &path);
            }
            events::Event::Empty(element) => {
                path.push(element.local_name().as_ref());
                handle(Event::Start(&attributes(&element)?), &path);
                handle(Event::End(""), &path);
                path.pop();
                value.clear();
            }
            events::Event::End(_) => {
                handle(Event::End(value.trim()), &path);
                path.pop();
                value.clear();
            }
            events::Event::Text(text) => value.push_str(&text.xml10_content()),
            events::Event::CData(text) => value.push_str(&text.xml10_content()),
            events::Event::GeneralRef(reference) => {
                let name = &*reference;
                match reference.resolve_char_ref().map_err(|error| error.to_string())? {
                    Some(character) => value.push(character),
                    None => value.push_str(
                        resolve_xml_entity(name)
                            .ok_or_else(|| format!("it refers to an unknown entity {name:?}"))?,
                    ),
                }
            }
            events::Event::DocType(_) => return Err("it has a document type, which no list has".to_owned()),
            events::Event::Eof if path.depth() == 0 => return Ok(()),
            events::Event::Eof => return Err("it ends in the middle; get it again".to_owned()),
            events::Event::Decl(_) | events::Event::PI(_) | events::Event::Comment(_) => {}
        }
    }
}

/// Returns the attributes of an element.
///
/// # Errors
/// Returns what is wrong with an attribute.
fn attributes<'a>(element: &'a events::BytesStart<'_>) -> Result<Attributes<'a>, String> {
    let mut attributes = Vec::new();
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
        let value = Cow::Owned(value.into_owned());
        attributes.push((str::to_owned(attribute.key.local_name().as_ref()), value));
    }
    Ok(Attributes(attributes))
}

/// Returns the name of the root element of `text`, or `None` if it has none.
pub(super) fn root(text: &str) -> Option<String> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().ok()? {
            events::Event::Start(element) | events::Event::Empty(element) => {
                return Some(str::to_owned(element.local_name().as_ref()));
            }
            events::Event::Eof => return None,
            _ => {}
        }
    }
}
