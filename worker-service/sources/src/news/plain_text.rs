//! Plain text of headlines and snippets that hold HTML: character references and tags.

use encoding_rs::WINDOWS_1252;
use quick_xml::escape::resolve_html5_entity;

/// Maximum number of times that a text is unescaped. Outlets escape twice, aggregators once more.
const ROUNDS_MAX: usize = 4;
/// Maximum length of a character reference, in bytes: the longest name of HTML has 31 letters.
const REFERENCE_MAX: usize = 34;
/// Maximum length of a tag, in bytes. A `<` with no `>` within it is text.
const TAG_MAX: usize = 2048;
/// References that are also written without a semicolon.
const BARE_REFERENCES: [&str; 6] = ["amp", "apos", "gt", "lt", "nbsp", "quot"];

/// Returns `html` without tags and with its character references resolved, also if it is escaped several
/// times. A `<` or `&` that begins neither a tag nor a known reference is kept.
pub(super) fn plain_text(html: &str) -> String {
    let mut text = without_tags(html);
    for _ in 0..ROUNDS_MAX {
        if !text.contains('&') {
            break;
        }
        let unescaped = unescape(&text);
        if unescaped == text {
            break;
        }
        text = without_tags(&unescaped);
    }
    text
}

/// Returns the character or characters of the reference `&name;`, or `None` if it is not known.
pub(super) fn resolve(name: &str) -> Option<String> {
    let Some(number) = name.strip_prefix('#') else {
        return resolve_html5_entity(name).map(str::to_owned);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
        None => number.parse().ok()?,
    };
    match code {
        // HTML reads these numbers as windows-1252.
        0x80..=0x9f => {
            let byte = u8::try_from(code).ok()?;
            Some(WINDOWS_1252.decode_without_bom_handling(&[byte]).0.into_owned())
        }
        _ => Some(char::from_u32(code).filter(|c| !c.is_control()).unwrap_or(' ').to_string()),
    }
}

/// Replaces each known character reference once.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match reference(rest) {
            Some((resolved, length)) => {
                plain.push_str(&resolved);
                rest = &rest[length..];
            }
            None => plain.push('&'),
        }
    }
    plain.push_str(rest);
    plain
}

/// Returns what the reference at the start of `text`, after its `&`, stands for, and its length.
fn reference(text: &str) -> Option<(String, usize)> {
    let length = text.bytes().take(REFERENCE_MAX).take_while(|b| b.is_ascii_alphanumeric() || *b == b'#');
    let (name, rest) = text.split_at(length.count());
    if rest.starts_with(';') {
        return resolve(name).map(|resolved| (resolved, name.len() + 1));
    }
    // Only as a word of its own: "Q&amp=" is a part of an address, "R&lt" of a name.
    let is_bare = BARE_REFERENCES.contains(&name) && rest.chars().next().is_none_or(char::is_whitespace);
    is_bare.then(|| resolve(name).map(|resolved| (resolved, name.len()))).flatten()
}

/// Replaces tags and comments by spaces, and tags that mark words up, such as `<b>`, by nothing. Leaves out
/// scripts and styles with their content.
fn without_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(tag) = tag(rest) else {
            text.push('<');
            rest = &rest[1..];
            continue;
        };
        rest = &rest[tag.len()..];
        let name: String = tag[1..]
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_ascii_lowercase();
        match name.as_str() {
            "script" | "style" if !tag.starts_with("</") => rest = after_element(rest, &name),
            "a" | "abbr" | "b" | "em" | "font" | "i" | "mark" | "small" | "span" | "strong" | "sub"
            | "sup" | "u" | "wbr" => {}
            _ => text.push(' '),
        }
    }
    text.push_str(rest);
    text
}

/// Returns the tag, comment or declaration at the start of `text`, which begins with `<`.
fn tag(text: &str) -> Option<&str> {
    if text.starts_with("<!--") {
        return text.find("-->").map(|end| &text[..end + 3]).or(Some(text));
    }
    let begins = text[1..].trim_start_matches('/').chars().next();
    let is_tag =
        begins.is_some_and(|c| c.is_ascii_alphabetic()) || text.starts_with("<!") || text.starts_with("<?");
    let end = text.bytes().take(TAG_MAX).position(|b| b == b'>').filter(|_| is_tag)?;
    Some(&text[..=end])
}

/// Returns what follows the end tag of the element `name`, or nothing if it does not end.
fn after_element<'a>(text: &'a str, name: &str) -> &'a str {
    let end = text.match_indices("</").find(|(at, _)| {
        text.get(at + 2..at + 2 + name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name))
    });
    end.map_or("", |(at, _)| &text[at..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn references_and_tags_become_plain_text() {
        for (html, expected) in [
            ("Kestrel&nbsp;&ndash;&#8217;s &eacute;t&#xe9;", "Kestrel\u{a0}–’s été"),
            ("Harrow &amp;amp; Quill", "Harrow & Quill"),
            ("Harrow &amp;amp;amp;amp; Quill", "Harrow & Quill"),
            ("Harrow &amp Quill", "Harrow & Quill"),
            ("<b>Kes</b>trel &lt;i&gt;Foods&lt;/i&gt;", "Kestrel Foods"),
            ("Kestrel&#146;s &#0;plan &#x110000;", "Kestrel’s  plan  "),
            ("one<br/>two<!-- <b> -->three", "one two three"),
            ("<script>if (a < b) x()</script >Kestrel", " Kestrel"),
            ("AT&T, Q&A; 5 < 6 > 4 & &unknown; <3", "AT&T, Q&A; 5 < 6 > 4 & &unknown; <3"),
            ("&", "&"),
            ("<", "<"),
        ] {
            assert_eq!(plain_text(html), expected, "{html}");
        }
    }

    proptest! {
        #[test]
        fn any_text_becomes_plain_text(text in "[&<>;#a-z/! \\PC]{0,80}") {
            let plain = plain_text(&text);
            prop_assert!(!plain.contains("&amp;") && plain.len() <= text.len() * 3);
        }
    }
}
