//! Endpoints of single AWS services for clients in this process, as the variables `AWS_ENDPOINT_URL_SQS` and
//! the like set them for other processes.

use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use crate::fault_proxy::FaultProxy;

/// The endpoint of each service, by the service's id in the SDK.
#[derive(Debug, Default)]
pub(super) struct ServiceEndpoints(Vec<(&'static str, String)>);

impl ServiceEndpoints {
    /// Returns the endpoints of the services behind `proxy`.
    pub(super) fn behind(proxy: &FaultProxy) -> Self {
        Self(vec![
            ("SQS", proxy.sqs_url()),
            ("DynamoDB", proxy.dynamodb_url()),
            ("KMS", proxy.kms_url()),
            ("S3", proxy.s3_url()),
        ])
    }

    /// Returns the same endpoints as environment variables.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().map(|(id, url)| (format!("AWS_ENDPOINT_URL_{}", id.to_uppercase()), url.clone()))
    }
}

impl LoadServiceConfig for ServiceEndpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let endpoint = self.0.iter().find(|(id, _)| *id == key.service_id())?;
        (key.env() == "AWS_ENDPOINT_URL").then(|| endpoint.1.clone())
    }
}
