//! The Swiss list (State Secretariat for Economic Affairs) as XML: programmes, places, and a `target` for each
//! entry with its history. Only what stands directly in a target is current.

mod target;

use std::collections::HashMap;

use self::target::Target;
use super::{
    country,
    list::{List, ListError, malformed},
    xml::{self, Event},
};

const FORMAT: &str = "SECO sanctions list (XML)";

/// The programmes and places that targets refer to. They stand before the targets.
#[derive(Default)]
struct Tables {
    /// The names of programmes by the ids of their sets of sanctions.
    programs: HashMap<String, String>,
    /// The codes of the countries of places.
    places: HashMap<String, String>,
    /// The open programme: its name and its sets.
    program: String,
    sets: Vec<String>,
    place: String,
}

/// Reads the list.
///
/// # Errors
/// Returns [`ListError::Malformed`] if the file is not well-formed XML.
pub(super) fn read(text: &str) -> Result<List, ListError> {
    let mut list = List { name: "SECO sanctions list".to_owned(), ..List::default() };
    let mut tables = Tables::default();
    let mut target: Option<Target> = None;
    let mut is_english = false;
    xml::read(text, |event, path| match (event, path.last_two()) {
        (Event::Start(attributes), ("", _)) => {
            list.published = Some(attributes.get("date").to_owned()).filter(|date| !date.is_empty());
        }
        (Event::Start(attributes), ("swiss-sanctions-list", "target")) => {
            target = Some(Target::new(attributes));
        }
        (Event::End(_), ("swiss-sanctions-list", "target")) => {
            list.entities.extend(target.take().and_then(|target| target.finish(&tables.programs)));
        }
        (Event::Start(attributes), (_, name)) => {
            is_english = attributes.get("lang") == "eng";
            match (&mut target, name) {
                (Some(target), _) => target.start(attributes, path, &tables.places),
                (None, "sanctions-set") => tables.sets.push(attributes.get("ssid").to_owned()),
                (None, "place") => attributes.get("ssid").clone_into(&mut tables.place),
                (None, "country") => tables.add_place(attributes.get("iso-code")),
                (None, _) => {}
            }
        }
        (Event::End(value), (_, name)) => match (&mut target, name) {
            (Some(target), _) => target.end(path, value),
            (None, "program-key") if is_english => value.clone_into(&mut tables.program),
            (None, "sanctions-program") => tables.end_program(),
            (None, "country") => tables.add_place(value),
            (None, _) => {}
        },
    })
    .map_err(|why| malformed(FORMAT, why))?;
    Ok(list)
}

impl Tables {
    /// Ends the open programme.
    fn end_program(&mut self) {
        for set in self.sets.drain(..) {
            self.programs.insert(set, self.program.clone());
        }
        self.program.clear();
    }

    /// Records the country of the open place.
    fn add_place(&mut self, country: &str) {
        if let Some(code) = country::code(country) {
            self.places.entry(self.place.clone()).or_insert(code);
        }
    }
}
