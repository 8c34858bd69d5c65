//! The stand-in for Bedrock Runtime, called through the AWS SDK as by the worker.
use std::time::{Duration, Instant};

use crate::support::aws::within;
use crate::support::converse::{
    MODEL, assess, assessment_schema, bedrock_client, content, converse, forced_tool, prompt,
    sample_evidence, sample_rules, start_bedrock, tool_input, user_message,
};
use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_bedrockruntime::operation::converse::ConverseError;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, JsonSchemaDefinition, Message, OutputConfig, OutputFormat,
    OutputFormatStructure, OutputFormatType, StopReason, ToolResultBlock, ToolResultContentBlock,
    ToolResultStatus,
};
use local_stack::faults::Faults;
use serde_json::{Value, json};

#[tokio::test]
async fn a_forced_tool_is_answered_with_findings_that_quote_the_evidence() {
    let bedrock = start_bedrock(Faults::default(), None).await;
    let client = bedrock_client(&bedrock, "a secret of this test");
    let output = assess(&client).await.unwrap();
    let answer = tool_input(&output);

    assert_eq!(answer["level"], "HIGH");
    let summary = answer["summary"]["text"].as_str().unwrap();
    assert!(summary.starts_with("No language model wrote this text: Dossier's offline stand-in composed it"));
    assert!(summary.contains("Mizukaze & <Sons>"));
    assert_eq!(answer["summary"]["citations"], json!(["E1", "E2"]));
    let found: Vec<_> = answer["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (finding["category"].as_str().unwrap(), finding["severity"].as_str().unwrap()))
        .collect();
    assert_eq!(found, [("sanctions", "high"), ("adverse_media", "medium")]);
    let quote = &answer["findings"][1]["citations"][0];
    assert_eq!(quote["evidenceId"], "E2");
    assert_eq!(quote["quote"], "Prosecutors raid Mizukaze over bribes & <secret> payments.");
    for finding in answer["findings"].as_array().unwrap() {
        let citation = &finding["citations"][0];
        let evidence = sample_evidence();
        let item =
            evidence.as_array().unwrap().iter().find(|item| item["id"] == citation["evidenceId"]).unwrap();
        assert!(item["text"].as_str().unwrap().contains(citation["quote"].as_str().unwrap()));
    }

    let usage = output.usage().unwrap();
    assert!(usage.input_tokens() > 100 && usage.output_tokens() > 50, "{usage:?}");
    assert_eq!(usage.total_tokens(), usage.input_tokens() + usage.output_tokens());
    assert_eq!((usage.cache_read_input_tokens(), usage.cache_write_input_tokens()), (Some(0), Some(0)));
    assert!(output.metrics().is_some());
    assert_eq!(bedrock.calls().into_iter().collect::<Vec<_>>(), [("Converse".to_owned(), 1)]);
}

#[tokio::test]
async fn native_structured_output_is_answered_with_json_text_in_japanese() {
    let bedrock = start_bedrock(Faults::default(), None).await;
    let structure = OutputFormatStructure::JsonSchema(
        JsonSchemaDefinition::builder()
            .schema(assessment_schema().to_string())
            .name("assessment")
            .build()
            .unwrap(),
    );
    let format =
        OutputFormat::builder().r#type(OutputFormatType::JsonSchema).structure(structure).build().unwrap();
    let adverse = json!([{"id": "E1", "source": "news", "title": "", "text": "ミズカゼの社長を詐欺の疑いで逮捕。会社は否定。", "url": null, "publishedAt": null}]);
    let output = bedrock_client(&bedrock, "a secret of this test")
        .converse()
        .model_id(MODEL)
        .messages(user_message(prompt("ja", "LOW", &json!([]), &adverse)))
        .output_config(OutputConfig::builder().text_format(format).build())
        .send()
        .await
        .unwrap();
    assert_eq!(output.stop_reason(), &StopReason::EndTurn);
    let answer: Value = serde_json::from_str(content(&output)[0].as_text().unwrap()).unwrap();
    assert_eq!(answer["level"], "MEDIUM", "adverse news raises a low floor");
    assert!(
        answer["summary"]["text"].as_str().unwrap().starts_with("この文章は言語モデルによるものではなく")
    );
    assert_eq!(answer["findings"][0]["citations"][0]["quote"], "ミズカゼの社長を詐欺の疑いで逮捕。");
}

#[tokio::test]
async fn without_evidence_there_are_no_findings() {
    let bedrock = start_bedrock(Faults::default(), None).await;
    let client = bedrock_client(&bedrock, "a secret of this test");
    let output =
        converse(&client, vec![user_message(prompt("en", "LOW", &json!([]), &json!([])))]).await.unwrap();
    let answer = tool_input(&output);
    assert_eq!(answer["level"], "LOW");
    assert_eq!(answer["findings"], json!([]));
    assert_eq!(answer["summary"]["citations"], json!([]));
}

#[tokio::test]
async fn a_repair_turn_gets_a_new_answer_for_the_same_evidence() {
    let bedrock = start_bedrock(Faults { hallucinated: 1.0, ..Faults::default() }, None).await;
    let client = bedrock_client(&bedrock, "a secret of this test");
    let mut messages = vec![user_message(prompt("en", "HIGH", &sample_rules(), &sample_evidence()))];
    let first = converse(&client, messages.clone()).await.unwrap();
    assert_eq!(tool_input(&first)["findings"][0]["citations"][0]["evidenceId"], "E1004");
    let tool_use_id = content(&first)[0].as_tool_use().unwrap().tool_use_id();
    messages.push(first.output().unwrap().as_message().unwrap().clone());
    let problems = ToolResultBlock::builder()
        .tool_use_id(tool_use_id)
        .status(ToolResultStatus::Error)
        .content(ToolResultContentBlock::Text("E1004 does not exist".to_owned()))
        .build()
        .unwrap();
    messages.push(
        Message::builder()
            .role(ConversationRole::User)
            .content(ContentBlock::ToolResult(problems))
            .build()
            .unwrap(),
    );
    bedrock.faults().set(Faults::default());
    let repaired = tool_input(&converse(&client, messages).await.unwrap());
    assert_eq!(repaired["findings"][0]["citations"][0]["evidenceId"], "E1");
}

#[tokio::test]
async fn unsupported_requests_get_validation_errors_with_the_reason() {
    let bedrock = start_bedrock(Faults::default(), None).await;
    let client = bedrock_client(&bedrock, "a secret of this test");
    let validation_message = |error: SdkError<ConverseError>| {
        let error = error.into_service_error();
        assert!(error.is_validation_exception(), "{error:?}");
        error.message().unwrap().to_owned()
    };
    let message =
        validation_message(converse(&client, vec![user_message("hello".to_owned())]).await.unwrap_err());
    assert!(message.contains("<evidence>"), "{message}");
    let mut incomplete = assessment_schema();
    incomplete["properties"].as_object_mut().unwrap().remove("findings");
    let request = || {
        client.converse().model_id(MODEL).messages(user_message(prompt("en", "LOW", &json!([]), &json!([]))))
    };
    let message =
        validation_message(request().tool_config(forced_tool(&incomplete)).send().await.unwrap_err());
    assert!(message.contains("findings"), "{message}");
    let message = validation_message(request().send().await.unwrap_err());
    assert!(message.contains("toolChoice"), "{message}");
    assert!(bedrock.calls().is_empty());
}

#[tokio::test]
async fn wrong_signatures_are_rejected_with_the_errors_of_aws() {
    let bedrock = start_bedrock(Faults::default(), None).await;
    let error = assess(&bedrock_client(&bedrock, "another secret")).await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidSignatureException"));
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);
    let unsigned = reqwest::Client::new()
        .post(format!("{}/model/m/converse", bedrock.base_url()))
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(unsigned.status(), 403);
    assert_eq!(unsigned.headers()["x-amzn-errortype"], "MissingAuthenticationTokenException");
}

