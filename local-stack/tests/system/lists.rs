//! Lists: filters by day, pages that stay stable while new reports arrive, and CSV exports for spreadsheets.
use crate::support::{clean_company, sanctioned_company, text_at, with_fields};
use anyhow::Result;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::usage::Day;
use local_stack::TestStack;
use local_stack::aws::Service;
use local_stack::stack::{Component, Options};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn list(stack: &TestStack, query: &str) -> Result<(Vec<String>, Option<String>)> {
    let answer = stack.dev().get(&format!("/v1/reports?{query}")).await?;
    assert_eq!(answer.status(), StatusCode::OK, "{query}");
    let page: Value = answer.json().await?;
    let ids =
        page["reports"].as_array().unwrap().iter().map(|report| text_at(report, "/reportId").to_owned());
    Ok((ids.collect(), page["nextPageToken"].as_str().map(str::to_owned)))
}

#[tokio::test(flavor = "multi_thread")]
async fn days_filter_reports_and_pages_stay_stable_while_new_reports_arrive() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let mut ids = Vec::new();
    for company in [clean_company(), sanctioned_company(), clean_company()] {
        ids.insert(0, stack.dev().submit_accepted(&company).await?);
    }
    let today = Day::of(service_runtime::clock::now());
    let (yesterday, tomorrow) = (today.before(1), today.next());
    // The test may cross midnight.
    assert_eq!(list(&stack, &format!("from={yesterday}&to={tomorrow}")).await?.0, ids);
    assert_eq!(list(&stack, &format!("from={yesterday}&country=GB")).await?.0, [ids[1].clone()]);
    assert!(list(&stack, &format!("from={}", tomorrow.next())).await?.0.is_empty());
    assert!(list(&stack, &format!("to={}", today.before(2))).await?.0.is_empty());

    let (first, token) = list(&stack, "pageSize=2").await?;
    let token = token.unwrap();
    let newest = stack.dev().submit_accepted(&clean_company()).await?;
    let (second, end) = list(&stack, &format!("pageSize=2&pageToken={token}")).await?;
    assert_eq!(([first, second].concat(), end), (ids, None));
    assert_eq!(list(&stack, "pageSize=1").await?.0, [newest]);
    // A page token of another list is harmless.
    assert!(list(&stack, &format!("from={}&pageToken={token}", tomorrow.next())).await?.0.is_empty());
    assert!(list(&stack, &format!("to={}&pageToken={token}", today.before(2))).await?.0.is_empty());

    let refused = stack.dev().get("/v1/reports?from=2026-02-30&to=x&status=DONE").await?;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let problem: Value = refused.json().await?;
    assert_eq!(problem["errors"].as_array().unwrap().len(), 3, "{problem}");
    let refused = stack.dev().get("/v1/reports.csv?from=2026-02-02&to=2026-02-01").await?;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let refused = stack.dev().get("/v1/reports?status=DONE&from=2026-02-02&to=2026-02-01").await?;
    let problem: Value = refused.json().await?;
    let codes: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| text_at(error, "/code")).collect();
    assert_eq!(codes, ["status_unknown", "range_reversed"], "everything is told at once");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_states_how_far_its_number_was_verified_and_may_have_none_where_there_is_none() -> Result<()>
{
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let company = |number: Value, country: &str| {
        let name = "Jade Lantern Trading";
        with_fields(
            clean_company(),
            json!({"companyName": name, "corporateNumber": number, "country": country}),
        )
    };
    let mut ids = Vec::new();
    for (number, country, status) in [
        (json!("31333532"), "SK", "verified"),
        (json!("R0000521"), "GB", "formVerified"),
        (json!("R0521"), "GB", "formNotVerified"),
        (Value::Null, "KP", "absent"),
        (Value::Null, "KP", "absent"),
    ] {
        let id = stack.dev().submit_accepted(&company(number.clone(), country)).await?;
        let report: Value = stack.dev().get(&format!("/v1/reports/{id}")).await?.json().await?;
        assert_eq!(text_at(&report, "/numberCheck/status"), status, "{report}");
        assert_eq!(report["request"]["corporateNumber"], number, "{report}");
        ids.push(id);
    }
    // Reports without a number are found by everything else.
    ids.reverse();
    assert_eq!(list(&stack, "name=jade&country=KP").await?.0, ids[..2]);
    assert_eq!(list(&stack, "name=jade").await?.0, ids);
    assert_eq!(list(&stack, "corporateNumber=R0521").await?.0, ids[2..3]);
    assert_eq!(list(&stack, "corporateNumber=-").await?.0, [""; 0]);
    let exported = stack.dev().get("/v1/reports.csv?country=KP").await?.text().await?;
    assert_eq!(exported.lines().count(), 3, "{exported}");

    for (number, country, code) in
        [(Value::Null, "SK", "required"), (json!("31333533"), "SK", "number_check_digit")]
    {
        let refused = stack.dev().submit(&company(number, country)).await?;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let problem: Value = refused.json().await?;
        assert_eq!(text_at(&problem, "/errors/0/code"), code, "{problem}");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_is_found_by_its_number_and_by_the_beginning_of_its_name() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let company = |name: &str, number: &str| {
        with_fields(clean_company(), json!({"companyName": name, "corporateNumber": number, "country": "AQ"}))
    };
    let mut ids = Vec::new();
    for (name, number) in [
        ("Sakura Precision Works", "AB-1234"),
        ("SAKURA  Trading", "ab1235"),
        ("Sakurai Precision", "ab1234"),
        ("Precision Sakura", "9999"),
    ] {
        ids.push(stack.dev().submit_accepted(&company(name, number)).await?);
    }
    let found = async |query: &str| {
        let (mut found, token) = list(&stack, query).await?;
        assert_eq!(token, None, "{query}");
        found.reverse();
        anyhow::Ok(
            found.iter().map(|id| ids.iter().position(|known| known == id).unwrap()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(found("corporateNumber=AB1234").await?, [0, 2]);
    assert_eq!(found("corporateNumber=ab%2012-34").await?, [0, 2]);
    assert_eq!(found("corporateNumber=AB123").await?, [0; 0], "the whole number");
    assert_eq!(found("name=sakura").await?, [0, 1, 2]);
    assert_eq!(found("name=Sakura%20").await?, [0, 1, 2]);
    assert_eq!(found("name=sakura%20p").await?, [0]);
    assert_eq!(found("name=Works").await?, [0; 0], "only the beginning");
    assert_eq!(found("name=SAKURAI&corporateNumber=AB1234&country=AQ&status=PENDING").await?, [2]);
    assert_eq!(found("corporateNumber=AB1234&status=COMPLETED").await?, [0; 0]);
    assert_eq!(found("corporateNumber=AB1234&country=JP").await?, [0; 0]);
    let (first, token) = list(&stack, "corporateNumber=AB1234&pageSize=1").await?;
    let (second, end) =
        list(&stack, &format!("corporateNumber=AB1234&pageSize=1&pageToken={}", token.unwrap())).await?;
    assert_eq!(([first, second].concat(), end), (vec![ids[2].clone(), ids[0].clone()], None));
    let exported = stack.dev().get("/v1/reports.csv?name=sakura%20t").await?.text().await?;
    assert_eq!(exported.lines().count(), 2);
    // Another tenant finds none of them.
    for query in ["corporateNumber=AB1234", "name=sakura"] {
        let page: Value = stack.acme_client()?.get(&format!("/v1/reports?{query}")).await?.json().await?;
        assert_eq!(page["reports"], json!([]), "{query}");
    }
    // Nothing begins with less than a space, and no number has only a dash.
    assert_eq!(found("name=%20").await?, [0, 1, 2, 3]);
    assert_eq!(found("corporateNumber=%20-").await?, [0; 0]);
    let refused = stack.dev().get("/v1/reports?corporateNumber=&name=").await?;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let problem: Value = refused.json().await?;
    let codes: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| text_at(error, "/code")).collect();
    assert_eq!(codes, ["corporate_number_invalid", "name_invalid"]);
    // Reports keep the leading zero that this number lacks.
    let belgian = with_fields(clean_company(), json!({"corporateNumber": "403.170.701", "country": "BE"}));
    let id = stack.dev().submit_accepted(&belgian).await?;
    assert_eq!(list(&stack, "corporateNumber=403.170.701&country=BE").await?.0, [id]);
    stack.stop().await
}

/// Returns the number of requests that have read reports from the table.
fn reads_of_the_table(stack: &TestStack) -> u64 {
    stack.aws_calls().get(&(Service::DynamoDb, "BatchGetItem".to_owned())).copied().unwrap_or_default()
}

/// Returns an update of the item of a report.
fn update(stack: &TestStack, id: &str, expression: &str) -> UpdateItemFluentBuilder {
    let request = stack.clients().dynamodb.update_item().table_name(&stack.names().table);
    request.key("pk", AttributeValue::S(format!("R#dev#{id}"))).update_expression(expression)
}

/// Submits `count` requests in one batch, and returns the ids of their reports.
async fn submit_many(stack: &TestStack, count: usize) -> Result<Vec<String>> {
    let item = |index: usize| with_fields(clean_company(), json!({"customId": index.to_string()}));
    let body = json!({"reports": (0..count).map(item).collect::<Vec<_>>()});
    let sent = stack.dev().request(reqwest::Method::POST, "/v1/reports/batch").json(&body).send().await?;
    let results: Value = sent.error_for_status()?.json().await?;
    let results = results["results"].as_array().unwrap().iter();
    Ok(results.map(|result| text_at(result, "/report/reportId").to_owned()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_read_from_the_table_with_one_request() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let mut ids = submit_many(&stack, 101).await?;
    for (query, size) in [("pageSize=100", 100), ("pageSize=100&status=PENDING", 100), ("pageSize=7", 7)] {
        let before = reads_of_the_table(&stack);
        let (first, token) = list(&stack, query).await?;
        assert_eq!((first.len(), reads_of_the_table(&stack) - before), (size, 1), "{query}");
        assert!(token.is_some(), "{query}: another page follows");
    }
    let (mut listed, token) = list(&stack, "pageSize=100").await?;
    let (last, end) = list(&stack, &format!("pageSize=100&pageToken={}", token.unwrap())).await?;
    listed.extend(last);
    listed.sort_unstable();
    ids.sort_unstable();
    assert_eq!((listed, end), (ids, None));
    stack.stop().await
}

/// The index by number does not hold the country.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_for_which_very_many_reports_are_read_is_short() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    submit_many(&stack, 900).await?;
    let number = clean_company()["corporateNumber"].as_str().unwrap().to_owned();
    let query = format!("corporateNumber={number}&country=FR");
    let (some, token) = list(&stack, &query).await?;
    assert!(some.is_empty());
    let (rest, end) = list(&stack, &format!("{query}&pageToken={}", token.unwrap())).await?;
    assert_eq!((rest, end), (Vec::new(), None));
    stack.stop().await
}

/// The index decides which reports must be reviewed. Reports that a worker of version 0.2 completed, and those of an index
/// that was made without the attribute, are read to find out.
#[tokio::test(flavor = "multi_thread")]
async fn reports_that_need_no_review_are_not_read() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    for id in submit_many(&stack, 3).await? {
        update(&stack, &id, "SET #status = :completed, review_required = :no")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":completed", AttributeValue::S("COMPLETED".to_owned()))
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .send()
            .await?;
    }
    let before = reads_of_the_table(&stack);
    assert!(list(&stack, "review=true").await?.0.is_empty());
    assert_eq!(reads_of_the_table(&stack), before);
    let (some, _) = list(&stack, "pageSize=1").await?;
    update(&stack, &some[0], "REMOVE review_required").send().await?;
    let before = reads_of_the_table(&stack);
    assert!(list(&stack, "review=true").await?.0.is_empty(), "it has no outcome");
    assert_eq!(reads_of_the_table(&stack) - before, 1);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_that_must_be_reviewed_are_found() -> Result<()> {
    let stack = TestStack::start().await?;
    let mut ids = Vec::new();
    for company in [clean_company(), sanctioned_company()] {
        let id = stack.dev().submit_accepted(&company).await?;
        let report = stack.dev().wait_for_end(&id).await?;
        ids.push((id, report["review"]["required"] == true));
    }
    // The clean company needs none: its report would be found by the other value.
    assert_eq!(ids.iter().map(|(_, required)| *required).collect::<Vec<_>>(), [false, true]);
    // The index alone excludes the report of the clean company, so that no further page is expected.
    assert_eq!(list(&stack, "review=true&pageSize=1").await?, (vec![ids[1].0.clone()], None));
    for earlier in ["", "REMOVE review_required", "REMOVE company_key, country, name_key, risk_level"] {
        for (id, _) in ids.iter().filter(|_| !earlier.is_empty()) {
            update(&stack, id, earlier).send().await?;
        }
        assert_eq!(list(&stack, "review=true").await?.0, [ids[1].0.clone()], "{earlier}");
        assert_eq!(list(&stack, "review=false").await?.0, [ids[0].0.clone()], "{earlier}");
        assert_eq!(list(&stack, "review=true&riskLevel=HIGH&country=GB").await?.0, [ids[1].0.clone()]);
    }
    assert!(list(&stack, "review=true&status=FAILED").await?.0.is_empty());
    let csv = stack.dev().get("/v1/reports.csv?review=true").await?.text().await?;
    assert_eq!(csv.lines().count(), 2, "{csv}");
    let refused = stack.dev().get("/v1/reports?review=yes").await?;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    stack.stop().await
}

/// Items of version 0.2 have none of the attributes that filters compare.
#[tokio::test(flavor = "multi_thread")]
async fn filters_find_reports_of_an_earlier_version() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let id = stack.dev().submit_accepted(&sanctioned_company()).await?;
    update(&stack, &id, "REMOVE company_key, country, name_key").send().await?;
    assert_eq!(list(&stack, "country=GB&status=PENDING").await?.0, std::slice::from_ref(&id));
    assert_eq!(list(&stack, "name=CALDER").await?.0, [id]);
    for other in ["country=JP", "name=vane", "riskLevel=LOW", "status=COMPLETED"] {
        assert!(list(&stack, other).await?.0.is_empty(), "{other}");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_contains_every_report_and_no_formula() -> Result<()> {
    let stack = TestStack::with(Options { without: vec![Component::Worker], ..TestStack::options() }).await?;
    let formula = with_fields(
        clean_company(),
        json!({"companyName": "@SUM(1,2) Holding", "purpose": "=HYPERLINK(\"https://evil.example\",\"pay\")"}),
    );
    let reports: Vec<Value> = (0..120)
        .map(|index| {
            with_fields(
                if index == 60 { formula.clone() } else { clean_company() },
                json!({"customId": index.to_string()}),
            )
        })
        .collect();
    let sent =
        stack.dev().request(reqwest::Method::POST, "/v1/reports/batch").json(&json!({"reports": reports}));
    assert_eq!(sent.send().await?.status(), StatusCode::ACCEPTED);
    let answer = stack.dev().get("/v1/reports.csv?country=JP&status=PENDING").await?;
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"reports.csv\"");
    let table = answer.text().await?;
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let names = rows.headers()?.clone();
    let rows: Vec<csv::StringRecord> = rows.records().collect::<Result<_, _>>()?;
    assert_eq!((rows.len(), &names[0], names.len()), (120, "reportId", 23));
    let cells = || rows.iter().flatten();
    assert!(cells().all(|cell| !cell.starts_with(['=', '+', '-', '@'])));
    assert!(cells().any(|cell| cell == "'=HYPERLINK(\"https://evil.example\",\"pay\")"));
    assert!(cells().any(|cell| cell == "'@SUM(1,2) Holding"));
    // The export of another tenant has only the header row.
    let acme = stack.acme_client()?.get("/v1/reports.csv").await?.text().await?;
    assert_eq!(acme.lines().count(), 1);
    stack.stop().await
}
