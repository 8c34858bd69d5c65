//! The basics of every service process: settings from the environment, a clock, graceful shutdown, and a
//! health probe for containers.

pub mod clock;
pub mod config;
pub mod probe;
pub mod retry;
pub mod shutdown;
