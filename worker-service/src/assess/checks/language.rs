//! Whether a text is written in the report's language.

use domain::language::Language;
use regex::Regex;
use whatlang::detect;

/// Fewest letters of which a script can be told for sure.
const SCRIPT_MIN: usize = 12;
/// Fewest letters of which one language can be told from another with the same script: less, with the names of companies
/// and courts in it, is often taken for another.
const LANGUAGE_MIN: usize = 150;

/// Whether `text` is written in another language than `language`. `foreign` are spans of it that may be in any: names,
/// and quotes of evidence.
pub(super) fn differs<'a>(text: &str, language: Language, foreign: impl Iterator<Item = &'a str>) -> bool {
    let mut own = text.to_owned();
    for span in foreign.map(str::trim).filter(|span| !span.is_empty()) {
        own = own.replace(span, " ");
    }
    let words = language.base_words();
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
        fünf Millionen Euro, und der Geschäftsführer ist seitdem von allen seinen Ämtern zurückgetreten.";
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
        assert!(Language::all().all(|language| in_scripts(&language.base_words().list("scripts")).is_some()));
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

    #[test]
    fn what_a_model_writes_in_the_reports_language_is_never_refused() {
        let english = [
            "The company matches an entry of the OFAC SDN list under its former name.",
            "Prosecutors in Munich searched the offices of Brückhofer Anlagenbau GmbH on suspicion of bribery abroad.",
            "霧峰台化成株式会社 received an administrative order after it falsified inspection data.",
            "No entry of the lists resembles ООО «Северный ветер»; the register confirms its number.",
            "Registered in the Cayman Islands; beneficial owners are not disclosed.",
            "Sanctions evidence: listed as Nordhavet Maritime Trading FZE, programme HCL Vessel Embargo.",
            "Valmorec Textiles SA was dissolved; the tribunal de commerce de Lille ordered its liquidation judiciaire.",
            "Banco Meridional do Sul S.A. paid a civil penalty without admitting wrongdoing.",
            "The registry of Companies House lists the company as active, with accounts overdue.",
            "Adverse media: two outlets report an investigation into embargoed cargo; neither names a conviction.",
            "Shareholders include Al-Rashid Holding LLC (Dubai) and Ōtani Shōji K.K.",
            "FATF increased monitoring applies to the jurisdiction; no company-specific adverse information was found in the \
             sources that were searched for this report.",
        ];
        let japanese = [
            "同社は制裁リストに記載されています。",
            "検察は贈賄の疑いでBrückhofer Anlagenbau GmbHの事務所を捜索しました。",
            "OFACのSDNリストに「Nordhavet Maritime Trading FZE」として記載があります。",
            "登記上は有効ですが、決算書の提出が遅れています。",
            "情報源を検索しましたが、該当する記載は見つかりませんでした。",
            "FATFは当該国に対する監視を強化しています。",
        ];
        for (tag, texts) in [("en", english.as_slice()), ("ja", japanese.as_slice())] {
            for text in texts {
                assert!(!differs_from(tag, text), "{tag}: {text}");
            }
            // As one text, as a summary has them.
            assert!(!differs_from(tag, &texts.join(" ")), "{tag}");
        }
    }
}
