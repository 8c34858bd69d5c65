//! Why an attempt did not finish, sorted by what helps, in words for the report's reader.

use aws_adapters::error::{AwsError, ErrorClass};
use domain::report::ReportError;
use thiserror::Error;

/// What ends an attempt before its report is complete.
#[derive(Clone, Debug, Error)]
pub enum AttemptError {
    /// Another worker has the report, or may have: nothing more may be written.
    #[error("the lease was lost")]
    LeaseLost,
    /// A person asked to cancel.
    #[error("the report is to be cancelled")]
    CancelRequested,
    /// The worker stops and gives the report back.
    #[error("the worker is stopping")]
    Draining,
    /// Something went wrong.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// The code of a report that would have cost more than it may.
pub const BUDGET_EXCEEDED: &str = "budget_exceeded";

/// The code of a call of the model that was given up although the model may still have answered it.
pub const MODEL_TIMED_OUT: &str = "model_timed_out";

/// The code of a call of the model whose answer was lost on the way, or cannot be used.
pub const MODEL_ANSWER_LOST: &str = "model_answer_lost";

/// Something that went wrong in an attempt.
#[derive(Clone, Debug, Error)]
#[error("{code}: {detail}")]
pub struct Failure {
    /// What helps.
    pub class: ErrorClass,
    /// A stable name, part of the contract.
    pub code: &'static str,
    /// For the report's reader: what happened and what to do.
    pub message: &'static str,
    /// For the log, never for the reader.
    pub detail: String,
}

impl Failure {
    /// Whether the model failed, and not what stands around it: codes of such failures begin with `model_`.
    pub fn is_of_model(&self) -> bool {
        self.code.starts_with("model_")
    }

    /// A failure of a service that the worker stands on.
    pub fn infrastructure(error: &AwsError) -> Self {
        Self {
            class: error.class,
            code: "storage_unavailable",
            message: "The report could not be read or stored. Nothing is wrong with the request: resubmit it later.",
            detail: error.to_string(),
        }
    }

    /// Whether a call of the model may have been answered, and paid for, all the same: it is asked again only by another
    /// attempt, and its money stays reserved.
    pub fn may_be_paid(&self) -> bool {
        matches!(self.code, MODEL_TIMED_OUT | MODEL_ANSWER_LOST)
    }

    /// The error as the report shows it.
    pub fn for_reader(&self) -> ReportError {
        // No attempt mends a spent budget, and yet tomorrow, or a larger one, does.
        let retryable = self.class != ErrorClass::Permanent || self.code == BUDGET_EXCEEDED;
        ReportError { code: self.code.to_owned(), message: self.message.to_owned(), retryable }
    }
}

impl From<AwsError> for AttemptError {
    fn from(error: AwsError) -> Self {
        Self::Failed(Failure::infrastructure(&error))
    }
}
