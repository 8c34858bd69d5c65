use super::*;

fn words(name: &str) -> Vec<String> {
    Name::read(name).words.into_iter().filter(|word| !word.is_legal_form).map(|word| word.latin).collect()
}

#[test]
fn names_that_differ_in_dress_only_are_the_same() {
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
fn a_text_mentions_a_company_by_all_its_words() {
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
        assert_eq!(words(name), [rest], "{name}");
    }
    assert_eq!(words("Limited"), ["limited"], "a name of nothing else is still a name");
}

#[test]
fn likeness_has_reasons() {
    let likeness = |a: &str, b: &str| {
        let (a, b) = (Name::read(a), Name::read(b));
        a.words[0].likeness(&b.words[0]).map(|(_, likeness)| likeness)
    };
    assert_eq!(likeness("acme", "ACME"), Some(Likeness::Same));
    assert_eq!(likeness("Khimik", "Himik"), Some(Likeness::Sound));
    assert_eq!(likeness("Trdg", "Trading"), Some(Likeness::Meaning));
    assert_eq!(likeness("Rosneft", "Rosnetf"), Some(Likeness::Near));
    assert_eq!(likeness("1506", "1507"), None, "numbers are never alike");
    assert_eq!(likeness("کاسپین", "Kaspin"), Some(Likeness::Consonants));
    assert_eq!(likeness("HSK", "GSK"), Some(Likeness::Near));
    assert_eq!(likeness("Volvo", "Vologda"), None);
}
