//! Tests of request validation.

use proptest::prelude::*;

use super::*;

fn draft() -> ReportRequestDraft {
    ReportRequestDraft {
        company_name: Some("Sakura Precision Works K.K.".into()),
        corporate_number: Some("1180301018771".into()),
        country: Some("JP".into()),
        ..ReportRequestDraft::default()
    }
}

fn codes(draft: ReportRequestDraft) -> Vec<(String, String)> {
    let errors = draft.check().err().unwrap_or_default();
    errors.into_iter().map(|error| (error.pointer, error.code)).collect()
}

#[test]
fn all_errors_are_reported_together() {
    let draft = ReportRequestDraft {
        company_name: Some("Ac\u{200b}me".into()),
        corporate_number: None,
        country: Some("UK".into()),
        language: Some("xx".into()),
        purpose: Some("p".repeat(501)),
        callback_url: Some("http://example.com".into()),
        formats: Some(vec!["pdf".into(), "docx".into(), "pdf".into()]),
    };
    let expected = [
        ("/callbackUrl", "url_not_allowed"),
        ("/companyName", "character_not_allowed"),
        ("/corporateNumber", "required"),
        ("/country", "country_unknown"),
        ("/language", "language_unsupported"),
        ("/purpose", "too_long"),
        ("/formats/1", "format_unknown"),
        ("/formats/2", "format_repeated"),
    ];
    let expected: Vec<_> = expected.iter().map(|(p, c)| ((*p).to_owned(), (*c).to_owned())).collect();
    assert_eq!(codes(draft), expected);
}

#[test]
fn errors_that_do_not_depend_on_another_invalid_field_are_all_reported() {
    let request = |country: Option<&str>, number: &str| {
        codes(ReportRequestDraft {
            corporate_number: Some(number.into()),
            country: country.map(str::to_owned),
            ..draft()
        })
    };
    let both = |number: &str, country: &str| {
        vec![("/corporateNumber".to_owned(), number.to_owned()), ("/country".to_owned(), country.to_owned())]
    };
    for number in ["<b>", "12\t34", "1\u{200b}2", "1;DROP", "😀"] {
        assert_eq!(request(Some("UK"), number), both("number_characters", "country_unknown"), "{number}");
        assert_eq!(request(None, number), both("number_characters", "required"), "{number}");
    }
    assert_eq!(request(Some("UK"), "   "), both("number_length", "country_unknown"));
    assert_eq!(request(Some("UK"), &"1".repeat(81)), both("too_long", "country_unknown"));
    // Whether this number is valid depends on the country.
    assert_eq!(request(Some("UK"), "99104372"), [("/country".to_owned(), "country_unknown".to_owned())]);
    // Errors of one field do not hide each other.
    let name = format!("{}\u{202e}", "é".repeat(201));
    let found = codes(ReportRequestDraft { company_name: Some(name), ..draft() });
    assert_eq!(
        found.iter().map(|(_, code)| code.as_str()).collect::<Vec<_>>(),
        ["too_long", "character_not_allowed"]
    );
}

#[test]
fn names_are_trimmed_and_composed_but_never_truncated() {
    let name = |text: &str| ReportRequestDraft { company_name: Some(text.into()), ..draft() };
    assert_eq!(name("  Cafe\u{301} \u{3000}").check().unwrap().company_name, "Café");
    assert!(name(&"é".repeat(200)).check().is_ok());
    assert_eq!(codes(name(&"é".repeat(201)))[0].1, "too_long");
    assert_eq!(codes(name("   "))[0].1, "empty");
    assert_eq!(codes(name("\tAcme"))[0].1, "character_not_allowed");
    assert_eq!(codes(name("!!!"))[0].1, "no_letters");
}

