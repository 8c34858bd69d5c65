//! The stand-ins for the feeds, called over HTTP in the formats of the real services.
use crate::support::aws::free_listener;
use jiff::Timestamp;
use local_stack::faults::Faults;
use local_stack::feeds::FeedsServer;
use serde_json::{Value, json};

async fn start(faults: Faults) -> FeedsServer {
    FeedsServer::start(free_listener().await, faults, 1).await.unwrap()
}

async fn screen(feeds: &FeedsServer, dataset: &str, properties: Value) -> Value {
    let body = json!({"queries": {"q1": {"schema": "Company", "properties": properties}}});
    let answer = reqwest::Client::new()
        .post(format!("{}/match/{dataset}?limit=3", feeds.base_url()))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

async fn news(feeds: &FeedsServer, query: &str, timespan: &str) -> String {
    let parameters = [
        ("query", query),
        ("mode", "artlist"),
        ("format", "json"),
        ("maxrecords", "50"),
        ("timespan", timespan),
    ];
    let answer = reqwest::Client::new()
        .get(format!("{}/api/v2/doc/doc", feeds.base_url()))
        .query(&parameters)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap()
}

async fn records(feeds: &FeedsServer, filter: &str, value: &str) -> Value {
    let answer = reqwest::Client::new()
        .get(format!("{}/api/v1/lei-records", feeds.base_url()))
        .query(&[(filter, value)])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/vnd.api+json");
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_company_listed_under_another_name_is_matched_by_its_alias() {
    let feeds = start(Faults::default()).await;
    let answer =
        screen(&feeds, "sanctions", json!({"name": ["Calder Vane Shipping Ltd"], "jurisdiction": ["gb"]}))
            .await;
    let response = &answer["responses"]["q1"];
    assert_eq!(response["status"], 200);
    assert_eq!(response["total"], json!({"value": 1, "relation": "eq"}));
    let hit = &response["results"][0];
    assert_eq!(hit["caption"], "Nordhavet Maritime Trading FZE");
    assert!(hit["properties"]["alias"].as_array().unwrap().contains(&json!("Calder Vane Shipping")));
    assert_eq!((&hit["match"], &hit["score"], &hit["target"]), (&json!(true), &json!(1.0), &json!(true)));
    assert_eq!(hit["schema"], "Company");
    assert_eq!(answer["limit"], 3);
}

#[tokio::test]
async fn a_clean_company_has_no_result_and_a_namesake_no_match() {
    let feeds = start(Faults::default()).await;
    let clean =
        screen(&feeds, "default", json!({"name": ["星見川精機株式会社"], "jurisdiction": ["jp"]})).await;
    assert_eq!(clean["responses"]["q1"]["results"], json!([]));
    let namesake = screen(&feeds, "default", json!({"name": ["Calder Vane Pottery Limited"]})).await;
    assert_eq!(namesake["responses"]["q1"]["results"][0]["match"], false);
    let person = reqwest::Client::new()
        .post(format!("{}/match/default", feeds.base_url()))
        .body(
            r#"{"queries": {"q1": {"schema": "Person", "properties": {"name": ["Calder Vane Shipping"]}}}}"#,
        )
        .send()
        .await
        .unwrap();
    assert_eq!(person.json::<Value>().await.unwrap()["responses"]["q1"]["results"], json!([]));
}

#[tokio::test]
async fn a_registration_number_matches_under_any_name() {
    let feeds = start(Faults::default()).await;
    let properties = json!({"name": ["Something Else"], "registrationNumber": ["hrb907114"]});
    let answer = screen(&feeds, "zz_concord_freeze_list", properties).await;
    let hit = &answer["responses"]["q1"]["results"][0];
    assert_eq!((&hit["id"], &hit["match"]), (&json!("ZZ-CFL-01983"), &json!(true)));
}

#[tokio::test]
async fn invalid_match_requests_are_rejected() {
    let feeds = start(Faults::default()).await;
    for (dataset, body, status) in [
        ("nowhere", r#"{"queries": {}}"#, 404),
        ("default", "{}", 422),
        ("default", r#"{"queries": {}}"#, 400),
    ] {
        let answer = reqwest::Client::new()
            .post(format!("{}/match/{dataset}", feeds.base_url()))
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status);
        assert!(answer.json::<Value>().await.unwrap()["detail"].is_string());
    }
    assert!(feeds.calls().is_empty());
}

#[tokio::test]
async fn news_is_found_by_name_newest_first_within_the_timespan() {
    let feeds = start(Faults::default()).await;
    let answer: Value =
        serde_json::from_str(&news(&feeds, "\"Brückhofer Anlagenbau GmbH\"", "1y").await).unwrap();
    let articles = answer["articles"].as_array().unwrap();
    assert_eq!(articles.len(), 3);
    assert_eq!(articles[0]["title"], "Ermittlungen gegen Brückhofer Anlagenbau wegen Korruption ausgeweitet");
    assert_eq!(
        (&articles[0]["language"], &articles[0]["sourcecountry"]),
        (&json!("German"), &json!("Germany"))
    );
    assert!(articles[0]["url"].as_str().unwrap().starts_with("https://altenhagener-bote.example/"));
    let seen =
        jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", articles[0]["seendate"].as_str().unwrap()).unwrap();
    let age = Timestamp::now().as_second() - jiff::tz::TimeZone::UTC.to_timestamp(seen).unwrap().as_second();
    assert!((5 * 86_400..6 * 86_400).contains(&age), "{age}");

    let recent: Value = serde_json::from_str(&news(&feeds, "\"Brückhofer Anlagenbau\"", "7d").await).unwrap();
    assert_eq!(recent["articles"].as_array().unwrap().len(), 1);
    assert_eq!(news(&feeds, "\"Nobody At All\"", "1y").await, "{}");
    assert!(news(&feeds, "\"open", "1y").await.contains("Quotes"));
}

#[tokio::test]
async fn japanese_names_are_found_in_news_and_registry() {
    let feeds = start(Faults::default()).await;
    let answer: Value =
        serde_json::from_str(&news(&feeds, "\"霧峰台化成株式会社\"", "3months").await).unwrap();
    assert_eq!(answer["articles"].as_array().unwrap().len(), 2);
    let found = records(&feeds, "filter[entity.legalName]", "星見川精機").await;
    assert_eq!(found["meta"]["pagination"]["total"], 1);
    assert_eq!(found["data"][0]["attributes"]["entity"]["legalAddress"]["country"], "JP");
}

#[tokio::test]
async fn registry_records_are_found_by_number_name_and_text() {
    let feeds = start(Faults::default()).await;
    let by_name = records(&feeds, "filter[entity.legalName]", "Valmorec Textiles SA").await;
    let attributes = &by_name["data"][0]["attributes"];
    assert_eq!(by_name["data"][0]["type"], "lei-records");
    assert_eq!(by_name["data"][0]["id"], attributes["lei"]);
    assert_eq!(attributes["entity"]["status"], "INACTIVE");
    assert_eq!(attributes["entity"]["expiration"]["reason"], "DISSOLVED");
    assert_eq!(attributes["registration"]["status"], "RETIRED");
    let number = attributes["entity"]["registeredAs"].as_str().unwrap();
    for filter in ["filter[entity.registeredAs]", "filter[fulltext]"] {
        let found = records(&feeds, filter, number).await;
        assert_eq!(found["data"].as_array().unwrap().len(), 1, "{filter}");
        assert_eq!(found["data"][0]["id"], by_name["data"][0]["id"], "{filter}");
    }
    for date in [&attributes["entity"]["expiration"]["date"], &attributes["registration"]["nextRenewalDate"]]
    {
        date.as_str().unwrap().parse::<Timestamp>().unwrap();
    }
    let none = records(&feeds, "filter[entity.legalName]", "Quillhaven Biologics").await;
    assert_eq!((&none["data"], &none["meta"]["pagination"]["total"]), (&json!([]), &json!(0)));
    let lapsed = records(&feeds, "filter[entity.registeredAs]", "99318840").await;
    let registration = &lapsed["data"][0]["attributes"]["registration"];
    assert_eq!(registration["status"], "LAPSED");
    assert!(
        registration["nextRenewalDate"].as_str().unwrap().parse::<Timestamp>().unwrap() < Timestamp::now()
    );

    let unknown =
        reqwest::get(format!("{}/api/v1/lei-records?filter[colour]=red", feeds.base_url())).await.unwrap();
    assert_eq!(unknown.status(), 400);
    assert!(unknown.text().await.unwrap().contains("filter[colour]"));
}

#[tokio::test]
async fn faults_apply_to_every_feed_and_only_successful_answers_are_counted() {
    let feeds = start(Faults { throttle: 1.0, ..Faults::default() }).await;
    let url = format!("{}/api/v1/lei-records", feeds.base_url());
    let throttled = reqwest::get(&url).await.unwrap();
    assert_eq!(throttled.status(), 429);
    assert_eq!(throttled.headers()["retry-after"], "1");
    feeds.faults().set(Faults { error: 1.0, ..Faults::default() });
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 500);
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 503);
    assert!(feeds.calls().is_empty());
    feeds.faults().set(Faults { malformed: 1.0, ..Faults::default() });
    assert!(serde_json::from_str::<Value>(&news(&feeds, "\"x y\"", "1d").await).is_err());
    assert!(
        serde_json::from_str::<Value>(&news(&feeds, "\"x y\"", "1d").await).unwrap()["articles"].is_object()
    );
    assert!(news(&feeds, "\"x y\"", "1d").await.contains("<!doctype html>"));

    let put = reqwest::Client::new()
        .put(format!("{}/faults", feeds.base_url()))
        .body(r#"{"uncited": 1, "latency": "1ms"}"#);
    let answer: Value = put.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer, json!({"latency": "1ms", "ignored": ["uncited"]}));
    screen(&feeds, "default", json!({"name": ["Calder"]})).await;
    records(&feeds, "filter[fulltext]", "Calder").await;
    let calls: Value =
        reqwest::get(format!("{}/calls", feeds.base_url())).await.unwrap().json().await.unwrap();
    assert_eq!(calls, json!({"news.search": 3, "registry.search": 1, "sanctions.match": 1}));
}
