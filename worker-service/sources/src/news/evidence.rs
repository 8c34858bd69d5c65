//! Judges a story and turns it into evidence.

use domain::{
    evidence::{EvidenceDraft, Facts, Signal, SignalKind},
    request::ReportRequest,
};
use screening::names::{mentions, names_other_legal_form};

use super::{answer::Answer, country_words::mentions_country, story::Story, vocabulary::Vocabulary};

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
    let mut text = format!("{}.", title.trim_end_matches('.'));
    if let Some(snippet) = snippet.as_deref().map(str::trim).filter(|snippet| !snippet.is_empty()) {
        text.push_str(&format!(" {snippet}"));
        if !snippet.ends_with(['.', '!', '?', '。']) {
            text.push('.');
        }
    }
    if !outlet.is_empty() {
        text.push_str(&format!(" Published by {outlet}"));
        if let Some(date) = published_at {
            text.push_str(&format!(" on {}", &date.to_string()[..10]));
        }
        text.push('.');
    }
    if outlets > 1 {
        text.push_str(&format!(" Printed by {outlets} outlets."));
    }
    if !language.is_empty() {
        text.push_str(&format!(" Language: {language}."));
    }
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
        let categories = adverse.categories.join(", ").replace('_', " ");
        let settled = if adverse.resolved { ", which it calls settled or denied" } else { "" };
        let unnamed = if named { "" } else { " It does not name the company in its headline." };
        text.push_str(&format!(" Adverse terms ({}): {categories}{settled}.{unnamed}", vocabulary.version));
    }
    let url = url.clone().filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    let publisher = Some(outlet.clone()).filter(|outlet| !outlet.is_empty());
    EvidenceDraft {
        title: title.clone(),
        text,
        url,
        published_at: *published_at,
        signals,
        facts: Facts { publisher, ..Facts::default() },
    }
}

/// Returns the evidence that the search found nothing.
pub(super) fn of_no_story(request: &ReportRequest, months: u64) -> EvidenceDraft {
    let name = &request.company_name;
    EvidenceDraft::note(
        "No news",
        format!("A search of the news of the last {months} months for \"{name}\" found no article."),
    )
}

/// Returns the evidence that some services gave no answer.
pub(super) fn of_missing_services(failed: usize, services: usize) -> EvidenceDraft {
    EvidenceDraft::gap("News are incomplete", format!("{failed} of {services} news services gave no answer."))
}

/// Returns the evidence that parts of the services' answers are missing.
pub(super) fn of_losses(losses: &[Answer]) -> EvidenceDraft {
    let unreadable: usize = losses.iter().map(|answer| answer.unreadable).sum();
    let cut = losses.iter().filter(|answer| answer.is_cut).count();
    let unanswered: usize = losses.iter().map(|answer| answer.unanswered).sum();
    let mut text = Vec::new();
    if unreadable > 0 {
        text.push(format!("{unreadable} articles of the news services could not be read."));
    }
    if cut > 0 {
        text.push(format!("{cut} answers of news services end early, so articles are missing."));
    }
    if unanswered > 0 {
        text.push(format!("News services gave no answer for {unanswered} other spellings of the name."));
    }
    EvidenceDraft::gap("Some news could not be read", text.join(" "))
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
