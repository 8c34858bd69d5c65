use super::flaws;
use crate::{
    case::{Claim, Company, Piece, Reading},
    flaw::{Aspect, Flaw},
};

const NAME: &str = "Ferrow Mill Ltd";

/// Returns the flaws of a claim on Ferrow Mill that cites the whole of `text`.
fn of(statement: &str, language: &str, text: &str) -> Vec<Flaw> {
    let pieces = vec![Piece { reading: Reading::of("", text), times: Vec::new(), quotes: Vec::new() }];
    flaws(&Claim { statement, language, company: Company { name: NAME, number: "", country: "GB" }, pieces })
}

fn passes(statement: &str, language: &str, text: &str) {
    assert_eq!(of(statement, language, text), [], "{statement}");
}

fn fails(statement: &str, language: &str, text: &str, is: fn(&Flaw) -> bool) {
    let found = of(statement, language, text);
    assert!(found.iter().any(is), "{statement}: {found:?}");
}

#[test]
fn a_number_needs_its_value_in_the_evidence() {
    let text = "Ferrow Mill Ltd employs 5 people and lost £7 million.";
    let is = |flaw: &Flaw| matches!(flaw, Flaw::Number(_));
    passes("Ferrow Mill lost seven million pounds.", "en", text);
    passes("Ferrow Mill Ltdは700万ポンドの損失を出した。", "ja", text);
    fails("Ferrow Mill lost £5 billion.", "en", text, is);
    fails("Ferrow Mill Ltdは70億ポンドの損失を出した。", "ja", text, is);
    fails(
        "Ferrow Mill lost 17 million pounds.",
        "en",
        "Ferrow Mill Ltd hat sieben Millionen Pfund verloren.",
        is,
    );
}

#[test]
fn a_number_needs_its_unit_and_currency() {
    let is = |flaw: &Flaw| matches!(flaw, Flaw::Unit(_) | Flaw::Number(_));
    let text = "La società Ferrow Mill Ltd pagherà 40 milioni di euro entro 90 giorni.";
    passes("Ferrow Mill will pay 40 million euros within 90 days.", "en", text);
    fails("Ferrow Mill will pay 40 million dollars within 90 days.", "en", text, is);
    fails("Ferrow Mill Ltdは90か月以内に4000万ユーロを支払う。", "ja", text, is);
}

#[test]
fn a_date_must_be_in_the_evidence_and_belong_to_the_same_thing() {
    let text = "Ferrow Mill Ltd was founded in 1987. It opened its bakery in Leeds in May 2012.";
    passes("Ferrow Mill was founded in 1987.", "en", text);
    passes("Ferrow Mill Ltdは1987年に設立された。", "ja", text);
    fails("Ferrow Mill was founded in 1978.", "en", text, |flaw| matches!(flaw, Flaw::Date(_)));
    fails("Ferrow Mill was founded in 2012.", "en", text, |flaw| matches!(flaw, Flaw::OfAnotherThing(_)));
}

#[test]
fn a_figure_belongs_to_what_stands_beside_it() {
    let text = "Former clerks sued Ferrow Mill Ltd for 48 million euros in unpaid pensions. \
                The company set aside 20 million euros in its half-year accounts.";
    let is = |flaw: &Flaw| matches!(flaw, Flaw::OfAnotherThing(_));
    passes("Ferrow Mill set aside 20 million euros in its half-year accounts.", "en", text);
    passes("同社は半期決算で2000万ユーロを引き当てた。", "ja", text);
    fails("Ferrow Mill set aside 48 million euros in its half-year accounts.", "en", text, is);
}

#[test]
fn a_quote_must_bear_on_the_claim() {
    let text = "The museum shows paintings by local artists until Sunday.";
    fails("Ferrow Mill bribed a minister.", "en", text, |flaw| matches!(flaw, Flaw::Irrelevant));
}

#[test]
fn an_accusation_must_be_mentioned() {
    let text = "Ferrow Mill Ltd opened a shop in York.";
    let is = |flaw: &Flaw| matches!(flaw, Flaw::NotMentioned(_));
    fails("Ferrow Mill paid bribes for its shop in York.", "en", text, is);
    fails("Ferrow Mill Ltdはヨークの店舗をめぐり脱税した。", "ja", text, is);
}

#[test]
fn what_was_annulled_later_is_superseded() {
    let text = "Ferrow Mill Ltd was fined 2 million pounds for pollution. An appeal court overturned the fine in May.";
    let is = |flaw: &Flaw| matches!(flaw, Flaw::Superseded(_));
    fails("Ferrow Mill was fined 2 million pounds for pollution.", "en", text, is);
    fails("Ferrow Mill Ltdは汚染で200万ポンドの罰金を科された。", "ja", text, is);
    passes("A fine of Ferrow Mill for pollution was overturned on appeal.", "en", text);
}

