use super::*;

fn names(field: &str) -> Vec<String> {
    let mut entity = ListedEntity { name: field.to_owned(), ..ListedEntity::default() };
    split_names(&mut entity);
    let mut names = entity.aliases;
    names.extend(entity.weak_aliases.into_iter().map(|name| format!("weak {name}")));
    names
}

#[test]
fn each_name_of_a_field_is_a_name() {
    for (field, expected) in [
        (
            "QUILL RIVER LINES (QRL) ; TEAL BANKS TRADING COMPANY (TBTC)",
            &[
                "QUILL RIVER LINES (QRL)",
                "QUILL RIVER LINES",
                "TEAL BANKS TRADING COMPANY (TBTC)",
                "TEAL BANKS TRADING COMPANY",
                "TBTC",
                "weak QRL",
            ] as &[&str],
        ),
        ("OLDERBEEK PARTS INDUSTRIAL COMPANY (OPINCO)", &["OLDERBEEK PARTS INDUSTRIAL COMPANY", "OPINCO"]),
        ("JUNIPER-E ROSHAN / JRSH", &["JUNIPER-E ROSHAN", "JRSH"]),
        ("KESTREL BUREAU (FORMERLY NORTH SHAFT OFFICE)", &["KESTREL BUREAU", "NORTH SHAFT OFFICE"]),
        ("JUNIPER-E ROSHAN/ JRSH", &["JUNIPER-E ROSHAN", "JRSH"]),
        ("Kestrel Bureau (ex Juniper Office)", &["Kestrel Bureau", "Juniper Office"]),
        (
            "Kestrel Bureau (f.k.a. Juniper Office; Heron Works)",
            &["Kestrel Bureau", "Juniper Office", "Heron Works"],
        ),
        ("KESTREL BUREAU, formerly Juniper Office", &["KESTREL BUREAU", "Juniper Office"]),
        ("Kestrel Bureau a.k.a. Juniper Office", &["Kestrel Bureau", "Juniper Office"]),
        ("Kestrel Bureau also known as: Juniper Office", &["Kestrel Bureau", "Juniper Office"]),
        ("NAFTIRA QUILL CO. (NIQU) LIMITED", &["NAFTIRA QUILL CO. LIMITED", "NIQU"]),
        (
            "KESTREL CORPS (KSTL)-TEALWICK FORCE",
            &["KESTREL CORPS TEALWICK FORCE", "KSTL", "KSTL TEALWICK FORCE"],
        ),
        ("PARTIDO TEALWICK (TEALWICK WORKERS PARTY)", &["PARTIDO TEALWICK", "TEALWICK WORKERS PARTY"]),
        (
            "TEALWICK CENTRE (TCEN) AND OLDERBEEK FUEL CENTRE (OFCE)",
            &[
                "TEALWICK CENTRE (TCEN)",
                "TEALWICK CENTRE",
                "TCEN",
                "OLDERBEEK FUEL CENTRE (OFCE)",
                "OLDERBEEK FUEL CENTRE",
                "OFCE",
            ],
        ),
        ("کوئیل (Quill Kestrel; Teal Kestrel)", &["کوئیل", "Quill Kestrel", "Teal Kestrel"]),
    ] {
        assert_eq!(names(field), expected, "{field}");
    }
}

#[test]
fn one_name_stays_one_name() {
    for field in [
        "Quillmarsh A/S",
        "Quillmarsh A / S",
        "Quillmarsh S/A",
        "Acme c/o Quillmarsh",
        "Fitness 24/7",
        "Quillmarsh J/V Corporation",
        "Quill and Marsh Ltd",
        "AKA Quillmarsh Bank",
        "Formerly Great Shoes Ltd",
        "ADF/NALU",
    ] {
        assert!(names(field).is_empty(), "{field}: {:?}", names(field));
    }
}

#[test]
fn a_place_or_form_in_parentheses_is_no_name() {
    for (field, bare) in [
        ("QUILLBANK (SWITZERLAND) LTD", "QUILLBANK LTD"),
        ("AL-MANARA FOUNDATION (COMOROS)", "AL-MANARA FOUNDATION"),
        ("QUILLMARSH (HONG KONG) CO., LIMITED", "QUILLMARSH CO., LIMITED"),
        ("AL-MANARA FOUNDATION (UNION OF THE COMOROS)", "AL-MANARA FOUNDATION"),
        ("QUILLMARSH (PTY) LTD", "QUILLMARSH LTD"),
        ("QUILLMARSH SAL (OFF-SHORE)", "QUILLMARSH SAL"),
        ("QUILLMARSH EXCHANGE (BRANCH LOCATED IN TEALWICK TOWN)", "QUILLMARSH EXCHANGE"),
        ("QUILLMARSH (LIMITED", "QUILLMARSH"),
    ] {
        assert_eq!(names(field), [bare], "{field}");
    }
}

#[test]
fn a_field_of_parentheses_alone_is_harmless() {
    for field in ["()", "((((", ")))", "(;;;)", "( / )", " / ", ";", "a.k.a.", "a.k.a. ; aka", "（）)("] {
        assert!(names(field).len() < 4, "{field}");
    }
    for long in
        ["(a;".repeat(1000), "A (AA) ".repeat(500), "a a.k.a. b ".repeat(300), "a ; ".repeat(9_000_000)]
    {
        assert!(names(&long).len() <= NAMES_MAX + 1);
    }
}