#[tokio::test]
async fn injected_errors_are_the_exceptions_of_the_sdk() {
    let bedrock = start_bedrock(Faults { throttle: 1.0, ..Faults::default() }, None).await;
    let client = bedrock_client(&bedrock, "a secret of this test");
    let error = assess(&client).await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 429);
    assert!(error.into_service_error().is_throttling_exception());
    bedrock.faults().set(Faults { error: 1.0, ..Faults::default() });
    let error = assess(&client).await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 500);
    assert!(error.into_service_error().is_internal_server_exception());
    let error = assess(&client).await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 503);
    assert!(error.into_service_error().is_service_unavailable_exception());
    assert!(bedrock.calls().is_empty(), "only answers count");
}

#[tokio::test]
async fn each_answer_fault_has_its_effect() {
    let bedrock = start_bedrock(Faults { malformed: 1.0, ..Faults::default() }, None).await;
    let client = bedrock_client(&bedrock, "a secret of this test");
    assert_eq!(tool_input(&assess(&client).await.unwrap()), json!({"level": "HIGH"}));
    assert_eq!(tool_input(&assess(&client).await.unwrap())["level"], json!(3.0));
    let text = assess(&client).await.unwrap();
    assert_eq!(text.stop_reason(), &StopReason::EndTurn);
    assert!(content(&text)[0].is_text());

    bedrock.faults().set(Faults { uncited: 1.0, ..Faults::default() });
    let uncited = tool_input(&assess(&client).await.unwrap());
    assert_eq!(uncited["findings"][0]["citations"], json!([]));

    bedrock.faults().set(Faults { hallucinated: 1.0, ..Faults::default() });
    let unknown = tool_input(&assess(&client).await.unwrap());
    assert_eq!(unknown["findings"][0]["citations"][0]["evidenceId"], "E1004");
    let misquoted = tool_input(&assess(&client).await.unwrap());
    assert_eq!(misquoted["findings"][0]["citations"][0]["evidenceId"], "E1");
    assert!(
        !sample_evidence()
            .to_string()
            .contains(misquoted["findings"][0]["citations"][0]["quote"].as_str().unwrap())
    );
    let clean =
        converse(&client, vec![user_message(prompt("en", "LOW", &json!([]), &json!([])))]).await.unwrap();
    assert_eq!(tool_input(&clean)["findings"][0]["citations"][0]["evidenceId"], "E1000");

    bedrock.faults().set(Faults { refusal: 1.0, ..Faults::default() });
    let refusal = assess(&client).await.unwrap();
    assert_eq!(refusal.stop_reason(), &StopReason::ContentFiltered);
    assert!(content(&refusal).iter().all(ContentBlock::is_text));
    assert_eq!(bedrock.calls()["Converse"], 8);
}