#[test]
fn polarity_is_that_of_the_evidence() {
    let is = |flaw: &Flaw| matches!(flaw, Flaw::Certainty(Aspect::Negation, _));
    let text = "Ferrow Mill Ltd did not export flour to Belarus.";
    passes("Ferrow Mill did not export flour to Belarus.", "en", text);
    passes("Ferrow Mill Ltdはベラルーシに小麦粉を輸出していない。", "ja", text);
    fails("Ferrow Mill exported flour to Belarus.", "en", text, is);
    fails("Ferrow Mill did not export flour.", "en", "Ferrow Mill Ltd exported flour to Belarus.", is);
    fails("Profit of Ferrow Mill rose.", "en", "Der Gewinn der Ferrow Mill Ltd ist gesunken.", is);
}

#[test]
fn an_allegation_is_no_fact() {
    let is = |flaw: &Flaw| matches!(flaw, Flaw::Certainty(Aspect::Allegation, _));
    let text = "Prosecutors suspect Ferrow Mill Ltd of bribing customs officers.";
    passes("Prosecutors suspect that Ferrow Mill bribed customs officers.", "en", text);
    passes("Ferrow Mill Ltdは税関職員への贈賄の疑いが持たれている。", "ja", text);
    fails("Ferrow Mill bribed customs officers.", "en", text, is);
    fails("Ferrow Mill Ltdは税関職員に贈賄した。", "ja", text, is);
}

#[test]
fn a_plan_is_no_fact() {
    let is = |flaw: &Flaw| matches!(flaw, Flaw::Certainty(Aspect::Plan, _));
    let text = "Ferrow Mill Ltd plans to close its bakery in Leeds.";
    passes("Ferrow Mill intends to close its bakery in Leeds.", "en", text);
    passes("Ferrow Mill Ltdはリーズのパン工場を閉鎖する計画である。", "ja", text);
    fails("Ferrow Mill closed its bakery in Leeds.", "en", text, is);
    fails("Ferrow Mill Ltdはリーズのパン工場を閉鎖した。", "ja", text, is);
}

#[test]
fn parties_keep_their_roles() {
    let is = |flaw: &Flaw| matches!(flaw, Flaw::Roles(_));
    let text = "Ferrow Mill Ltd sued Oakhanger Grain Ltd for late deliveries.";
    passes("Oakhanger Grain was sued by Ferrow Mill for late deliveries.", "en", text);
    passes("Ferrow Mill LtdはOakhanger Grain Ltdを提訴した。", "ja", text);
    fails("Oakhanger Grain sued Ferrow Mill for late deliveries.", "en", text, is);
    fails("Oakhanger Grain LtdはFerrow Mill Ltdを提訴した。", "ja", text, is);
}

#[test]
fn evidence_about_another_party_does_not_count() {
    let is = |flaw: &Flaw| matches!(flaw, Flaw::OtherParty(_));
    let text = "Ferrow Shipping LLC was fined 3 million dollars in Houston.";
    fails("Ferrow Mill was fined 3 million dollars in Houston.", "en", text, is);
    fails("Ferrow Mill Ltdは300万ドルの罰金を科された。", "ja", text, is);
    let related = "The parent company of the mill was fined 3 million dollars.";
    fails("Ferrow Mill was fined 3 million dollars.", "en", related, is);
    passes("The parent company of Ferrow Mill was fined 3 million dollars.", "en", related);
}

#[test]
fn a_cause_must_be_given() {
    let is = |flaw: &Flaw| matches!(flaw, Flaw::Cause(_));
    let apart = "Ferrow Mill Ltd closed its bakery. Wheat prices have doubled since 2021.";
    fails("Ferrow Mill closed its bakery because of wheat prices.", "en", apart, is);
    let joined = "Ferrow Mill Ltd closed its bakery because wheat prices had doubled.";
    passes("Ferrow Mill closed its bakery because of wheat prices.", "en", joined);
}

#[test]
fn a_text_of_an_unknown_language_cannot_contradict() {
    let text = "Ferrow Mill Ltd tazpkin urela moket sanvi porun taligo nemra kuvi.";
    passes("Ferrow Mill Ltd did not close its bakery in Leeds.", "en", text);
    passes("Ferrow Mill Ltdは工場を閉鎖した。", "ja", text);
}

