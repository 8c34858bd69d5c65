//! Judges a story and turns it into evidence.

use domain::{
    evidence::{EvidenceDraft, Facts, Signal, SignalKind},
    request::ReportRequest,
};
use screening::names::{mentions, names_other_legal_form};

use super::{answer::Answer, country_words::mentions_country, story::Story, vocabulary::Vocabulary};
use crate::texts::{Texts, ended, words};

/// The kind of signal for a story with an adverse term.
const ADVERSE_MEDIA: SignalKind = SignalKind::from_static("adverse_media");

/// Strength of an adverse story that names the company, and mentions or comes from the company's country.
const NAMED_IN_COUNTRY: u8 = 90;
/// Strength of an adverse story that only names the company.
const NAMED: u8 = 80;
/// Strength of an adverse story that only mentions or comes from the company's country.
const UNNAMED_IN_COUNTRY: u8 = 45;
/// Strength of an adverse story that does neither: it may be about another company.
const UNNAMED: u8 = 40;
/// Maximum strength of a story that calls the matter settled or denied.
const RESOLVED_MAX: u8 = 30;

/// Returns the evidence of a story that `outlets` outlets publish.
pub(super) fn of_story(story: &Story, outlets: usize, request: &ReportRequest) -> EvidenceDraft {
    let Story { title, outlet, country, published_at, language, url, snippet } = story;
    let texts = texts(request);
    let mut text = texts.paragraph();
    text.push(ended(title));
    if let Some(snippet) = snippet.as_deref().map(str::trim).filter(|snippet| !snippet.is_empty()) {
        let is_ended = snippet.ends_with(['.', '!', '?', '。']);
        text.push(if is_ended { snippet.to_owned() } else { ended(snippet) });
    }
    if !outlet.is_empty() {
        let date = published_at.map(|date| date.to_string().get(..10).unwrap_or_default().to_owned());
        let key = if date.is_some() { "published_on" } else { "published" };
        text.say(key, &[("outlet", outlet), ("date", &date.unwrap_or_default())]);
    }
    if outlets > 1 {
        text.say("printed", &[("count", &outlets.to_string())]);
    }
    let named = texts.find(&format!("languages.{}", language.to_lowercase()));
    text.field("language", Some(named.unwrap_or(language)));
    let snippet = snippet.as_deref().unwrap_or_default();
    let content = format!("{title} {snippet}");
    // The name is also asked for without its legal form, so stories come from namesakes of another form.
    let named =
        mentions(&content, &request.company_name) && !names_other_legal_form(&content, &request.company_name);
    let vocabulary = Vocabulary::built_in();
    // If only one of headline and snippet calls the matter settled, it does not count as settled.
    let judged = [title.as_str(), snippet].map(|text| vocabulary.judge(text, language));
    let adverse = judged.into_iter().flatten().min_by_key(|adverse| adverse.resolved);
    let mut signals = Vec::new();
    if let Some(adverse) = adverse {
        let in_country = mentions_country(&content, request.country)
            || country.eq_ignore_ascii_case(request.country.name());
        let strength = match (named, in_country) {
            (true, true) => NAMED_IN_COUNTRY,
            (true, false) => NAMED,
            (false, true) => UNNAMED_IN_COUNTRY,
            (false, false) => UNNAMED,
        };
        let strength = if adverse.resolved { strength.min(RESOLVED_MAX) } else { strength };
        signals.push(Signal { kind: ADVERSE_MEDIA, strength });
        let categories: Vec<&str> = adverse
            .categories
            .iter()
            .map(|category| texts.find(&format!("categories.{category}")).unwrap_or(category))
            .collect();
        let categories = categories.join(&texts.text("categories_separator"));
        let key = if adverse.resolved { "adverse_settled" } else { "adverse" };
        text.say(key, &[("version", &vocabulary.version), ("categories", &categories)]);
        if !named {
            text.say("unnamed", &[]);
        }
    }
    let url = url.clone().filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    let publisher = Some(outlet.clone()).filter(|outlet| !outlet.is_empty());
    EvidenceDraft {
        title: title.clone(),
        text: text.finish(),
        url,
        published_at: *published_at,
        signals,
        facts: Facts { publisher, ..Facts::default() },
    }
}

