//! What every service process needs besides its own work: settings from the environment, a clock, an orderly
//! shutdown, and a probe that asks a local service for its health.

pub mod clock;
pub mod config;
pub mod probe;
pub mod retry;
pub mod shutdown;
