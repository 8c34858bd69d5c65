//! Parses an article list of the GDELT DOC 2.0 API, item by item: a broken item does not cost the others.

use serde_json::{Map, Value};

use super::loose_item::{self, Item};
use crate::{
    error::SourceError,
    news::{answer::Answer, plain_text::plain_text, story::Story},
    source::ITEMS_MAX,
};

/// Maximum number of items that are looked at, whole and broken ones.
const TRIED_MAX: usize = 1000;
/// Maximum size of an item, in bytes.
const ITEM_MAX: usize = 64 * 1024;
/// Maximum length of an error text of the service that is passed on, in characters.
const SHOWN_MAX: usize = 120;

/// Parses an answer. The service reports errors as text or as a page, with status 200.
///
/// # Errors
/// Returns [`SourceError`] if the answer is no list of articles, or none of its articles can be read.
pub(super) fn parse(bytes: &[u8]) -> Result<Answer, SourceError> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Ok(Answer::default());
    }
    if !text.starts_with('{') {
        return Err(refusal(text));
    }
    let answer = match serde_json::from_str::<Map<String, Value>>(text) {
        Ok(answer) => whole(&answer)?,
        Err(_) => broken(text)?,
    };
    if answer.stories.is_empty() && !answer.is_complete() {
        let cut = if answer.is_cut { ", and it ends early" } else { "" };
        let unreadable = answer.unreadable;
        return Err(SourceError::Unreadable(format!(
            "none of its articles can be read: {unreadable} are broken{cut}"
        )));
    }
    Ok(answer)
}

/// Returns the error for an answer that is not JSON.
fn refusal(text: &str) -> SourceError {
    let shown = safe_text::clean(&plain_text(&text.chars().take(4096).collect::<String>()), SHOWN_MAX);
    if shown.to_lowercase().contains("limit requests") {
        SourceError::Throttled { retry_after: None }
    } else {
        SourceError::Refused(format!("it says {shown:?}"))
    }
}

/// Returns the stories of an answer that is valid JSON.
fn whole(answer: &Map<String, Value>) -> Result<Answer, SourceError> {
    let articles = match answer.get("articles") {
        Some(Value::Array(articles)) => articles,
        // The answer is {} if there are none.
        None if answer.is_empty() => return Ok(Answer::default()),
        _ => return Err(SourceError::Unreadable("it has no list of articles".to_owned())),
    };
    let mut found = Answer::default();
    for article in articles.iter().take(TRIED_MAX) {
        add(&mut found, article.as_object().and_then(story));
    }
    Ok(found)
}

/// Returns the stories of an answer that is not valid JSON: those of its items that can be read.
fn broken(text: &str) -> Result<Answer, SourceError> {
    let Some(mut rest) = start_of_list(text) else {
        return Err(SourceError::Unreadable("it is broken before its list of articles".to_owned()));
    };
    let mut found = Answer { is_cut: true, ..Answer::default() };
    for _ in 0..TRIED_MAX {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if rest.starts_with(']') {
            found.is_cut = false;
        }
        if !rest.starts_with('{') {
            break;
        }
        let item = &rest[..rest.floor_char_boundary(ITEM_MAX)];
        match read(item) {
            Some((article, length)) => {
                add(&mut found, story(&article));
                rest = &rest[length..];
            }
            None => {
                add(&mut found, None);
                rest = loose_item::next_item(rest);
            }
        }
    }
    Ok(found)
}

/// Reads the item at the start of `text`. Returns it with its length.
fn read(text: &str) -> Option<(Item, usize)> {
    let mut items = serde_json::Deserializer::from_str(text).into_iter::<Item>();
    match items.next() {
        Some(Ok(item)) => Some((item, items.byte_offset())),
        _ => loose_item::read(text),
    }
}

/// Returns what follows the bracket of the member `articles`.
fn start_of_list(text: &str) -> Option<&str> {
    const KEY: &str = "\"articles\"";
    let rest = text.get(text.find(KEY)? + KEY.len()..)?;
    rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('[')
}

/// Adds a story, or counts an article that is none.
fn add(answer: &mut Answer, story: Option<Story>) {
    match story {
        Some(story) if answer.stories.len() < ITEMS_MAX => answer.stories.push(story),
        Some(_) => {}
        None => answer.unreadable += 1,
    }
}

/// Returns the story of an item, or `None` if it has no headline.
fn story(item: &Item) -> Option<Story> {
    let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
    let title = plain_text(text("title"));
    let has_words = title.chars().any(char::is_alphanumeric);
    has_words.then(|| Story {
        title,
        outlet: text("domain").to_owned(),
        country: text("sourcecountry").to_owned(),
        published_at: seen_at(text("seendate")),
        language: text("language").to_owned(),
        url: Some(text("url").to_owned()).filter(|url| !url.is_empty()),
        snippet: None,
    })
}

