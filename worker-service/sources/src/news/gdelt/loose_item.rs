//! Reads an article of a list that is not valid JSON: headlines with unescaped quotation marks, backslashes
//! that escape nothing, and control characters.

use serde_json::{Map, Value};

/// The members of an article.
pub(super) type Item = Map<String, Value>;

/// The members that articles have. A quotation mark ends a text only before one of them or at the end of the
/// article, so a headline may hold `", "` and `":`.
const KEYS: [&str; 10] = [
    "url",
    "url_mobile",
    "title",
    "seendate",
    "socialimage",
    "domain",
    "language",
    "sourcecountry",
    "sourcelang",
    "tone",
];

/// Reads the article at the start of `text`, which begins with `{`. Returns it with its length, or `None` if
/// it is not whole, or has a member twice: then a headline holds text that looks like a member.
pub(super) fn read(text: &str) -> Option<(Item, usize)> {
    let mut item = Item::new();
    let mut rest = text.strip_prefix('{')?.trim_start();
    loop {
        let (key, after) = key(rest)?;
        let (value, after) = value(after.trim_start())?;
        if item.insert(key.to_owned(), value).is_some() {
            return None;
        }
        let after = after.trim_start();
        if let Some(end) = after.strip_prefix('}') {
            return Some((item, text.len() - end.len()));
        }
        rest = after.strip_prefix(',')?.trim_start();
    }
}

/// Returns the rest of a list from the next article on, or from its end; nothing if neither comes.
pub(super) fn next_item(text: &str) -> &str {
    let ends = text.match_indices('}').map(|(at, _)| &text[at + 1..]);
    ends.filter(|rest| is_after_item(rest)).map(str::trim_start).next().unwrap_or_default()
}

/// Splits off the key of a member and its colon.
fn key(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('"')?;
    let (key, rest) = text.split_at(text.bytes().take(32).position(|b| b == b'"')?);
    let is_key = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let rest = rest[1..].trim_start().strip_prefix(':')?;
    is_key.then_some((key, rest))
}

/// Splits off the value of a member: a text, a number, or a word such as `null`.
fn value(text: &str) -> Option<(Value, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        return string(quoted).map(|(string, rest)| (Value::String(string), rest));
    }
    let end = text.find([',', '}', '{', '[', '"'])?;
    serde_json::from_str(text[..end].trim()).ok().map(|value| (value, &text[end..]))
}

/// Splits off a text, of which `text` begins after the opening quotation mark.
fn string(text: &str) -> Option<(String, &str)> {
    let mut string = String::new();
    let mut rest = text;
    loop {
        let at = rest.find(['"', '\\'])?;
        string.push_str(&rest[..at]);
        let is_escape = rest[at..].starts_with('\\');
        rest = &rest[at + 1..];
        if is_escape {
            rest = unescape(rest, &mut string);
        } else if is_end(rest) {
            return Some((string, rest));
        } else {
            string.push('"');
        }
    }
}

/// Appends the character that the escape before `rest` stands for. A backslash that escapes nothing stays
/// before a letter or digit, as in a path, and is left out before a sign.
fn unescape<'a>(rest: &'a str, string: &mut String) -> &'a str {
    let Some(escaped) = rest.chars().next() else { return rest };
    let after = &rest[escaped.len_utf8()..];
    match escaped {
        // The text ends with a backslash: an escaped quotation mark is followed by more of the text.
        '"' if is_end(after) => {
            string.push('\\');
            return rest;
        }
        'b' | 'f' | 'n' | 'r' | 't' => string.push(' '),
        'u' => match code_unit(after) {
            Some((c, after)) => {
                string.push(c);
                return after;
            }
            None => string.push_str("\\u"),
        },
        c if c.is_alphanumeric() => string.extend(['\\', c]),
        c => string.push(c),
    }
    after
}

/// Reads four hexadecimal digits, or two surrogates of four. A single surrogate becomes U+FFFD.
fn code_unit(text: &str) -> Option<(char, &str)> {
    let (first, rest) = hexadecimal(text)?;
    if let Some(c) = char::from_u32(first) {
        return Some((c, rest));
    }
    let second = rest.strip_prefix("\\u").and_then(hexadecimal);
    let pair = second.and_then(|(second, rest)| {
        let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
        Some((char::decode_utf16(units).next()?.ok()?, rest))
    });
    Some(pair.unwrap_or((char::REPLACEMENT_CHARACTER, rest)))
}

fn hexadecimal(text: &str) -> Option<(u32, &str)> {
    let digits = text.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    Some((u32::from_str_radix(digits, 16).ok()?, &text[4..]))
}

/// Returns whether a quotation mark before `rest` ends a text: a member or the end of the article follows.
fn is_end(rest: &str) -> bool {
    let rest = rest.trim_start();
    if let Some(rest) = rest.strip_prefix(',') {
        return key(rest.trim_start()).is_some_and(|(key, _)| KEYS.contains(&key));
    }
    rest.strip_prefix('}').is_some_and(is_after_item)
}

/// Returns whether an article ends before `rest`: the next one follows, or the end of the list or the answer.
fn is_after_item(rest: &str) -> bool {
    let rest = rest.trim_start();
    match rest.strip_prefix(',') {
        Some(next) => next
            .trim_start()
            .strip_prefix('{')
            .is_some_and(|next| key(next.trim_start()).is_some_and(|(key, _)| KEYS.contains(&key))),
        None => rest.is_empty() || rest.starts_with(']'),
    }
}
