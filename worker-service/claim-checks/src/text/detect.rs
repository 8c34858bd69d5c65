//! Recognises the language of a text by its script, its function words and the words of the lexicon.

use super::token::{Kind, Token};
use crate::{language::Language, lexicon::Lexicon};

/// Recognises the language of a folded text, by its script and then by its function words. A text without
/// any of them counts as English.
pub(super) fn language(folded: &str, tokens: &[Token]) -> Language {
    let (mut kana, mut hiragana, mut han, mut hangul, mut cyrillic, mut arabic, mut latin) =
        (0, 0, 0, 0, 0, 0, 0);
    for c in folded.chars() {
        match c {
            '\u{3041}'..='\u{309f}' => {
                kana += 1;
                hiragana += 1;
            }
            '\u{30a0}'..='\u{30ff}' => kana += 1,
            '\u{3400}'..='\u{9fff}' => han += 1,
            '\u{ac00}'..='\u{d7a3}' => hangul += 1,
            '\u{400}'..='\u{4ff}' => cyrillic += 1,
            '\u{600}'..='\u{6ff}' => arabic += 1,
            c if c.is_alphabetic() => latin += 1,
            _ => {}
        }
    }
    // A name in the script of another language does not decide: a dense script carries a word in about two
    // characters, the others in about six.
    let dense = 3 * (kana + han + hangul);
    // Hiragana writes the grammar of Japanese: names in other scripts do not outweigh it.
    if hiragana * 12 > latin + hiragana {
        return Language::Ja;
    }
    let most = dense.max(cyrillic).max(arabic).max(latin);
    if dense == most && dense > 0 {
        return if hangul > han {
            Language::Ko
        } else if kana * 10 > han {
            Language::Ja
        } else {
            Language::Zh
        };
    }
    if cyrillic == most && cyrillic > 0 {
        // A name may have such letters in a Russian text.
        let others = folded.chars().filter(|c| "іїєґқғәөұүһђјљњћџў".contains(*c)).count();
        let is_other = others * OTHER_SHARE > cyrillic;
        return if is_other { Language::Other } else { Language::Ru };
    }
    if arabic == most && arabic > 0 {
        let others = folded.chars().filter(|c| "پچژگکیٹڈے".contains(*c)).count();
        let is_other = others * OTHER_SHARE > arabic;
        return if is_other { Language::Other } else { Language::Ar };
    }
    of_latin(folded, tokens)
}

/// A text in which one letter of so many is none of Russian is in another language.
const OTHER_SHARE: usize = 40;

/// Weight of a letter that only one of the languages has.
const LETTER: usize = 2;

fn of_latin(folded: &str, tokens: &[Token]) -> Language {
    const LATIN: [Language; 11] = [
        Language::En,
        Language::De,
        Language::Fr,
        Language::Es,
        Language::Pt,
        Language::It,
        Language::Nl,
        Language::Pl,
        Language::Tr,
        Language::Sv,
        Language::Other,
    ];
    let mut counts = [0_usize; LATIN.len()];
    let mut words = 0;
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Word) {
        words += 1;
        let word = &folded[token.start..token.end];
        for (count, language) in counts.iter_mut().zip(LATIN) {
            *count += usize::from(language.is_function_word(word)) * 2;
            // Short texts, such as those of registers, have few function words.
            *count += usize::from(
                Lexicon::terms(language).is_some_and(|terms| !terms.at(folded, tokens, at).is_empty()),
            );
        }
    }
    // Letters that only one of these languages has weigh as much as a function word.
    const LETTERS: [(&str, Language); 6] = [
        ("ığş", Language::Tr),
        ("łąęśżźćń", Language::Pl),
        ("åä", Language::Sv),
        ("ãõ", Language::Pt),
        ("øæěřůőűășțđơưčšžķļņģāēīūėųįõýďťňľ", Language::Other),
        ("ñ¿¡", Language::Es),
    ];
    for (letters, language) in LETTERS {
        let count = folded.chars().filter(|c| letters.contains(*c)).count();
        let at = LATIN.iter().position(|other| *other == language).unwrap_or_default();
        counts[at] += count * LETTER;
    }
    let mut best = 0;
    for (at, count) in counts.iter().enumerate() {
        if *count > counts[best] {
            best = at;
        }
    }
    // A text of some length without function words is in none of these languages.
    if words > 6 && counts[best] * 6 < words { Language::Other } else { LATIN[best] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{folding::Folded, text::token::tokens};

    fn of(text: &str) -> Language {
        let folded = Folded::new(text);
        language(&folded.text, &tokens(&folded))
    }

    #[test]
    fn a_language_is_recognised_by_its_script_and_its_function_words() {
        for (text, language) in [
            ("the court fined the company", Language::En),
            ("das gericht verurteilte die firma", Language::De),
            ("le tribunal a condamné la société", Language::Fr),
            ("el tribunal condenó a la empresa", Language::Es),
            ("o tribunal condenou a empresa por suborno", Language::Pt),
            ("il tribunale ha condannato la società", Language::It),
            ("de rechtbank veroordeelde het bedrijf", Language::Nl),
            ("суд оштрафовал компанию", Language::Ru),
            ("غرمت المحكمه الشركه", Language::Ar),
            ("裁判所は同社に罰金を科した", Language::Ja),
            ("法院判处该公司罚款", Language::Zh),
            ("법원은 회사에 벌금을 부과했다", Language::Ko),
            ("the register lists 霧峰台化成株式会社 as active and in good standing", Language::En),
            (
                "Status: active. Accounts: next due 30 September 2025. Officers: 3 current. Charges: 1 outstanding.",
                Language::En,
            ),
            ("Sociedad constituida en 2008. Administrador nombrado en 2017.", Language::Es),
            ("", Language::En),
        ] {
            assert_eq!(of(text), language, "{text}");
        }
    }
}