#[test]
fn numbers_are_stored_as_their_scheme_normalizes_them() {
    let request = |country: &str, number: &str| {
        let draft = ReportRequestDraft {
            corporate_number: Some(number.into()),
            country: Some(country.into()),
            ..draft()
        };
        draft.check().map(|request| (request.corporate_number, request.number_scheme))
    };
    let stored =
        |number: &str, scheme: Option<&str>| Ok((Some(number.to_owned()), scheme.map(str::to_owned)));
    assert_eq!(
        request("JP", "\u{3000}２５０３-9478-54819 "),
        stored("2503947854819", Some("corporate_number"))
    );
    assert_eq!(request("DE", "HRB 72832"), stored("HRB72832", Some("hrb_without_court")));
    assert_eq!(request("HU", "0110041585"), stored("01-10-041585", Some("cegjegyzekszam")));
    assert_eq!(request("DE", "def1103r.hrb12345b"), stored("DEF1103R.HRB12345B", Some("euid")));
    assert_eq!(request("AQ", "x-1"), stored("X-1", None));
    // A number that follows no scheme of its country is accepted as well.
    assert_eq!(request("GB", "r0521"), stored("R0521", None));
    assert_eq!(request("JP", "25039478548A9"), stored("25039478548A9", None));
    let errors = request("JP", "2503947854818").unwrap_err();
    assert_eq!((errors.len(), errors[0].code.as_str()), (1, "number_check_digit"));
    // Without a valid country, the number is only required to be present.
    let errors = request("UK", "2503947854818").unwrap_err();
    assert_eq!((errors.len(), errors[0].pointer.as_str()), (1, "/country"));
}

#[test]
fn the_number_may_be_left_out_where_companies_have_no_public_one() {
    let without = |country: &str| ReportRequestDraft {
        corporate_number: None,
        country: Some(country.into()),
        ..draft()
    };
    let request = without("KP").check().unwrap();
    assert_eq!((&request.corporate_number, &request.number_scheme), (&None, &None));
    // A number that is there all the same is checked.
    let with = |number: &str| ReportRequestDraft { corporate_number: Some(number.into()), ..without("KP") };
    assert_eq!(with("4711").check().unwrap().corporate_number.as_deref(), Some("4711"));
    assert_eq!(codes(with("")), [("/corporateNumber".to_owned(), "empty".to_owned())]);
    assert_eq!(codes(with("-")), [("/corporateNumber".to_owned(), "number_form".to_owned())]);

    // Elsewhere the error says where it may be left out.
    let errors = without("SK").check().unwrap_err();
    let [error] = errors.as_slice() else { panic!("{errors:?}") };
    assert_eq!((error.pointer.as_str(), error.code.as_str()), ("/corporateNumber", "required"));
    assert!(error.message.contains("LEI") && error.message.contains("KP"), "{}", error.message);

    let fingerprint = |draft: ReportRequestDraft| draft.check().unwrap().fingerprint();
    assert_ne!(fingerprint(without("KP")), fingerprint(with("1")));
    assert_ne!(fingerprint(without("KP")), fingerprint(without("AQ")));
    // Its stored form has no number, and is read.
    let stored = serde_json::to_value(&request).unwrap();
    assert_eq!(stored["corporateNumber"], serde_json::Value::Null);
    assert_eq!(serde_json::from_value::<ReportRequest>(stored).unwrap(), request);
}

#[test]
fn webhook_urls_use_https_and_public_hosts_only() {
    let check = |url: &str| ReportRequestDraft { callback_url: Some(url.into()), ..draft() }.check();
    for accepted in
        ["https://hooks.example.com/a?b=c", "https://example.co.jp:8443", "https://xn--r8jz45g.example/"]
    {
        assert!(check(accepted).is_ok(), "{accepted}");
    }
    for rejected in [
        "http://example.com",
        "https://",
        "https://localhost/x",
        "https://a.localhost",
        "https://127.0.0.1/",
        "https://0x7f.1",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://user:pw@example.com",
        "https://intranet/",
        "https://db.internal",
        "https://exa mple.com",
        "javascript:alert(1)",
        "https://example.com/#x",
        "https://1.2.3.4.",
        "https://2130706433",
        "https://a.localhost.",
        "hooks.example.com",
        "https:example.com",
        "https:\\\\example.com\\x",
        "https://exa\tmple.com/x",
        "https://example.com/\n/y",
        "https://example.com/\u{202e}gnp",
        "https://example.com/<script>",
        " https://example.com",
    ] {
        assert!(check(rejected).is_err(), "{rejected}");
    }
}

