//! The REST API of Dossier: validates a request, records it, queues it, and tells how it goes.
//!
//! The way of a request: [`router`] → [`auth`] → [`body`] → [`reports`] → the table and the queue.

pub mod application;
pub mod auth;
pub mod body;
pub mod check_numbers;
pub mod cors;
pub mod health;
pub mod keys_command;
pub mod limits;
pub mod observe;
pub mod openapi;
pub mod page;
pub mod problem;
pub mod query;
pub mod reports;
pub mod router;
pub mod server;
pub mod settings;
pub mod usage;
pub mod webhook_secret;
