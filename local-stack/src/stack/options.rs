//! Options of a stack: what it starts, and how.

use clap::ValueEnum;
use service_runtime::config::Environment;

use crate::aws::KeyMaterial;
use crate::bedrock::Forward;
use crate::fault_proxy;
use crate::faults::FaultArg;
use crate::limits::Limits;
use crate::provision::Names;

/// A service that the stack can leave out, so that a developer can start it by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Component {
    /// `api-service`.
    Api,
    /// `worker-service`.
    Worker,
}

/// Options of a stack.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port of the API on 127.0.0.1; 0 selects a free port.
    pub port: u16,
    /// Region for which every request must be signed.
    pub region: String,
    /// Names of the tables, the queues and the bucket.
    pub names: Names,
    /// Material of the only key of KMS.
    pub kms_key: KeyMaterial,
    /// Services that the stack does not start.
    pub without: Vec<Component>,
    /// Faults of the stand-ins at the start.
    pub faults: Vec<FaultArg>,
    /// Seed of the fault schedules.
    pub seed: u64,
    /// Number of slots: reports that each worker processes at a time.
    pub slots: u16,
    /// Server that the Bedrock stand-in forwards conversations to. `None` lets the stand-in answer.
    pub forward: Option<Forward>,
    /// Fault proxy between the services on one side and AWS and Bedrock on the other. `None` connects them
    /// directly.
    pub fault_proxy: Option<fault_proxy::Options>,
    /// Limits of AWS that the embedded AWS and the Bedrock stand-in enforce; `None` for none.
    pub aws_limits: Option<Limits>,
    /// Settings of the API and the worker. They override the defaults of the stack and of the services, but
    /// not the settings that only the stack knows (addresses, names, keys). `environment.rs` lists those.
    pub settings: Environment,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            region: "us-east-1".to_owned(),
            names: Names::default(),
            kms_key: KeyMaterial::random(),
            without: Vec::new(),
            faults: Vec::new(),
            seed: 0,
            slots: 8,
            forward: None,
            fault_proxy: None,
            aws_limits: None,
            settings: Environment::new(),
        }
    }
}
