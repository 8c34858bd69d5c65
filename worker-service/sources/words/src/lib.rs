//! The words of every source of evidence, without the sources themselves. A program that only shows reports,
//! such as the API, needs the names of the sources but none of their clients. The words are the files
//! `words.TAG.toml` in the folders of the sources.

use domain::language::{Language, Words, WordsError};

/// The language tag and the contents of each file.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/words.rs"));

/// Returns the words of every report in `language` together with those of the sources.
///
/// # Errors
/// Returns [`WordsError`] if a file is not valid. The files are part of the program, and a test reads them.
pub fn words(language: Language) -> Result<Words, WordsError> {
    let files = FILES.iter().filter(|(tag, _)| *tag == language.tag());
    language.base_words().extended(files.map(|(_, file)| *file))
}