/// Returns the words for texts of this source in the language of `request`.
pub(super) fn texts(request: &ReportRequest) -> Texts<'static> {
    Texts::new(words(request.language), "news")
}

/// Returns the evidence that no article of the last `months` months was found.
pub(super) fn of_no_story(request: &ReportRequest, months: u64) -> EvidenceDraft {
    let texts = texts(request);
    let values = [("name", &*request.company_name), ("months", &*months.to_string())];
    EvidenceDraft::note(texts.text("none_title"), texts.fill("none", &values))
}

/// Returns the note that `failed` of `services` news services gave no answer.
pub(super) fn of_missing_services(failed: usize, services: usize, texts: Texts<'_>) -> EvidenceDraft {
    let values = [("failed", &*failed.to_string()), ("services", &*services.to_string())];
    EvidenceDraft::gap(texts.text("incomplete_title"), texts.fill("incomplete", &values))
}

/// Returns the note that parts of the answers `losses` were lost.
pub(super) fn of_losses(losses: &[Answer], texts: Texts<'_>) -> EvidenceDraft {
    let unreadable: usize = losses.iter().map(|answer| answer.unreadable).sum();
    let cut = losses.iter().filter(|answer| answer.is_cut).count();
    let unanswered: usize = losses.iter().map(|answer| answer.unanswered).sum();
    let mut text = texts.paragraph();
    for (key, count) in [("unreadable", unreadable), ("cut", cut), ("unanswered", unanswered)] {
        if count > 0 {
            text.say(key, &[("count", &count.to_string())]);
        }
    }
    EvidenceDraft::gap(texts.text("unread_title"), text.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request;

    fn company() -> ReportRequest {
        request("Acme Foods Ltd", "1", "AQ")
    }

    fn story(title: &str) -> Story {
        Story {
            title: title.to_owned(),
            outlet: "news.example".to_owned(),
            country: String::new(),
            published_at: None,
            language: "English".to_owned(),
            url: Some("javascript:alert(1)".to_owned()),
            snippet: None,
        }
    }

    #[test]
    fn an_adverse_headline_is_stronger_if_it_names_the_company() {
        let strength =
            |title: &str| of_story(&story(title), 1, &company()).signals.first().map(|s| s.strength);
        assert_eq!(strength("Acme Foods charged with fraud"), Some(NAMED));
        assert_eq!(strength("Supplier charged with fraud"), Some(UNNAMED));
        assert_eq!(strength("Acme Foods acquitted of fraud"), Some(RESOLVED_MAX));
        assert_eq!(strength("Acme Foods GmbH charged with fraud"), Some(UNNAMED));
        assert_eq!(strength("Acme Foods Limited charged with fraud"), Some(NAMED));
        assert_eq!(strength("Acme Foods opens a plant"), None);
    }

    #[test]
    fn a_country_counts_only_as_a_word_of_its_own() {
        let omani = request("Acme Foods Ltd", "1", "OM");
        let strength = |title: &str| of_story(&story(title), 1, &omani).signals[0].strength;
        assert_eq!(strength("Acme Foods charged with fraud in Oman"), NAMED_IN_COUNTRY);
        assert_eq!(strength("Woman of Acme Foods charged with fraud"), NAMED);
    }

    #[test]
    fn a_snippet_can_name_the_company_and_only_web_addresses_are_links() {
        let mut by_snippet = story("Court fines a grocer for bribery");
        by_snippet.snippet = Some("Acme Foods must pay".to_owned());
        let draft = of_story(&by_snippet, 3, &company());
        assert_eq!((draft.signals[0].strength, draft.url), (NAMED, None));
        assert!(draft.text.contains("Printed by 3 outlets"), "{}", draft.text);
    }
}
