//! The texts of this repository, for tests that hold them to something.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// A folder of the repository, from that of this crate.
pub(crate) fn folder(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(of)
}

/// What is in the files of one kind, of a folder and of those in it.
pub(crate) fn texts(folder: &Path, kind: &str) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            texts.extend(self::texts(&path, kind)?);
        } else if path.extension().is_some_and(|extension| extension == kind) {
            texts.push(fs::read_to_string(&path).with_context(|| path.display().to_string())?);
        }
    }
    Ok(texts)
}
