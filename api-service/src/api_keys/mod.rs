//! API keys: the routes `/v1/keys`, and the command `api-service keys`, which creates the first key of a tenant.
//! Both use the functions of `manage`.

mod command;
mod manage;
mod resource;
pub(crate) mod routes;

pub use self::{
    command::{KeysCommand, KeysError, run},
    manage::{Created, create},
};
