//! The table of reports.
//!
//! Every change of a lifecycle is one conditional write, compiled from
//! [`lifecycle::plan`](domain::lifecycle::plan): the guard becomes the condition, the change becomes the
//! update.

mod batch;
mod due;
mod erasure;
mod expiry;
mod expression;
mod in_progress;
mod item;
mod legal_hold;
mod list;
mod new_items;
mod reports;
pub mod schema;
mod webhook;

pub use self::{
    due::{Due, DueCursor, DuePage, Work},
    erasure::ErasureRequest,
    expiry::ExpiryPage,
    legal_hold::{HoldRequest, HoldTurn},
    list::{Filter, Page, PageToken},
    reports::{Created, Details, Executed, Lookup, Table},
    schema::{BY_AGE, BY_AGE_PROJECTION, BY_NUMBER, DUE, DuePartition, IN_PROGRESS, attribute},
};
