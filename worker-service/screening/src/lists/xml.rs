//! XML as a stream of elements: what the readers of lists need, with nothing that a hostile file could
//! expand.

use quick_xml::{Reader, XmlVersion, escape::resolve_xml_entity, events::Event};

/// What a stream tells.
#[derive(Debug)]
pub(super) enum Token {
    /// An element begins, with its attributes.
    Start(String, Vec<(String, String)>),
    /// Text inside the innermost element.
    Text(String),
    /// An element ends.
    End(String),
}

/// Elements may lie no deeper than this.
const DEPTH_MAX: usize = 32;

/// Tells every token of `text` to `tell`, names without their namespaces.
///
/// # Errors
/// What is wrong with it. A document type is refused: no list has one, and entities could be declared in it.
pub(super) fn read(text: &str, mut tell: impl FnMut(Token)) -> Result<(), String> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0_usize;
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(element) => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(format!("its elements lie more than {DEPTH_MAX} deep"));
                }
                tell(start(&element)?);
            }
            Event::Empty(element) => {
                tell(start(&element)?);
                tell(Token::End(local(element.local_name().as_ref())));
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                tell(Token::End(local(element.local_name().as_ref())));
            }
            Event::Text(text) => tell(Token::Text(text.xml10_content().into_owned())),
            Event::CData(text) => tell(Token::Text(text.xml10_content().into_owned())),
            Event::GeneralRef(reference) => {
                let name = &*reference;
                let resolved = match reference.resolve_char_ref().map_err(|error| error.to_string())? {
                    Some(character) => character.to_string(),
                    None => resolve_xml_entity(name)
                        .ok_or_else(|| format!("it names an unknown entity {name:?}"))?
                        .to_owned(),
                };
                tell(Token::Text(resolved));
            }
            Event::DocType(_) => return Err("it has a document type, which no list has".to_owned()),
            Event::Eof if depth == 0 => return Ok(()),
            Event::Eof => return Err("it ends in the middle".to_owned()),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
}

fn start(element: &quick_xml::events::BytesStart<'_>) -> Result<Token, String> {
    let mut attributes = Vec::new();
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
        attributes.push((local(attribute.key.local_name().as_ref()), value.into_owned()));
    }
    Ok(Token::Start(local(element.local_name().as_ref()), attributes))
}

fn local(name: &str) -> String {
    name.to_owned()
}
