//! The EU's consolidated list of financial sanctions, version 1.1, as XML and as CSV.

use super::{
    Columns, Entries, Entry, List, ListError, add, add_country, broken, rows, tidy,
    xml::{self, Token},
};

const XML: &str = "EU consolidated list (XML 1.1)";
const CSV: &str = "EU consolidated list (CSV 1.1)";
const NAME: &str = "EU consolidated list";

/// Kinds of identification that a company has.
const IDENTIFICATIONS: [(&str, &str); 6] = [
    ("regnumber", "reg"),
    ("fiscalcode", "tax"),
    ("swiftbic", "swift"),
    ("tradelic", "reg"),
    ("imo", "imo"),
    ("other", "reg"),
];

/// Names of a body by how well it is known by them.
#[derive(Default)]
struct Names {
    strong: Vec<String>,
    weak: Vec<String>,
}

impl Names {
    /// None is called the main one: it is the first strong one in Latin letters.
    fn give(self, entry: &mut Entry) {
        let latin = |name: &&String| name.chars().all(|c| !c.is_alphabetic() || c < '\u{250}');
        let main = self.strong.iter().find(latin).or(self.strong.first()).or(self.weak.first()).cloned();
        entry.name = main.unwrap_or_default();
        for name in self.strong.iter().chain(&self.weak).filter(|name| **name != entry.name) {
            add(&mut entry.aliases, name);
        }
    }
}

pub(super) fn read_xml(text: &str) -> Result<List, ListError> {
    let mut list = List { name: NAME.to_owned(), ..List::default() };
    let mut body: Option<(Entry, Names, bool)> = None;
    xml::read(text, |token| match token {
        Token::Start(name, attributes) => {
            let get = |name: &str| {
                attributes
                    .iter()
                    .find(|(known, _)| known == name)
                    .map(|(_, value)| value.as_str())
                    .unwrap_or_default()
            };
            match (name.as_str(), &mut body) {
                ("export", _) => {
                    list.published = Some(get("generationDate").to_owned()).filter(|date| !date.is_empty());
                }
                ("sanctionEntity", _) => {
                    let number =
                        [get("euReferenceNumber"), get("logicalId")].into_iter().find(|n| !n.is_empty());
                    let id = format!("eu-{}", number.unwrap_or_default());
                    body = Some((Entry { id, ..Entry::default() }, Names::default(), false));
                }
                ("subjectType", Some((_, _, is_body))) => {
                    *is_body = get("code") == "enterprise" || get("classificationCode") == "E";
                }
                ("regulation", Some((entry, _, _))) => add(&mut entry.programs, get("programme")),
                ("nameAlias", Some((_, names, _))) => {
                    let parts = [get("firstName"), get("middleName"), get("lastName")].join(" ");
                    let name = if get("wholeName").is_empty() { &parts } else { get("wholeName") };
                    let which = if get("strong") == "false" { &mut names.weak } else { &mut names.strong };
                    add(which, name);
                }
                ("address", Some((entry, _, _))) => add_country(&mut entry.countries, get("countryIso2Code")),
                ("identification", Some((entry, _, _)))
                    if get("knownFalse") != "true" && get("revokedByIssuer") != "true" =>
                {
                    let number = [get("number"), get("latinNumber")].into_iter().find(|n| !n.is_empty());
                    identification(entry, get("identificationTypeCode"), get("countryIso2Code"), number);
                }
                _ => {}
            }
        }
        Token::End(name) if name == "sanctionEntity" => {
            if let Some((mut entry, names, true)) = body.take() {
                names.give(&mut entry);
                if !entry.name.is_empty() {
                    list.entries.push(entry);
                }
            }
        }
        Token::Text(_) | Token::End(_) => {}
    })
    .map_err(|why| broken(XML, why))?;
    Ok(list)
}

fn identification(entry: &mut Entry, code: &str, country: &str, number: Option<&str>) {
    let kind = IDENTIFICATIONS.iter().find(|(known, _)| *known == code).map(|(_, kind)| kind);
    if let (Some(kind), Some(number)) = (kind, number) {
        let country = super::country::code(country).unwrap_or_default();
        add(&mut entry.ids, &format!("{kind}:{country}:{}", tidy(number)));
    }
}

pub(super) fn read_csv(text: &str) -> Result<List, ListError> {
    let mut reader = rows(text, b';', true);
    let columns = Columns::of(reader.headers().map_err(|error| broken(CSV, error))?);
    columns.require(
        CSV,
        &["Entity_LogicalId", "Entity_SubjectType_ClassificationCode", "NameAlias_WholeName"],
    )?;
    let mut list = List { name: NAME.to_owned(), ..List::default() };
    let mut entries = Entries::default();
    let mut names: std::collections::HashMap<String, Names> = std::collections::HashMap::new();
    for row in reader.records() {
        let row = row.map_err(|error| broken(CSV, error))?;
        let get = |name: &str| columns.get(&row, name);
        // In this format code and classification stand in each other's place.
        let is_body =
            get("Entity_SubjectType_ClassificationCode") == "enterprise" || get("Entity_SubjectType") == "E";
        let number =
            [get("Entity_EU_ReferenceNumber"), get("Entity_LogicalId")].into_iter().find(|n| !n.is_empty());
        let (true, Some(number)) = (is_body, number) else { continue };
        if list.published.is_none() {
            list.published = Some(get("fileGenerationDate").to_owned()).filter(|date| !date.is_empty());
        }
        let id = format!("eu-{number}");
        let entry = entries.of(&id);
        add(&mut entry.programs, get("Entity_Regulation_Programme"));
        add_country(&mut entry.countries, get("Address_CountryIso2Code"));
        if get("Identification_KnownFalse") != "true" && get("Identification_RevokedByIssuer") != "true" {
            let given = [get("Identification_Number"), get("Identification_LatinNumber")];
            let given = given.into_iter().find(|number| !number.is_empty());
            identification(
                entry,
                get("Identification_TypeCode"),
                get("Identification_CountryIso2Code"),
                given,
            );
        }
        let parts = ["NameAlias_FirstName", "NameAlias_MiddleName", "NameAlias_LastName"].map(get).join(" ");
        let whole = get("NameAlias_WholeName");
        let names = names.entry(id).or_default();
        let weak = get("NameAlias_Remark").to_lowercase().contains("low quality")
            || get("NameAlias_Strong") == "false";
        add(
            if weak { &mut names.weak } else { &mut names.strong },
            if whole.is_empty() { &parts } else { whole },
        );
    }
    for entry in &mut entries.entries {
        names.remove(&entry.id).unwrap_or_default().give(entry);
    }
    list.entries = entries.finish();
    Ok(list)
}
