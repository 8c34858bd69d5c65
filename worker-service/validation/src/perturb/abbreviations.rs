//! Common words of companies, abbreviated.

use super::in_case_of;
use crate::random::Random;

/// Words with their usual abbreviations.
const ABBREVIATIONS: [(&str, &str); 40] = [
    ("and", "&"),
    ("association", "Assn."),
    ("brothers", "Bros."),
    ("center", "Ctr."),
    ("centre", "Ctr."),
    ("chemical", "Chem."),
    ("commercial", "Comml."),
    ("company", "Co."),
    ("construction", "Constr."),
    ("corporation", "Corp."),
    ("department", "Dept."),
    ("development", "Dev."),
    ("distribution", "Distr."),
    ("electric", "Elec."),
    ("electronics", "Elec."),
    ("engineering", "Engg."),
    ("enterprises", "Entps."),
    ("equipment", "Eqpt."),
    ("establishment", "Est."),
    ("exchange", "Exch."),
    ("federal", "Fed."),
    ("general", "Gen."),
    ("group", "Grp."),
    ("industrial", "Indl."),
    ("industries", "Inds."),
    ("institute", "Inst."),
    ("insurance", "Ins."),
    ("international", "Intl."),
    ("investment", "Invt."),
    ("laboratory", "Lab."),
    ("logistics", "Logist."),
    ("management", "Mgmt."),
    ("manufacturing", "Mfg."),
    ("national", "Natl."),
    ("petroleum", "Petr."),
    ("research", "Res."),
    ("services", "Svcs."),
    ("technology", "Tech."),
    ("trading", "Trdg."),
    ("university", "Univ."),
];

/// Abbreviates every common word of a name.
pub(crate) fn abbreviate(name: &str, _: &mut Random) -> Option<String> {
    let mut any = false;
    let words: Vec<String> = name
        .split_whitespace()
        .map(|word| match short(word) {
            Some(short) => {
                any = true;
                short
            }
            None => word.to_owned(),
        })
        .collect();
    any.then(|| words.join(" "))
}

/// Returns the abbreviation of a word, or `None` if it is not in the table.
fn short(word: &str) -> Option<String> {
    let bare = word.trim_end_matches(',');
    let (_, short) = ABBREVIATIONS.iter().find(|(long, _)| bare.eq_ignore_ascii_case(long))?;
    Some(in_case_of(short, bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_common_word_is_abbreviated() {
        let random = &mut Random::new(1, "short");
        let changed = abbreviate("QUILLMARSH INTERNATIONAL TRADING COMPANY", random);
        assert_eq!(changed.as_deref(), Some("QUILLMARSH INTL. TRDG. CO."));
        assert_eq!(abbreviate("Harrow and Quill", random).as_deref(), Some("Harrow & Quill"));
        assert_eq!(abbreviate("Quillmarsh Ore", random), None);
    }
}
