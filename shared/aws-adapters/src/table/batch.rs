//! Records new reports, many with one request.

use domain::{identity::ReportId, report::Report};

use super::{new_items::NewItem, reports::Table};
use crate::error::AwsError;

impl Table {
    /// Records a new report, together with others that are recorded at the same time. The write has no condition:
    /// the id must be new and unique to the caller. Repeating it is harmless unless the report was changed in the
    /// meantime.
    ///
    /// # Errors
    /// Returns [`AwsError`] if it is not certain that the report is recorded.
    pub async fn create_new(&self, report: &Report) -> Result<(), AwsError> {
        self.new_items.write(NewItem::of(report)?).await
    }

    /// [Records](Self::create_new) new reports and returns the ids of those that could not be recorded.
    pub async fn create_all(&self, reports: &[Report]) -> Vec<ReportId> {
        let (mut ids, mut items, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for report in reports {
            match NewItem::of(report) {
                Ok(item) => {
                    ids.push(report.id);
                    items.push(item);
                }
                Err(error) => failed.push((report.id, error)),
            }
        }
        let written = self.new_items.write_all(items).await;
        failed.extend(ids.into_iter().zip(written).filter_map(|(id, written)| Some((id, written.err()?))));
        if let Some((_, error)) = failed.first() {
            tracing::error!(%error, reports = failed.len(), "could not record reports of a batch");
        }
        failed.into_iter().map(|(id, _)| id).collect()
    }
}
