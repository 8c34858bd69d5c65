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
