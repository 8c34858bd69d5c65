//! The table of reports.
//!
//! Every change of a lifecycle is one conditional write, compiled from
//! [`lifecycle::plan`](domain::lifecycle::plan): the guard becomes the condition, the change becomes the
//! update.

mod batch;
mod erasure;
mod expiry;
mod expression;
mod item;
mod legal_hold;
mod list;
mod new_items;
mod reports;
pub mod schema;
mod sweep;
mod webhook;

pub use self::{
    erasure::ErasureRequest,
    expiry::ExpiryPage,
    legal_hold::{HoldRequest, HoldTurn},
    list::{Filter, Page, PageToken},
    reports::{Created, Details, Executed, Lookup, Table},
    schema::{BY_AGE, BY_AGE_PROJECTION, BY_NUMBER, DUE, DUE_SHARDS, IN_PROGRESS, attribute},
    sweep::{DueCursor, DuePage, DueReport},
};