#[test]
fn an_event_keeps_its_date_its_figure_and_its_place() {
    let is = |flaw: &Flaw| matches!(flaw, Flaw::OfAnotherThing(_));
    let text = "Ferrow Mill Ltd was granted its permit in 2015 and had it revoked in 2024.";
    fails("Ferrow Mill had its permit revoked in 2015.", "en", text, is);
    fails("Ferrow Mill Ltdは2015年に許可を取り消された。", "ja", text, is);
    passes("Ferrow Mill Ltdは2024年に許可を取り消された。", "ja", text);
    let text =
        "La autoridad multó a Ferrow Mill Ltd en Veracruz. La planta de Tampico obtuvo un certificado.";
    passes("Ferrow Mill was fined in Veracruz.", "en", text);
}

#[test]
fn what_will_or_must_be_done_is_not_done() {
    let is = |flaw: &Flaw| matches!(flaw, Flaw::Certainty(Aspect::Plan, _));
    let text = "La Ferrow Mill Ltd fermera son atelier de Sedan.";
    passes("Ferrow Mill will close its workshop in Sedan.", "en", text);
    fails("Ferrow Mill has closed its workshop in Sedan.", "en", text, is);
    let text = "フェロー・ミル（Ferrow Mill Ltd）は来春、ベトナムに倉庫を開設する。";
    fails("Ferrow Mill opened a warehouse in Vietnam.", "en", text, is);
    let text = "Ferrow Mill Ltd must repay £2 million.";
    passes("Ferrow Mill has to repay £2 million.", "en", text);
    fails("Ferrow Mill has repaid £2 million.", "en", text, is);
}

#[test]
fn a_company_in_katakana_is_recognised_by_its_sound() {
    let is = |flaw: &Flaw| matches!(flaw, Flaw::Roles(_));
    let text = "Kestrel Byte has paid Ferrow Mill Ltd £12 million.";
    passes("ケストレル・バイトはフェロー・ミルに1200万ポンドを支払った。", "ja", text);
    fails("フェロー・ミルはケストレル・バイトに1200万ポンドを支払った。", "ja", text, is);
}

#[test]
fn what_was_suspended_or_annulled_before_the_quote_is_superseded() {
    let is = |flaw: &Flaw| matches!(flaw, Flaw::Superseded(_));
    let text = "A Justiça suspendeu a multa de R$ 25 milhões da Ferrow Mill Ltd.";
    fails("Ferrow Mill must pay a fine of 25 million reais.", "en", text, is);
}

/// Checks that claims on Ferrow Mill that quote one sentence of a text are not doubted because of its subject.
fn keeps_subject(quote: &str, rest: &str, claims: &[(&str, &str)]) {
    let text = format!("{quote} {rest}");
    for (language, statement) in claims {
        let pieces = vec![Piece { reading: Reading::of("", &text), times: Vec::new(), quotes: vec![quote] }];
        let company = Company { name: NAME, number: "", country: "GB" };
        let found = flaws(&Claim { statement, language, company, pieces });
        let is_doubted = found.iter().any(|flaw| matches!(flaw, Flaw::OtherParty(_) | Flaw::Roles(_)));
        assert!(!is_doubted, "{statement}: {found:?}");
    }
}

