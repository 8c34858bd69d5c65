//! Generates the list of the languages of reports: one for each file in `languages/`.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=languages");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("languages");
    let mut files: Vec<_> = fs::read_dir(&folder)?.collect::<Result<_, _>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    let entries: String = files
        .iter()
        .filter_map(|file| {
            let name = file.file_name().into_string().ok()?;
            let tag = name.strip_suffix(".toml")?;
            // Relative to the crate, so that a checkout can be moved.
            let path = format!("/languages/{name}");
            Some(format!("({tag:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))),\n"))
        })
        .collect();
    let list = Path::new(&env::var("OUT_DIR")?).join("languages.rs");
    fs::write(list, format!("&[\n{entries}]\n"))?;
    Ok(())
}
