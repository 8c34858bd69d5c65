//! Parts of scores, the order of hits, and verdicts on lists of several lengths.

use super::*;
use crate::explain::Scoring;

#[test]
fn a_weak_name_lowers_the_score() {
    let mut listed = entity("weak", &["HARBORLIGHT NOWRUZ COMMITTEE"], &["AF"]);
    listed.weak_aliases = vec!["KESTREL TEKHNIKA".to_owned()];
    listed.ids = vec!["reg:AF:24257037".to_owned()];
    let screener = Screener::new(vec![listed]);
    let explanation = |number| {
        let hits = screener.search_with("Kestrel Tekhnika", Some("AF"), number, 0.0);
        (Explanation::of(&hits[0]), hits[0].is_match())
    };
    let (weak, is_match) = explanation(None);
    assert_eq!((weak.matched_name_kind, weak.weak_name, is_match), ("weak", true, false));
    assert!(weak.scoring.weak_name_effect < 0.0 && weak.scoring.number_effect == 0.0);
    let (numbered, is_match) = explanation(Some("24257037"));
    assert!(is_match && numbered.scoring.weak_name_effect == 0.0);
}

#[test]
fn the_parts_of_a_score_add_up_to_it() {
    let screener = screener();
    for (name, country, number) in [
        ("Kestrel Tekhnika OOO", Some("RU"), None),
        ("Kestrel Tehnika", Some("BR"), None),
        ("Quilmarsh Int'l Bakery Ltd", None, None),
        ("Olderbeek Bearing", Some("RU"), Some("1069900445566")),
        ("Somebody Else", Some("RU"), Some("1069900445566")),
    ] {
        let hits = screener.search_with(name, country, number, 0.0);
        let Explanation { scoring, .. } = Explanation::of(&hits[0]);
        let Scoring {
            name_similarity,
            birth_date_effect,
            country_effect,
            number_effect,
            weak_name_effect,
            score,
        } = scoring;
        assert_eq!(birth_date_effect, None, "{name}");
        let sum = name_similarity + country_effect + number_effect + weak_name_effect;
        assert!((sum - score).abs() < 1e-9, "{name}: {scoring:?}");
        assert!((score - f64::from(hits[0].score)).abs() < 1e-6, "{name}: {scoring:?}");
        assert!(country_effect <= 0.0 && number_effect >= 0.0, "{name}: {scoring:?}");
    }
}

#[test]
fn an_explanation_is_serialised_with_each_part_of_the_score() {
    let screener = screener();
    let hits = screener.search("Kestrel Technology LLC", Some("BR"), 0.0);
    let json = serde_json::to_value(Explanation::of(&hits[0])).unwrap();
    assert_eq!(
        (&json["matchedName"], &json["matchedNameKind"]),
        (&"Kestrel Technology LLC".into(), &"alias".into())
    );
    let part = |name: &str| json["scoring"][name].as_f64().unwrap();
    assert_eq!(part("nameSimilarity"), 1.0);
    assert!(part("countryEffect") < 0.0);
    assert_eq!((part("numberEffect"), part("weakNameEffect")), (0.0, 0.0));
    assert!((part("final") - 1.0 - part("countryEffect")).abs() < 1e-9);
}

/// Returns the ids of the entities in the order in which they are found.
fn order(
    entities: Vec<ListedEntity>,
    name: &str,
    country: Option<&str>,
    number: Option<&str>,
) -> Vec<String> {
    let screener = Screener::new(entities);
    let hits = screener.search_with(name, country, number, 0.0);
    let scores: Vec<f32> = hits.iter().map(|hit| hit.score).collect();
    assert!(scores.windows(2).all(|pair| pair[0] == pair[1]), "equal scores: {scores:?}");
    hits.into_iter().map(|hit| hit.entity.id.to_owned()).collect()
}