fn with_formats(names: &[&str]) -> ReportRequestDraft {
    ReportRequestDraft { formats: Some(names.iter().map(|name| (*name).to_owned()).collect()), ..draft() }
}

#[test]
fn formats_are_chosen_once_each() {
    let chosen = |names: &[&str]| with_formats(names).check().unwrap().formats;
    assert_eq!(chosen(&["md", "pdf"]), Some(vec![Format::Pdf, Format::Md]));
    assert_eq!(draft().check().unwrap().formats, None);
    assert_eq!(codes(with_formats(&[])), [("/formats".to_owned(), "empty".to_owned())]);
    assert_eq!(codes(with_formats(&["json"])), [("/formats/0".to_owned(), "format_unknown".to_owned())]);
    assert_eq!(codes(with_formats(&["pdf"; 51])), [("/formats".to_owned(), "count_invalid".to_owned())]);
}

#[test]
fn the_fingerprint_names_the_chosen_formats_only() {
    let fingerprint = |draft: ReportRequestDraft| draft.check().unwrap().fingerprint();
    // Reports that 0.2.0 and earlier recorded have this fingerprint.
    assert_eq!(fingerprint(draft()), "17c1941266d1b35469c04225c4636dbdd18c1fcd5db7a70329d1ce774aec692d");
    assert_eq!(fingerprint(with_formats(&["pdf", "md"])), fingerprint(with_formats(&["md", "pdf"])));
    let all = ["html", "pdf", "md"];
    let different =
        [draft(), with_formats(&all), with_formats(&["pdf"]), with_formats(&["md"])].map(fingerprint);
    let distinct: std::collections::BTreeSet<&String> = different.iter().collect();
    assert_eq!(distinct.len(), different.len());
}

#[test]
fn stored_requests_of_other_versions_are_read() {
    let mut stored = serde_json::to_value(draft().check().unwrap()).unwrap();
    assert_eq!(stored["formats"], serde_json::Value::Null);
    stored.as_object_mut().unwrap().remove("formats");
    let read = |stored: &serde_json::Value| serde_json::from_value::<ReportRequest>(stored.clone()).unwrap();
    assert_eq!(read(&stored).formats, None);
    stored["formats"] = serde_json::json!(["pdf", "xlsx"]);
    let names: Vec<&str> = read(&stored).formats.iter().flatten().map(|format| format.as_str()).collect();
    assert_eq!(names, ["pdf", "xlsx"]);
}

#[test]
fn the_fingerprint_depends_on_the_content_alone() {
    let fingerprint = |draft: ReportRequestDraft| draft.check().unwrap().fingerprint();
    assert_eq!(
        fingerprint(draft()),
        fingerprint(ReportRequestDraft { language: Some("EN".into()), ..draft() })
    );
    assert_ne!(
        fingerprint(draft()),
        fingerprint(ReportRequestDraft { purpose: Some("kyc".into()), ..draft() })
    );
    let split_at = |name: &str, number: &str| ReportRequestDraft {
        company_name: Some(name.into()),
        corporate_number: Some(number.into()),
        country: Some("AQ".into()),
        ..draft()
    };
    assert_ne!(fingerprint(split_at("ab", "c1")), fingerprint(split_at("a", "bc1")));
}

proptest! {
    #[test]
    fn every_request_is_accepted_or_explained(
        name in any::<Option<String>>(), number in any::<Option<String>>(), code in any::<Option<String>>(),
        purpose in any::<Option<String>>(), url in any::<Option<String>>(),
        formats in any::<Option<Vec<String>>>(),
    ) {
        let draft = ReportRequestDraft {
            company_name: name, corporate_number: number, country: code, language: None, purpose, callback_url: url, formats,
        };
        if let Err(errors) = draft.check() {
            prop_assert!(!errors.is_empty());
            prop_assert!(errors.iter().all(|e| e.pointer.starts_with('/') && e.message.len() > 10));
        }
    }
}
