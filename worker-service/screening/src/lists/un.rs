//! The UN Security Council's consolidated list as XML.

use super::{
    Entry, List, ListError, add, add_country, broken, tidy,
    xml::{self, Token},
};

const FORMAT: &str = "UN consolidated list (XML)";

pub(super) fn read(text: &str) -> Result<List, ListError> {
    let mut list = List { name: "UN consolidated list".to_owned(), ..List::default() };
    let mut path: Vec<String> = Vec::new();
    let mut entry: Option<Entry> = None;
    let mut reference = String::new();
    let mut value = String::new();
    xml::read(text, |token| match token {
        Token::Start(name, attributes) => {
            value.clear();
            if name == "CONSOLIDATED_LIST" {
                list.published =
                    attributes.into_iter().find(|(name, _)| name == "dateGenerated").map(|(_, date)| date);
            }
            if name == "ENTITY" {
                entry = Some(Entry::default());
                reference.clear();
            }
            path.push(name);
        }
        Token::Text(text) => value.push_str(&text),
        Token::End(name) => {
            path.pop();
            if let Some(body) = &mut entry {
                let parent = path.last().map(String::as_str).unwrap_or_default();
                match (parent, name.as_str()) {
                    ("ENTITY", "FIRST_NAME") => body.name = tidy(&value),
                    ("ENTITY", "DATAID") if reference.is_empty() => reference = tidy(&value),
                    ("ENTITY", "REFERENCE_NUMBER") if !tidy(&value).is_empty() => {
                        reference = tidy(&value).trim_end_matches('.').to_owned();
                    }
                    ("ENTITY", "UN_LIST_TYPE") => add(&mut body.programs, &value),
                    ("ENTITY", "NAME_ORIGINAL_SCRIPT") => add(&mut body.aliases, &value),
                    ("ENTITY_ALIAS", "ALIAS_NAME") => {
                        for alias in value.split("; ") {
                            add(&mut body.aliases, alias);
                        }
                    }
                    ("ENTITY_ADDRESS", "COUNTRY") => add_country(&mut body.countries, &value),
                    _ => {}
                }
            }
            value.clear();
            if name == "ENTITY"
                && let Some(mut body) = entry.take()
                && !body.name.is_empty()
            {
                body.id = format!("un-{reference}");
                list.entries.push(body);
            }
        }
    })
    .map_err(|why| broken(FORMAT, why))?;
    Ok(list)
}