/// Parses a date as GDELT writes it: 20260105T120000Z.
fn seen_at(text: &str) -> Option<domain::time::UtcTime> {
    let part =
        |from: usize, to: usize| text.get(from..to).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(9, 11)?, part(11, 13)?, part(13, 15)?);
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WHOLE: &str = r#"{"url": "https://a.example/1", "title": "Quillmarsh opens a plant", "seendate": "20260105T120000Z", "domain": "a.example"}"#;

    /// Returns the headlines, the number of unreadable articles, and whether the answer is cut.
    fn read_all(items: &str) -> (Vec<String>, usize, bool) {
        let answer = parse(format!("{{\"articles\": [{items}").as_bytes()).unwrap();
        let titles = answer.stories.into_iter().map(|story| safe_text::clean(&story.title, 300)).collect();
        (titles, answer.unreadable, answer.is_cut)
    }

    /// Returns the headline of an item between two whole ones, which must both be read.
    fn between(title: &str) -> String {
        let broken =
            format!(r#"{{"url": "https://b.example/2", "title": {title}, "seendate": "20260106T080000Z"}}"#);
        let (titles, unreadable, is_cut) = read_all(&format!("{WHOLE}, {broken}, {WHOLE}]}}"));
        assert_eq!((titles.len(), unreadable, is_cut), (3, 0, false), "{titles:?}");
        titles[1].clone()
    }

    #[test]
    fn an_error_in_plain_text_is_not_an_empty_answer() {
        assert!(matches!(parse(b"The specified phrase is too short."), Err(SourceError::Refused(_))));
        let page = parse(b"<html><body><p>Too &amp; many words</p></body></html>").unwrap_err();
        assert!(page.to_string().contains("\"Too & many words"), "{page}");
        let limited = parse(b"Please limit requests to one every 5 seconds");
        assert!(matches!(limited, Err(SourceError::Throttled { retry_after: None })));
    }

    #[test]
    fn only_an_empty_list_is_an_empty_answer() {
        for empty in ["{}", " ", "{\"articles\": []}", "\u{feff}{}"] {
            assert!(parse(empty.as_bytes()).unwrap().stories.is_empty(), "{empty}");
        }
        for other in [
            "{\"articles\": 7}",
            "{\"articles\": null}",
            "{\"error\": \"down\"}",
            "{\"articles\": [",
            "{\"articles\": [{\"url\": \"https://a",
            "{\"articles\": [{\"title\": null}]}",
            "{\"arti",
        ] {
            assert!(matches!(parse(other.as_bytes()), Err(SourceError::Unreadable(_))), "{other}");
        }
    }

    #[test]
    fn unescaped_quotes_stay_in_the_headline() {
        assert_eq!(
            between(r#""Board calls " clean slate " a success | WIRE""#),
            r#"Board calls " clean slate " a success | WIRE"#
        );
        assert_eq!(between(r#"""Never", says chair""#), r#""Never", says chair"#);
        assert_eq!(between(r#""They say "no"""#), r#"They say "no""#);
        assert_eq!(between(r#""Vote: "yes", "no": a tie""#), r#"Vote: "yes", "no": a tie"#);
        assert_eq!(between(r#""{"braces"}, [lists]""#), r#"{"braces"}, [lists]"#);
    }

    #[test]
    fn bad_escapes_and_control_characters_are_read() {
        assert_eq!(between(r#""Quillmarsh\'s \"plan\"""#), "Quillmarsh's \"plan\"");
        assert_eq!(between(r#""Prices on D:\ursa \u00e9 \u12""#), r"Prices on D:\ursa é \u12");
        assert_eq!(
            between(r#""Half a pair \ud83d, a whole one \ud83d\ude00 \x""#),
            r"Half a pair , a whole one 😀 \x"
        );
        assert_eq!(between("\"Tab\there, line\nthere, bell\u{7}\""), "Tab here, line there, bell");
        assert_eq!(between(r#""It ends with a backslash \""#), r"It ends with a backslash \");
    }

    #[test]
    fn a_headline_that_is_missing_is_counted() {
        for title in ["null", "7", "\"\"", "[\"a\"]", "\" - \""] {
            let (titles, unreadable, is_cut) =
                read_all(&format!(r#"{WHOLE}, {{"url": "https://b.example/2", "title": {title}}}]}}"#));
            assert_eq!((titles.len(), unreadable, is_cut), (1, 1, false), "{title}");
        }
    }

    #[test]
    fn the_whole_items_of_a_cut_answer_are_kept() {
        let text = format!("{{\"articles\": [{WHOLE}, {WHOLE}]}}");
        let second = text.rfind("{\"url").unwrap();
        for end in second - 2..text.len() - 2 {
            let answer = parse(&text.as_bytes()[..end]).unwrap();
            assert!(answer.is_cut && !answer.stories.is_empty(), "{}", &text[..end]);
        }
    }

    #[test]
    fn an_item_that_cannot_be_read_is_skipped() {
        let (titles, unreadable, is_cut) =
            read_all(&format!(r#"{WHOLE}, {{"url": oops, "title": "Lost"}}, {WHOLE}]}}"#));
        assert_eq!((titles.len(), unreadable, is_cut), (2, 1, false));
    }

    #[test]
    fn headlines_are_plain_text() {
        assert_eq!(between(r#""Harrow &amp;amp; <b>Quill</b>""#), "Harrow & Quill");
    }

    #[test]
    fn large_broken_answers_are_read_in_bounded_time() {
        let unclosed = format!("{{\"articles\": [{}", "{\"url\": \"\\".repeat(400_000));
        assert!(parse(unclosed.as_bytes()).is_err());
        let nested = format!("{{\"articles\": [{}", "{\"url\": [".repeat(400_000));
        assert!(parse(nested.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn no_answer_makes_the_parser_panic(text in "\\PC{0,200}|\\{.{0,200}|\\{\"articles\":\\[([{}\",:\\\\a-z\\[\\]u]|\"title\":|\"url\":){0,80}") {
            let _ = parse(text.as_bytes());
        }
    }
}
