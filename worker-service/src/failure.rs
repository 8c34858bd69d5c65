//! The reasons why an attempt at a report ends early, classified by whether a retry helps, with a message for
//! the report's reader.

use std::fmt;

use aws_adapters::error::{AwsError, ErrorClass};
use domain::report::ReportError;
use thiserror::Error;

/// The reason why an attempt ends before its report is complete.
#[derive(Clone, Debug, Error)]
pub enum AttemptError {
    /// Another worker holds or may hold the lease, so nothing more may be written.
    #[error("the lease was lost")]
    LeaseLost,
    /// A cancellation of the report is pending.
    #[error("a cancellation is pending")]
    CancelRequested,
    /// The worker is draining and releases the report.
    #[error("the worker is draining")]
    Draining,
    /// A later version wrote an intermediate result of the report that this version cannot use, so the report is
    /// left to a worker of that version.
    #[error("{0} was written by a later version")]
    LaterVersion(String),
    /// The work on the report failed.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// Code of a report that would exceed a budget.
pub(crate) const BUDGET_EXCEEDED: &str = "budget_exceeded";

/// Code of a report that would make more paid calls than one report may.
pub(crate) const PAID_CALLS_EXCEEDED: &str = "paid_calls_exceeded";

/// Code of a model call that timed out, although the model may still have answered it.
pub(crate) const MODEL_TIMED_OUT: &str = "model_timed_out";

/// Code of a model call whose answer was lost in transit or cannot be read.
pub(crate) const MODEL_ANSWER_LOST: &str = "model_answer_lost";

/// A failure of an attempt.
#[derive(Clone, Debug, Error)]
#[error("{code}: {detail}")]
pub struct Failure {
    /// Whether a retry helps.
    pub class: ErrorClass,
    /// Stable code, part of the API's contract.
    pub code: &'static str,
    /// Message for the report's reader: what happened and, after a permanent error, what to do next.
    pub message: &'static str,
    /// Detail for the log; never shown to the reader.
    pub detail: String,
}

impl Failure {
    /// Returns whether the model itself failed, rather than the services around it. The codes of such
    /// failures begin with `model_`.
    pub(crate) fn is_of_model(&self) -> bool {
        self.code.starts_with("model_")
    }

    /// Returns whether a call of the model may have been answered, and billed, despite the failure. Such a
    /// call is only repeated by another attempt, and its reservation is not released.
    pub(crate) fn may_be_billed(&self) -> bool {
        matches!(self.code, MODEL_TIMED_OUT | MODEL_ANSWER_LOST)
    }

    /// Returns whether a limit on what the report may spend was reached.
    pub(crate) fn is_of_limit(&self) -> bool {
        matches!(self.code, BUDGET_EXCEEDED | PAID_CALLS_EXCEEDED)
    }

    /// Returns the error as the report shows it. `is_retried` is whether another attempt follows.
    pub(crate) fn for_reader(&self, is_retried: bool) -> ReportError {
        // An automatic retry does not help if a limit on spending is reached, but resubmitting later, or with
        // a higher limit, does.
        let retryable = self.class != ErrorClass::Permanent || self.is_of_limit();
        let next = match (self.class, is_retried) {
            (ErrorClass::Permanent, _) => "",
            (_, true) => " The report is retried automatically.",
            (_, false) => " Resubmit the report later.",
        };
        ReportError { code: self.code.to_owned(), message: format!("{}{next}", self.message), retryable }
    }
}

impl From<AwsError> for AttemptError {
    fn from(error: AwsError) -> Self {
        Self::Failed(Failure {
            class: error.class,
            code: "storage_unavailable",
            message: "The report could not be read or stored. The request itself is valid.",
            detail: error.to_string(),
        })
    }
}

/// Returns the error for a prompt or a report file that cannot be rendered, which is a bug in Dossier.
pub(crate) fn template_broken(error: impl fmt::Display) -> AttemptError {
    AttemptError::Failed(Failure {
        class: ErrorClass::Permanent,
        code: "template_broken",
        message: "The report could not be put into words. Contact the operator and quote the report's id.",
        detail: error.to_string(),
    })
}
