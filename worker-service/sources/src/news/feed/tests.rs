//! Tests of whole feeds.

use proptest::prelude::*;

use super::*;
use crate::{news::story::Story, source::ITEMS_MAX};

const RSS: &str = r#"<?xml version="1.0"?><rss version="2.0"><channel><title>Kestrel Post</title><language>en</language>
<item><title>Quillmarsh fined over bribes</title><link>https://post.example/1</link><pubDate>Mon, 05 Jan 2026 12:00:00 GMT</pubDate>
<description>&lt;p&gt;The &lt;b&gt;court&lt;/b&gt; said.&lt;/p&gt;</description></item>
<item><title>Weather</title></item></channel></rss>"#;

const WHOLE: &str = "<item><title>Quillmarsh opens a plant</title><link>https://post.example/9</link></item>";

fn cleaned(text: &str) -> Vec<Story> {
    parse(text.as_bytes(), None).unwrap().stories.into_iter().map(Story::cleaned).collect()
}

/// Returns the story of an item between two whole ones, which must all be read, in a feed that starts with
/// `before`.
fn between_after(before: &str, item: &str) -> Story {
    let feed =
        format!("{before}<rss><channel><title>Kestrel Post</title>{WHOLE}{item}{WHOLE}</channel></rss>");
    let answer = parse(feed.as_bytes(), None).unwrap();
    assert!(answer.is_complete() && answer.stories.len() == 3, "{answer:?}");
    answer.stories[1].clone().cleaned()
}

fn between(item: &str) -> Story {
    between_after("", item)
}

fn title(markup: &str) -> String {
    between(&format!("<item><title>{markup}</title><link>https://post.example/1</link></item>")).title
}

#[test]
fn rss_has_title_outlet_date_and_snippet() {
    let found = cleaned(RSS);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].outlet.as_str(), found[0].language.as_str()), ("Kestrel Post", "en"));
    assert_eq!(found[0].snippet.as_deref(), Some("The court said."));
    assert!(found[0].published_at.unwrap().to_string().starts_with("2026-01-05T12:00"));
    assert!(parse(b"<html><title>Blocked</title>", None).is_err());
}

#[test]
fn atom_has_links_sources_and_markup() {
    let found = cleaned(
        r#"<a:feed xmlns:a="http://www.w3.org/2005/Atom" xml:lang="de"><a:title>Kestrel Wire</a:title>
<a:entry><a:source><a:title>Talblatt</a:title><a:updated>2020-01-01T00:00:00Z</a:updated></a:source>
<a:title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Quillmarsh <b>er&#246;ffnet</b></div></a:title>
<a:link rel="self" href="https://wire.example/self"/><a:link href="https://wire.example/?a=1&amp;b=2"/>
<a:author><a:name>A. Writer</a:name></a:author>
<a:updated>2026-01-05T12:00:00Z</a:updated><a:summary>Ein Werk.</a:summary></a:entry></a:feed>"#,
    );
    let [story] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((story.title.as_str(), story.outlet.as_str()), ("Quillmarsh eröffnet", "Talblatt"));
    assert_eq!(story.url.as_deref(), Some("https://wire.example/?a=1&b=2"));
    assert_eq!((story.language.as_str(), story.snippet.as_deref()), ("de", Some("Ein Werk.")));
    assert!(story.published_at.unwrap().to_string().starts_with("2026-01-05"));
}

#[test]
fn rdf_has_items_beside_the_channel() {
    let found = cleaned(
        r#"<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:d="http://purl.org/dc/elements/1.1/">
<channel rdf:about="x"><title>青柳新聞</title><d:language>ja</d:language></channel><image><title>Logo</title></image>
<item rdf:about="https://a.example/1"><title>青柳商事が新工場</title><link>https://a.example/1</link><d:date>2026-01-05T21:00:00+09:00</d:date></item></rdf:RDF>"#,
    );
    let [story] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((story.outlet.as_str(), story.language.as_str()), ("青柳新聞", "ja"));
    assert!(story.published_at.unwrap().to_string().starts_with("2026-01-05T12:00"));
}

