//! Names in parentheses: abbreviations, former names, translations. A place or a legal form in parentheses is
//! no name, but the name without it is one.

use super::{country, parts, weight};

/// Maximum number of parentheses in which names are looked for, which bounds the time for hostile input.
const PARENTHESES_MAX: usize = 8;
/// Maximum number of letters of an abbreviation.
const ABBREVIATION_LETTERS_MAX: usize = 12;
/// Minimum weight of the words of a translation in parentheses, which is more than one word.
const TRANSLATION_WEIGHT_MIN: f32 = 1.5;
/// Words that describe a part of a body or its legal form, and do not belong to a name in parentheses.
const DESCRIPTIONS: [&str; 20] = [
    "branch",
    "branches",
    "located",
    "location",
    "office",
    "offices",
    "only",
    "unit",
    "script",
    "holding",
    "offshore",
    "off",
    "zone",
    "ftz",
    "division",
    "department",
    "spelling",
    "including",
    "not",
    "see",
];

/// Words in long names of countries that are not part of the short ones.
const FORMS_OF_STATE: [&str; 14] = [
    "of",
    "the",
    "and",
    "union",
    "republic",
    "kingdom",
    "state",
    "federation",
    "federal",
    "emirate",
    "commonwealth",
    "islamic",
    "democratic",
    "socialist",
];

/// A name with one parenthesis in it.
#[derive(Clone, Copy, Debug)]
struct Parenthesis<'a> {
    before: &'a str,
    inside: &'a str,
    after: &'a str,
}

/// Returns the names in `part`, which has parentheses, other than the whole: the name without parentheses, and
/// what stands in them if it is a name.
pub(super) fn names_of(part: &str, is_person: bool) -> Vec<String> {
    let mut names = Vec::new();
    let found = parentheses(part);
    if found.is_empty() {
        return names;
    }
    names.push(without(part, &found));
    for parenthesis in found.iter().take(PARENTHESES_MAX) {
        names.extend(inner_names(*parenthesis, is_person));
    }
    names
}

/// Returns the outermost parentheses of `text`. One that is not closed ends with the text.
fn parentheses(text: &str) -> Vec<Parenthesis<'_>> {
    let (mut found, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    let mut add = |start: usize, end: usize, after: usize| {
        let before = text[..start].trim_end_matches(['(', '（']);
        found.push(Parenthesis { before, inside: text[start..end].trim(), after: &text[after..] });
    };
    for (at, c) in text.char_indices() {
        match c {
            '(' | '（' => {
                depth += 1;
                if depth == 1 {
                    start = at + c.len_utf8();
                }
            }
            ')' | '）' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    add(start, at, at + c.len_utf8());
                }
            }
            _ => {}
        }
    }
    if depth > 0 {
        add(start, text.len(), text.len());
    }
    found
}

/// Returns `text` without its parentheses.
fn without(text: &str, found: &[Parenthesis<'_>]) -> String {
    let mut rest = String::new();
    let mut from = 0;
    for Parenthesis { before, after, .. } in found {
        rest.push_str(text.get(from..before.len()).unwrap_or_default().trim_end());
        // In "Islamic Corps (IC)-Force", the dash belongs to the abbreviation.
        let after = after.strip_prefix('-').unwrap_or(after);
        rest.push_str(if after.starts_with([',', '.']) { "" } else { " " });
        from = text.len() - after.len();
    }
    rest.push_str(text.get(from..).unwrap_or_default());
    rest
}

/// Returns the names that stand in one parenthesis.
fn inner_names(parenthesis: Parenthesis<'_>, is_person: bool) -> Vec<String> {
    let Parenthesis { before, inside, after } = parenthesis;
    if let Some(name) = parts::after_label(inside) {
        return parts::top_level(name).into_iter().map(plain).collect();
    }
    if inside.contains(';') {
        let listed = inside.split(';').map(plain);
        return listed.filter(|name| !describes(name)).collect();
    }
    if is_person {
        return Vec::new();
    }
    let mut names = Vec::new();
    for short in inside.split(',').map(str::trim).filter(|part| is_abbreviation(part, before)) {
        names.push(short.to_owned());
        // In "Islamic Corps (IC)-Force", the abbreviation stands for the words before it.
        let after = after.trim_start_matches(|c: char| !c.is_alphanumeric());
        if is_more_than_form(after) && !after.contains(['(', '（']) {
            names.push(format!("{short} {after}"));
        }
    }
    let is_last = !is_more_than_form(after);
    if names.is_empty() && is_last && is_translation(inside) {
        names.push(plain(inside));
    }
    names
}

/// Returns whether the end of a name is more than a legal form or punctuation.
fn is_more_than_form(end: &str) -> bool {
    end.contains(char::is_alphanumeric) && weight(end) > 0.0
}

/// Returns `text` without the parentheses inside of it.
fn plain(text: &str) -> String {
    text.split(['(', '（']).next().unwrap_or_default().trim().to_owned()
}

/// Returns whether `text` says something of a body that is not its name.
fn describes(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    words.any(|word| DESCRIPTIONS.contains(&word.as_str()))
}

/// Returns whether `text` is a name of several words.
fn is_translation(text: &str) -> bool {
    text.split_whitespace().count() > 1
        && !is_place(text)
        && !describes(text)
        && weight(text) >= TRANSLATION_WEIGHT_MIN
}

/// Returns whether `text` is a country or its long name, such as "Union of the Comoros".
fn is_place(text: &str) -> bool {
    let is_form = |word: &&str| FORMS_OF_STATE.contains(&word.to_lowercase().as_str());
    let name: Vec<&str> = text.split_whitespace().filter(|word| !is_form(word)).collect();
    country::code(text).is_some() || country::code(&name.join(" ")).is_some()
}

/// Returns whether `short` abbreviates the name `before` it: one word with at least two capitals, whose letters
/// occur in the name in the same order, from the beginning of a word on.
fn is_abbreviation(short: &str, before: &str) -> bool {
    let letters: Vec<char> =
        short.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    let is_word = short.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '/' | '&' | '\''));
    let capitals = short.chars().filter(|c| c.is_uppercase()).count();
    let is_short = (2..=ABBREVIATION_LETTERS_MAX).contains(&letters.len());
    if !is_word || capitals < 2 || !is_short || country::code(short).is_some() {
        return false;
    }
    let name: Vec<char> = before.chars().flat_map(char::to_lowercase).collect();
    let starts = (0..name.len()).filter(|at| *at == 0 || !name[at - 1].is_alphanumeric());
    starts.into_iter().filter(|at| name[*at] == letters[0]).any(|at| {
        let mut rest = letters.iter().peekable();
        for c in &name[at..] {
            rest.next_if(|letter| *letter == c);
        }
        rest.peek().is_none()
    })
}
