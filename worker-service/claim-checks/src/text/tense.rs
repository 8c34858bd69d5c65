//! Finds verbs whose form says that something will be so.

use super::token::{Kind, Token};
use crate::language::Language;

/// Returns whether a word is a verb in the future or conditional, in a language that forms them by endings.
pub(super) fn is_future(word: &str, language: Language) -> bool {
    let length = word.chars().count();
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    match language {
        Language::Es => {
            length >= 5
                && !matches!(word, "quizá" | "detrás" | "jamás")
                && ends(&[
                    "ará", "erá", "irá", "drá", "arán", "erán", "irán", "drán", "arían", "erían", "irían",
                ])
                && word != "irán"
        }
        Language::Pt => {
            length >= 5
                && ends(&["ará", "erá", "irá", "arão", "erão", "irão", "ariam", "eriam", "iriam"])
                && !matches!(word, "verão" | "irão")
        }
        Language::Fr => {
            // "-éra" and "-tira" are the past: "opéra", "retira".
            length >= 5
                && (ends(&[
                    "era", "dra", "vra", "rra", "eront", "iront", "dront", "vront", "rront", "erait", "drait",
                ]) || (ends(&["ira"]) && !ends(&["tira", "pira", "vira", "cira", "mira"])))
        }
        Language::It => length >= 4 && ends(&["rà", "ranno", "rebbe", "rebbero"]),
        Language::Tr => {
            length >= 6 && ["acak", "ecek", "acağ", "eceğ"].iter().any(|part| word.contains(part))
        }
        Language::Ar => {
            length >= 5
                && ["سي", "ست"].iter().any(|start| word.starts_with(start))
                && !NOUNS.iter().any(|noun| word.starts_with(noun))
        }
        _ => false,
    }
}

/// Arabic words that begin like a verb in the future, in folded form.
const NOUNS: [&str; 14] = [
    "سيار", "سياس", "سياد", "سيطر", "سيد", "سينا", "سينم", "سيول", "ستين", "ستون", "ستار", "ستاد", "سيره",
    "سيلا",
];

/// Returns the tokens whose form says that something will be so.
pub(super) fn futures<'a>(
    text: &'a str,
    tokens: &'a [Token],
    language: Language,
) -> impl Iterator<Item = &'a Token> + use<'a> {
    tokens
        .iter()
        .filter(move |token| token.kind == Kind::Word && is_future(&text[token.start..token.end], language))
}

/// Verbs that follow a Japanese noun of an action and say that it is done, in the present form, which also says that it
/// will be done.
const PRESENT: [&str; 22] = [
    "する",
    "される",
    "させる",
    "を行う",
    "を行なう",
    "を始める",
    "を進める",
    "を開始する",
    "に踏み切る",
    "に乗り出す",
    "に入る",
    "を実施する",
    "を開く",
    "となる",
    "を図る",
    "を目指す",
    "を受ける",
    "に着手する",
    "る",
    "す",
    "を決める",
    "を取る",
];

/// Verbs of saying.
const SAID: [&str; 8] = ["発表", "明らか", "述べ", "説明", "表明", "公表", "伝え", "話し"];

/// Returns whether what follows a Japanese word, up to the end of its sentence, is a verb in the present form that ends
/// the sentence or what somebody announces: 開設する。, 開設すると発表した。
pub(crate) fn is_japanese_present(rest: &str) -> bool {
    let rest = rest.trim_start();
    PRESENT.iter().any(|verb| {
        rest.strip_prefix(verb).is_some_and(|after| {
            let after = after.trim_end_matches(['。', ' ', '」', ')']);
            after.is_empty()
                || ["ことを決", "ことで合意", "ことになった", "ことにし"]
                    .iter()
                    .any(|said| after.starts_with(said))
                || after.starts_with('と') && SAID.iter().any(|said| after.contains(said))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_verb_tells_the_future() {
        for (word, language) in [
            ("prescindirá", Language::Es),
            ("venderán", Language::Es),
            ("fechará", Language::Pt),
            ("fermera", Language::Fr),
            ("vendront", Language::Fr),
            ("riceverà", Language::It),
            ("başlayacak", Language::Tr),
            ("takacağını", Language::Tr),
            ("ستزيد", Language::Ar),
            ("سيوفر", Language::Ar),
        ] {
            assert!(is_future(word, language), "{word}");
        }
        for (word, language) in [
            ("está", Language::Es),
            ("opéra", Language::Fr),
            ("retira", Language::Fr),
            ("front", Language::Fr),
            ("verão", Language::Pt),
            ("società", Language::It),
            ("سياسه", Language::Ar),
            ("will", Language::En),
        ] {
            assert!(!is_future(word, language), "{word}");
        }
        assert!(is_japanese_present("する。") && is_japanese_present("すると発表した。"));
        assert!(!is_japanese_present("した。") && !is_japanese_present("する計画だ。"));
    }
}
