//! The tests of the whole system. They are one binary, because each binary of this kind takes a quarter of a
//! gigabyte of disk space.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a missing value fails the test, and a test prints its measurements"
)]

mod access;
mod access_table;
mod api_errors;
mod assessment_faults;
mod attempt_history;
mod audit;
mod aws_calls;
mod aws_limits;
mod aws_limits_sqs;
mod batches;
mod bedrock_forwarding;
mod bedrock_quota;
mod bedrock_stand_in;
mod billing;
mod billing_units;
mod bucket_requests;
mod claim_evaluation;
mod cli_refusals;
mod cli_serve;
mod credentials;
mod dead_letters;
mod demo_command;
mod documentation;
mod early_refusals;
mod ecs_task_protection;
mod embedded_dynamodb;
mod embedded_s3;
mod embedded_sqs;
mod end_to_end;
mod erasure;
mod evaluation;
mod evidence_cases;
mod evidence_reuse;
mod expiry;
mod fault_proxy_damage;
mod fault_proxy_stack;
mod fault_proxy_wire;
mod feed_stand_ins;
mod floods;
mod following;
mod formats;
mod hanging_services;
mod hostile_inputs;
mod idle;
mod isolation;
mod keys;
mod labels;
mod later_version;
mod ledgers;
mod legal_hold;
mod lifecycle_table;
mod lists;
mod load;
mod memory;
mod model_requests;
mod oidc;
mod outages;
mod recovery;
mod regions;
mod retention;
mod sanctions_lists;
mod soak;
mod source_http;
mod spending;
mod structured_output;
mod support;
mod sweeper;
mod telemetry;
mod turns;
mod verifier;
mod versions;
mod waiting;
mod webhooks;
