//! The interface of verifiers.

use std::fmt;

use aws_adapters::quota::Limits;
use domain::usage::MicroUsd;
use futures::future::BoxFuture;

use super::claim::ClaimSet;
use crate::{
    assess::{answer::ModelAnswer, paid_call::CallResult},
    failure::AttemptError,
};

/// A judge of claims.
pub trait ClaimVerifier: fmt::Debug + Send + Sync {
    /// Returns the name of the model or guardrail in reports; a model's quota has the same name.
    fn id(&self) -> &str;

    /// Returns the name and SHA-256 of the prompt, or the name of the method.
    fn version(&self) -> &str;

    /// Returns the account's quota for the model, if it is configured.
    fn limits(&self) -> Option<Limits>;

    /// Returns the call that answers `inquiry`. No request is sent.
    ///
    /// # Errors
    /// Returns an [`AttemptError`] if the prompt cannot be filled in, which is a bug in Dossier.
    fn prepare<'a>(&'a self, inquiry: Inquiry<'a>) -> Result<VerifierCall<'a>, AttemptError>;
}

/// A question to a verifier.
#[derive(Clone, Copy, Debug)]
pub struct Inquiry<'a> {
    /// The claims to judge.
    pub(crate) claims: &'a ClaimSet<'a>,
    /// An earlier answer that cannot be used, and its problems.
    pub(crate) rejected: Option<&'a (ModelAnswer, Vec<String>)>,
}

/// A call of a verifier that is about to be made.
pub struct VerifierCall<'a> {
    /// Maximum cost of the call.
    pub(crate) max_cost: MicroUsd,
    /// Quota tokens that Bedrock deducts when the call begins.
    pub(crate) quota_tokens: u64,
    /// Makes the call. Its answer follows the schema of verdicts.
    pub(crate) send: Box<dyn Fn() -> BoxFuture<'a, CallResult> + Send + Sync + 'a>,
}
