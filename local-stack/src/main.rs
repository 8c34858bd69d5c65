//! The command `local-stack`: all of Dossier on one machine.

use std::process::ExitCode;

use clap::Parser as _;
use local_stack::cli::{self, Cli};

#[tokio::main]
async fn main() -> ExitCode {
    cli::main(Cli::parse()).await
}