#[tokio::test]
async fn latency_delays_an_answer_but_not_the_shutdown() {
    let bedrock =
        start_bedrock(Faults { latency: Duration::from_millis(300), ..Faults::default() }, None).await;
    let client = bedrock_client(&bedrock, "a secret of this test");
    let started = Instant::now();
    assess(&client).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(300));
    bedrock.faults().set(Faults { latency: Duration::from_secs(3600), ..Faults::default() });
    let (answer, ()) = within(10, async {
        tokio::join!(assess(&client), async {
            tokio::task::yield_now().await;
            bedrock.stopping().cancel();
        })
    })
    .await;
    assert!(answer.is_err());
    within(10, bedrock.stop()).await.unwrap();
}

#[tokio::test]
async fn faults_are_set_and_shown_over_http_and_invalid_ones_are_rejected() {
    let bedrock = start_bedrock(Faults::default(), None).await;
    let http = reqwest::Client::new();
    let url = format!("{}/faults", bedrock.base_url());
    let put = |body: &str| http.put(&url).body(body.to_owned()).send();
    let all = r#"{"throttle": 0.2, "error": 0.1, "latency": "20s", "malformed": 1, "uncited": 1, "hallucinated": 1, "refusal": 1}"#;
    let answer = put(all).await.unwrap();
    assert_eq!(answer.status(), 200);
    let expected = json!({"throttle": 0.2, "error": 0.1, "latency": "20s", "malformed": 1.0, "uncited": 1.0, "hallucinated": 1.0, "refusal": 1.0, "ignored": []});
    assert_eq!(answer.json::<Value>().await.unwrap(), expected);

    let rejected = put(r#"{"throttle": 2, "slow": 1}"#).await.unwrap();
    assert_eq!(rejected.status(), 422);
    let problem: Value = rejected.json().await.unwrap();
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2, "{problem}");
    assert_eq!(put("not json").await.unwrap().status(), 422);
    assert_eq!(put("[]").await.unwrap().status(), 422);
    let shown: Value = http.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(shown["latency"], "20s", "a rejected request changes nothing: {shown}");

    let cleared: Value = put("{}").await.unwrap().json().await.unwrap();
    assert_eq!(cleared, json!({"ignored": []}));
    assess(&bedrock_client(&bedrock, "a secret of this test")).await.unwrap();
    let calls: Value =
        reqwest::get(format!("{}/calls", bedrock.base_url())).await.unwrap().json().await.unwrap();
    assert_eq!(calls, json!({"Converse": 1}));
}
