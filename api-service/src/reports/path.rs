//! The parameters in the path of a report's address.

use axum::{
    extract::{self, FromRequestParts},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The id in the path, alone or with what follows it.
#[derive(Debug)]
pub(crate) struct ReportPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for ReportPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = extract::Path::from_request_parts(parts, state).await;
        // A path whose percent-encoded bytes are not UTF-8 is not the address of any report.
        path.map(|extract::Path(value)| Self(value)).map_err(|_| Problem::report_not_found())
    }
}
