//! Functions for reading settings that several sources share.

use reqwest::Url;
use service_runtime::config::{Reader, Setting};

/// Reads the base URL of a service: http or https, without a query. Appends a slash to a path without one,
/// because joining a relative URL to a base URL otherwise replaces the last segment of the base. Returns
/// `None` if the setting is not set or not valid.
pub fn base_url(reader: &mut Reader<'_>, setting: &Setting) -> Option<Url> {
    let mut url: Url = reader.parse(setting)?;
    if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
        reader.fail(setting, "must be an http or https URL without a query");
        return None;
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Some(url)
}
