//! What several sources read from settings.

use reqwest::Url;
use service_runtime::config::{Reader, Setting};

/// Reads the base URL of a service: http or https, without a query. A path gets a slash at its end, because joining an
/// address to a base URL replaces a last part without one. Returns `None` if the setting is not set or not valid.
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
