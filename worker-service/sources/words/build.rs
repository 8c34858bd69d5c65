//! Generates the list of the sources' words: every file `words.TAG.toml` in the folder of a source, where
//! `TAG` is the language.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=../src");
    let sources = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../src");
    let mut entries = Vec::new();
    for folder in fs::read_dir(&sources)?.collect::<Result<Vec<_>, _>>()? {
        if !folder.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(folder.path())?.collect::<Result<Vec<_>, _>>()? {
            let name = file.file_name().into_string().unwrap_or_default();
            if let Some(tag) = name.strip_prefix("words.").and_then(|rest| rest.strip_suffix(".toml")) {
                // Relative to the crate, so that a checkout can be moved.
                let path = format!("/../src/{}/{name}", folder.file_name().display());
                entries.push(format!(
                    "({tag:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))),\n"
                ));
            }
        }
    }
    // The order in which folders are read differs from system to system.
    entries.sort();
    let list = Path::new(&env::var("OUT_DIR")?).join("words.rs");
    fs::write(list, format!("&[\n{}]\n", entries.concat()))?;
    Ok(())
}
