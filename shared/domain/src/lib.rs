//! What Dossier is about, without I/O: requests, the lifecycle, reports, evidence and risk.

pub mod access;
pub mod artifact;
pub mod assessment;
pub mod document;
pub mod evidence;
pub mod identity;
pub mod language;
pub mod lifecycle;
pub mod message;
pub mod report;
pub mod request;
pub mod risk;
pub mod time;
pub mod usage;
pub mod webhook;
