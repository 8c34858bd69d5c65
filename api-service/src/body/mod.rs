//! Reads and validates the bodies of requests: their media type, size, memory and contents. Everything that
//! is wrong with a request is reported at once.

mod batch;
mod hold;
mod json;
mod key;
mod media_type;
mod memory;
mod report;

pub(crate) use self::{
    batch::{BatchItem, CUSTOM_ID_MAX, batch},
    hold::hold_reason,
    key::{new_key, rotation},
    memory::BodyMemory,
    report::{Submission, report_request},
};
