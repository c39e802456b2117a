//! The templates of databases (`databases/*.toml`) as a list that the control plane carries in itself.
//! Owns which files those are; `src/databases/template.rs` reads them.

use std::{error::Error, fs, path::Path};

pub(crate) fn build(crate_dir: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let folder = crate_dir.join("databases");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    let mut list = Vec::new();
    for path in files {
        let name = path.file_stem().and_then(|name| name.to_str()).ok_or("a name is no text")?;
        list.push((name.to_owned(), fs::read_to_string(&path)?));
    }
    // As Rust writes a list of pairs of texts.
    Ok(fs::write(out.join("databases.rs"), format!("&{list:?}"))?)
}
