//! Identifiers of listed bodies and persons, by the labels that publishers give them.

use super::{
    country,
    text::{add, tidy},
};

/// Beginnings of labels, in lower case, with the kind of identifier. A label comes before every label that is a
/// prefix of it. The labels are those of OFAC ("Sanctions List Search", ID types); the Consolidated Screening
/// List has the same.
const LABELS: [(&str, &str); 42] = [
    ("unified social credit code", "reg"),
    ("certificate of incorporation number", "reg"),
    ("business registration", "reg"),
    ("business number", "reg"),
    ("chamber of commerce number", "reg"),
    ("commercial registry number", "reg"),
    ("government gazette number", "reg"),
    ("public registration number", "reg"),
    ("identification number imo", "imo"),
    ("vessel registration identification", "imo"),
    ("imo number", "imo"),
    ("folio mercantil no", "reg"),
    ("matricula mercantil no", "reg"),
    ("registration number", "reg"),
    ("registration id", "reg"),
    ("registered charity no", "reg"),
    ("legal entity number", "lei"),
    ("enterprise number", "reg"),
    ("economic register number", "reg"),
    ("central registration number", "reg"),
    ("company number", "reg"),
    ("trade license no", "reg"),
    ("trade licence no", "reg"),
    ("v.a.t. number", "tax"),
    ("vat number", "tax"),
    ("fiscal code", "tax"),
    ("tax id no", "tax"),
    ("d-u-n-s number", "duns"),
    ("swift/bic", "swift"),
    ("c.u.i.t", "tax"),
    ("c.r. no", "reg"),
    ("us fein", "tax"),
    ("r.f.c", "tax"),
    ("nit #", "tax"),
    ("ruc #", "tax"),
    ("rtn", "tax"),
    ("lei ", "lei"),
    ("passport", "passport"),
    ("national id no", "national"),
    ("national foreign id number", "national"),
    ("cedula no", "national"),
    ("identification number", "id"),
];

/// Returns the kind of the identifier with `label`, and what follows the label in `text`. Returns `None` if
/// `text` does not begin with a known label.
pub(super) fn labelled(text: &str) -> Option<(&'static str, &str)> {
    LABELS.iter().find_map(|(label, kind)| {
        let start = text.get(..label.len())?;
        start.eq_ignore_ascii_case(label).then(|| (*kind, &text[label.len()..]))
    })
}

/// Returns the kind of the identifier that a publisher calls `label`, or `None` if it does not identify a body
/// or a person.
pub(super) fn kind(label: &str) -> Option<&'static str> {
    labelled(&format!("{} ", label.trim())).map(|(kind, _)| kind)
}

/// Adds an identifier as `kind:country:number`, unless the number is empty or the identifier a duplicate.
/// `country` is a name or a code.
pub(super) fn add_identifier(ids: &mut Vec<String>, kind: &str, country: &str, number: &str) {
    let number = tidy(number);
    if !number.is_empty() {
        add(ids, &format!("{kind}:{}:{number}", country::code(country).unwrap_or_default()));
    }
}