#[test]
fn of_equal_scores_the_entity_that_agrees_in_more_comes_first() {
    let name = "KESTREL TEKHNIKA";
    // The same number decides, before the name.
    let numbered =
        ListedEntity { ids: vec!["reg:RU:1069900445566".to_owned()], ..entity("b", &[name], &["RU"]) };
    assert_eq!(
        order(vec![entity("a", &[name], &["RU"]), numbered], name, Some("RU"), Some("1069900445566")),
        ["b", "a"]
    );
    // A main name comes before an alias. If all agrees, the id decides.
    let as_alias = entity("a", &["HARBORLIGHT WORKS", name], &["RU"]);
    let main = entity("b", &[name], &["RU"]);
    assert_eq!(order(vec![as_alias.clone(), main.clone()], name, Some("RU"), None), ["b", "a"]);
    assert_eq!(order(vec![entity("c", &[name], &["RU"]), main], name, Some("RU"), None), ["b", "c"]);
    // An alias comes before a weak name.
    let weak =
        ListedEntity { weak_aliases: vec![name.to_owned()], ..entity("a", &["HARBORLIGHT WORKS"], &["RU"]) };
    let hits = |listed: &[ListedEntity]| {
        let screener = Screener::new(listed.to_vec());
        let hits = screener.search(name, Some("RU"), 0.0);
        hits.into_iter().map(|hit| hit.entity.id.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(hits(&[weak, ListedEntity { id: "b".to_owned(), ..as_alias }]), ["b", "a"]);
}

#[test]
fn the_order_of_hits_is_total() {
    let base = |id: &'static str| Hit {
        entity: ListedEntity { id, ..ListedEntity::default() },
        matched_name: "",
        name_kind: NameKind::Main,
        score: 0.7,
        reasons: Reasons { matched_weight: 1.0, ..Reasons::default() },
    };
    let with = |id, change: fn(&mut Hit<'static>)| {
        let mut hit = base(id);
        change(&mut hit);
        hit
    };
    // Each hit is better in one property and worse in all that count less, the id last.
    let mut hits = [
        with("z9", |hit| hit.score = 0.9),
        with("z8", |hit| hit.reasons.number_agrees = true),
        with("z7", |hit| hit.reasons.country_agrees = Some(true)),
        with("z6", |hit| hit.reasons.matched_weight = 2.0),
        base("z4"),
        base("z5"),
        with("a3", |hit| hit.name_kind = NameKind::Alias),
        with("a2", |hit| hit.name_kind = NameKind::Weak),
        with("a1", |hit| hit.reasons.matched_weight = 0.5),
        with("a0", |hit| hit.reasons.country_agrees = Some(false)),
    ];
    let expected: Vec<&str> = hits.iter().map(|hit| hit.entity.id).collect();
    for one in &hits {
        for other in &hits {
            assert_eq!(one.order(other), other.order(one).reverse());
        }
    }
    hits.reverse();
    hits.sort_by(Hit::order);
    assert_eq!(hits.iter().map(|hit| hit.entity.id).collect::<Vec<_>>(), expected);
}

#[test]
fn a_list_ten_times_as_long_gives_the_same_verdicts() {
    let listed = |copies: usize| {
        let mut entities = vec![
            entity("kestrel", &["OOO KESTREL TEKHNIKA", "Kestrel Technology LLC"], &["RU"]),
            entity("quillmarsh", &["QUILLMARSH INTERNATIONAL TRADING LIMITED"], &["HK", "CN"]),
            entity("north", &["NORTHERN HARBORLIGHT BANK"], &["IR"]),
            entity("pokt", &["PARS OMID KAVIR TECHNOLOGY COMPANY"], &["IR"]),
            entity("plant", &["MERRIDEN REPAIR PLANT 12"], &["RU"]),
        ];
        for copy in 0..copies {
            for (number, trade) in
                ["TRADING", "SHIPPING", "BANK", "REPAIR PLANT", "TECHNOLOGY"].iter().enumerate()
            {
                // Words of two syllables: none is like a word of the entities above.
                let word =
                    |at: usize| ["BULVO", "ZETTIG", "FAURLI", "HUMPET", "GOSSWY", "LUDFEN", "WIXHAL"][at % 7];
                let name =
                    format!("{}{}{copy} {trade} INTERNATIONAL", word(copy + number), word(copy / 7 + 2));
                entities.push(entity(&format!("{copy}-{number}"), &[&name], &["CN"]));
            }
        }
        Screener::new(entities)
    };
    let lists = [100, 1_000, 10_000].map(listed);
    for (name, country, expected) in [
        ("Kestrel Tekhnika", Some("RU"), Some("kestrel")),
        ("Kestrel Tehnika GmbH", None, Some("kestrel")),
        ("Kestrel Foods plc", Some("GB"), None),
        ("Quilmarsh Int'l Trdg Co., Ltd", None, Some("quillmarsh")),
        ("Harborlight International Trading Limited", Some("HK"), None),
        ("Southern Harborlight Bank", Some("IR"), None),
        ("Bank Northern Harborlight", Some("IR"), Some("north")),
        ("POKT", Some("IR"), Some("pokt")),
        ("Merriden Repair Plant Twelve", Some("RU"), Some("plant")),
        ("Merriden Repair Plant 21", Some("RU"), None),
        ("International Trading", Some("CN"), None),
    ] {
        let verdicts = lists.each_ref().map(|list| {
            let hits = list.search(name, country, MATCH_THRESHOLD);
            hits.first().map(|hit| hit.entity.id.to_owned())
        });
        assert_eq!(verdicts, [(); 3].map(|()| expected.map(str::to_owned)), "{name}");
    }
}