#[test]
fn registers_and_lists_are_no_other_party() {
    let parent = [
        ("ja", "Ferrow Mill LtdはTealwick Holding AGの子会社である。"),
        ("ja", "Ferrow Mill LtdはTealwick Holding AGの子会社です。"),
        ("ja", "Ferrow Mill Ltdの直接の親会社はTealwick Holding AGです。"),
        ("ja", "Ferrow Mill Ltdはスイス企業の傘下にあります。"),
        ("en", "Ferrow Mill belongs to Tealwick Holding AG."),
        ("en", "Ferrow Mill has a parent in Switzerland."),
        ("en", "Ferrow Mill reports to an owner abroad."),
    ];
    for quote in [
        "LEI登録簿によれば、直接の親会社はTealwick Holding AG（スイス、LEI 529900T8BM49AURSDO55）です。",
        "LEI登録簿によれば、最終的な親会社はTealwick Holding AG（LEI 529900T8BM49AURSDO55）です。",
        "The register names Tealwick Holding AG (Switzerland), LEI 529900T8BM49AURSDO55, as the direct parent.",
        "英国会社登記所（Companies House）には、対象企業の支配者としてほかに次の者が登記されています：Tealwick Holding AG。",
        "Companies House names further controllers of the company: Tealwick Holding AG.",
    ] {
        keeps_subject(quote, "", &parent);
    }
    let entry = [
        ("ja", "Ferrow Mill LtdはLEI登録簿に記載がない。"),
        ("ja", "Ferrow Mill Ltdは登記簿に見当たりません。"),
        ("ja", "Ferrow Mill Ltdの役員は照合していません。"),
        ("en", "Ferrow Mill has no entry in the register of legal entity identifiers."),
        ("en", "Ferrow Mill does not appear on the list."),
        ("en", "Ferrow Mill appears at Companies House."),
        ("en", "Ferrow Mill resembles Tealwick Mills."),
        ("ja", "Ferrow Mill LtdはTealwick Millsと類似しています。"),
        ("ja", "Ferrow Mill Ltdは制裁リストに一致する記載があります。"),
    ];
    for quote in [
        "LEI登録簿に529900T8BM49AURSDO55の記載はありません。",
        "LEI登録簿に照会しましたが、回答がありませんでした。",
        "LEI登録簿には番号123（英国）の企業が1社ありますが、名称の企業はありません。",
        "英国会社登記所（Companies House）に番号123の企業はありません。",
        "Companies House has no company with the number 123.",
        "Companies House was asked for each officer of the company and gave no answer.",
        "The register of legal entity identifiers has no entry 529900T8BM49AURSDO55.",
        "OFAC SDN ListにTealwick Millsが記載されています（番号12345）。",
        "OFAC SDN List lists Tealwick Mills (entry 12345).",
        "UK Sanctions List lists Tealwick Mills Ltd (entry 12345).",
        "HM Treasury Consolidated ListにTealwick Mills Ltdが記載されています（番号12345）。",
        "Listed as Tealwick Mills Ltd (entry 12345).",
        "Tealwick Mills Ltdとして記載されています（番号12345）。",
        "Published by Reuters on 3 March 2026.",
        "Reutersが2026年3月3日に報道。",
    ] {
        keeps_subject(quote, "LEI 529900T8BM49AURSDO55, Reuters.", &entry);
    }
}

#[test]
fn publishers_of_lists_of_countries_are_no_other_party() {
    let claims = [
        ("ja", "Ferrow Mill Ltdの所在国イランは、FATFの行動要請の対象です。"),
        ("ja", "Ferrow Mill Ltdはイランに所在し、武器の禁輸措置がある。"),
        ("ja", "Ferrow Mill Ltdは高リスク第三国で事業を行っています。"),
        ("en", "Ferrow Mill works from Iran, a country with a FATF call for action."),
        ("en", "Ferrow Mill sits in a high-risk third country."),
        ("en", "Ferrow Mill operates in a country under an arms embargo."),
    ];
    for publisher in [
        "Financial Action Task Force (FATF)",
        "European Commission",
        "United Nations Security Council",
        "Council of the European Union",
        "US Department of the Treasury, Office of Foreign Assets Control (OFAC)",
    ] {
        let title = "High-Risk Jurisdictions subject to a Call for Action";
        let quote =
            format!("{publisher}の「{title}」にイランが記載されています（2026-02-13時点、リストfatf）。");
        keeps_subject(&quote, "", &claims);
        let quote = format!("{publisher} lists Iran under \"{title}\" (as of 2026-02-13, list fatf).");
        keeps_subject(&quote, "", &claims);
    }
    for quote in [
        "FATFは加盟国に厳格な顧客管理を求めています。",
        "FATF asks its members for enhanced due diligence because of serious gaps against money laundering.",
        "US persons may not do nearly any business with the country without a licence.",
        "EU obliged entities must apply enhanced customer due diligence to dealings with these countries.",
        "EUの義務対象者は、これらの国に関わる取引に厳格な顧客管理を行わなければなりません。",
    ] {
        keeps_subject(quote, "FATF, US and EU keep lists.", &claims);
    }
}

#[test]
fn who_speaks_of_the_company_is_not_the_subject() {
    let closed = [("en", "Ferrow Mill closed its Leeds plant in March.")];
    for quote in [
        "The regulator said the company closed its Leeds plant in March.",
        "The regulator said that the company closed its Leeds plant in March.",
        "Regulators confirmed it closed its Leeds plant in March.",
        "Jane Roe said it closed its Leeds plant in March.",
        "Jane Roe told reporters the firm closed its Leeds plant in March.",
    ] {
        keeps_subject(quote, "", &closed);
    }
    let quote = "The chief executive said the firm will appeal.";
    keeps_subject(quote, "", &[("en", "Ferrow Mill will appeal.")]);
    let quote = "The chief executive said it will appeal.";
    keeps_subject(quote, "", &[("en", "Ferrow Mill will appeal.")]);
    keeps_subject("Jane Roe said it recalled the batch.", "", &[("en", "Ferrow Mill recalled the batch.")]);
    let quote = "Die Behörde erklärte, dass das Unternehmen sein Werk in Leeds geschlossen hat.";
    keeps_subject(quote, "", &closed);
    let close = [("en", "Ferrow Mill will close its Leeds plant.")];
    for quote in [
        "Smith said the Leeds plant would close.",
        "Smith told workers that the Leeds plant would close.",
        "Smith added that the plant would close.",
        "Smith confirmed the closure of the plant.",
    ] {
        keeps_subject(quote, "John Smith leads Ferrow Mill Ltd.", &close);
    }
}

