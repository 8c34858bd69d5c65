//! News stories, and the merging of stories that several outlets publish.

use std::collections::HashMap;

use domain::time::UtcTime;

/// Maximum length of a headline, in characters. The rest is not read.
const TITLE_MAX: usize = 300;
/// Maximum length of a snippet, in characters. The rest is not read.
const SNIPPET_MAX: usize = 600;
/// Maximum length of the name of a language, in characters.
const LANGUAGE_MAX: usize = 40;

/// A story as an outlet publishes it.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) title: String,
    pub(super) outlet: String,
    /// The English name of the outlet's country; empty if it is not known.
    pub(super) country: String,
    pub(super) published_at: Option<UtcTime>,
    pub(super) language: String,
    pub(super) url: Option<String>,
    pub(super) snippet: Option<String>,
}

impl Story {
    /// Returns whether `other` is the same item of the same service.
    pub(super) fn is_same_item(&self, other: &Self) -> bool {
        self.url == other.url && self.title == other.title && self.outlet == other.outlet
    }

    /// Returns the story with its texts cleaned and shortened.
    pub(super) fn cleaned(self) -> Self {
        let snippet = self.snippet.map(|snippet| safe_text::clean(&snippet, SNIPPET_MAX));
        let outlet = safe_text::clean(&self.outlet, TITLE_MAX);
        let language = safe_text::clean(&self.language, LANGUAGE_MAX);
        Self { title: safe_text::clean(&self.title, TITLE_MAX), snippet, outlet, language, ..self }
    }
}

/// Returns each story once, with the number of outlets that publish it.
pub(super) fn deduplicated(stories: Vec<Story>) -> Vec<(Story, usize)> {
    let mut unique: Vec<(Story, usize)> = Vec::new();
    let mut by_title: HashMap<String, usize> = HashMap::new();
    for story in stories {
        match by_title.get(&folded(&story.title)) {
            Some(at) => {
                let (first, outlets) = &mut unique[*at];
                *outlets += 1;
                // One outlet may state what another one leaves out.
                first.snippet = first.snippet.take().or(story.snippet);
                first.published_at = first.published_at.min(story.published_at).or(first.published_at);
            }
            None => {
                by_title.insert(folded(&story.title), unique.len());
                unique.push((story, 1));
            }
        }
    }
    unique
}

/// Returns a headline in lower case, without punctuation and without the outlet's name after a dash or bar.
/// The order of the words is kept, because it tells who did what to whom.
fn folded(title: &str) -> String {
    let head = title.rsplit_once(" - ").or(title.rsplit_once(" | ")).map_or(title, |(head, _)| head);
    let head = if head.split_whitespace().count() >= 4 { head } else { title };
    let words = head.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(title: &str) -> Story {
        Story {
            title: title.to_owned(),
            outlet: "news.example".to_owned(),
            country: String::new(),
            published_at: None,
            language: "English".to_owned(),
            url: None,
            snippet: None,
        }
    }

    #[test]
    fn a_story_of_many_outlets_is_one_story() {
        let stories = vec![
            story("Acme Foods recalls a batch of soup - Kestrel Post"),
            story("ACME FOODS recalls a batch of soup"),
            story("A batch of soup recalls Acme Foods"),
        ];
        let unique = deduplicated(stories);
        assert_eq!(unique.iter().map(|(_, outlets)| *outlets).collect::<Vec<_>>(), [2, 1]);
    }
}
