//! Reads XML as a stream of events. Rejects what a hostile file could use to exhaust memory.

use quick_xml::{Reader, XmlVersion, escape::resolve_xml_entity, events};

/// Maximum depth of nested elements.
const DEPTH_MAX: usize = 32;

/// A part of an XML document. Names have no namespace.
#[derive(Debug)]
pub(super) enum Event {
    /// An element begins, with its attributes as pairs of name and value.
    Start(String, Vec<(String, String)>),
    /// Text inside the innermost element.
    Text(String),
    /// An element ends.
    End(String),
}

/// Calls `handle` with each event of `text`, in order.
///
/// # Errors
/// Returns what is wrong with `text`. A document type is rejected: no list has one, and it could declare
/// entities that expand without limit.
pub(super) fn read(text: &str, mut handle: impl FnMut(Event)) -> Result<(), String> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0_usize;
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            events::Event::Start(element) => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(format!("its elements are nested more than {DEPTH_MAX} levels deep"));
                }
                handle(start(&element)?);
            }
            events::Event::Empty(element) => {
                handle(start(&element)?);
                handle(Event::End(str::to_owned(element.local_name().as_ref())));
            }
            events::Event::End(element) => {
                depth = depth.saturating_sub(1);
                handle(Event::End(str::to_owned(element.local_name().as_ref())));
            }
            events::Event::Text(text) => handle(Event::Text(text.xml10_content().into_owned())),
            events::Event::CData(text) => handle(Event::Text(text.xml10_content().into_owned())),
            events::Event::GeneralRef(reference) => {
                let name = &*reference;
                let resolved = match reference.resolve_char_ref().map_err(|error| error.to_string())? {
                    Some(character) => character.to_string(),
                    None => resolve_xml_entity(name)
                        .ok_or_else(|| format!("it refers to an unknown entity {name:?}"))?
                        .to_owned(),
                };
                handle(Event::Text(resolved));
            }
            events::Event::DocType(_) => return Err("it has a document type, which no list has".to_owned()),
            events::Event::Eof if depth == 0 => return Ok(()),
            events::Event::Eof => return Err("it ends in the middle".to_owned()),
            events::Event::Decl(_) | events::Event::PI(_) | events::Event::Comment(_) => {}
        }
    }
}

/// Returns the event for the start tag of an element.
///
/// # Errors
/// Returns what is wrong with an attribute.
fn start(element: &events::BytesStart<'_>) -> Result<Event, String> {
    let mut attributes = Vec::new();
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
        attributes.push((str::to_owned(attribute.key.local_name().as_ref()), value.into_owned()));
    }
    Ok(Event::Start(str::to_owned(element.local_name().as_ref()), attributes))
}