#[test]
fn the_company_to_whom_something_is_done_is_not_its_agent() {
    let quote = "Environment Agency officers fined the plant's operator £2 million.";
    keeps_subject(
        quote,
        "",
        &[
            ("ja", "Ferrow Mill Ltdは環境汚染で罰金を科されました。"),
            ("ja", "Ferrow Mill Ltdは環境汚染で罰金を科された。"),
            ("ja", "Ferrow Mill Ltdは環境汚染で罰金を科せられています。"),
            ("ja", "Ferrow Mill Ltdは200万ポンドの罰金を受けました。"),
            ("en", "Ferrow Mill received a fine of £2 million."),
            ("en", "Ferrow Mill had a fine of £2 million."),
        ],
    );
    let faces = [
        ("en", "Ferrow Mill faces a fraud investigation."),
        ("en", "Ferrow Mill came under investigation for fraud."),
        ("en", "Ferrow Mill had its Leeds site searched."),
        ("ja", "Ferrow Mill Ltdは詐欺の疑いで捜査を受けています。"),
        ("ja", "Ferrow Mill Ltdはリーズの拠点を捜索されました。"),
    ];
    for quote in [
        "Serious Fraud Office investigators raided the Leeds site on Monday.",
        "Ermittler durchsuchten am Montag die Räume in Leeds, sagten die Ermittler.",
        "Tealwick Holding AG sued in Leeds on Monday.",
    ] {
        keeps_subject(quote, "", &faces);
    }
    let quote = "Tealwick Holding AG terminated the contract for the Leeds plant.";
    keeps_subject(
        quote,
        "",
        &[
            ("en", "Ferrow Mill lost its contract for the Leeds plant."),
            ("ja", "Ferrow Mill Ltdは契約を打ち切られました。"),
        ],
    );
}

#[test]
fn the_company_that_has_something_done_to_it_is_not_its_agent() {
    let quote = "Tealwick Holding AG revoked the permit in March.";
    keeps_subject(
        quote,
        "",
        &[
            ("en", "Ferrow Mill had its permit revoked in March."),
            ("en", "Ferrow Mill saw its permit revoked in March."),
            ("en", "Ferrow Mill got its permit revoked in March."),
            ("ja", "Ferrow Mill Ltdは3月に許可を取り消されました。"),
            ("ja", "Ferrow Mill Ltdは3月に許可を取り消されています。"),
        ],
    );
    keeps_subject(
        "Tealwick Holding AG sued in Leeds on Monday.",
        "",
        &[
            ("en", "Ferrow Mill came under a lawsuit on Monday."),
            ("en", "Ferrow Mill faces a lawsuit."),
            ("en", "Ferrow Mill received a lawsuit on Monday."),
            ("ja", "Ferrow Mill Ltdは月曜日に提訴されました。"),
        ],
    );
}

#[test]
fn what_only_another_company_does_is_doubted() {
    let quote = "Tealwick Mills Ltd opened a bakery in Hexham.";
    let is = |flaw: &Flaw| matches!(flaw, Flaw::OtherParty(_) | Flaw::Roles(_));
    fails("Ferrow Mill opened a bakery.", "en", quote, is);
    fails("Ferrow Millはパン屋を開いた。", "ja", quote, is);
    let text = "A bank in Hexham sued Tealwick Mills DMCC. Tealwick cancelled a supply contract.";
    let is = |flaw: &Flaw| matches!(flaw, Flaw::OtherParty(_));
    let pieces = vec![Piece {
        reading: Reading::of("", text),
        times: Vec::new(),
        quotes: vec!["Tealwick cancelled a supply contract."],
    }];
    let company = Company { name: NAME, number: "", country: "GB" };
    let statement = "Ferrow Mill Ltdは供給契約を破棄した。";
    let found = flaws(&Claim { statement, language: "ja", company, pieces });
    assert!(found.iter().any(is), "{found:?}");
}

#[test]
fn a_noun_in_german_is_no_name() {
    let quote = "Handwerker schlossen das Werk in Leeds.";
    keeps_subject(quote, "Dort warten Handwerker.", &[("en", "Ferrow Mill closed its plant in Leeds.")]);
}
