//! Decodes the bytes of a feed. Feeds often state an encoding that they are not written in.

use std::borrow::Cow;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Number of bytes in which the XML declaration is looked for.
const DECLARATION_MAX: usize = 512;

/// Returns the text of `bytes`. The encoding is that of the byte order mark, of the header `Content-Type`, or of
/// the XML declaration, in this order (RFC 7303, section 3), or UTF-8. Text that is UTF-8 is never read as
/// windows-1252 or ISO-8859-1, which servers state by default.
pub(super) fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    let stated =
        content_type.and_then(of_header).or_else(|| of_bytes(bytes)).or_else(|| of_declaration(bytes));
    if (stated.is_none() || stated == Some(WINDOWS_1252) || stated == Some(UTF_8))
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return Cow::Borrowed(text);
    }
    let declared = of_declaration(bytes).filter(|encoding| *encoding != UTF_8);
    let encoding = stated.filter(|encoding| *encoding != UTF_8).or(declared);
    match encoding {
        Some(encoding) => encoding.decode_without_bom_handling(bytes).0,
        // One wrong byte in a text that is UTF-8 otherwise costs that character alone.
        None if is_mostly_utf8(bytes) => String::from_utf8_lossy(bytes),
        None => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

/// Returns the encoding that a value of `Content-Type` states.
fn of_header(content_type: &str) -> Option<&'static Encoding> {
    let stated = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']))
    })?;
    known(stated)
}

/// Returns UTF-16 if the first characters have the zero bytes of one of its forms.
fn of_bytes(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [b'<', 0, _, 0, ..] => Some(UTF_16LE),
        [0, b'<', 0, _, ..] => Some(UTF_16BE),
        _ => None,
    }
}

/// Returns the encoding that the XML declaration states. One that can be read as ASCII is not UTF-16.
fn of_declaration(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(DECLARATION_MAX)]);
    let declaration = start.trim_start().strip_prefix("<?xml")?.split("?>").next()?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let label = value.strip_prefix(['"', '\''])?.split(['"', '\'']).next()?;
    known(label).filter(|encoding| *encoding != UTF_16LE && *encoding != UTF_16BE)
}

fn known(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label(label.as_bytes()).filter(|encoding| *encoding != REPLACEMENT)
}

/// Returns whether more characters beyond ASCII are UTF-8 than not.
fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let (mut valid, mut invalid) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        invalid += usize::from(!chunk.invalid().is_empty());
    }
    valid > invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stated_encoding_is_used() {
        let latin = |declaration: &str| [declaration.as_bytes(), b"Caf\xe9 \x96 \x80"].concat();
        let declared = latin("<?xml version='1.0' encoding='ISO-8859-1'?>");
        assert!(decode(&declared, None).ends_with("Café – €"));
        assert!(decode(&declared, Some("text/xml; charset=utf-8")).ends_with("Café – €"));
        assert_eq!(decode(&latin(""), Some("text/xml; Charset=\"windows-1252\"")), "Café – €");
        assert_eq!(decode(&latin(""), None), "Café – €");
        assert_eq!(decode(b"\x90\xc2\x96\xf6", Some("text/xml;charset=Shift_JIS")), "青柳");
    }

    #[test]
    fn utf_8_is_not_mistaken() {
        let text = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><t>Café</t>";
        assert_eq!(decode(text.as_bytes(), Some("text/xml; charset=ISO-8859-1")), text);
        assert_eq!(decode("\u{feff}Café".as_bytes(), Some("text/xml; charset=ISO-8859-1")), "Café");
        assert_eq!(decode(b"Caf\xc3\xa9 b\xc3\xa9b\xc3\xa9 \xff", None), "Café bébé \u{fffd}");
    }

    #[test]
    fn utf_16_is_recognised_with_and_without_a_mark() {
        let units = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        assert_eq!(decode(&units("\u{feff}<a>é"), None), "<a>é");
        assert_eq!(decode(&units("<a>é"), None), "<a>é");
        let claimed = b"<?xml version=\"1.0\" encoding=\"UTF-16\"?><t/>";
        assert!(decode(claimed, None).ends_with("<t/>"));
    }
}
