//! Detects text that is not in the report's language.

use domain::language::Language;
use regex::Regex;
use whatlang::detect;

/// Minimum weighted number of letters for a reliable detection of the script. A Chinese, Japanese or Korean
/// character has the weight of three letters.
const SCRIPT_MIN: usize = 12;
/// Minimum weighted number of letters for reliably telling languages of the same script apart. Shorter texts
/// that contain names of companies and courts are often mistaken for another language.
const LANGUAGE_MIN: usize = 150;

/// Returns whether `text` is written in another language than `language`. Its `exempt` spans, such as names
/// and quotes of evidence, may be in any language.
pub(super) fn differs<'a>(text: &str, language: Language, exempt: impl Iterator<Item = &'a str>) -> bool {
    let mut prose = text.to_owned();
    for span in exempt.map(str::trim).filter(|span| !span.is_empty()) {
        prose = prose.replace(span, " ");
    }
    let words = language.base_words();
    let scripts = script_pattern(&words.list("scripts"));
    let is_own =
        |c: char| scripts.as_ref().is_none_or(|scripts| scripts.is_match(c.encode_utf8(&mut [0; 4])));
    // Names keep their own script: a Japanese text names "Acme Holding", without the form "Ltd" of the request.
    let mut in_name = false;
    let mut before = ' ';
    let (mut in_script, mut all, mut names) = (0, 0, 0);
    for c in prose.chars() {
        if !before.is_alphabetic() {
            in_name = c.is_uppercase() && !is_own(c);
        }
        in_name &= c.is_alphabetic() && !is_own(c);
        before = c;
        if !c.is_alphabetic() {
            continue;
        }
        if in_name {
            names += 1;
            continue;
        }
        // One character of Chinese, Japanese or Korean carries as much information as several letters.
        let weight = if ('\u{2e80}'..='\u{d7ff}').contains(&c) { 3 } else { 1 };
        all += weight;
        if is_own(c) {
            in_script += weight;
        }
    }
    if in_script == 0 {
        return all + names >= SCRIPT_MIN;
    }
    if all < SCRIPT_MIN {
        return false;
    }
    // The text may contain further names in other scripts, so only a third of it must be in the language's
    // own scripts.
    if in_script * 3 < all {
        return true;
    }
    let code = words.text("iso_639_3");
    all >= LANGUAGE_MIN
        && detect(&prose).is_some_and(|detected| detected.is_reliable() && detected.lang().code() != code)
}

/// Returns a pattern for a letter of one of these Unicode scripts, or `None` if one of them does not exist. A
/// test ensures that the scripts of every language exist.
fn script_pattern(scripts: &[&str]) -> Option<Regex> {
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
    fn a_text_in_another_language_is_detected() {
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
        assert!(
            Language::all().all(|language| script_pattern(&language.base_words().list("scripts")).is_some())
        );
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
        // The name without its legal form.
        let name = "Gebroeders Valkhof Pluimvee en Zonen B.V.";
        let text = "Gebroeders Valkhof Pluimvee en Zonenは罰金を払った。";
        assert!(!differs(text, japanese, [name].into_iter()));
        assert!(differs("GEBROEDERS VALKHOF PLUIMVEE PAID A FINE.", japanese, std::iter::empty()));
    }

    #[test]
    fn texts_in_the_reports_language_are_never_rejected() {
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
            // Joined, as in a summary.
            assert!(!differs_from(tag, &texts.join(" ")), "{tag}");
        }
    }
}
