//! The listing as JSON, as its service returns it.

use serde::Deserialize;

use super::{NAME, entity};
use crate::lists::list::{List, ListError, malformed};

const FORMAT: &str = "World Bank debarred firms (JSON)";

#[derive(Deserialize)]
struct Document {
    response: Response,
}

#[derive(Deserialize)]
struct Response {
    #[serde(rename = "ZPROCSUPP")]
    firms: Vec<Firm>,
}

#[derive(Deserialize)]
struct Firm {
    #[serde(rename = "SUPP_ID")]
    id: Number,
    #[serde(rename = "SUPP_NAME")]
    name: Option<String>,
    #[serde(rename = "ADD_SUPP_INFO")]
    other: Option<String>,
    #[serde(rename = "COUNTRY_NAME")]
    country: Option<String>,
}

/// A number that some editions write as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(u64),
    Text(String),
}

/// Reads the listing.
///
/// # Errors
/// Returns [`ListError::Malformed`] if the file is not JSON of this form.
pub(in crate::lists) fn read(text: &str) -> Result<List, ListError> {
    let document: Document = serde_json::from_str(text).map_err(|error| malformed(FORMAT, error))?;
    let entities = document.response.firms.into_iter().filter_map(|firm| {
        let id = match firm.id {
            Number::Number(number) => number.to_string(),
            Number::Text(text) => text,
        };
        let text = |text: Option<String>| text.unwrap_or_default();
        entity(&id, &text(firm.name), &text(firm.other), &text(firm.country))
    });
    Ok(List { name: NAME.to_owned(), published: None, entities: entities.collect() })
}
