//! `worker-service validate-screening`: measures the screening of lists and writes the validation pack.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::{
    content,
    format::{interval, percent},
    html,
    listing::{Listing, ListingError},
    pack::{Pack, SubjectResult},
    pdf, run,
    settings::Settings,
};

/// The error of a run of `validate-screening`.
#[derive(Debug, Error)]
pub enum ValidationError {
    /// Lists cannot be used.
    #[error("{}", joined(.0))]
    Lists(Vec<ListingError>),
    /// The folder cannot be written to.
    #[error("{} cannot be written: {why}; choose a folder for the files with --out that this user may write to", path.display())]
    Out {
        /// The folder or file.
        path: PathBuf,
        /// The cause.
        why: io::Error,
    },
    /// The pack cannot be laid out, which is a defect of this program.
    #[error("the validation pack cannot be rendered: {0}")]
    Rendering(String),
    /// The summary cannot be written.
    #[error("the summary cannot be written: {0}")]
    Summary(#[from] io::Error),
}

/// Measures the screening of the lists, writes `validation.json`, `validation.html` and `validation.pdf`, and a summary
/// to `out`. The same settings and lists give the same bytes.
///
/// # Errors
/// Returns [`ValidationError`] if a list cannot be used (all of them are named) or a file cannot be written.
pub fn validate(settings: &Settings, out: &mut impl Write) -> Result<(), ValidationError> {
    // The run takes a while: what would fail at its end fails at its start.
    let folder = Folder::open(&settings.out)?;
    let (lists, errors): (Vec<_>, Vec<_>) =
        settings.lists.iter().map(|path| Listing::read(path)).partition(Result::is_ok);
    let errors: Vec<ListingError> = errors.into_iter().filter_map(Result::err).collect();
    if !errors.is_empty() {
        return Err(ValidationError::Lists(errors));
    }
    let pack = run::run(settings, lists.into_iter().filter_map(Result::ok).collect());
    let broken = |error: &dyn std::fmt::Display| ValidationError::Rendering(error.to_string());
    let mut json = serde_json::to_vec_pretty(&pack).map_err(|error| broken(&error))?;
    json.push(b'\n');
    let document = content::document(&pack, settings.date);
    folder.write("validation.json", &json)?;
    folder.write("validation.html", html::render(&document).map_err(|error| broken(&error))?.as_bytes())?;
    let pdf = pdf::render(&document, &json).map_err(|error| broken(&error))?;
    folder.write("validation.pdf", &pdf)?;
    summarize(&pack, out)?;
    for name in ["validation.pdf", "validation.html", "validation.json"] {
        writeln!(out, "{}", settings.out.join(name).display())?;
    }
    Ok(())
}

fn summarize(pack: &Pack, out: &mut impl Write) -> io::Result<()> {
    for list in &pack.lists {
        for SubjectResult { subject, entries, totals, threshold, .. } in &list.subjects {
            let listed = totals.listed;
            writeln!(out, "{}, {entries} {subject}, threshold {threshold}:", list.name)?;
            for (label, share) in [
                ("found first", listed.found_first),
                ("found", listed.found),
                ("false alarms, ordinary names", totals.ordinary.false_alarms),
                ("false alarms, siblings", totals.siblings.false_alarms),
            ] {
                writeln!(out, "  {label}: {} ({}) of {}", percent(share.share), interval(share), share.of)?;
            }
        }
    }
    Ok(())
}

/// The folder of the files.
struct Folder<'a>(&'a Path);

impl<'a> Folder<'a> {
    /// Creates the folder if it does not exist, and checks that files can be written to it.
    fn open(path: &'a Path) -> Result<Self, ValidationError> {
        let error = |why| ValidationError::Out { path: path.to_owned(), why };
        fs::create_dir_all(path).map_err(error)?;
        let probe = path.join(".validation.part");
        fs::write(&probe, []).and_then(|()| fs::remove_file(&probe)).map_err(error)?;
        Ok(Self(path))
    }

    /// Writes a file as a whole: nobody finds half of one.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ValidationError> {
        let path = self.0.join(name);
        let part = self.0.join(format!(".{name}.part"));
        let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, &path));
        written.map_err(|why| ValidationError::Out { path, why })
    }
}

/// Returns all errors, one a line.
fn joined(errors: &[ListingError]) -> String {
    let mut text = String::new();
    for error in errors {
        let separator = if text.is_empty() { "" } else { "\n" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}{error}");
    }
    text
}
