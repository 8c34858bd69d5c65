//! The domain of Dossier: requests, the report lifecycle, evidence, risk and reports.
//!
//! Everything here is pure: no I/O, no clock, no randomness and no AWS types. Callers pass in the time and
//! random bytes. The feature `openapi` derives schemas for the API's OpenAPI document.

pub mod access;
pub mod artifact;
pub mod assessment;
pub mod attempt;
pub mod attempt_history;
pub mod compatibility;
pub mod document;
pub mod evidence;
pub mod format;
pub mod identity;
pub mod labels;
pub mod language;
pub mod legal_hold;
pub mod lifecycle;
pub mod lookup;
pub mod message;
pub mod number_check;
pub mod report;
pub mod request;
pub mod risk;
pub mod stage;
pub mod time;
pub mod unknown;
pub mod unsettled;
pub mod usage;
pub mod webhook;
