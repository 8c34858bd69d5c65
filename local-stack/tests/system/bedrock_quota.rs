//! The token quota of the Bedrock stand-in, met through the SDK with a clock that stands still until it is set.

use std::time::Duration;

use crate::support::converse::{MODEL, assess, bedrock_client, start_bedrock_of};
use aws_sdk_bedrockruntime::error::ProvideErrorMetadata as _;
use aws_sdk_bedrockruntime::operation::converse::ConverseError;
use local_stack::account::Account;
use local_stack::faults::Faults;
use local_stack::limits::Limits;
use service_runtime::clock::Clock;

#[tokio::test]
async fn a_call_reserves_its_maximum_of_tokens_and_gives_back_what_it_did_not_use() {
    let clock = Clock::fixed("2026-01-05T12:00:00.000Z".parse().unwrap());
    let probe = start_bedrock_of(Account::default(), Faults::default(), None).await;
    let usage = assess(&bedrock_client(&probe, "a secret of this test")).await.unwrap();
    let usage = usage.usage().unwrap();
    let (input, output) = (usage.input_tokens(), usage.output_tokens());
    // The call asks for up to 2,000 output tokens; the model is unknown, so each of them counts once.
    let reserved = u64::try_from(input).unwrap() + 2_000;
    let used = u64::try_from(input + output).unwrap();
    // Two calls fit, and a third one does not.
    let limits = Limits { bedrock_tokens: reserved + used, ..Limits::default() };
    assert!(2 * used + reserved > limits.bedrock_tokens);
    let account = Account::new(Some(&limits), clock.clone());
    let bedrock = start_bedrock_of(account.clone(), Faults::default(), None).await;
    let client = bedrock_client(&bedrock, "a secret of this test");
    for _ in 0..2 {
        assess(&client).await.unwrap();
    }
    let error = assess(&client).await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 429);
    let error = error.into_service_error();
    assert!(matches!(error, ConverseError::ThrottlingException(_)), "{error:?}");
    assert_eq!(error.message(), Some("Too many tokens, please wait before trying again."));
    clock.set(clock.now().plus(Duration::from_secs(60)));
    assess(&client).await.unwrap();
    let bill = account.billing();
    assert_eq!((bill.throttled[0].reason, bill.throttled[0].resource.as_str()), ("TokensPerMinute", MODEL));
    assert_eq!((bill.bedrock[0].requests, bill.requests["Bedrock"]["Converse"]), (3, 4));
}

#[tokio::test]
async fn requests_per_minute_are_limited_only_on_request() {
    let limits = Limits { bedrock_requests: Some(1), ..Limits::default() };
    let clock = Clock::fixed("2026-01-05T12:00:00.000Z".parse().unwrap());
    let account = Account::new(Some(&limits), clock);
    let bedrock = start_bedrock_of(account, Faults::default(), None).await;
    let client = bedrock_client(&bedrock, "a secret of this test");
    assess(&client).await.unwrap();
    let error = assess(&client).await.unwrap_err().into_service_error();
    assert_eq!(error.message(), Some("Too many requests, please wait before trying again."));
}
