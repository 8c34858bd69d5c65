//! The REST API of Dossier: validates report requests, records and queues them, and returns their status and
//! results.
//!
//! A request passes the layers of `router` and `limits`, an extractor of `auth` that identifies its caller,
//! and `body`, which validates it; a handler of `reports` then reads or writes the table, the queue and the
//! bucket, and one of `api_keys` the keys. `startup` builds all of this, and `state` holds what handlers share.

pub mod api_keys;
pub mod audit_command;
pub mod auth;
mod body;
pub mod check_numbers;
mod client_address;
mod cors;
mod early_response;
mod health;
mod limits;
mod observe;
mod openapi;
mod page;
mod prefer;
pub mod problem;
mod query;
mod reports;
pub mod router;
mod server;
pub mod settings;
pub mod startup;
mod state;
mod unreadable_request;
mod usage;
mod webhook_secret;
mod writes;
