use super::*;
use crate::{folding::Folded, text::token::tokens};

fn figures(text: &str, language: Language) -> Vec<Figure> {
    let folded = Folded::new(text);
    read(&folded.text, &tokens(&folded), language).0
}

fn dates_in(text: &str, language: Language) -> Vec<String> {
    let folded = Folded::new(text);
    let dates = read(&folded.text, &tokens(&folded), language).1;
    dates.iter().map(|date| date.readings[0].to_string()).collect()
}

/// Returns the value of the only figure of a text in the base unit of its dimension, and its unit.
fn only(text: &str, language: Language) -> (f64, Unit) {
    let figures = figures(text, language);
    assert_eq!(figures.len(), 1, "{text}: {figures:?}");
    (figures[0].values[0] * figures[0].unit.factor(), figures[0].unit.clone())
}

#[test]
fn values_are_read_with_their_magnitude_in_many_languages() {
    for (text, language, value) in [
        ("a loss of $3.2bn", Language::En, 3.2e9),
        ("seven billion dollars", Language::En, 7e9),
        ("two and a half million pounds", Language::En, 2.5e6),
        ("half a million euros", Language::En, 5e5),
        ("Rs 45 crore", Language::En, 4.5e8),
        ("12 lakh rupees", Language::En, 1.2e6),
        ("HUF7bn", Language::En, 7e9),
        ("TWD500m", Language::En, 5e8),
        ("twelve thousand bottles", Language::En, 12e3),
        ("32億円", Language::Ja, 3.2e9),
        ("1兆2000億円", Language::Ja, 1.2e12),
        ("3億5千万円", Language::Ja, 3.5e8),
        ("約1.5兆円", Language::Ja, 1.5e12),
        ("三百万円", Language::Ja, 3e6),
        ("５万３０００トン", Language::Ja, 53e3 * 1000.0),
        ("1,5 Mrd. Euro", Language::De, 1.5e9),
        ("zweihundertfünfzigtausend Euro", Language::De, 250e3),
        ("1,2 milliard d'euros", Language::Fr, 1.2e9),
        ("quatre-vingt-douze millions d'euros", Language::Fr, 92e6),
        ("4.500 millones de pesos", Language::Es, 4.5e9),
        ("R$ 780 milhões", Language::Pt, 780e6),
        ("7,4 miliardi di euro", Language::It, 7.4e9),
        ("31 млн рублей", Language::Ru, 31e6),
        ("٢٠٠ ألف ريال", Language::Ar, 200e3),
        ("45억 원", Language::Ko, 4.5e9),
        ("3.1亿元", Language::Zh, 3.1e8),
        ("120 tỷ đồng", Language::Other, 120e9),
        ("Rp 3,5 miliar", Language::Other, 3.5e9),
        ("48 mio. kr.", Language::Other, 48e6),
        ("5,2 miljoonaa euroa", Language::Other, 5.2e6),
        ("१२ करोड़ रुपये", Language::Other, 12e7),
    ] {
        let (found, _) = only(text, language);
        assert!((found - value).abs() < value * 1e-9, "{text}: {found}");
    }
}

#[test]
fn units_and_currencies_are_told_apart() {
    let agree = |a: (&str, Language), b: (&str, Language)| only(a.0, a.1).1.agrees(&only(b.0, b.1).1);
    assert_eq!(agree(("5 million euros", Language::En), ("500万ユーロ", Language::Ja)), Some(true));
    assert_eq!(agree(("5 million euros", Language::En), ("500万ドル", Language::Ja)), Some(false));
    assert_eq!(
        agree(("$5 million", Language::En), ("5 million Australian dollars", Language::En)),
        Some(true)
    );
    assert_eq!(
        agree(("US$5 million", Language::En), ("5 million Australian dollars", Language::En)),
        Some(false)
    );
    assert_eq!(agree(("5 percent", Language::En), ("5ポイント", Language::Ja)), Some(false));
    assert_eq!(agree(("5 tonnes", Language::En), ("5トン", Language::Ja)), Some(true));
    assert_eq!(agree(("5 tonnes", Language::En), ("5 euros", Language::En)), Some(false));
    assert_eq!(agree(("23 days", Language::En), ("23 months", Language::En)), Some(false));
    assert_eq!(only("三割", Language::Ja).0, 30.0);
}

#[test]
fn a_rounded_figure_has_the_value_of_the_exact_one() {
    let has = |claim: (&str, Language), proof: (&str, Language)| {
        figures(claim.0, claim.1)[0].has_value_of(&figures(proof.0, proof.1)[0])
    };
    assert!(has(("about 1.3 million euros", Language::En), ("1,284,000 euros", Language::En)));
    assert!(has(("£1.24 million", Language::En), ("£1,243,567", Language::En)));
    assert!(has(("128億円", Language::Ja), ("128億4,600万円", Language::Ja)));
    assert!(!has(("£1.24 million", Language::En), ("£1,343,567", Language::En)));
    assert!(!has(("4 companies", Language::En), ("5 companies", Language::En)));
    assert!(!has(("40 companies", Language::En), ("50 companies", Language::En)));
}

#[test]
fn dates_are_read_in_many_languages() {
    for (text, language, date) in [
        ("on 4 March 2024", Language::En, "2024-03-04"),
        ("March 4, 2024", Language::En, "2024-03-04"),
        ("since June 2021", Language::En, "2021-06"),
        ("令和6年3月4日", Language::Ja, "2024-03-04"),
        ("2024年3月期", Language::Ja, "2024-03"),
        ("bis Ende Juni 2025", Language::De, "2025-06"),
        ("am 4. März 2024", Language::De, "2024-03-04"),
        ("le 1er avril 2023", Language::Fr, "2023-04-01"),
        ("el 14 de mayo de 2008", Language::Es, "2008-05-14"),
        ("в феврале 2024 года", Language::Ru, "2024-02"),
        ("31.12.2023", Language::De, "2023-12-31"),
        ("2023-02-24", Language::En, "2023-02-24"),
        ("٣٠ يونيو ٢٠٢٤", Language::Ar, "2024-06-30"),
    ] {
        assert_eq!(dates_in(text, language), [date], "{text}");
    }
    assert_eq!(dates_in("bis Ende Juni gesichert", Language::De), ["--06"]);
    assert_eq!(dates_in("К сентябрю предприятие", Language::Ru), ["--09"]);
    assert_eq!(dates_in("it sold 2019 tonnes", Language::En), [""; 0]);
}
