//! Records new reports, many with one request.

use domain::report::Report;
use futures::{StreamExt as _, stream};

use super::{new_items::NewItem, reports::Table};
use crate::error::{AwsError, DYNAMODB, ErrorClass};

/// Maximum number of reports of a batch that are recorded at the same time by a request each.
const CONCURRENT_WRITES: usize = 25;

impl Table {
    /// Records a new report, together with others that are recorded at the same time. The id must be new and unique to
    /// the caller. A request that has no answer, and may have recorded the report, is followed by a
    /// [conditional](Self::create) one.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the report is recorded.
    pub async fn create_new(&self, report: &Report) -> Result<(), AwsError> {
        let written = self.new_items.write(NewItem::of(report)?).await;
        self.certainly(report, written).await
    }

    /// [Records](Self::create_new) new reports. Returns the result of each, in the same order.
    pub async fn create_all(&self, reports: &[Report]) -> Vec<Result<(), AwsError>> {
        let items: Vec<Result<NewItem, AwsError>> = reports.iter().map(NewItem::of).collect();
        let to_write = items.iter().flatten().cloned().collect();
        let mut written = self.new_items.write_all(to_write).await.into_iter();
        let unwritten = |item: Result<NewItem, AwsError>| match item {
            Ok(_) => written.next().unwrap_or_else(|| Err(AwsError::without_answer(DYNAMODB, "PutItem"))),
            Err(error) => Err(error),
        };
        let results = items.into_iter().map(unwritten);
        let mut certain = Vec::with_capacity(reports.len());
        for (report, result) in reports.iter().zip(results) {
            certain.push(self.certainly(report, result));
        }
        let results: Vec<Result<(), AwsError>> =
            stream::iter(certain).buffered(CONCURRENT_WRITES).collect().await;
        let errors: Vec<&AwsError> = results.iter().filter_map(|result| result.as_ref().err()).collect();
        if let Some(error) = errors.first() {
            tracing::error!(%error, reports = errors.len(), "could not record reports of a batch");
        }
        results
    }

    /// Returns the result of an unconditional write of `report`, which is repeated with a condition if its outcome is
    /// unknown.
    async fn certainly(&self, report: &Report, written: Result<(), AwsError>) -> Result<(), AwsError> {
        match written {
            Err(error) if error.class == ErrorClass::Transient => {
                tracing::debug!(%error, report = %report.id, "repeating a write with an unknown outcome");
                self.create(report).await.map(drop)
            }
            written => written,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_config::Region;
    use aws_credential_types::Credentials;
    use domain::{
        identity::ReportId,
        lifecycle::{Command, Policy, apply},
        request::ReportRequestDraft,
        time::UtcTime,
    };
    use service_runtime::clock::Clock;
    use tokio::{io::AsyncReadExt as _, net::TcpListener, sync::mpsc};
    use uuid::Uuid;

    use super::*;
    use crate::{clients, retention::Retention, sdk::hasty_config_loader};

    /// Returns a table whose requests arrive and are never answered, and their bodies.
    async fn unanswered() -> (Table, mpsc::UnboundedReceiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sender, bodies) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let mut request = String::new();
                // The body of every request to DynamoDB is a JSON object.
                while !request.ends_with('}') {
                    let mut part = [0; 4096];
                    let length = connection.read(&mut part).await.unwrap();
                    request.push_str(std::str::from_utf8(&part[..length]).unwrap());
                }
                sender.send(request).unwrap();
            }
        });
        let credentials = Credentials::new("id", "secret", None, None, "test");
        let loader = hasty_config_loader().endpoint_url(endpoint).region(Region::new("x"));
        let sdk = loader.credentials_provider(credentials).load().await;
        let retention = Retention::from_days(1);
        (Table::new(clients::dynamodb(&sdk), "reports".to_owned(), retention, Clock::system()), bodies)
    }

    fn report() -> Report {
        let draft = ReportRequestDraft {
            company_name: Some("Acme".into()),
            corporate_number: Some("1".into()),
            country: Some("AQ".into()),
            ..ReportRequestDraft::default()
        };
        let now = UtcTime::from_epoch_millis(1_000_000);
        let lifecycle = apply(None, &Command::Submit, now, &Policy::default()).unwrap();
        let (tenant, id) = ("a".parse().unwrap(), ReportId::from(Uuid::now_v7()));
        let expires_at = now.plus(Duration::from_secs(86_400));
        Report::submitted(tenant, id, draft.check().unwrap(), lifecycle, Uuid::now_v7(), now, expires_at)
    }

    /// Returns, for each request, its operation and whether it has a condition.
    fn described(bodies: &mut mpsc::UnboundedReceiver<String>) -> Vec<(String, bool)> {
        let mut described = Vec::new();
        while let Ok(request) = bodies.try_recv() {
            let target = request.lines().find_map(|line| line.split_once("DynamoDB_20120810."));
            described.push((target.unwrap().1.to_owned(), request.contains("ConditionExpression")));
        }
        described
    }

    #[tokio::test]
    async fn a_write_with_an_unknown_outcome_is_repeated_with_a_condition_only() {
        let (table, mut bodies) = unanswered().await;
        let error = table.create_new(&report()).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Transient);
        let put = |has_condition| ("PutItem".to_owned(), has_condition);
        assert_eq!(described(&mut bodies), [put(false), put(true), put(true), put(true)]);

        let results = table.create_all(&[report(), report()]).await;
        assert!(results.iter().all(|result| result.as_ref().unwrap_err().class == ErrorClass::Transient));
        let mut batch = described(&mut bodies).into_iter();
        assert_eq!(batch.next(), Some(("BatchWriteItem".to_owned(), false)));
        assert_eq!(batch.collect::<Vec<_>>(), vec![put(true); 6]);
    }
}
