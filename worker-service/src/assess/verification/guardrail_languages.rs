//! Which claims a guardrail of the classic tier can judge. A guardrail is ineffective in a language that it does not
//! support ("Languages supported by Amazon Bedrock Guardrails", Amazon Bedrock User Guide, 2026-11-28), so its scores
//! of other claims must not decide.

use domain::language::Language;
use whatlang::{Lang, Script, detect};

use super::claim::{CitedEvidence, Claim};

/// Languages of the classic tier ("GuardrailContextualGroundingTierConfig", Amazon Bedrock API Reference, 2026-11-28),
/// as BCP 47 tags and as the language detection names them.
const CLASSIC: [(&str, Lang); 3] = [("en", Lang::Eng), ("fr", Lang::Fra), ("es", Lang::Spa)];

/// Returns why the classic tier cannot judge `claim`, which is written in `language`, in English. `None` means that
/// nothing speaks against it.
pub(super) fn unsupported(claim: &Claim<'_>, language: Language) -> Option<String> {
    if CLASSIC.iter().all(|(tag, _)| *tag != language.tag()) {
        return Some(format!(
            "the guardrail's classic tier does not support the claim's language ({language})"
        ));
    }
    let of_piece = |CitedEvidence { piece, .. }: &CitedEvidence<'_>| {
        let code = foreign(&format!("{}\n{}", piece.title, piece.text))?;
        Some(format!("the guardrail's classic tier does not support the language of {} ({code})", piece.id))
    };
    claim.evidence.iter().find_map(of_piece)
}

/// Returns the ISO 639-3 code of the language of `text` if it is none of the classic tier. Languages in Latin letters
/// are told apart only where that is reliable: a short text that consists of names may be in any of them.
fn foreign(text: &str) -> Option<&'static str> {
    let detected = detect(text)?;
    let is_classic = CLASSIC.iter().any(|(_, lang)| *lang == detected.lang());
    let is_certain = detected.is_reliable() || detected.script() != Script::Latin;
    (!is_classic && is_certain).then(|| detected.lang().code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_other_languages_are_recognised_and_names_are_not() {
        for text in [
            "A court in Hamburg fined the company five million euros for bribery.",
            "Le tribunal de commerce de Lille a ordonné la liquidation judiciaire de la société.",
            "El tribunal condenó a la empresa a pagar una multa de cinco millones de euros por soborno.",
            "The register lists 霧峰台化成株式会社 as active and in good standing.",
            "Nordhavet Maritime Trading FZE",
            "",
        ] {
            assert_eq!(foreign(text), None, "{text}");
        }
        for (text, code) in [
            ("同社は検査データを改ざんしたとして、2024年に行政処分を受けました。", "jpn"),
            ("汉堡一家法院因行贿罪对该公司处以五百万欧元罚款。", "cmn"),
            ("Суд в Гамбурге оштрафовал компанию на пять миллионов евро.", "rus"),
            (
                "Ein Gericht in Hamburg verurteilte das Unternehmen wegen Bestechung zu einer Geldstrafe von fünf \
                 Millionen Euro, und der Geschäftsführer ist seitdem zurückgetreten.",
                "deu",
            ),
        ] {
            assert_eq!(foreign(text), Some(code), "{text}");
        }
    }
}
