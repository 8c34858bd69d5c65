//! The clients of the AWS services: the SDK's, which also repeat requests whose answers cannot be read.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::{
    interceptors::InterceptorContext,
    retry::{ClassifyRetry, RetryAction},
};

/// Lets the SDK repeat a request whose answer has a status of success and cannot be read: it is cut off, or
/// something between the service and this process has replaced it. As with an answer that is lost, the request
/// may have been carried out; the adapters recognise that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnreadableAnswer;

impl ClassifyRetry for UnreadableAnswer {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let is_success = context.response().is_some_and(|answer| answer.status().is_success());
        match context.output_or_error() {
            Some(Err(_)) if is_success => RetryAction::transient_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "unreadable answer"
    }
}

/// Returns a client of DynamoDB.
pub(crate) fn dynamodb(sdk: &SdkConfig) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::config::Builder::from(sdk).retry_classifier(UnreadableAnswer);
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

/// Returns a client of SQS.
pub(crate) fn sqs(sdk: &SdkConfig) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::config::Builder::from(sdk).retry_classifier(UnreadableAnswer);
    aws_sdk_sqs::Client::from_conf(config.build())
}

/// Returns a client of KMS.
pub(crate) fn kms(sdk: &SdkConfig) -> aws_sdk_kms::Client {
    let config = aws_sdk_kms::config::Builder::from(sdk).retry_classifier(UnreadableAnswer);
    aws_sdk_kms::Client::from_conf(config.build())
}

/// Returns the configuration of a client of S3.
pub(crate) fn s3(sdk: &SdkConfig) -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::config::Builder::from(sdk).retry_classifier(UnreadableAnswer)
}

#[cfg(test)]
mod tests {
    use aws_config::Region;
    use aws_credential_types::Credentials;
    use aws_sdk_dynamodb::types::AttributeValue;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;
    use crate::{
        error::{ErrorClass, UNREADABLE},
        request::send,
        sdk::hasty_config_loader,
    };

    /// Starts a server that answers one request per connection with status 200 and each of `bodies` in turn,
    /// and the last one from then on.
    async fn server(bodies: Vec<&'static str>) -> SdkConfig {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut bodies = bodies.into_iter().peekable();
            while let Ok((mut connection, _)) = listener.accept().await {
                let body = if bodies.len() > 1 { bodies.next() } else { bodies.peek().copied() };
                let body = body.unwrap_or_default();
                let mut request = vec![0; 65_536];
                let _ = connection.read(&mut request).await;
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nConnection: close";
                let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                let _ = connection.write_all(answer.as_bytes()).await;
            }
        });
        hasty_config_loader()
            .endpoint_url(endpoint)
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .load()
            .await
    }

    /// Answers to GetItem and to ReceiveMessage that are cut off, in another format, or not Unicode.
    const UNREADABLE_BODIES: [&str; 5] = [
        r#"{"Item": {"pk": {"S": "a"#,
        r#"{"Messages": [{"Body": "a"#,
        "<html>busy</html>",
        r#"{"Item": {"pk": {"S": "\ud800"}}, "Messages": [{"Body": "\ud800"}]}"#,
        "[1",
    ];

    #[tokio::test]
    async fn a_request_is_repeated_if_its_answer_cannot_be_read() {
        for body in UNREADABLE_BODIES {
            let sdk = server(vec![body, r#"{"Item": {"pk": {"S": "a"}}}"#]).await;
            let key = AttributeValue::S("a".to_owned());
            let request = dynamodb(&sdk).get_item().table_name("t").key("pk", key);
            let answer = send("DynamoDB", "GetItem", request.send()).await.unwrap();
            assert!(answer.item.is_some(), "{body}");
        }
    }

    #[tokio::test]
    async fn answers_that_stay_unreadable_are_transient_errors() {
        for body in UNREADABLE_BODIES {
            let sdk = server(vec![body]).await;
            let key = AttributeValue::S("a".to_owned());
            let request = dynamodb(&sdk).get_item().table_name("t").key("pk", key);
            let error = send("DynamoDB", "GetItem", request.send()).await.unwrap_err();
            assert_eq!((error.class, error.code.as_str()), (ErrorClass::Transient, UNREADABLE), "{body}");
            let request = sqs(&sdk).receive_message().queue_url("http://q/1/q");
            let error = send("SQS", "ReceiveMessage", request.send()).await.unwrap_err();
            assert_eq!((error.class, error.code.as_str()), (ErrorClass::Transient, UNREADABLE), "{body}");
        }
    }
}