#[test]
fn broken_texts_cost_no_item() {
    for (markup, expected) in [
        ("Salt & Vinegar", "Salt & Vinegar"),
        ("Salt &amp;amp; Vinegar", "Salt & Vinegar"),
        ("Caf&eacute;&nbsp;news &mdash; weekly", "Café news — weekly"),
        ("&unknown; &#xZZ; &", "&unknown; &#xZZ; &"),
        ("A bell\u{8} rings\u{0}", "A bell rings"),
        ("Profit < loss <3", "Profit < loss <3"),
        ("<![CDATA[<i>Kestrel</i>&nbsp;&amp; sons]]>", "Kestrel & sons"),
        ("Kestrel <b>wins", "Kestrel wins"),
        ("Kestrel</b> wins", "Kestrel wins"),
        ("<![CDATA[Kestrel wins", "Kestrel wins"),
        ("<!-- 1 -->Kestrel wins", "Kestrel wins"),
    ] {
        assert_eq!(title(markup), expected, "{markup}");
    }
}

#[test]
fn broken_structure_costs_no_item() {
    let unclosed = between("<item><title>Kestrel wins<link>https://post.example/1</link>");
    assert_eq!(
        (unclosed.title.as_str(), unclosed.url.as_deref()),
        ("Kestrel wins", Some("https://post.example/1"))
    );
    let untitled = between("<item><description>Kestrel loses a case.</description></item>");
    assert_eq!((untitled.title.as_str(), untitled.snippet), ("Kestrel loses a case.", None));
    let media = between(
        "<item><media:group><media:title>Photo</media:title></media:group><title>Kestrel wins</title></item>",
    );
    assert_eq!(media.title, "Kestrel wins");
    let undated = between("<item><title>Kestrel wins</title><pubDate>gestern</pubDate></item>");
    assert_eq!(undated.published_at, None);
    let sourced = between(
        "<item><source url=\"https://x.example\">Harbour Post</source><title>Kestrel wins</title></item>",
    );
    assert_eq!((sourced.title.as_str(), sourced.outlet.as_str()), ("Kestrel wins", "Harbour Post"));
}

#[test]
fn what_stands_before_the_feed_does_not_matter() {
    let item = "<item><title>Kestrel wins</title></item>";
    for before in [
        "\u{feff}",
        "\n\n <?xml version=\"1.0\"?>",
        "<?xml version=\"1.0\" encoding=\"no-such\"?><?xml-stylesheet href=\"a.xsl\"?>",
        "<!DOCTYPE rss PUBLIC \"-//X//DTD RSS 0.91//EN\" \"https://dtd.example/rss.dtd\">",
        "<!-- a comment --><!DOCTYPE rss [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
    ] {
        assert_eq!(between_after(before, item).title, "Kestrel wins", "{before}");
    }
}

#[test]
fn entities_are_not_expanded() {
    let bomb = "<!DOCTYPE rss [<!ENTITY a \"lollol\"><!ENTITY b \"&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;\">]>";
    assert_eq!(between_after(bomb, "<item><title>Kestrel &c;</title></item>").title, "Kestrel &c;");
}

#[test]
fn the_whole_items_of_a_cut_feed_are_kept() {
    let feed = format!("<rss><channel>{WHOLE}{WHOLE}</channel></rss>");
    let second = feed.rfind("<item>").unwrap();
    for end in second..feed.find("</channel>").unwrap() {
        let answer = parse(&feed.as_bytes()[..end], None).unwrap();
        let whole = if end >= second + WHOLE.len() { 2 } else { 1 };
        assert!(answer.is_cut && answer.stories.len() == whole, "{}", &feed[..end]);
    }
    assert!(parse(b"<rss><channel><item><title>Kes", None).is_err());
}

#[test]
fn items_without_text_are_counted() {
    let feed =
        format!("<rss><channel>{WHOLE}<item><link>https://post.example/1</link></item></channel></rss>");
    let answer = parse(feed.as_bytes(), None).unwrap();
    assert_eq!((answer.stories.len(), answer.unreadable, answer.is_cut), (1, 1, false));
    assert!(parse(b"<rss><channel></channel></rss>", None).unwrap().is_complete());
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()) {
        let mut bytes = RSS.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes.truncate(cut.index(bytes.len()));
        if let Ok(answer) = parse(&bytes, None) {
            prop_assert!(answer.stories.len() <= ITEMS_MAX);
        }
    }
}
