//! `local-stack` as a process: the ready file, the output, and the exit.

use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::command::{RunningStack, wait_for};
use local_stack::stack::client::Client;
use reqwest::Method;
use serde_json::{Value, json};
use service_runtime::clock::Clock;
use service_runtime::config::Environment;
use worker_service::slots::Concurrency;

fn environment(ready: &Value) -> Environment {
    serde_json::from_value(ready["env"].clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ready_file_has_what_another_program_needs_and_only_its_owner_can_read_it() {
    let stack = RunningStack::start(&["--port", "0", "--slots", "3"]);
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
        "sources",
        "queueUrl",
        "dlqUrl",
        "table",
        "accessTable",
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
    assert!(!env.values().any(|value| value.contains(stack.ready_text("/key"))));
    for (name, pointer) in [
        ("AWS_ENDPOINT_URL", "/aws"),
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "/bedrock"),
        ("AWS_REGION", "/region"),
        ("AWS_ACCESS_KEY_ID", "/accessKeyId"),
        ("AWS_SECRET_ACCESS_KEY", "/secretAccessKey"),
        ("DOSSIER_QUEUE_URL", "/queueUrl"),
        ("DOSSIER_TABLE", "/table"),
        ("DOSSIER_ACCESS_TABLE", "/accessTable"),
        ("DOSSIER_BUCKET", "/bucket"),
        ("DOSSIER_SANCTIONS_URL", "/sources"),
        ("DOSSIER_NEWS_URL", "/sources"),
        ("DOSSIER_REGISTRY_URL", "/feeds"),
    ] {
        assert_eq!(env[name], stack.ready_text(pointer), "{name}");
    }
    assert_eq!(format!("http://{}", env["DOSSIER_BIND"]), stack.ready_text("/api"));
    assert_eq!(env["DOSSIER_WORKER_CONCURRENCY"], "3");
    assert_eq!(env["AWS_EC2_METADATA_DISABLED"], "true");

    let client = |tenant| {
        Client::new(stack.ready_text("/api"), stack.ready_text(&format!("/keys/{tenant}")).to_owned().into())
            .unwrap()
    };
    assert_eq!(client("dev").get("/readyz").await.unwrap().status(), 200);
    let request =
        json!({ "companyName": "Calder Vane Pottery Ltd", "corporateNumber": "99230516", "country": "GB" });
    let id = client("dev").submit_accepted(&request).await.unwrap();
    let path = format!("/v1/reports/{id}");
    assert_eq!(client("dev").get(&path).await.unwrap().status(), 200);
    assert_eq!(client("acme").get(&path).await.unwrap().status(), 404);
}

#[test]
fn sigterm_exits_with_0_and_removes_the_ready_file_and_the_key_was_printed_once() {
    let stack = RunningStack::start(&["--port", "0", "--seed", "4711"]);
    let (path, api) = (stack.ready_path.clone(), stack.ready_text("/api").to_owned());
    let (key, acme) = (stack.ready_text("/key").to_owned(), stack.ready_text("/keys/acme").to_owned());
    let secret = stack.ready_text("/secretAccessKey").to_owned();

    let (code, stdout, stderr) = stack.terminate();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(!path.exists());
    assert!(TcpStream::connect(api.trim_start_matches("http://")).is_err());

    assert_eq!(stdout.matches(&key).count(), 1, "{stdout}");
    for expected in [&api, "4711", "curl", "/v1/reports"] {
        assert!(stdout.contains(expected), "{expected}: {stdout}");
    }
    for secret in [&acme, &secret] {
        assert!(!stdout.contains(secret) && !stderr.contains(secret));
    }
    assert!(!stderr.contains(&key), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn services_can_be_started_by_hand_from_the_environment_in_the_ready_file() {
    let stack = RunningStack::start(&["--port", "0", "--without", "api,worker"]);
    let address = stack.ready_text("/api").trim_start_matches("http://").to_owned();
    let port: u16 = address.strip_prefix("127.0.0.1:").unwrap().parse().unwrap();
    assert_ne!(port, 0);
    assert!(TcpStream::connect(&address).is_err(), "nothing listens on the API's address yet");

    let env = environment(&stack.ready);
    let api = api_service::settings::Settings::read(&env).unwrap();
    assert_eq!(api.bind().to_string(), address);
    let worker = worker_service::settings::Settings::read(&env).unwrap();
    assert_eq!(worker.concurrency, Concurrency::Set(8));
    for name in ["DOSSIER_API_DRAIN_SECONDS", "DOSSIER_WORKER_DRAIN_SECONDS"] {
        assert!(!env.contains_key(name), "a service started by hand drains as in production: {name}");
    }

    // A process would read these variables through its SDK; this test sets the SDK's configuration from them.
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
    let aws = aws_adapters::Aws::new(&sdk, &api.aws, &Clock::system());
    aws.table.reachable().await.unwrap();
    aws.queue.depth().await.unwrap();
    let objects = aws_sdk_s3::Client::new(&sdk).list_objects_v2().bucket(&env["DOSSIER_BUCKET"]).send().await;
    assert_eq!(objects.unwrap().key_count(), Some(0));

    let (code, _, stderr) = stack.terminate();
    assert_eq!(code, Some(0), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_worker_reports_stay_pending() {
    let stack = RunningStack::start(&["--port", "0", "--without", "worker"]);
    let client = Client::new(stack.ready_text("/api"), stack.ready_text("/key").to_owned().into()).unwrap();
    let request =
        json!({ "companyName": "Calder Vane Pottery Ltd", "corporateNumber": "99230516", "country": "GB" });
    let id = client.submit_accepted(&request).await.unwrap();
    // The requested wait expires, because no worker claims the report.
    let path = format!("/v1/reports/{id}");
    let answer = client.request(Method::GET, &path).header("prefer", "wait=3").send().await.unwrap();
    let report: Value = answer.json().await.unwrap();
    assert_eq!((&report["status"], &report["attempt"]), (&json!("PENDING"), &json!(0)));
}

#[test]
fn a_killed_stack_frees_its_port() {
    let stack = RunningStack::start(&["--port", "0"]);
    let address = stack.ready_text("/api").trim_start_matches("http://").to_owned();
    drop(stack);
    wait_for("the port was not freed", || TcpStream::connect(&address).is_err().then_some(()));
    let port = address.rsplit(':').next().unwrap().to_owned();
    let again = RunningStack::start(&["--port", &port]);
    assert_eq!(again.ready_text("/api"), format!("http://{address}"));
}
