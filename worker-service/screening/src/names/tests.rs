use super::*;

/// Returns the tokens of `name` that are not part of a legal form.
fn tokens(name: &str) -> Vec<String> {
    Name::parse(name)
        .tokens
        .into_iter()
        .filter(|token| !token.traits.is_legal_form)
        .map(|token| token.latin)
        .collect()
}

#[test]
fn names_that_differ_only_in_spelling_are_the_same_company() {
    for (a, b) in [
        ("Müller & Söhne GmbH", "MULLER AND SOHNE"),
        ("Sakura Precision Works K.K.", "Sakura Precision Works"),
        ("L'Oréal S.A.", "LOREAL"),
        ("ООО «Ромашка»", "Romashka LLC"),
        ("星見川精機株式会社", "星見川精機"),
        ("Banco de Fomento, S.A.", "Bank de Fomento"),
        ("Nord Stream", "Nordstream AG"),
    ] {
        assert!(same_company(a, b), "{a} / {b}");
    }
    for (a, b) in [("Sakura Precision Works", "Sakura Foods"), ("ガス工業", "カス工業"), ("Limited", "GmbH")]
    {
        assert!(!same_company(a, b), "{a} / {b}");
    }
}

#[test]
fn a_text_mentions_a_company_if_it_contains_all_its_words() {
    let company = "Sakura Precision Works K.K.";
    assert!(mentions("Fraud charges at Sakura Precision Works, court hears", company));
    assert!(!mentions("Sakura season begins", company));
    assert!(!mentions("", company));
}

#[test]
fn legal_forms_of_many_countries_are_recognised_in_every_spelling() {
    for (name, rest) in [
        ("Acme Sp. z o.o.", "acme"),
        ("Acme Aktiengesellschaft", "acme"),
        ("Obshchestvo s ogranichennoy otvetstvennostyu Acme", "acme"),
        ("Acme, S.A. de C.V.", "acme"),
        ("Acme Sdn. Bhd.", "acme"),
        ("Acme Anonim Şirketi", "acme"),
        ("PT Acme Tbk", "acme"),
        ("Acme Pty Ltd", "acme"),
        ("Acme d.o.o.", "acme"),
        ("Acme Oyj", "acme"),
        ("ＡＣＭＥ株式会社", "acme"),
        ("Public Joint Stock Company Acme", "acme"),
    ] {
        assert_eq!(tokens(name), [rest], "{name}");
    }
    assert_eq!(tokens("Limited"), ["limited"], "a name of legal forms alone is still a name");
}

#[test]
fn similarity_names_its_kind() {
    let kind = |a: &str, b: &str| {
        let (a, b) = (Name::parse(a), Name::parse(b));
        a.tokens[0].view().similarity(b.tokens[0].view()).map(|(_, kind)| kind)
    };
    assert_eq!(kind("acme", "ACME"), Some(MatchKind::Exact));
    assert_eq!(kind("Khimik", "Himik"), Some(MatchKind::Phonetic));
    assert_eq!(kind("Trdg", "Trading"), Some(MatchKind::Synonym));
    assert_eq!(kind("Rosneft", "Rosnetf"), Some(MatchKind::Fuzzy));
    assert_eq!(kind("1506", "1507"), None, "numbers are never similar");
    assert_eq!(kind("کاسپین", "Kaspin"), Some(MatchKind::Skeleton));
    assert_eq!(kind("HSK", "GSK"), Some(MatchKind::Fuzzy));
    assert_eq!(kind("Volvo", "Vologda"), None);
}
