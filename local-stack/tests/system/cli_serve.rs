//! `local-stack` as a process: the ready file, what it says, and how it ends.

use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::command::{Serving, until};
use local_stack::stack::client::Client;
use reqwest::Method;
use serde_json::{Value, json};
use service_runtime::config::Environment;

fn environment(ready: &Value) -> Environment {
    serde_json::from_value(ready["env"].clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ready_file_holds_what_another_program_needs_and_no_one_else_can_read_it() {
    let stack = Serving::start(&["--port", "0", "--workers", "3"]);
    let mode = std::fs::metadata(&stack.ready_path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let fields: Vec<_> = stack.ready.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = [
        "api",
        "key",
        "keys",
        "aws",
        "bedrock",
        "feeds",
        "queueUrl",
        "dlqUrl",
        "table",
        "bucket",
        "region",
        "accessKeyId",
        "secretAccessKey",
        "env",
    ];
    expected.sort_unstable();
    assert_eq!(fields, expected);

    assert_eq!(stack.ready["key"], stack.ready["keys"]["dev"]);
    assert_ne!(stack.ready["key"], stack.ready["keys"]["acme"]);
    let env = environment(&stack.ready);
    assert!(!env.values().any(|value| value.contains(stack.text("/key"))));
    for (name, pointer) in [
        ("AWS_ENDPOINT_URL", "/aws"),
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "/bedrock"),
        ("AWS_REGION", "/region"),
        ("AWS_ACCESS_KEY_ID", "/accessKeyId"),
        ("AWS_SECRET_ACCESS_KEY", "/secretAccessKey"),
        ("DOSSIER_QUEUE_URL", "/queueUrl"),
        ("DOSSIER_TABLE", "/table"),
        ("DOSSIER_BUCKET", "/bucket"),
        ("DOSSIER_SANCTIONS_URL", "/feeds"),
        ("DOSSIER_NEWS_URL", "/feeds"),
        ("DOSSIER_REGISTRY_URL", "/feeds"),
    ] {
        assert_eq!(env[name], stack.text(pointer), "{name}");
    }
    assert_eq!(format!("http://{}", env["DOSSIER_BIND"]), stack.text("/api"));
    assert_eq!(env["DOSSIER_WORKER_CONCURRENCY"], "3");
    assert_eq!(env["AWS_EC2_METADATA_DISABLED"], "true");

    let client = |tenant| {
        Client::new(stack.text("/api"), stack.text(&format!("/keys/{tenant}")).to_owned().into()).unwrap()
    };
    assert_eq!(client("dev").get("/readyz").await.unwrap().status(), 200);
    let request =
        json!({ "companyName": "Calder Vane Pottery Ltd", "corporateNumber": "99230516", "country": "GB" });
    let id = client("dev").submitted(&request).await.unwrap();
    let path = format!("/v1/reports/{id}");
    assert_eq!(client("dev").get(&path).await.unwrap().status(), 200);
    assert_eq!(client("acme").get(&path).await.unwrap().status(), 404);
}

#[test]
fn sigterm_ends_it_with_0_and_takes_the_ready_file_away_and_the_key_was_said_once() {
    let stack = Serving::start(&["--port", "0", "--seed", "4711"]);
    let (path, api) = (stack.ready_path.clone(), stack.text("/api").to_owned());
    let (key, acme) = (stack.text("/key").to_owned(), stack.text("/keys/acme").to_owned());
    let secret = stack.text("/secretAccessKey").to_owned();

    let (code, stdout, stderr) = stack.terminate();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(!path.exists());
    assert!(TcpStream::connect(api.trim_start_matches("http://")).is_err());

    assert_eq!(stdout.matches(&key).count(), 1, "{stdout}");
    for word in [&api, "4711", "curl", "/v1/reports"] {
        assert!(stdout.contains(word), "{word}: {stdout}");
    }
    for hidden in [&acme, &secret] {
        assert!(!stdout.contains(hidden) && !stderr.contains(hidden));
    }
    assert!(!stderr.contains(&key), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_api_and_worker_services_can_be_started_on_what_the_ready_file_says() {
    let stack = Serving::start(&["--port", "0", "--without", "api,worker"]);
    let address = stack.text("/api").trim_start_matches("http://").to_owned();
    let port: u16 = address.strip_prefix("127.0.0.1:").unwrap().parse().unwrap();
    assert_ne!(port, 0);
    assert!(TcpStream::connect(&address).is_err(), "the address of the API is to be free");

    let env = environment(&stack.ready);
    let api = api_service::settings::Settings::read(&env).unwrap();
    assert_eq!(api.bind().to_string(), address);
    let worker = worker_service::settings::Settings::read(&env).unwrap();
    assert_eq!(worker.concurrency, 8);
    for name in ["DOSSIER_API_DRAIN_SECONDS", "DOSSIER_WORKER_DRAIN_SECONDS"] {
        assert!(!env.contains_key(name), "a service by hand stops as it does in production: {name}");
    }

    // The variables are given to processes that read them as every SDK does; here they are put in its place.
    let sdk = aws_adapters::sdk_config_loader()
        .region(aws_sdk_s3::config::Region::new(env["AWS_REGION"].clone()))
        .endpoint_url(&env["AWS_ENDPOINT_URL"])
        .credentials_provider(aws_sdk_s3::config::Credentials::new(
            &env["AWS_ACCESS_KEY_ID"],
            &env["AWS_SECRET_ACCESS_KEY"],
            None,
            None,
            "test",
        ))
        .load()
        .await;
    let aws = aws_adapters::Aws::new(&sdk, &api.aws);
    aws.table.reachable().await.unwrap();
    aws.queue.depth().await.unwrap();
    let objects = aws_sdk_s3::Client::new(&sdk).list_objects_v2().bucket(&env["DOSSIER_BUCKET"]).send().await;
    assert_eq!(objects.unwrap().key_count(), Some(0));

    let (code, _, stderr) = stack.terminate();
    assert_eq!(code, Some(0), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_worker_reports_wait() {
    let stack = Serving::start(&["--port", "0", "--without", "worker"]);
    let client = Client::new(stack.text("/api"), stack.text("/key").to_owned().into()).unwrap();
    let request =
        json!({ "companyName": "Calder Vane Pottery Ltd", "corporateNumber": "99230516", "country": "GB" });
    let id = client.submitted(&request).await.unwrap();
    // The wait that is asked for runs out: nobody takes the report.
    let path = format!("/v1/reports/{id}");
    let answer = client.request(Method::GET, &path).header("prefer", "wait=3").send().await.unwrap();
    let report: Value = answer.json().await.unwrap();
    assert_eq!((&report["status"], &report["attempt"]), (&json!("PENDING"), &json!(0)));
}

#[test]
fn a_stack_that_is_killed_frees_its_port_for_the_next() {
    let stack = Serving::start(&["--port", "0"]);
    let address = stack.text("/api").trim_start_matches("http://").to_owned();
    drop(stack);
    until("the port was not freed", || TcpStream::connect(&address).is_err().then_some(()));
    let port = address.rsplit(':').next().unwrap().to_owned();
    let again = Serving::start(&["--port", &port]);
    assert_eq!(again.text("/api"), format!("http://{address}"));
}
