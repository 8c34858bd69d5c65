//! The stand-in's vocabulary: the words that make text adverse, and its own sentences in English and
//! Japanese.

use super::prompt::Grade;

/// Words and stems of words that make a text adverse, in lower case.
const ADVERSE: &[&str] = &[
    "fraud",
    "bribe",
    "corrupt",
    "money laundering",
    "embezzle",
    "indict",
    "convict",
    "prosecut",
    "investigat",
    "arrest",
    "raid",
    "scandal",
    "sanction",
    "embargo",
    "fined",
    "penalt",
    "lawsuit",
    "insolven",
    "bankrupt",
    "liquidat",
    "dissolved",
    "struck off",
    "forced labour",
    "forced labor",
    "price fixing",
    "cartel",
    "tax evasion",
    "illegal",
    "inactive",
    "lapsed",
    "high-risk",
    "high risk",
    "debarred",
    "asset freeze",
    "betrug",
    "bestech",
    "korruption",
    "ermittl",
    "geldwäsche",
    "insolvenz",
    "razzia",
    "fraude",
    "enquête",
    "corruption",
    "blanchiment",
    "escroquerie",
    "radiée",
    "詐欺",
    "贈賄",
    "賄賂",
    "逮捕",
    "起訴",
    "不正",
    "捜査",
    "粉飾",
    "脱税",
    "横領",
    "破産",
    "倒産",
    "行政処分",
    "談合",
    "制裁",
    "資金洗浄",
    "書類送検",
    "解散",
];

/// Phrases that contain an adverse word but are harmless. They are removed before the search.
const HARMLESS: &[&str] = &[
    "anti-fraud",
    "fraud prevention",
    "fraud detection",
    "anti-corruption",
    "anti-bribery",
    "anti-money laundering",
    "not sanctioned",
    "no sanction",
    "no match",
    "not listed",
    "not found on any sanctions list",
    "no adverse",
    "no lawsuit",
    "no investigation",
    "sanctions compliance",
    "sanctions screening",
    "不正防止",
    "不正検知",
    "制裁対象ではない",
    "該当なし",
];

/// Returns whether the text contains adverse words.
pub(super) fn is_adverse(text: &str) -> bool {
    let mut text = text.to_lowercase();
    for phrase in HARMLESS {
        text = text.replace(phrase, " ");
    }
    ADVERSE.iter().any(|word| text.contains(word))
}

/// The language of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Japanese,
}

impl Language {
    pub(super) fn of(tag: Option<&str>) -> Self {
        let primary = tag.and_then(|tag| tag.split(['-', '_']).next());
        if primary.is_some_and(|tag| tag.eq_ignore_ascii_case("ja")) { Self::Japanese } else { Self::English }
    }

    /// Returns the sentence with which every summary begins.
    pub(super) fn notice(self) -> &'static str {
        match self {
            Self::English => {
                "No language model wrote this text: Dossier's offline stand-in composed it from the rules and the \
                 evidence."
            }
            Self::Japanese => {
                "この文章は言語モデルによるものではなく、Dossierのオフライン代替プログラムが規則と証拠から作成しました。"
            }
        }
    }

    /// Returns the sentence that states the minimum risk level set by the rules.
    pub(super) fn level(self, company: &str, floor: Grade) -> String {
        match self {
            Self::English => {
                let level = match floor {
                    Grade::Low => "low",
                    Grade::Medium => "medium",
                    Grade::High => "high",
                    Grade::Undetermined => "undetermined, because a source gave no answer",
                };
                format!("By the rules, the risk of doing business with {company} is {level}.")
            }
            Self::Japanese => {
                let level = match floor {
                    Grade::Low => "低い",
                    Grade::Medium => "中程度",
                    Grade::High => "高い",
                    Grade::Undetermined => "情報源から回答がないため判定できない",
                };
                format!("規則によれば、{company}との取引のリスクは「{level}」です。")
            }
        }
    }

    /// Returns the sentence of a summary without findings.
    pub(super) fn nothing_found(self) -> &'static str {
        match self {
            Self::English => "Nothing that speaks against the company was found in the evidence.",
            Self::Japanese => "証拠の中に不利な情報は見つかりませんでした。",
        }
    }

    /// Returns the statement of a finding in `category`, which only quotes the evidence. A quote that ends within a
    /// sentence ends with an ellipsis.
    pub(super) fn statement(self, category: &str, quote: &str) -> String {
        let label = match (self, category) {
            (Self::English, "sanctions") => "On a sanctions list",
            (Self::English, "adverse_media") => "In the press",
            (Self::English, "registry") => "In the company register",
            (Self::English, "country") => "On the country",
            (Self::English, _) => "In the evidence",
            (Self::Japanese, "sanctions") => "制裁リスト",
            (Self::Japanese, "adverse_media") => "報道",
            (Self::Japanese, "registry") => "企業登記",
            (Self::Japanese, "country") => "国に関する情報",
            (Self::Japanese, _) => "証拠",
        };
        let is_whole = quote.ends_with(['.', '!', '?', '。', '！', '？']);
        let rest = if is_whole { "" } else { "…" };
        match self {
            Self::English => format!("{label}: {quote}{rest}"),
            Self::Japanese => format!("{label}によれば、「{quote}{rest}」"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adverse_words_are_found_except_in_harmless_phrases() {
        assert!(is_adverse("Prosecutors RAID offices"));
        assert!(is_adverse("社長を詐欺の疑いで逮捕"));
        assert!(is_adverse("Anti-fraud software maker convicted of fraud"));
        assert!(!is_adverse("Maker opens a plant, wins anti-corruption award"));
        assert!(!is_adverse("No match on any list: not sanctioned"));
        assert!(!is_adverse("不正検知ソフトを発売"));
    }

    #[test]
    fn the_primary_subtag_decides_the_language() {
        assert_eq!(Language::of(Some("ja-JP")), Language::Japanese);
        assert_eq!(Language::of(Some("jav")), Language::English);
        assert_eq!(Language::of(None), Language::English);
    }
}
