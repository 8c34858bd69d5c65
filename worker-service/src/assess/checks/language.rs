//! Whether a text is written in the report's language.

use regex::Regex;
use shared::domain::language::Language;
use whatlang::detect;

/// Fewest letters of which a script can be told for sure.
const SCRIPT_MIN: usize = 12;
/// Fewest letters of which one language can be told from another with the same script.
const LANGUAGE_MIN: usize = 80;

/// Whether `text` is written in another language than `language`. `foreign` are spans of it that may be in any: names,
/// and quotes of evidence.
pub(super) fn differs<'a>(text: &str, language: Language, foreign: impl Iterator<Item = &'a str>) -> bool {
    let mut own = text.to_owned();
    for span in foreign.map(str::trim).filter(|span| !span.is_empty()) {
        own = own.replace(span, " ");
    }
    let words = language.words();
    let scripts = in_scripts(&words.list("scripts"));
    let (mut of_scripts, mut all) = (0, 0);
    for c in own.chars().filter(|c| c.is_alphabetic()) {
        // A character of Chinese, Japanese or Korean says as much as some letters.
        let weight = if ('\u{2e80}'..='\u{d7ff}').contains(&c) { 3 } else { 1 };
        all += weight;
        if scripts.as_ref().is_none_or(|scripts| scripts.is_match(c.encode_utf8(&mut [0; 4]))) {
            of_scripts += weight;
        }
    }
    if all < SCRIPT_MIN {
        return false;
    }
    // Names in other scripts that nobody told of may stand in it, too: a third is the language's own.
    if of_scripts * 3 < all {
        return true;
    }
    let code = words.text("iso_639_3");
    all >= LANGUAGE_MIN
        && detect(&own).is_some_and(|found| found.is_reliable() && found.lang().code() != code)
}

/// Matches a letter of one of these scripts of Unicode; none where a language names one that does not exist, which a
/// test finds.
fn in_scripts(scripts: &[&str]) -> Option<Regex> {
    let classes: String = scripts.iter().map(|script| format!(r"\p{{{script}}}")).collect();
    Regex::new(&format!("^[{classes}]")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs_from(tag: &str, text: &str) -> bool {
        differs(text, Language::find(tag).unwrap(), std::iter::empty())
    }

    const ENGLISH: &str = "A court in Hamburg fined the company five million euros for bribery, and its managing \
        director has stepped down since.";
    const GERMAN: &str = "Ein Gericht in Hamburg verurteilte das Unternehmen wegen Bestechung zu einer Geldstrafe von \
        fünf Millionen Euro, und der Geschäftsführer ist seitdem zurückgetreten.";
    const JAPANESE: &str = "ハンブルクの裁判所は同社に対し、贈賄の罪で500万ユーロの罰金を科しました。";
    const CHINESE: &str = "汉堡一家法院因行贿罪对该公司处以五百万欧元罚款，其总经理随后辞职，公司表示将提起上诉并与当局合作，董事会承诺加强内部控制和合规管理，监管机构正在继续调查相关交易与账目。";

    #[test]
    fn a_text_in_another_language_is_told() {
        assert!(!differs_from("en", ENGLISH));
        assert!(!differs_from("ja", JAPANESE));
        for other in [GERMAN, JAPANESE, CHINESE, "Суд оштрафовал компанию на пять миллионов евро."]
        {
            assert!(differs_from("en", other), "{other}");
        }
        for other in [ENGLISH, GERMAN, CHINESE] {
            assert!(differs_from("ja", other), "{other}");
        }
    }

    #[test]
    fn every_language_names_scripts_that_exist() {
        assert!(Language::all().all(|language| in_scripts(&language.words().list("scripts")).is_some()));
    }

    #[test]
    fn names_and_quotes_may_be_in_any_language() {
        let text = format!("News: “{GERMAN}”");
        assert!(differs(&text, Language::ENGLISH, std::iter::empty()));
        assert!(!differs(&text, Language::ENGLISH, [GERMAN].into_iter()));
        assert!(!differs_from("en", "株式会社 was fined for bribery in March."));
        assert!(!differs_from(
            "ja",
            "Calder Vane Shipping Limited（Dubai）は OFAC の SDN List に掲載されている。"
        ));
        let japanese = Language::find("ja").unwrap();
        assert!(!differs(
            "Calder Vane Shipping Ltd は制裁リストに記載されています。",
            japanese,
            ["Calder Vane Shipping Ltd"].into_iter()
        ));
    }
}
