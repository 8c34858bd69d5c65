//! Separators between names: semicolons, slashes with spaces, "and" between two abbreviated names, and labels such
//! as "a.k.a.".

/// Minimum number of letters on both sides of a spaced slash between names. "A / S" is a legal form.
const SLASH_LETTERS_MIN: usize = 3;

/// Labels that stand between two names, in lower case.
const LABELS: [&str; 17] = [
    "also known as",
    "formerly known as",
    "previously known as",
    "now known as",
    "doing business as",
    "trading as",
    "formerly",
    "previously",
    "a.k.a.",
    "f.k.a.",
    "n.k.a.",
    "d/b/a",
    "a/k/a",
    "f/k/a",
    "aka",
    "fka",
    "nka",
];
/// Labels that are also ordinary words: they count only at the start of a parenthesis or after a comma.
const WORDS: [&str; 2] = ["formerly", "previously"];

/// Labels that stand only at the start of a parenthesis.
const SHORT_LABELS: [&str; 4] = ["ex", "now", "alias", "or"];

/// Returns whether `field` contains anything that can separate names.
pub(super) fn may_hold_several(field: &str) -> bool {
    field.contains([';', '(', '（']) || slash_at(field).is_some() || label_in(field).is_some()
}

/// Returns the parts of `field` between separators outside of parentheses. A field without a separator is its
/// only part.
pub(super) fn top_level(field: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in outside_parentheses(field, |rest| rest.starts_with(';').then_some((0, 1))) {
        for part in slashed(part) {
            for part in outside_parentheses(part, and_after_parenthesis) {
                labelled(part, &mut parts);
            }
        }
    }
    parts
}

/// Splits `text` at every place outside of parentheses where `separator` finds one. `separator` gets the rest
/// of the text and returns how many bytes of it belong to the part before, and where the next part begins.
fn outside_parentheses(text: &str, separator: impl Fn(&str) -> Option<(usize, usize)>) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '（' => depth += 1,
            ')' | '）' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if let Some((kept, next)) = (depth == 0 && at >= start).then(|| separator(&text[at..])).flatten() {
            parts.push(text[start..at + kept].trim());
            start = at + next;
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// Finds ") and " where another parenthesis follows: "A (ABC) and B (DEF)" are two names.
fn and_after_parenthesis(rest: &str) -> Option<(usize, usize)> {
    let after = rest.strip_prefix(')')?.trim_start();
    let word = ["and ", "& "].into_iter().find(|word| starts_with(after, word))?;
    let next = after.get(word.len()..)?;
    (next.contains('(') && next.trim_end().ends_with(')')).then(|| (1, rest.len() - next.len()))
}

/// Splits `text` at slashes with a space beside them, unless a side is too short to be a name.
fn slashed(text: &str) -> Vec<&str> {
    let parts = outside_parentheses(text, |rest| {
        let slash = ["/ ", " / ", " /"].into_iter().find(|slash| rest.starts_with(slash))?;
        Some((0, slash.len()))
    });
    let letters = |part: &str| part.chars().filter(|c| c.is_alphanumeric()).count();
    let is_long = |part: &&str| !part.is_ascii() || letters(part) >= SLASH_LETTERS_MIN;
    if parts.iter().all(is_long) { parts } else { vec![text] }
}

/// Returns the position of the first slash with a space before or after it.
fn slash_at(text: &str) -> Option<usize> {
    text.find("/ ").or_else(|| text.find(" /"))
}

/// Adds the parts of `text` before and after each label.
fn labelled<'a>(text: &'a str, parts: &mut Vec<&'a str>) {
    let mut rest = text;
    while let Some((at, length)) = label_in(rest) {
        parts.push(trimmed(&rest[..at]));
        rest = &rest[at + length..];
    }
    parts.push(trimmed(rest));
    parts.retain(|part| !part.is_empty());
}

/// Returns the text without the label at its start, or `None` if it has none. The text stands in parentheses.
pub(super) fn after_label(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let label = LABELS
        .into_iter()
        .chain(SHORT_LABELS)
        .find(|label| starts_with(text, label) && ends_at(text, label.len()))?;
    Some(trimmed(&text[label.len()..]))
}

/// Returns `text` without the punctuation between a name and a label.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | ';' | '-'))
}

/// Returns the position and length of the first label that has a name before and after it.
fn label_in(text: &str) -> Option<(usize, usize)> {
    let starts = text.char_indices().zip(text.chars().skip(1)).filter(|((_, c), _)| !c.is_alphanumeric());
    let places = starts.map(|((at, c), _)| at + c.len_utf8());
    let may_be_label = |at: &usize| {
        let first = text.as_bytes().get(*at).map(u8::to_ascii_lowercase);
        LABELS.iter().any(|label| label.as_bytes().first().copied() == first)
    };
    let mut places = places.filter(may_be_label);
    places.find_map(|at| {
        let (before, rest) = (text[..at].trim_end(), &text[at..]);
        let is_label = |label: &&str| {
            starts_with(rest, label)
                && ends_at(rest, label.len())
                && (!WORDS.contains(label) || before.ends_with(','))
                && has_letters(before)
                && has_letters(&rest[label.len()..])
                && !before.contains('(')
        };
        LABELS.iter().find(|label| is_label(label)).map(|label| (at, label.len()))
    })
}

fn has_letters(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Returns whether `text` begins with the ASCII text `prefix` in any case.
fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Returns whether a word ends at the byte `at` of `text`.
fn ends_at(text: &str, at: usize) -> bool {
    text.get(at..).is_some_and(|rest| rest.starts_with(|c: char| c.is_whitespace() || c == ':'))
}
